# SPDX-License-Identifier: GPL-2.0-only
"""One C file of a tree: where its functions, structs, enums and macros stand, and their tokens.

libclang parses the file alone, without the headers it includes: an unconfigured tree has no
`autoconf.h`, and parsing one file takes some 20 ms instead of 2 s.  The price is that bodies lose
every statement with an unknown name, so declarations come from the parser and what is inside of
them is read as tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from codegen.c.bodies import bodiless
from codegen.c.remembered import remembered
from codegen.vocabulary.lexer import lexed

_CLANG = "codegen.c.clang"
_CONDITIONAL = re.compile(rb"#[ \t]*(?:if|ifdef|ifndef|elif|else|endif)\b(?:.*\\\n)*.*")
_BLANK = bytes(each if each == ord("\n") else ord(" ") for each in range(256))


@dataclass(frozen=True, slots=True)
class Token:
    """A token of C: its text and its byte offsets in the file."""

    text: str
    start: int
    end: int
    comment: bool = False


@dataclass(frozen=True, slots=True)
class Extent:
    """The bytes of one `kind`: function, struct, enum, macro, variable or declaration."""

    kind: str
    name: str
    start: int
    end: int


def flattened(data: bytes) -> bytes:
    """A file with its `#if … #endif` lines blanked, so that no branch is skipped."""
    pieces, at, behind = [], 0, 0
    while match := _CONDITIONAL.search(data, at):  # `#` is rare, and found fast
        start, at = data.rfind(b"\n", 0, match.start()) + 1, match.start() + 1
        if not data[start : match.start()].strip(b" \t"):
            pieces += [data[behind:start], match[0].rjust(match.end() - start).translate(_BLANK)]
            at = behind = match.end()
    return b"".join([*pieces, data[behind:]])


@lru_cache(maxsize=128)
def _declared_in(path: str, text: bytes) -> tuple[tuple[str, str, int, int], ...]:
    """What a text declares; many ask for the same one, and the parser takes 0.1 s for a large."""
    return tuple(
        (kind, name, a, b) for kind, name, a, b in remembered(_CLANG, "extents", path, text)
    )


@lru_cache(maxsize=128)
def _extents(path: str, data: bytes) -> tuple[Extent, ...]:
    """What a file declares, wherever that stands."""
    file = bodiless(data)
    at = file.offset
    return tuple(Extent(k, name, at(a), at(b)) for k, name, a, b in _declared_in(path, file.text))


class CSource:
    """A C file: `path` names it in messages, `data` is what it holds."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self._tokens: dict[tuple[int, int], tuple[Token, ...]] = {}

    @cached_property
    def _declared(self) -> tuple[Extent, ...]:
        return _extents(self.path, self.data)

    @cached_property
    def _flat_declared(self) -> tuple[Extent, ...]:
        return _extents(self.path, flattened(self.data))

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], tuple[Extent, ...]]:
        found: dict[tuple[str, str], tuple[Extent, ...]] = {}
        for extent in self._everything:
            key = extent.kind, extent.name
            found[key] = (*found.get(key, ()), extent)
        return found

    @cached_property
    def _everything(self) -> tuple[Extent, ...]:
        """Every declaration of every branch.

        A function whose branches open a bracket twice swallows what follows it: then the file as
        it is, with one branch of each `#if`, knows better.
        """
        flat = self._flat_declared
        sound = [e for e in flat if e.kind != "function" or self._ends_at_margin(e)]
        if len(sound) == len(flat):
            return flat
        seen = {e.start: e for e in (*sound, *self._declared)}
        return tuple(seen[start] for start in sorted(seen))

    def _ends_at_margin(self, extent: Extent) -> bool:
        """Whether the first closing bracket in column 1 is the function's last character."""
        at = self.data.find(b"\n}", extent.start, extent.end)
        return at < 0 or at + 2 == extent.end

    def find(self, kind: str, name: str) -> tuple[Extent, ...]:
        """Definitions of `name`, in file order; those in skipped `#if` branches as well."""
        return self._by_name.get((kind, name), ())

    def all(self, kind: str) -> tuple[Extent, ...]:
        """Every definition of that kind, in file order."""
        return tuple(extent for extent in self._everything if extent.kind == kind)

    def tokens(self, start: int, end: int) -> tuple[Token, ...]:
        """The tokens between two byte offsets, comments included and marked."""
        known = self._tokens.get((start, end))
        if known is None:  # many sites ask for the same functions
            found = lexed(self._characters, start, end)
            known = tuple(Token(self.text(a, b), a, b, kind == "comment") for a, b, kind in found)
            self._tokens[start, end] = known
        return known

    @cached_property
    def _characters(self) -> str:
        """One for each byte."""
        return self.data.decode("latin-1")

    def text(self, start: int, end: int) -> str:
        """The file's text between two byte offsets."""
        return self.data[start:end].decode("utf-8", "replace")

    def line(self, offset: int) -> int:
        """The line of a byte offset, from 1, for messages."""
        return self.data.count(b"\n", 0, offset) + 1

    def line_start(self, offset: int) -> int:
        """The offset at which the line of `offset` begins."""
        return self.data.rfind(b"\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The offset behind the newline of the line of `offset`."""
        found = self.data.find(b"\n", offset)
        return len(self.data) if found < 0 else found + 1


@lru_cache(maxsize=256)
def lex(text: str) -> tuple[Token, ...]:
    """The tokens of a fragment of C, comments left out."""
    source = CSource("fragment.c", text.encode())
    return tuple(t for t in source.tokens(0, len(source.data)) if not t.comment)
