# SPDX-License-Identifier: GPL-2.0-only
"""What gen has to say about a description or a tree: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

from codegen.base.errors import FindingsError
from codegen.base.printable import one_line


class NotHere(FindingsError):
    """The variant cannot exist on this tree, or is there already: an answer, not a fault."""


class HereAlready(NotHere):
    """The tree has what the variant is for, or the names that it would have."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `line` and `column` count from 1; 0 means none."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    source: str = ""
    hint: str = ""
    site: str = ""

    def render(self, columns: int | None = None) -> str:
        """`file:line:col: error: …`, the source line with a caret, and the hint, as text.

        Of a source line that a terminal's columns cannot hold, the part at the caret is shown.
        """
        where = (one_line(self.path), self.line, self.column)
        place = ":".join(str(part) for part in where if part)
        lines = [f"{place}: error: {self.message}" if place else f"error: {self.message}"]
        if self.source:
            source, at = _part(self.source, max(self.column - 1, 0), columns)
            pad = "".join(map(_blank, source[:at]))
            lines += [f"    {source}", f"    {pad}^"]
        lines += [f"    {line}" for line in self.hint.splitlines()]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The finding for `--json`: only the fields that say something."""
        values = {name: getattr(self, name) for name in ("message", "path", "line", "column")}
        values.update(hint=self.hint, site=self.site)
        return {name: value for name, value in values.items() if value}


def _part(source: str, at: int, columns: int | None) -> tuple[str, int]:
    """The part of a line around an offset that fits behind four blanks, and the offset there."""
    if columns is None or len(source.expandtabs()) + 4 <= columns:
        return source, at
    before = source[:at].expandtabs()
    line, at = before + source[at:].expandtabs(), len(before)
    room = max(columns - 6, 8)
    start = min(max(at - room // 2, 0), max(len(line) - room, 0))
    lead = "…" if start else ""
    tail = "…" if len(line) > start + room else ""
    return f"{lead}{line[start:start + room]}{tail}", at - start + len(lead)


def _blank(char: str) -> str:
    """White space as wide as a character is on a terminal."""
    if char == "\t":
        return char
    return "  " if east_asian_width(char) in "WF" else " "


def error(*findings: Finding) -> FindingsError:
    """Findings as the exception that carries them to the edge."""
    return FindingsError("; ".join(finding.message for finding in findings), findings)


def merge(errors: Iterable[FindingsError]) -> FindingsError | None:
    """Several such exceptions as one, or None where there is none."""
    findings = tuple(finding for each in errors for finding in each.findings)
    return error(*findings) if findings else None
