# SPDX-License-Identifier: GPL-2.0-only
"""Characters that no text of a description may hold, and values as messages quote them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from codegen.base.printable import one_line

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
