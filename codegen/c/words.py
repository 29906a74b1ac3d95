# SPDX-License-Identifier: GPL-2.0-only
"""The tokens of a piece of C: words of the language, names, and brackets that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from codegen.c.outline import TOKEN

QUALIFIERS = frozenset(
    "static const volatile register extern inline auto restrict typedef __inline __inline__ "
    "__extension__ __volatile__ __const __restrict _Thread_local _Atomic _Noreturn".split()
)
BASIC = frozenset(
    "void char short int long float double signed unsigned _Bool __signed__ __int128 "
    "__builtin_va_list".split()
)
TAGGED = frozenset("struct union enum".split())
TYPEOF = frozenset("typeof __typeof__ __typeof typeof_unqual __typeof_unqual__".split())
WORDS = frozenset(
    "break case continue default do else for goto if return switch while sizeof asm __asm__ __asm "
    "_Alignof __alignof__ _Alignas _Generic _Static_assert __attribute__ __attribute "
    "__label__ __auto_type __func__ __FUNCTION__ __PRETTY_FUNCTION__ __real__ __imag__".split()
)
KEYWORDS = QUALIFIERS | BASIC | TAGGED | TYPEOF | WORDS
ASM = frozenset("asm __asm__ __asm".split())
OPEN = {"(": ")", "[": "]", "{": "}"}
CLOSE = frozenset(OPEN.values())


class Word(NamedTuple):
    """A token and where it begins in its file."""

    text: str
    at: int


def is_name(text: str) -> bool:
    """Whether a token is an identifier and no word of C."""
    return (text[0].isalpha() or text[0] == "_") and text not in KEYWORDS


def is_word(text: str) -> bool:
    """Whether a token is an identifier or a word of C."""
    return text[0].isalpha() or text[0] == "_"


class TokenRun:
    """Tokens by their index; what is before and behind them is as good as a `;`."""

    def __init__(self, tokens: Sequence[Word]) -> None:
        self.tokens = tokens
        self._pairs = _pairs(tokens)

    def text(self, index: int) -> str:
        """The text of a token."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ";"

    def closing(self, index: int) -> int | None:
        """The index of the bracket that closes the one at `index`; None where none does."""
        return self._pairs.get(index)

    def behind(self, index: int) -> int:
        """The index behind that bracket, or behind the last token."""
        return self._pairs.get(index, len(self.tokens)) + 1

    def opening(self, index: int) -> int:
        """The index of the bracket that the one at `index` closes."""
        return next((first for first, last in self._pairs.items() if last == index), 0)


def _pairs(tokens: Sequence[Word]) -> dict[int, int]:
    """The index of the bracket that closes each one."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.text in OPEN:
            opened.append(index)
        elif token.text in CLOSE:
            # branches of an `#if` open twice what is closed once: what matches nothing is passed
            while opened and OPEN[tokens[opened[-1]].text] != token.text:
                if not any(OPEN[tokens[o].text] == token.text for o in opened):
                    break
                opened.pop()
            if opened and OPEN[tokens[opened[-1]].text] == token.text:
                found[opened.pop()] = index
    return found


def tokens_of(text: str, start: int = 0, end: int | None = None) -> tuple[Word, ...]:
    """The tokens of a text that holds neither comments nor directives."""
    stop = len(text) if end is None else end
    return tuple(Word(m[0], m.start()) for m in TOKEN.finditer(text, start, stop))
