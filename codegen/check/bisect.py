# SPDX-License-Identifier: GPL-2.0-only
"""Every patch by itself on the bench: it compiles, warns of nothing new, and links; rule R13."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path

from codegen.architectures import Architecture
from codegen.base import whole
from codegen.base.errors import EnvironmentFailure
from codegen.check import compiler, userspace
from codegen.check.compiler import Compiled, Warned
from codegen.check.remark import Remark
from codegen.mail.patch import Posted
from codegen.run import make
from codegen.run.bench import Bench
from codegen.run.build import KernelBuild, build
from codegen.run.make import BuildFailed
from codegen.series.commit import commits_of
from codegen.series.series import Series
from codegen.tree.plumbing import git_command, run_git

_ELSEWHERE = r"arch/(?!{}/)|tools/|Documentation/|samples/|scripts/|usr/|rust/"
_MAKEFILES = ("Makefile", "Kbuild")
_KEPT = ".gen-base-"
Tell = Callable[[int], make.Progress | None]


@dataclass(frozen=True)
class _Bench:
    """What is the same for all commits of a series."""

    bench: Bench
    series: Series
    check: str | None
    tell: Tell

    @property
    def arch(self) -> Architecture:
        return self.bench.options.arch

    @property
    def kvm(self) -> tuple[str, ...]:
        """KVM's folders, whatever a series changes there."""
        return f"arch/{self.arch.name}/kvm/", "virt/kvm/"

    def compiled(self, path: str) -> bool:
        """Whether a build for the architecture may read a file."""
        return not re.match(_ELSEWHERE.format(self.arch.name), path)

    @property
    def folders(self) -> tuple[str, ...]:
        """Where the series changes C outside of KVM, as make's targets."""
        outside = (p for p in self.series.paths if not p.startswith(self.kvm) and self.compiled(p))
        return tuple(
            sorted({f"{path.rpartition('/')[0]}/" for path in outside if path[-2:] == ".c"})
        )

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
            fragment=self.arch.kernel.check_config,
            tools=(Path(self.check),) if self.check else (),
            make_args=("-k", "-Otarget", "W=1", *check, "KBUILD_MODPOST_WARN=1"),
            targets=tuple(targets),
        )
        return build(self.bench.source(commit), self.out, self.tell(piece), options)

    def compile(self, commit: str, piece: int, sparse: Sequence[str] = ()) -> Compiled:
        """Compile what a series touches, and KVM, as modules where it can be; sparse reads files
        by name."""
        source = self.bench.source(commit)
        folders = [f for f in self.folders if any((source / f / m).exists() for m in _MAKEFILES)]
        errors: tuple[str, ...] = ()
        try:
            self.make(commit, [*folders, *self.arch.kernel.kvm], piece, sparse)
        except BuildFailed as problem:
            errors = compiler.errors_of(problem)
        log = self.out.with_name(f"{self.out.name}.log").read_text(errors="replace")
        modules = [self.out / each for each in self.arch.kernel.kvm if each[-3:] == ".ko"]
        nm = f"{self.bench.options.toolchain.prefix}nm"
        undefined = frozenset() if errors else compiler.undefined(modules, nm)
        warned = compiler.read_log(log, source.resolve())
        return Compiled(warned, errors, undefined, compiler.outdated(log))


def bisect(
    series: Series, bench: Bench, tell: Tell, others: Sequence[str] = ()
) -> Iterator[Remark]:
    """R13: each patch compiles with all of KVM, W=1 and sparse, without new words.

    What is of `others`, architectures that are compiled by themselves, is not missed here.  `tell`
    gives what shows the progress of a patch, or, for 0, of the tree before.  Raises
    EnvironmentFailure where the tree does not build without the series.
    """
    check = compiler.sparse_command(bench.folder)
    if check is None:
        what = "sparse is not installed and was not asked; apt-get install sparse"
        yield Remark(what, rule="sparse", note=True)
    commits = commits_of(series, bench.git_dir)
    place = _Bench(bench, series, check, tell)
    before = _baseline(replace(place, bench=bench.shared), commits.base)
    bench.out(place.name, fresh=True)
    if before.outdated:
        what = "the sparse that is installed is too old for this tree, and was not asked"
        yield Remark(what, rule="sparse", note=True)
        place = replace(place, check=None)
    known, linked = compiler.count(before.warned), before.undefined
    errors: set[str] = set()
    for number, (patch, commit) in enumerate(zip(series.patches, commits.ids, strict=True), 1):
        until = series.patches[:number]
        if any(map(place.compiled, patch.changes)):
            now = place.compile(commit, number, _names(patch.changes))
            new = [text for text in now.errors if _words(text) not in errors]
            yield from compiler.failures(new, until, "the series does not build here")
            errors = {_words(text) for text in now.errors}
            yield from _warnings(now, known, patch)
            known |= compiler.count(now.warned)
            new_symbols = sorted(now.undefined - linked)
            yield from _unlinked(new_symbols, patch, bench.git_dir, commit)
            linked |= now.undefined
        if not errors:
            yield from _skipped(place.out, patch, others)
        headers = partial(place.make, commit, ["headers"], number)
        yield from userspace.selftests(until, headers, tell(number))


def _names(paths: Iterable[str]) -> list[str]:
    """The names of the C files among some paths, or one that no file has."""
    names = {path.rpartition("/")[2] for path in paths if path.endswith(".c")}
    return sorted(name for name in names if re.fullmatch(r"[\w.-]+", name)) or ["none"]


def _baseline(place: _Bench, base: str) -> Compiled:
    """What is said of the tree without the series; kept, since it needs all objects anew.

    The objects are those of the base afterwards, also where that is known: make is silent about
    objects that are as new as a patch that was tried before.
    """
    if not any(map(place.compiled, place.series.paths)):
        place.bench.source(base)
        return Compiled()
    config = place.arch.kernel.check_config.read_text()
    identity = (base, place.folders, place.check, config)
    digest = hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
    kept = place.out / f"{_KEPT}{digest}.json"
    try:
        said = json.loads(kept.read_text())
        before = tuple(Warned(*each) for each in said["warned"])
        known = Compiled(before, (), frozenset(said["undefined"]), said["outdated"])
    except (OSError, ValueError, KeyError, TypeError):
        known = None
        for folder in (*place.kvm, *place.folders):
            shutil.rmtree(place.out / folder, ignore_errors=True)
    found = place.compile(base, 0, ["none"] if known else ())
    if found.errors:
        name = place.series.tree.name
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


def _warnings(now: Compiled, known: Counter[str], patch: Posted) -> Iterator[Remark]:
    added = {c.path: frozenset(c.added) for c in patch.changes.values()}
    for new in compiler.fresh(now.warned, known, added):
        line = patch.line_at(new.path, new.line)
        what = f"new warning: {new.path}:{new.line}: {new.text}"
        yield Remark(what, patch.name, line, rule=new.rule)


def _unlinked(names: Sequence[str], patch: Posted, git_dir: Path, commit: str) -> Iterator[Remark]:
    """Symbols that the modules take and nobody exports; modpost would need vmlinux to know."""
    for name in names:
        pattern = rf"EXPORT_\w*SYMBOL\w*\({re.escape(name)}\b"
        done = run_git(git_command(git_dir, "grep", "-q", "-E", "-e", pattern, commit, "--"))
        if done.returncode:
            what = f"KVM's modules need {name}, which nothing exports"
            yield Remark(what, patch.name, hint="EXPORT_SYMBOL_GPL(), or keep it in one module")


def _skipped(out: Path, patch: Posted, others: Sequence[str]) -> Iterator[Remark]:
    """C that this configuration does not compile, and that is not of another architecture's."""
    elsewhere = ("tools/", "Documentation/", *(f"arch/{name}/" for name in others))
    sources = [
        c.path for c in patch.changes.values() if c.path.endswith(".c") and c.after is not None
    ]
    left = [path for path in sources if not path.startswith(elsewhere)]
    left = [path for path in left if not (out / f"{path[:-2]}.o").exists()]
    if left:
        what = f"not compiled here: {', '.join(left)}"
        hint = "another architecture, or a configuration that gen's does not include"
        yield Remark(what, patch.name, hint=hint, note=True)
