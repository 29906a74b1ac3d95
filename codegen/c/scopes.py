# SPDX-License-Identifier: GPL-2.0-only
"""What a piece of C declares for itself, told from its tokens.

Types are not needed: two words in a row at the beginning of a statement declare the second.  What
is in doubt is taken for declared, so that nothing is missed that is there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codegen.c.outline import Block, Outline
from codegen.c.words import (
    BASIC,
    OPEN,
    QUALIFIERS,
    TAGGED,
    TYPEOF,
    WORDS,
    TokenRun,
    Word,
    is_name,
    is_word,
    tokens_of,
)


@dataclass(frozen=True, slots=True)
class Local:
    """A name that a block or a function declares, visible from `start` to `end`.

    `tag` is the struct or union that it is or points to; `macro` names what declares it, where
    only the macro's definition can tell whether that does.
    """

    name: str
    start: int
    end: int
    tag: str = ""
    pointer: bool = False
    macro: tuple[str, int] | None = None


class NameScope(TokenRun):
    """A function, a struct or a declaration at file scope: its tokens, and what they are."""

    def __init__(self, tokens: Sequence[Word], end: int, *, enum: bool = False) -> None:
        super().__init__(tokens)
        self.end = end
        self._enum = enum
        self.locals = tuple(self._declared())
        self.labels = frozenset(self._labels())
        self.starts = {local.start for local in self.locals if local.macro is None}

    def declared(self, name: str, at: int) -> Iterator[Local]:
        """The declarations of a name that hold at an offset, the innermost last."""
        for local in self.locals:
            if local.name == name and local.start <= at < local.end:
                yield local

    def declares(self, name: str) -> bool:
        """Whether the name is declared anywhere in it."""
        return any(local.name == name for local in self.locals)

    def _labels(self) -> Iterator[str]:
        for index, token in enumerate(self.tokens):
            begins = self.text(index - 1) in (";", "{", "}", ":", ")")
            if begins and self.text(index + 1) == ":" and is_name(token.text):
                yield token.text

    def _declared(self) -> Iterator[Local]:
        body = next((i for i, t in enumerate(self.tokens) if t.text == "{"), len(self.tokens))
        yield from self._parameters(body)
        ends = [self.end]
        starts, questions = True, 0
        closers: list[int] = []
        for index, token in enumerate(self.tokens):
            text = token.text
            if starts:
                yield from self._declarators(index, ends[-1])
                yield from self._by_macro(index, ends[-1])
            starts = text in (";", "{", "}") or (text == "(" and self.text(index - 1) == "for")
            if text == ":":  # behind a label, or in `a ? b : c`
                starts, questions = not questions, max(0, questions - 1)
            elif text == "?":
                questions += 1
            elif starts:
                questions = 0
            if text == "{":
                close = self.closing(index)
                ends.append(self.tokens[close].at if close is not None else ends[-1])
                closers.append(close if close is not None else -1)
            elif text == "}" and closers and closers[-1] == index:
                closers.pop()
                ends.pop()
            if self._enum and text in ("{", ",") and closers and is_name(self.text(index + 1)):
                yield Local(self.text(index + 1), self.tokens[index + 1].at, self.end)

    def _parameters(self, body: int) -> Iterator[Local]:
        """The parameters of a function's head: of each, the last name."""
        index = 0
        while index < body:
            if self.text(index) == "(":
                closing = self.closing(index)
                close = body if closing is None else closing
                yield from self._parameter_list(index, close)
                index = close
            index += 1

    def _parameter_list(self, opening: int, close: int) -> Iterator[Local]:
        first = opening + 1
        index = first
        while index <= close:
            text = self.text(index)
            if text in OPEN and index != opening:
                if text == "(" and self.text(index + 1) == "*" and is_name(self.text(index + 2)):
                    yield Local(self.text(index + 2), self.tokens[index + 2].at, self.end)
                index = self.behind(index)
                continue
            if text == "," or index == close:
                names = [i for i in range(first, index) if is_name(self.text(i))]
                words = [i for i in range(first, index) if is_word(self.text(i))]
                if names and len(words) > 1 and self.text(names[-1] - 1) not in TAGGED:
                    tag = self._tag(first, index)
                    pointer = self.text(names[-1] - 1) == "*"
                    last = names[-1]
                    yield Local(self.text(last), self.tokens[last].at, self.end, tag, pointer)
                first = index + 1
            index += 1

    def _tag(self, first: int, last: int) -> str:
        for index in range(first, last):
            if self.text(index) in ("struct", "union"):
                name = self.text(index + 1)
                return name if is_name(name) else ""  # `union { … } u` has none
        return ""

    def _declarators(self, index: int, end: int) -> Iterator[Local]:
        """What a statement declares that begins with a type; nothing where it is none."""
        first, typed = index, False
        while index < len(self.tokens):
            text = self.text(index)
            if text in QUALIFIERS:
                index += 1
            elif text in BASIC or text == "__auto_type":
                typed, index = True, index + 1
            elif text in TAGGED and not typed:
                typed, index = True, index + (2 if is_name(self.text(index + 1)) else 1)
                if self.text(index) == "{":
                    index = self.behind(index)
            elif text in TYPEOF and not typed:
                typed, index = True, self.behind(index + 1)
            elif is_name(text) and not typed and self._before_type(index):
                index += 1
            elif is_name(text) and not typed and self._names_type(index):
                typed, index = True, index + 1
            else:
                break
        tag = self._tag(first, index) if typed else ""
        while typed and index < len(self.tokens):
            pointer = False
            while self.text(index) == "*" or self._annotation(index):
                pointer = pointer or self.text(index) == "*"
                index += 1
            if self.text(index) == "(" and self.text(index + 1) in ("*", "("):
                inside = range(index, self.behind(index))
                index = next((i for i in inside if is_name(self.text(i))), index)
            if not is_name(self.text(index)):
                return
            following = self.text(index + 1)
            if following not in ("=", ";", ",", "[", "(", ":", ")") and not is_word(following):
                return
            yield Local(self.text(index), self.tokens[index].at, end, tag, pointer)
            index = self._next_declarator(index)
            if self.text(index - 1) != ",":
                return

    def _names_type(self, index: int) -> bool:
        following = self.text(index + 1)
        if following == "*":
            after = index + 1
            while self.text(after) == "*" or self._annotation(after):
                after += 1
            return is_name(self.text(after))
        if following == "(":
            return self.text(index + 2) == "*" and self.text(self.behind(index + 1)) == "("
        return is_word(following) and following not in WORDS

    def _before_type(self, index: int) -> bool:
        """Whether a name is an annotation such as `__always_inline`, and the type comes next."""
        following, third = self.text(index + 1), self.text(index + 2)
        if following in QUALIFIERS or following in BASIC or following in TAGGED:
            return True
        marked = self.text(index).startswith("__")  # `T name __free(f)` is none
        named = is_name(following) and (marked or not third.startswith("__"))
        return named and (third == "*" or is_word(third))

    def _annotation(self, index: int) -> bool:
        """`const`, or what begins with `__` and stands before the name."""
        text = self.text(index)
        following = self.text(index + 1)
        if text in QUALIFIERS:
            return True
        return text.startswith("__") and (following == "*" or is_name(following))

    def _next_declarator(self, index: int) -> int:
        while index < len(self.tokens):
            text = self.text(index)
            if text in OPEN:
                index = self.behind(index)
                continue
            index += 1
            if text in (",", ";", ")", "}"):
                break
        return index

    def _by_macro(self, index: int, end: int) -> Iterator[Local]:
        """Names that a macro may declare: its arguments that are single names."""
        while self.text(index) in QUALIFIERS or (
            is_name(self.text(index)) and is_name(self.text(index + 1))
        ):
            index += 1
        if not is_name(self.text(index)) or self.text(index + 1) != "(":
            return
        position, depth_end = 0, self.behind(index + 1) - 1
        at = index + 2
        while at < depth_end:
            text = self.text(at)
            if text in OPEN:
                at = self.behind(at)
                continue
            if text == ",":
                position += 1
            alone = self.text(at - 1) in ("(", ",") and self.text(at + 1) in (",", ")")
            if is_name(text) and alone:
                macro = (self.text(index), position)
                yield Local(text, self.tokens[at].at, end, macro=macro)
            at += 1


@lru_cache(maxsize=512)
def _scope(text: str, start: int, end: int, enum: bool) -> NameScope:
    tokens = tuple(Word(t, at + start) for t, at in tokens_of(text))
    return NameScope(tokens, end, enum=enum)


def scope_of(outline: Outline, block: Block) -> NameScope:
    """The scope of a block at file scope, its head included."""
    head = outline.code[block.head : block.open]
    enum = "enum" in head.split("(")[0].split()
    return _scope(outline.code[block.head : block.end], block.head, block.end, enum)


def scope_between(outline: Outline, start: int, end: int) -> NameScope:
    """The scope of what stands between two offsets at file scope."""
    return _scope(outline.code[start:end], start, end, False)


def first_at(scope: NameScope, offset: int) -> int:
    """The index of the first token at or behind an offset."""
    return bisect_left([token.at for token in scope.tokens], offset)
