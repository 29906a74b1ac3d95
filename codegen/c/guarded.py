# SPDX-License-Identifier: GPL-2.0-only
"""What a file has for those alone who define a macro."""

from __future__ import annotations

import re
from functools import lru_cache

_DIRECTIVE = re.compile(r"\s*#\s*(ifdef|ifndef|if|elif|else|endif)\b(.*)")


@lru_cache(maxsize=256)
def guarded_lines(data: bytes, macro: str) -> frozenset[int]:
    """The lines of a C file, from 1, that are compiled only where a macro is defined."""
    inside: set[int] = set()
    stack: list[bool] = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        match = _DIRECTIVE.match(line)
        word = match[1] if match else ""
        if match and word in ("if", "ifdef", "ifndef"):
            stack.append(_positive(word, match[2], macro))
        elif match and stack and word == "elif":
            stack[-1] = _positive("if", match[2], macro)
        elif stack and word == "else":
            stack[-1] = not stack[-1]
        elif stack and word == "endif":
            stack.pop()
        if any(stack):
            inside.add(number)
    return frozenset(inside)


def _positive(word: str, condition: str, macro: str) -> bool:
    """Whether a condition holds with the macro only; one on something else counts as not."""
    return macro in condition and word != "ifndef" and "!" not in condition
