# SPDX-License-Identifier: GPL-2.0-only
"""A series as checks see it: its mails, the files before and behind each patch, both trees."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from codegen.c.source import CSource
from codegen.kernel.survey import SELFTESTS, Survey
from codegen.mail.mbox import NOBODY, Mail
from codegen.series.apply import Applied, AppliedPatch
from codegen.tree.plumbing import git_command, run_git
from codegen.tree.reader import GitTree, read_or_none

_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_RFC = re.compile(rb"^Subject: \[[^]]*\bRFC\b", re.M)
_UAPI = re.compile(
    r"include/uapi/(linux|asm-generic)/kvm\w*\.h|arch/\w+/include/uapi/asm/kvm\w*\.h"
)
_KVM = re.compile(
    r"virt/kvm/|arch/\w+/kvm/|arch/\w+/include/(uapi/)?asm/kvm|include/(linux|trace/events|kvm)/\w*kvm"
    r"|include/uapi/(linux|asm-generic)/kvm|Documentation/virt/kvm/"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a patch added, by its number in the file behind the patch."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a patch does to one file; None where there is none."""

    path: str
    before: bytes | None
    after: bytes | None
    added: tuple[Line, ...]


@dataclass(frozen=True)
class Patch:
    """One patch, its mail and its changes."""

    mail: Mail
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        """The patch file's name."""
        return self.mail.name

    @property
    def plain(self) -> bool:
        """Whether it is a diff without a message."""
        return self.mail.author == NOBODY

    @cached_property
    def _lines(self) -> list[str]:
        return self.mail.raw.decode("utf-8", "replace").splitlines()

    def line_with(self, text: str, start: int = 0) -> int:
        """The first line of the patch file that holds a text, from 1; 0 if none does."""
        found = (n for n, line in enumerate(self._lines[start:], start + 1) if text in line)
        return next(found, 0)

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        """The lines of the patch file with the same text, from 1: a patch has many, and remarks."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines, 1):
            found.setdefault(line.partition("\t")[0] if line[:6] == "+++ b/" else line, []).append(
                number
            )
        return found

    def line_of(self, path: str, added: str) -> int:
        """The line of the patch file that adds a text to a file; 0 if none does."""
        start = self._places.get(f"+++ b/{path}", [0])[0]
        lines = self._places.get(f"+{added}", [])
        at = bisect(lines, start)
        return lines[at] if at < len(lines) else 0

    def line_at(self, path: str, number: int) -> int:
        """The line of the patch file that adds a line of a file, by its number behind the patch."""
        added = (line for c in self.changes if c.path == path for line in c.added)
        text = next((line.text for line in added if line.number == number), None)
        return 0 if text is None else self.line_of(path, text)

    def path_at(self, line: int) -> str:
        """The file that a line of the patch file changes; empty where it is none's."""
        heads = [text for text in self._lines[:line] if text.startswith("+++ b/")]
        return heads[-1].removeprefix("+++ b/") if heads else ""


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro that a series adds to the uAPI, and where."""

    name: str
    patch: Patch
    line: int


@dataclass(frozen=True)
class View:
    """A series with its trees: `before` without it, `after` with all of it."""

    applied: Applied
    patches: tuple[Patch, ...]
    before: Survey
    after: Survey
    cover_name: str

    @property
    def first(self) -> bytes:
        """The mail that is sent first: the cover letter, or the first patch."""
        return self.applied.cover or self.patches[0].mail.raw

    @property
    def rfc(self) -> bool:
        """Whether the series asks for opinions, and is not meant to be applied yet."""
        return bool(_RFC.search(self.first))

    def changes(self, prefix: str = "") -> Iterator[tuple[Patch, Change]]:
        """Every change of every patch below a path."""
        for patch in self.patches:
            for change in patch.changes:
                if change.path.startswith(prefix):
                    yield patch, change

    @cached_property
    def new_macros(self) -> Mapping[str, Macro]:
        """The KVM_* macros that the series adds to uAPI headers, by name."""
        paths = {change.path for _, change in self.changes() if is_uapi(change.path)}
        old, now = (
            {name for path in paths for name in _macros(path, read_or_none(survey.tree, path))}
            for survey in (self.before, self.after)
        )
        return {name: self._added_macro(name, paths) for name in sorted(now - old)}

    def _added_macro(self, name: str, paths: set[str]) -> Macro:
        word = re.compile(rf"\b{name}\b")
        for patch, change in self.changes():
            for line in change.added if change.path in paths else ():
                if word.search(line.text):
                    return Macro(name, patch, patch.line_of(change.path, line.text))
        return Macro(name, self.patches[0], 0)

    def new_named(self, prefix: str) -> tuple[Macro, ...]:
        """The new macros of a family."""
        return tuple(m for name, m in self.new_macros.items() if name.startswith(prefix))


def is_uapi(path: str) -> bool:
    """Whether a path is a header of KVM's that userspace sees."""
    return bool(_UAPI.fullmatch(path))


def is_kvm(path: str) -> bool:
    """Whether a path is KVM's own, documentation included, selftests not."""
    return bool(_KVM.match(path))


def is_selftest(path: str) -> bool:
    """Whether a path is one of KVM's selftests."""
    return path.startswith(SELFTESTS)


def _macros(path: str, data: bytes | None) -> set[str]:
    if data is None:
        return set()
    return {e.name for e in CSource(path, data).all("macro") if e.name.startswith("KVM_")}


@contextmanager
def look(applied: Applied, cover_name: str = "") -> Iterator[View]:
    """Open a series' trees and read what it changes, for as long as it is looked at."""
    git_dir = applied.base.git_dir
    assert git_dir is not None
    archs = dict.fromkeys(["x86", *re.findall(r"\barch/(\w+)/", "\n".join(applied.paths))])
    with ExitStack() as stack:
        trees = {
            commit: stack.enter_context(GitTree(git_dir, commit))
            for commit in (applied.patches[0].parent, *(p.commit for p in applied.patches))
        }
        yield View(
            applied,
            tuple(_patch(patch, git_dir, trees) for patch in applied.patches),
            Survey(trees[applied.patches[0].parent], tuple(archs), wide=False),
            Survey(trees[applied.patches[-1].commit], tuple(archs), wide=False),
            cover_name or applied.patches[0].mail.name,
        )


def _patch(patch: AppliedPatch, git_dir: Path, trees: Mapping[str, GitTree]) -> Patch:
    changes = (
        Change(
            path,
            read_or_none(trees[patch.parent], path),
            read_or_none(trees[patch.commit], path),
            _added(git_dir, patch, path),
        )
        for path in patch.paths
    )
    return Patch(patch.mail, tuple(changes))


def _added(git_dir: Path, patch: AppliedPatch, path: str) -> tuple[Line, ...]:
    """The lines that a patch adds to a file, as git counts them; without context."""
    options = (
        "-p",
        "-U0",
        "--text",
        "--no-renames",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
    )
    place = (patch.parent, patch.commit, "--", f":(literal){path}")
    done = run_git([*git_command(git_dir, "diff-tree", *options), *place])
    number, found = 0, []
    for line in done.stdout.split(b"\n"):
        hunk = _HUNK.match(line)
        if hunk:
            number = int(hunk[1])
        elif number and line.startswith(b"+"):
            found.append(Line(number, line[1:].decode("utf-8", "replace")))
            number += 1
    return tuple(found)
