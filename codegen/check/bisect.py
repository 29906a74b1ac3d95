# SPDX-License-Identifier: GPL-2.0-only
"""Every patch by itself on the bench: it compiles, warns of nothing new, and links; rule R13."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path

from codegen.base import whole
from codegen.base.errors import EnvironmentFailure
from codegen.check import compiler, userspace
from codegen.check.compiler import Compiled, Warned
from codegen.check.remark import Remark
from codegen.check.view import Patch, View
from codegen.run import make
from codegen.run.bench import Bench
from codegen.run.build import KernelBuild, build
from codegen.run.make import BuildFailed
from codegen.series.apply import Applied
from codegen.tree.plumbing import git_command, run_git

FRAGMENT = Path(__file__).with_name("kvm-check.config")
_KVM = ("arch/x86/kvm/", "virt/kvm/")
_MODULES = tuple(f"arch/x86/kvm/{name}.ko" for name in ("kvm", "kvm-intel", "kvm-amd"))
_ELSEWHERE = re.compile(r"arch/(?!x86/)|tools/|Documentation/|samples/|scripts/|usr/|rust/")
_MAKEFILES = ("Makefile", "Kbuild")
_KEPT = ".gen-base-"
Tell = Callable[[int], make.Progress | None]


@dataclass(frozen=True)
class _Bench:
    """What is the same for all commits of a series."""

    bench: Bench
    folders: tuple[str, ...]
    check: str | None
    tell: Tell

    @property
    def out(self) -> Path:
        return self.bench.work / self.name

    @property
    def name(self) -> str:
        return f"check-{Path(self.bench.options.compiler).name}"

    def make(
        self, commit: str, targets: Sequence[str], piece: int, sparse: Sequence[str] = ()
    ) -> KernelBuild:
        """Make some targets of a commit: the errors of all objects, one object's words together."""
        check = (f"CHECK={self.check} {' '.join(sparse)} --", "C=1") if self.check else ()
        options = replace(
            self.bench.options,
            fragment=FRAGMENT,
            tools=(Path(self.check),) if self.check else (),
            make_args=("-k", "-Otarget", "W=1", *check, "KBUILD_MODPOST_WARN=1"),
            targets=tuple(targets),
        )
        return build(self.bench.source(commit), self.out, self.tell(piece), options)

    def compile(self, commit: str, piece: int, sparse: Sequence[str] = ()) -> Compiled:
        """Compile what a series touches, and link KVM's modules; sparse reads files by name."""
        source = self.bench.source(commit)
        folders = [f for f in self.folders if any((source / f / m).exists() for m in _MAKEFILES)]
        errors: tuple[str, ...] = ()
        try:
            self.make(commit, [*folders, *_MODULES], piece, sparse)
        except BuildFailed as problem:
            errors = compiler.errors_of(problem)
        log = self.out.with_name(f"{self.out.name}.log").read_text(errors="replace")
        modules = [self.out / module for module in _MODULES]
        undefined = frozenset() if errors else compiler.undefined(modules)
        warned = compiler.read_log(log, source.resolve())
        return Compiled(warned, errors, undefined, compiler.outdated(log))


def bisect(view: View, bench: Bench, tell: Tell) -> Iterator[Remark]:
    """R13: each patch compiles with both vendors as modules, W=1 and sparse, without new words.

    `tell` gives what shows the progress of a patch, or, for 0, of the tree before.  Raises
    EnvironmentFailure where the tree does not build without the series.
    """
    check = compiler.sparse_command(bench.folder)
    if check is None:
        what = "sparse is not installed and was not asked; apt-get install sparse"
        yield Remark(what, rule="sparse", note=True)
    place = _Bench(bench, _folders(view.applied.paths), check, tell)
    before = _baseline(replace(place, bench=bench.shared), view.applied)
    bench.out(place.name, fresh=True)
    if before.outdated:
        what = "the sparse that is installed is too old for this tree, and was not asked"
        yield Remark(what, rule="sparse", note=True)
        place = replace(place, check=None)
    known, linked = compiler.count(before.warned), before.undefined
    errors: set[str] = set()
    pairs = zip(view.patches, view.applied.patches, strict=True)
    for number, (patch, applied) in enumerate(pairs, 1):
        until = replace(view.applied, patches=view.applied.patches[:number])
        if any(not _ELSEWHERE.match(path) for path in applied.paths):
            now = place.compile(applied.commit, number, _names(applied.paths))
            new = [text for text in now.errors if _words(text) not in errors]
            yield from compiler.failures(new, patch, until, "the series does not build here")
            errors = {_words(text) for text in now.errors}
            yield from _warnings(now, known, patch)
            known |= compiler.count(now.warned)
            new_symbols = sorted(now.undefined - linked)
            yield from _unlinked(new_symbols, patch, bench.git_dir, applied.commit)
            linked |= now.undefined
        if not errors:
            yield from _skipped(place.out, patch)
        headers = partial(place.make, applied.commit, ["headers"], number)
        yield from userspace.selftests(patch, until, headers, tell(number))


def _folders(paths: Sequence[str]) -> tuple[str, ...]:
    """Where the series changes C outside of KVM's modules, as make's targets."""
    outside = [p for p in paths if not p.startswith(_KVM) and not _ELSEWHERE.match(p)]
    return tuple(sorted({f"{path.rpartition('/')[0]}/" for path in outside if path[-2:] == ".c"}))


def _names(paths: Sequence[str]) -> list[str]:
    """The names of the C files among some paths, or one that no file has."""
    names = {path.rpartition("/")[2] for path in paths if path.endswith(".c")}
    return sorted(name for name in names if re.fullmatch(r"[\w.-]+", name)) or ["none"]


def _baseline(place: _Bench, applied: Applied) -> Compiled:
    """What is said of the tree without the series; kept, since it needs all objects anew.

    The objects are those of the base afterwards, also where that is known: make is silent about
    objects that are as new as a patch that was tried before.
    """
    assert applied.base.commit is not None
    if all(_ELSEWHERE.match(path) for path in applied.paths):
        place.bench.source(applied.base.commit)
        return Compiled()
    identity = (applied.base.commit, place.folders, place.check, FRAGMENT.read_text())
    digest = hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
    kept = place.out / f"{_KEPT}{digest}.json"
    try:
        said = json.loads(kept.read_text())
        before = tuple(Warned(*each) for each in said["warned"])
        known = Compiled(before, (), frozenset(said["undefined"]), said["outdated"])
    except (OSError, ValueError, KeyError, TypeError):
        known = None
        for folder in (*_KVM, *place.folders):
            shutil.rmtree(place.out / folder, ignore_errors=True)
    found = place.compile(applied.base.commit, 0, ["none"] if known else ())
    if found.errors:
        name = applied.base.name
        raise EnvironmentFailure(f"{name} does not build without the series:\n{found.errors[0]}")
    if known:
        return known
    said = {
        "warned": [astuple(each) for each in found.warned],
        "undefined": sorted(found.undefined),
        "outdated": found.outdated,
    }
    whole.write(kept, json.dumps(said))
    return found


def _words(text: str) -> str:
    """An error without the numbers of its lines."""
    return re.sub(r"\d+", "", text)


def _warnings(now: Compiled, known: Counter[str], patch: Patch) -> Iterator[Remark]:
    added = {c.path: frozenset(x.number for x in c.added) for c in patch.changes}
    for new in compiler.fresh(now.warned, known, added):
        line = patch.line_at(new.path, new.line)
        what = f"new warning: {new.path}:{new.line}: {new.text}"
        yield Remark(what, patch.name, line, rule=new.rule)


def _unlinked(names: Sequence[str], patch: Patch, git_dir: Path, commit: str) -> Iterator[Remark]:
    """Symbols that the modules take and nobody exports; modpost would need vmlinux to know."""
    for name in names:
        pattern = rf"EXPORT_\w*SYMBOL\w*\({re.escape(name)}\b"
        done = run_git(git_command(git_dir, "grep", "-q", "-E", "-e", pattern, commit, "--"))
        if done.returncode:
            what = f"KVM's modules need {name}, which nothing exports"
            yield Remark(what, patch.name, hint="EXPORT_SYMBOL_GPL(), or keep it in one module")


def _skipped(out: Path, patch: Patch) -> Iterator[Remark]:
    """C that this configuration does not compile."""
    sources = [c.path for c in patch.changes if c.path.endswith(".c") and c.after is not None]
    left = [p for p in sources if not p.startswith(("tools/", "Documentation/"))]
    left = [path for path in left if not (out / f"{path[:-2]}.o").exists()]
    if left:
        what = f"not compiled here: {', '.join(left)}"
        hint = "another architecture, or a configuration that gen's does not include"
        yield Remark(what, patch.name, hint=hint, note=True)
