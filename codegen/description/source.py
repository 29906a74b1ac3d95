# SPDX-License-Identifier: GPL-2.0-only
"""A description's file as text: its lines, and findings that point into it."""

from __future__ import annotations

from dataclasses import dataclass, field

from codegen.base.findings import Finding

_LONGEST_SHOWN = 160


@dataclass(frozen=True)
class Source:
    """The file: how messages call it, its lines, and what it is: a description, or another file."""

    path: str
    text: str
    what: str = "description"
    lines: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.text.split("\n")))

    def line(self, number: int) -> str:
        """A line, counted from 1; empty where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def shown(self, number: int, column: int) -> str:
        """A line as messages show it: printable, and no longer than a terminal can take."""
        if column > _LONGEST_SHOWN:
            return ""  # its caret would be out of sight
        line = self.line(number)
        cut = line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 3] + "..."
        return "".join(
            c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in cut
        )

    def finding(self, line: int, column: int, message: str, hint: str = "") -> Finding:
        """A finding about a position; what is missing behind a line is missing at its end."""
        column = max(1, min(column, len(self.line(line))))
        return Finding(message, self.path, line, column, self.shown(line, column), hint)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset into the text."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
