# SPDX-License-Identifier: GPL-2.0-only
"""A description's file as text: its characters, its lines, and findings that point into it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from codegen.findings import Finding
from codegen.printable import one_line

_LONGEST_SHOWN = 160
_UNUSUAL = re.compile(r"[^\x20-\x7e]")
# Controls, format characters (they turn the reading direction or have no width), surrogates,
# private use, unassigned, and the separators that some programs take for line ends.
_REFUSED = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_NAMES = {
    "\0": "NUL",
    "\t": "TAB",
    "\n": "LINE FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
}


def refused_characters(text: str, allowed: str = "") -> Iterator[tuple[int, str]]:
    """Offset and message of every character that no text of a description may hold."""
    for found in _UNUSUAL.finditer(text):
        char = found[0]
        if char in allowed:
            continue
        category = unicodedata.category(char)
        if category in _REFUSED or category == "Zs":
            name = _NAMES.get(char) or unicodedata.name(char, "")
            said = f"U+{ord(char):04X}" + (f" ({name})" if name else "")
            yield found.start(), f"the character {said} is not allowed"


def short(value: object, columns: int = 60) -> str:
    """A value as messages quote it; a space that is no plain one is shown by its code."""
    text = "".join(
        char if char.isprintable() else f"\\u{ord(char):04x}" for char in one_line(str(value))
    )
    return text if len(text) <= columns else text[: columns - 3] + "..."


@dataclass(frozen=True)
class Source:
    """The file: how messages call it, and its lines."""

    path: str
    text: str
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
