# SPDX-License-Identifier: GPL-2.0-only
"""What a piece of C declares for itself and what it uses, told from its tokens.

Types are not needed: two words in a row at the beginning of a statement declare the second.  What
is in doubt is taken for declared, so that nothing is missed that is there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from codegen.c.outline import TOKEN, Block, Outline

QUALIFIERS = frozenset(
    "static const volatile register extern inline auto restrict typedef __inline __inline__ "
    "__extension__ __volatile__ __const __restrict _Thread_local _Atomic _Noreturn".split()
)
_BASIC = frozenset(
    "void char short int long float double signed unsigned _Bool __signed__ __int128 "
    "__builtin_va_list".split()
)
_TAGGED = frozenset("struct union enum".split())
_TYPEOF = frozenset("typeof __typeof__ __typeof typeof_unqual __typeof_unqual__".split())
_WORDS = frozenset(
    "break case continue default do else for goto if return switch while sizeof asm __asm__ __asm "
    "_Alignof __alignof__ _Alignas _Generic _Static_assert __attribute__ __attribute "
    "__label__ __auto_type __func__ __FUNCTION__ __PRETTY_FUNCTION__ __real__ __imag__".split()
)
KEYWORDS = QUALIFIERS | _BASIC | _TAGGED | _TYPEOF | _WORDS
_ASM = frozenset("asm __asm__ __asm".split())
_OPEN = {"(": ")", "[": "]", "{": "}"}
_CLOSE = frozenset(_OPEN.values())

UseKind = Literal["name", "member", "tag", "label"]


class Word(NamedTuple):
    """A token and where it begins in its file."""

    text: str
    at: int


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


@dataclass(frozen=True, slots=True)
class Use:
    """A name that is used.

    `whole` says of a tag that its members must be known.  `path` are the names that lead to a
    member, the first of them a variable, or `{` and the tag of what an initializer is for.
    `calls` are the calls that it is an argument of, the innermost first: callee and position.
    """

    name: str
    at: int
    kind: UseKind = "name"
    whole: bool = False
    path: tuple[str, ...] = ()
    calls: tuple[tuple[str, int], ...] = ()


def is_name(text: str) -> bool:
    """Whether a token is an identifier and no word of C."""
    return (text[0].isalpha() or text[0] == "_") and text not in KEYWORDS


def _word(text: str) -> bool:
    return text[0].isalpha() or text[0] == "_"


class NameScope:
    """A function, a struct or a declaration at file scope: its tokens, and what they are."""

    def __init__(self, tokens: Sequence[Word], end: int, *, enum: bool = False) -> None:
        self.tokens = tokens
        self.end = end
        self._pairs = _pairs(tokens)
        self._enum = enum
        self.locals = tuple(self._declared())
        self.labels = frozenset(self._labels())
        self._starts = {local.start for local in self.locals if local.macro is None}

    def declared(self, name: str, at: int) -> Iterator[Local]:
        """The declarations of a name that hold at an offset, the innermost last."""
        for local in self.locals:
            if local.name == name and local.start <= at < local.end:
                yield local

    def declares(self, name: str) -> bool:
        """Whether the name is declared anywhere in it."""
        return any(local.name == name for local in self.locals)

    def _text(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ";"

    def _after(self, index: int) -> int:
        """The index behind the bracket that closes the one at `index`."""
        return self._pairs.get(index, len(self.tokens)) + 1

    def _labels(self) -> Iterator[str]:
        for index, token in enumerate(self.tokens):
            begins = self._text(index - 1) in (";", "{", "}", ":", ")")
            if begins and self._text(index + 1) == ":" and is_name(token.text):
                yield token.text

    # What is declared

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
            starts = text in (";", "{", "}") or (text == "(" and self._text(index - 1) == "for")
            if text == ":":  # behind a label, or in `a ? b : c`
                starts, questions = not questions, max(0, questions - 1)
            elif text == "?":
                questions += 1
            elif starts:
                questions = 0
            if text == "{":
                close = self._pairs.get(index)
                ends.append(self.tokens[close].at if close is not None else ends[-1])
                closers.append(close if close is not None else -1)
            elif text == "}" and closers and closers[-1] == index:
                closers.pop()
                ends.pop()
            if self._enum and text in ("{", ",") and closers and is_name(self._text(index + 1)):
                yield Local(self._text(index + 1), self.tokens[index + 1].at, self.end)

    def _parameters(self, body: int) -> Iterator[Local]:
        """The parameters of a function's head: of each, the last name."""
        index = 0
        while index < body:
            if self._text(index) == "(":
                close = self._pairs.get(index, body)
                yield from self._parameter_list(index, close)
                index = close
            index += 1

    def _parameter_list(self, opening: int, close: int) -> Iterator[Local]:
        first = opening + 1
        index = first
        while index <= close:
            text = self._text(index)
            if text in _OPEN and index != opening:
                if text == "(" and self._text(index + 1) == "*" and is_name(self._text(index + 2)):
                    yield Local(self._text(index + 2), self.tokens[index + 2].at, self.end)
                index = self._after(index)
                continue
            if text == "," or index == close:
                names = [i for i in range(first, index) if is_name(self._text(i))]
                words = [i for i in range(first, index) if _word(self._text(i))]
                if names and len(words) > 1 and self._text(names[-1] - 1) not in _TAGGED:
                    tag = self._tag(first, index)
                    pointer = self._text(names[-1] - 1) == "*"
                    last = names[-1]
                    yield Local(self._text(last), self.tokens[last].at, self.end, tag, pointer)
                first = index + 1
            index += 1

    def _tag(self, first: int, last: int) -> str:
        for index in range(first, last):
            if self._text(index) in ("struct", "union"):
                name = self._text(index + 1)
                return name if is_name(name) else ""  # `union { … } u` has none
        return ""

    def _declarators(self, index: int, end: int) -> Iterator[Local]:
        """What a statement declares that begins with a type; nothing where it is none."""
        first, typed = index, False
        while index < len(self.tokens):
            text = self._text(index)
            if text in QUALIFIERS:
                index += 1
            elif text in _BASIC or text == "__auto_type":
                typed, index = True, index + 1
            elif text in _TAGGED and not typed:
                typed, index = True, index + (2 if is_name(self._text(index + 1)) else 1)
                if self._text(index) == "{":
                    index = self._after(index)
            elif text in _TYPEOF and not typed:
                typed, index = True, self._after(index + 1)
            elif is_name(text) and not typed and self._before_type(index):
                index += 1
            elif is_name(text) and not typed and self._names_type(index):
                typed, index = True, index + 1
            else:
                break
        tag = self._tag(first, index) if typed else ""
        while typed and index < len(self.tokens):
            pointer = False
            while self._text(index) == "*" or self._annotation(index):
                pointer = pointer or self._text(index) == "*"
                index += 1
            if self._text(index) == "(" and self._text(index + 1) in ("*", "("):
                inside = range(index, self._after(index))
                index = next((i for i in inside if is_name(self._text(i))), index)
            if not is_name(self._text(index)):
                return
            following = self._text(index + 1)
            if following not in ("=", ";", ",", "[", "(", ":", ")") and not _word(following):
                return
            yield Local(self._text(index), self.tokens[index].at, end, tag, pointer)
            index = self._next_declarator(index)
            if self._text(index - 1) != ",":
                return

    def _names_type(self, index: int) -> bool:
        following = self._text(index + 1)
        if following == "*":
            after = index + 1
            while self._text(after) == "*" or self._annotation(after):
                after += 1
            return is_name(self._text(after))
        if following == "(":
            return self._text(index + 2) == "*" and self._text(self._after(index + 1)) == "("
        return _word(following) and following not in _WORDS

    def _before_type(self, index: int) -> bool:
        """Whether a name is an annotation such as `__always_inline`, and the type comes next."""
        following, third = self._text(index + 1), self._text(index + 2)
        if following in QUALIFIERS or following in _BASIC or following in _TAGGED:
            return True
        marked = self._text(index).startswith("__")  # `T name __free(f)` is none
        named = is_name(following) and (marked or not third.startswith("__"))
        return named and (third == "*" or _word(third))

    def _annotation(self, index: int) -> bool:
        """`const`, or what begins with `__` and stands before the name."""
        text = self._text(index)
        following = self._text(index + 1)
        if text in QUALIFIERS:
            return True
        return text.startswith("__") and (following == "*" or is_name(following))

    def _next_declarator(self, index: int) -> int:
        while index < len(self.tokens):
            text = self._text(index)
            if text in _OPEN:
                index = self._after(index)
                continue
            index += 1
            if text in (",", ";", ")", "}"):
                break
        return index

    def _by_macro(self, index: int, end: int) -> Iterator[Local]:
        """Names that a macro may declare: its arguments that are single names."""
        while self._text(index) in QUALIFIERS or (
            is_name(self._text(index)) and is_name(self._text(index + 1))
        ):
            index += 1
        if not is_name(self._text(index)) or self._text(index + 1) != "(":
            return
        position, depth_end = 0, self._after(index + 1) - 1
        at = index + 2
        while at < depth_end:
            text = self._text(at)
            if text in _OPEN:
                at = self._after(at)
                continue
            if text == ",":
                position += 1
            alone = self._text(at - 1) in ("(", ",") and self._text(at + 1) in (",", ")")
            if is_name(text) and alone:
                macro = (self._text(index), position)
                yield Local(text, self.tokens[at].at, end, macro=macro)
            at += 1

    # What is used

    def uses(self, start: int, end: int) -> Iterator[Use]:
        """The names that are used between two offsets."""
        calls: list[tuple[int, str, int]] = []  # the bracket, the callee, the argument's number
        skip, asm = -1, -1
        for index, token in enumerate(self.tokens):
            if token.at >= end:
                return
            text = token.text
            if text in _OPEN:
                callee = self._text(index - 1) if text == "(" else ""
                calls.append((index, callee if callee and is_name(callee) else "", 0))
            elif text in _CLOSE and calls:
                calls.pop()
            elif text == "," and calls:
                bracket, callee, position = calls[-1]
                calls[-1] = (bracket, callee, position + 1)
            elif text in ("__attribute__", "__attribute"):
                skip = max(skip, self._after(index + 1))
            elif text in _ASM:
                following = index + 1
                while _word(self._text(following)):
                    following += 1
                asm = max(asm, self._after(following))
            if token.at < start or index < skip or not is_name(text):
                continue
            if token.at in self._starts or (index < asm and self._text(index - 1) == "["):
                continue
            around = tuple((name, position) for _, name, position in reversed(calls) if name)
            use = self._use(index, around, index < asm, bool(calls))
            if use is not None:
                yield use

    def _use(
        self, index: int, calls: tuple[tuple[str, int], ...], asm: bool, inside: bool
    ) -> Use | None:
        text, at = self.tokens[index]
        before, after = self._text(index - 1), self._text(index + 1)
        if before in _TAGGED:
            if after == "{":
                return None
            end = index + 1
            while self._text(end).startswith("__"):
                end += 1
            whole = before != "enum" and is_name(self._text(end))
            return Use(text, at, "tag", whole=whole)
        if before in (".", "->"):
            return Use(text, at, "member", path=self._path(index))
        if before == "goto" or (asm and text in self.labels):
            return Use(text, at, "label")
        if after == ":" and before in (";", "{", "}", ":", ")") and text in self.labels:
            return None
        if before == "__label__" or (before == "*" and self._names_parameter(index)):
            return None
        if _word(before) and before not in _WORDS and inside and after in (",", ")"):
            return None  # the name of a parameter of a function's type
        return Use(text, at, calls=calls)

    def _names_parameter(self, index: int) -> bool:
        """Whether `* name` stands behind `struct x` or a basic type."""
        while self._text(index - 1) in ("*", "const"):
            index -= 1
        before = self._text(index - 1)
        return before in _BASIC or self._text(index - 2) in _TAGGED

    def _path(self, index: int) -> tuple[str, ...]:
        """The names that lead to a member; empty where that is an expression."""
        found: list[str] = []
        index -= 1
        while self._text(index) in (".", "->"):
            index -= 1
            while self._text(index) == "]":
                index = self._opening(index) - 1
            text = self._text(index)
            if text in ("{", ",") and not found:
                return self._initialized(index)
            if not is_name(text):
                return ()
            found.append(text)
            index -= 1
        return () if self._text(index) in _TAGGED else tuple(reversed(found))

    def _opening(self, index: int) -> int:
        return next((first for first, last in self._pairs.items() if last == index), 0)

    def _initialized(self, index: int) -> tuple[str, ...]:
        """`{` and the tag of what is initialized, where that is said right before the braces."""
        depth = 0
        while index >= 0:
            text = self._text(index)
            if text in _CLOSE:
                depth += 1
            elif text in _OPEN:
                if depth == 0:
                    break
                depth -= 1
            index -= 1
        if self._text(index) != "{":
            return ()
        before = self._text(index - 1)
        if before == ")":
            first = self._opening(index - 1) + 1
            if self._text(first) in ("struct", "union") and self._text(first + 2) == ")":
                return ("{", self._text(first + 1))
        if before == "=" and is_name(self._text(index - 2)):
            return ("{", "", self._text(index - 2))
        return ()


def _pairs(tokens: Sequence[Word]) -> dict[int, int]:
    """The index of the bracket that closes each one."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.text in _OPEN:
            opened.append(index)
        elif token.text in _CLOSE:
            # branches of an `#if` open twice what is closed once: what matches nothing is passed
            while opened and _OPEN[tokens[opened[-1]].text] != token.text:
                if not any(_OPEN[tokens[o].text] == token.text for o in opened):
                    break
                opened.pop()
            if opened and _OPEN[tokens[opened[-1]].text] == token.text:
                found[opened.pop()] = index
    return found


def tokens_of(text: str, start: int = 0, end: int | None = None) -> tuple[Word, ...]:
    """The tokens of a text that holds neither comments nor directives."""
    stop = len(text) if end is None else end
    return tuple(Word(m[0], m.start()) for m in TOKEN.finditer(text, start, stop))


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
