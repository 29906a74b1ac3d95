# SPDX-License-Identifier: GPL-2.0-only
"""The outline of a C file, without a parser: its code, its directives, its blocks at file scope.

libclang does not know the names of an unconfigured tree, and takes a second for the headers of one
file.  What names a file declares can be told from its text, branches of every `#if` included.
Offsets are those of the file's bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from codegen.c.statements import at_directive

_UNREAD = re.compile(
    r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
    re.S,
)
_DIRECTIVE = re.compile(r"#[ \t]*(\w*)((?:[^\n\\]|\\.|\\\n)*)")
_BRACE = re.compile(r"[{}]")
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include(?:_next)?[ \t]+([<\"])([^>\"\n]+)[>\"]", re.M)
_DEFINE = re.compile(r"\s*([A-Za-z_]\w*)(\(([^)]*)\))?")
TOKEN = re.compile(r"[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.])*|->|\.\.\.|##|\S")
_MACRO_CALL = re.compile(r"\n[A-Z][A-Z0-9_]*\(")  # line breaks are found fast
_ROUND = re.compile(r"[()]")
_BLANK = re.compile(r"\s++")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_WORD = re.compile(r"\b[A-Za-z_]\w*")  # and no number's suffix
_SPACES = "".join("\n" if chr(each) == "\n" else " " for each in range(256))


@dataclass(frozen=True, slots=True)
class Directive:
    """A line of the preprocessor, with those that continue it; `rest` begins at `at`."""

    word: str
    start: int
    at: int
    end: int
    rest: str

    @property
    def words(self) -> frozenset[str]:
        """All identifiers that it names."""
        return frozenset(_WORD.findall(self.rest))


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro's definition; `parameters` is None for one that is no function."""

    name: str
    parameters: tuple[str, ...] | None
    body: str
    start: int
    at: int


@dataclass(frozen=True, slots=True)
class Block:
    """Braces at file scope: where what they belong to begins, `{` and behind `}`."""

    head: int
    open: int
    end: int


def _blank(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] in "\"'":
        return text[0] + " " * (len(text) - 2) + text[0]
    return spaces(text)


class Outline:
    """A file's text with comments and strings blanked, and what stands where in it."""

    def __init__(self, data: bytes) -> None:
        self.text = _UNREAD.sub(_blank, data.decode("latin-1"))

    @cached_property
    def directives(self) -> tuple[Directive, ...]:
        """The lines of the preprocessor, in order."""
        found: list[Directive] = []
        at = 0
        while match := _DIRECTIVE.search(self.text, at):  # `#` is rare, and found fast
            start = self.text.rfind("\n", 0, match.start()) + 1
            begins = not self.text[start : match.start()].strip(" \t")
            if begins:
                found.append(Directive(match[1], start, match.start(2), match.end(), match[2]))
            at = match.end() if begins else match.start() + 1
        return tuple(found)

    @cached_property
    def assembly(self) -> tuple[tuple[int, int], ...]:
        """The branches of `#if` lines that are for the assembler: where they begin and end."""
        return self.only_with("__ASSEMBLY__", "__ASSEMBLER__")

    def only_with(self, *macros: str) -> tuple[tuple[int, int], ...]:
        """The branches that are compiled only where one of some macros is defined.

        A condition on something else says nothing of them, in its `#else` neither.
        """
        return tuple(
            (start, end) for words, start, end in self.conditions if not words.isdisjoint(macros)
        )

    @cached_property
    def conditions(self) -> tuple[tuple[frozenset[str], int, int], ...]:
        """The branches of `#if` lines: what each asks for to be defined, and where it is."""
        found: list[tuple[frozenset[str], int, int]] = []
        # of each open `#if`: the words of its branch, whether it asks for their absence, and where
        branches: list[tuple[frozenset[str], bool, int]] = []
        for each in self.directives:
            opens = each.word in ("if", "ifdef", "ifndef")
            if not opens and not (branches and each.word in ("elif", "else", "endif")):
                continue
            words, negated, begun = (frozenset[str](), False, 0) if opens else branches.pop()
            if words and not negated:
                found.append((words, begun, each.start))
            if opens or each.word == "elif":
                negated = each.word == "ifndef" or "!" in each.rest
                branches.append((each.words, negated, each.end))
            elif each.word == "else":
                branches.append((words if negated else frozenset(), False, each.end))
        return tuple(found)

    @cached_property
    def calls(self) -> tuple[tuple[int, int], ...]:
        """What stands in the brackets of macros that are called in column 1, `TRACE_EVENT(…)`."""
        found: list[tuple[int, int]] = []
        for match in _MACRO_CALL.finditer("\n" + self.code):
            if not found or match.start() >= found[-1][1]:
                found.append((match.end() - 1, self._closed(match.end() - 1)))
        return tuple(found)

    def _closed(self, at: int) -> int:
        """Where the bracket closes that has been opened in front of an offset."""
        depth = 1
        for match in _ROUND.finditer(self.code, at):
            depth += 1 if match[0] == "(" else -1
            if not depth:
                return match.start()
        return len(self.code)

    @cached_property
    def code(self) -> str:
        """The text without the lines of the preprocessor."""
        pieces, at = [], 0
        for each in self.directives:
            pieces += [self.text[at : each.start], spaces(self.text[each.start : each.end])]
            at = each.end
        return "".join([*pieces, self.text[at:]])

    @cached_property
    def macros(self) -> dict[str, tuple[Macro, ...]]:
        """What the file defines by `#define`, by name."""
        found: dict[str, tuple[Macro, ...]] = {}
        for each in self.directives:
            match = _DEFINE.match(each.rest) if each.word == "define" else None
            if match:
                names = None
                if match[2]:
                    names = tuple(p.strip().removesuffix("...") for p in match[3].split(","))
                at = each.at + match.end()
                macro = Macro(match[1], names, each.rest[match.end() :], each.start, at)
                found[macro.name] = (*found.get(macro.name, ()), macro)
        return found

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The braces at file scope, in order.

        Branches of an `#if` may each open what is closed once; a `}` in column 1 closes all.
        """
        found: list[Block] = []
        depth, opened, last = 0, 0, 0
        saved: list[int] = []
        for at, mark in self._marks:
            if mark == "{":
                if depth == 0:
                    opened = at
                depth += 1
            elif mark == "}":
                depth = 0 if at == 0 or self.code[at - 1] == "\n" else max(0, depth - 1)
                if depth == 0 and opened >= last:
                    found.append(Block(self._head(opened, last), opened, at + 1))
                    last = at + 1
            else:
                depth = at_directive(mark, depth, saved)
        return tuple(found)

    @cached_property
    def _marks(self) -> list[tuple[int, str]]:
        braces = [(m.start(), m[0]) for m in _BRACE.finditer(self.code)]
        return sorted(braces + [(each.start, each.word) for each in self.directives])

    def _head(self, at: int, last: int) -> int:
        """Where what `{` belongs to begins: behind the last `;`, `}` or directive before it."""
        first = max(last, self.code.rfind(";", last, at) + 1)
        index = bisect_right(self._starts, at) - 1
        if index >= 0:
            first = max(first, self.directives[index].end)
        index = bisect_right(self.calls, (at,)) - 1
        if index >= 0:
            # a call without `;` is no part of what stands behind it, unless that is a body
            begin, end = self.calls[index]
            if first <= begin and end < at and self.code[end + 1 : at].strip():
                first = end + 1
        blank = _BLANK.match(self.code, first, at)
        return blank.end() if blank else first

    @cached_property
    def _starts(self) -> list[int]:
        return [each.start for each in self.directives]

    @cached_property
    def _opens(self) -> list[int]:
        return [block.head for block in self.blocks]

    def block_at(self, offset: int) -> Block | None:
        """The block at file scope that holds an offset, its head included."""
        index = bisect_right(self._opens, offset) - 1
        if index >= 0 and offset < self.blocks[index].end:
            return self.blocks[index]
        return None

    def directive_at(self, offset: int) -> Directive | None:
        """The line of the preprocessor that holds an offset."""
        index = bisect_right(self._starts, offset) - 1
        if index >= 0 and offset < self.directives[index].end:
            return self.directives[index]
        return None

    def item_start(self, offset: int) -> int:
        """Where the declaration at file scope begins that holds an offset."""
        block = self.block_at(offset)
        if block is not None:
            return block.head
        index = bisect_right(self._opens, offset) - 1
        return self._head(offset, self.blocks[index].end if index >= 0 else 0)

    def occurrences(self, name: str) -> Iterator[int]:
        """Where an identifier stands in the text, directives included."""
        text, size, at = self.text, len(name), self.text.find(name)
        while at >= 0:
            end = at + size
            if not (in_word(text[at - 1 : at]) or in_word(text[end : end + 1])):
                yield at
            at = text.find(name, end)

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """All identifiers of the text."""
        return frozenset(_IDENTIFIER.findall(self.text))


def covers(spans: Iterable[tuple[int, int]], offset: int) -> bool:
    """Whether one of some spans holds an offset."""
    return any(start <= offset < end for start, end in spans)


def in_word(char: str) -> bool:
    """Whether a character goes on with an identifier; nothing does not."""
    return char.isalnum() or char == "_"


def spaces(text: str) -> str:
    """As many blanks as a text has characters, in as many lines."""
    return text.translate(_SPACES)


@lru_cache(maxsize=2048)
def includes(data: bytes) -> tuple[tuple[int, str, bool], ...]:
    """The headers that a file includes: where, which, and whether its own folder comes first."""
    return tuple((m.start(), m[2].decode("latin-1"), m[1] == b'"') for m in _INCLUDE.finditer(data))


@lru_cache(maxsize=256)
def outline(data: bytes) -> Outline:
    """The outline of a file's bytes."""
    return Outline(data)
