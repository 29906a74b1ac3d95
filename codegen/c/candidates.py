# SPDX-License-Identifier: GPL-2.0-only
"""Whether it is worth to parse a file for a definition: what a search of its bytes can tell.

A short name or a type is in thousands of files and defined in few.  Never says no to a file with
a definition that the parser would find, and takes time in proportion to the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_MOST_PARAMETERS = 4096  # bytes
_MOST_NESTED = 16  # brackets within a function's parameters
# What may stand between a function's parameters and its body.
_BODY = re.compile(
    rb"(?:\s++|/\*.*?\*/|//[^\n]*+\n|#[^\n]*+\n|\w++(?:\s*+\([^();]*+(?:\([^();]*+\)[^();]*+)*+\))?+)*+\{",
    re.S,
)
_BRACKETS = re.compile(rb"[()]")
# In the kernel's style a function's name is on the line that its declaration begins with.
_NAMES = re.compile(rb"^[A-Za-z_][\w \t*]*+(?<=\w)(?=\()", re.M)


def may_define(kind: str, name: str, data: bytes) -> bool:
    """Whether a file could define the function, struct, enum or macro."""
    if name.encode() not in data:
        return False
    if kind == "function":
        return any(_BODY.match(data, end) for end in _parameter_ends(name, data))
    return _pattern(kind, name).search(data) is not None


def function_names(data: bytes) -> frozenset[str]:
    """The names of functions that a file defines or declares, as far as its lines tell."""
    found = (match.group().split()[-1].lstrip(b"*") for match in _NAMES.finditer(data))
    return frozenset(name.decode() for name in found)


@lru_cache(maxsize=64)
def _pattern(kind: str, name: str) -> re.Pattern[bytes]:
    word = re.escape(name.encode())
    if kind == "macro":
        return re.compile(rb"^[ \t]*+#[ \t]*+define[ \t]++%s(?!\w)" % word, re.M)
    return re.compile(rb"%s\b[^;{}]*?(?<!\w)%s(?!\w)[^;{}()=]*+\{" % (_word(kind), word))


def _word(name: str) -> bytes:
    """A name with which a word begins: letters first are searched for many times faster."""
    word = re.escape(name.encode())
    return rb"%s(?<!\w%s)" % (word, word)


def _parameter_ends(name: str, data: bytes) -> Iterator[int]:
    """Where the brackets behind each mention of the name are closed."""
    for match in re.finditer(rb"%s\s*+\(" % _word(name), data):
        depth = 1
        for bracket in _BRACKETS.finditer(data, match.end(), match.end() + _MOST_PARAMETERS):
            depth += 1 if bracket.group() == b"(" else -1
            if not depth:
                yield bracket.end()
            if not 0 < depth < _MOST_NESTED:
                break
