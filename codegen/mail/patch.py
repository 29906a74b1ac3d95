# SPDX-License-Identifier: GPL-2.0-only
"""One patch, whoever wrote it: what it says, and what it does to which files."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from codegen.sites.edit import TextEdit
from codegen.tree.changed import Changed

NOBODY = "unknown <unknown@localhost>"


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A message, an author, and the files that are changed, by their paths in git's order.

    `author` is `Name <mail>`, empty as long as it is for whoever sends the series; `date` is
    `@SECONDS ZONE`, empty for that of the tree.  `part` is what a patch of gen's is in its series,
    and `edits` say what of it went where and why.  `tags` are trailers, to come before all others.
    """

    subject: str
    message: str
    changes: Mapping[str, Changed]
    author: str = ""
    date: str = ""
    part: str = ""
    edits: tuple[TextEdit, ...] = ()
    tags: tuple[str, ...] = ()

    @cached_property
    def files(self) -> Mapping[str, bytes | None]:
        """What the changed files hold behind the patch; None for one that it removes."""
        return {path: made.after for path, made in self.changes.items()}


@dataclass(frozen=True, kw_only=True)
class Posted(Patch):
    """A patch as it is sent: the name of its file, what is in it, and the diff of that.

    As long as it is not applied, nobody knows what it changes: `changes` is empty.
    """

    name: str
    raw: bytes
    diff: bytes

    @property
    def plain(self) -> bool:
        """Whether it is a diff without a message."""
        return self.author == NOBODY

    @cached_property
    def _lines(self) -> list[str]:
        return self.raw.decode("utf-8", "replace").splitlines()

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
        text = self.changes[path].added.get(number) if path in self.changes else None
        return 0 if text is None else self.line_of(path, text)

    def path_at(self, line: int) -> str:
        """The file that a line of the patch file changes; empty where it is none's."""
        heads = [text for text in self._lines[:line] if text.startswith("+++ b/")]
        return heads[-1].removeprefix("+++ b/") if heads else ""
