# SPDX-License-Identifier: GPL-2.0-only
"""Text of trees, patches and file names as terminals and mails may have it.

A control character can hide or forge what stands around it: escape sequences, C0 and C1, those that
turn the direction of writing, separators that some programs take for the end of a line, and bytes
that are no text.
"""

from __future__ import annotations

import json
import re
from typing import Any
from unicodedata import category

_LINES = re.compile(r"[^\n\t]+")
# What hides or forges: C0, C1, direction of writing, separators of lines, bytes that are no text.
_FORGING = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def one_line(text: str) -> str:
    """A text as one line that shows nothing but printable characters."""
    return text if text.isprintable() else "".join(map(_shown, text))


def printable(text: str) -> str:
    """The same for a text of several lines, which may be indented by tabs."""
    return _LINES.sub(lambda found: one_line(found[0]), text)


def forging(text: str) -> str:
    """The first character of a text that no mail may have, as `U+001B`; empty where there is none.

    Other characters without a shape of their own, such as those that join letters, may stand there.
    """
    found = _FORGING.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def printable_json(value: Any, indent: int | None = 2) -> str:
    """A value as JSON of the same meaning: what is not printable is written as JSON escapes it."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _LINES.sub(lambda found: found[0] if found[0].isprintable() else _json(found[0]), text)


def _json(text: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _shown(char: str) -> str:
    if char.isprintable() or category(char) == "Zs":
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
