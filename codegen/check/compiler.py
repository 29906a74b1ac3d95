# SPDX-License-Identifier: GPL-2.0-only
"""What gcc or clang, sparse and the linker say of a commit: warnings, errors, missing symbols."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.base import whole
from codegen.base.errors import EnvironmentFailure
from codegen.check.remark import Remark
from codegen.mail.patch import Posted
from codegen.run.make import BuildFailed
from codegen.sandbox import sandbox
from codegen.sandbox.view import Room
from codegen.series.blame import origin

_SAID = re.compile(r"^(sparse: )?(\S+?):(\d+):(?:\d+:)? (?:warning: (.*)|(error: .*))$")
# `check-sparse NAME… -- ARGUMENTS FILE`: only C files of these names, all where there is none; no
# cache keeps what sparse says, and a header that all include would have it read all of KVM.
# kbuild's own question (scripts/checker-valid.sh) comes with a file that is not named *.c.
# Prefixed, so that its words are not taken for the compiler's; its verdict stops no build.
_SPARSE = """\
#!/bin/sh
for last; do :; done
[ "$1" != -- ] && [ "${last%.c}" != "$last" ] || wanted=1
while [ "$1" != -- ]; do
	[ "$1" = "${last##*/}" ] && wanted=1
	shift
done
shift
[ -z "$wanted" ] || sparse -fmax-warnings=unlimited "$@" 2>&1 | sed 's/^/sparse: /' >&2
"""


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: of which program, where, in which words."""

    rule: str
    path: str
    line: int
    text: str

    @property
    def key(self) -> str:
        """What stays the same when lines move."""
        return f"{self.rule} {self.path}: {self.text}"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of building a commit.

    `errors` are the compiler's lines where it does not build, `undefined` is what KVM's modules
    take from elsewhere; with `outdated` sparse does not understand the tree's C.
    """

    warned: tuple[Warned, ...] = ()
    errors: tuple[str, ...] = ()
    undefined: frozenset[str] = frozenset()
    outdated: bool = False


def read_log(log: str, source: Path) -> tuple[Warned, ...]:
    """The warnings in make's output, each place once, in their order; paths as in the tree.

    sparse's errors, which stop no build, are among them: `error: …`.
    """
    found: dict[Warned, None] = {}
    for line in log.splitlines():
        match = _SAID.match(line)
        if match and (match[1] or match[4]):
            path = _in_tree(match[2], source)
            rule = "sparse" if match[1] else "bisect"
            found[Warned(rule, path, int(match[3]), match[4] or match[5])] = None
    return tuple(found)


def outdated(log: str) -> bool:
    """Whether sparse is older than the tree's C: kbuild asks it in new trees, it says so itself."""
    return bool(
        re.search(r"is not available or not up to date|^sparse: .*too many errors$", log, re.M)
    )


def _in_tree(path: str, source: Path) -> str:
    """A path as the tree names it; kbuild reaches virt/kvm through `..`."""
    whole = os.path.normpath(path)
    return whole.removeprefix(f"{source}/")


def fresh(
    found: Iterable[Warned], known: Mapping[str, int], added: Mapping[str, frozenset[int]]
) -> list[Warned]:
    """Warnings that are more than those known by key; the lines that were added come first."""
    counted: dict[str, list[Warned]] = {}
    for warned in found:
        counted.setdefault(warned.key, []).append(warned)
    new = []
    for key, each in counted.items():
        each.sort(key=lambda w: (w.line not in added.get(w.path, frozenset()), w.line))
        new += each[: max(0, len(each) - known.get(key, 0))]
    return new


def count(found: Iterable[Warned]) -> Counter[str]:
    """How often each warning is there."""
    return Counter(warned.key for warned in found)


def errors_of(problem: BuildFailed) -> tuple[str, ...]:
    """The compiler's lines of a build that failed."""
    return tuple(str(finding) for finding in problem.findings)


def failures(errors: Iterable[str], until: Sequence[Posted], what: str) -> Iterator[Remark]:
    """The compiler's lines as remarks: the line of the patch, and the template that wrote it.

    `until` are the patches of the series that are applied, the last of which is tried.
    """
    patch = until[-1]
    for text in errors:
        where = re.match(r"(\S+?):(\d+)", text)
        line = patch.line_at(where[1], int(where[2])) if where else 0
        yield Remark(f"{what}: {text}", patch.name, line, origin(text, until))


def sparse_command(folder: Path) -> str | None:
    """The value of CHECK, a script in a folder; None where there is no sparse."""
    if not shutil.which("sparse"):
        return None
    script = folder / "check-sparse"
    if not script.exists() or script.read_text() != _SPARSE:
        whole.write(script, _SPARSE, 0o777)
    return str(script)


def undefined(modules: Sequence[Path], nm: str = "nm") -> frozenset[str]:
    """What modules take from elsewhere than from each other, exported there or not."""
    needed: set[str] = set()
    given: set[str] = set()
    for module in modules:
        symbols = _symbols(module, nm)
        needed |= {name for name, kind in symbols if kind in "Uw"}
        names = (name for name, _ in symbols)
        given |= {n.removeprefix("__ksymtab_") for n in names if n.startswith("__ksymtab_")}
    return frozenset(needed - given)


def _symbols(module: Path, nm: str) -> list[tuple[str, str]]:
    command = [nm, "--format=posix", str(module)]
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    done = sandbox.run(command, Room(read=(module,)), nm, env=env)
    if done.status:
        why = done.stderr.decode("utf-8", "replace").strip()
        raise EnvironmentFailure(f"{nm} cannot read {module}: {why}")
    rows = (line.split() for line in done.stdout.decode("utf-8", "replace").splitlines())
    return [(row[0], row[1]) for row in rows if len(row) > 1]
