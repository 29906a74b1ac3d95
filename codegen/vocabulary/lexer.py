# SPDX-License-Identifier: GPL-2.0-only
"""The tokens of C as a compiler takes them from a file, before it does anything else (C11, 6.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Each alternative takes what is not closed as well, to the end: matching stays linear.  A name may
# have `$`, as for GCC; patterns have their holes so.
_TOKEN = re.compile(
    r"(?P<blank>(?:\s|\\\r?\n)+)"
    r"|(?P<comment>/\*.*?(?:\*/|\Z)|//(?:\\\r?\n|[^\n])*)"
    r"|(?P<text>(?:u8|[uUL])?\"(?:\\\r?\n|\\.|[^\"\\\n])*\"?|[uUL]?'(?:\\\r?\n|\\.|[^'\\\n])*'?)"
    r"|[A-Za-z_$][\w$]*|\.?[0-9](?:[eEpP][+-]|[\w.])*"
    r"|\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|[<>=!]=|&&|\|\||[-+*/%&|^]=|##|::"
    r"|%:%:|%:|%>|<%|<:|:>|\S",
    re.S | re.A,
)


def lexed(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, str]]:
    """Where the tokens between two offsets begin and end, and which are a `comment` or a `text`."""
    last = len(text) if end is None else end
    for found in _TOKEN.finditer(text, start):
        if found.end() > last:
            return
        if found.lastgroup != "blank":
            yield found.start(), found.end(), found.lastgroup or ""


@dataclass(frozen=True, slots=True)
class CodeToken:
    """A token of C and where it begins."""

    text: str
    at: int


def tokens(value: str) -> Iterator[CodeToken]:
    """The tokens of a snippet, comments included."""
    for start, end, _ in lexed(value):
        yield CodeToken(value[start:end], start)
