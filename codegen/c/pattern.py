# SPDX-License-Identifier: GPL-2.0-only
"""A fragment of C as a pattern: spaces do not matter, `...` stands for any balanced run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.c.source import Token, lex

_OPEN = {"(": ")", "[": "]", "{": "}"}
_CLOSE = frozenset(_OPEN.values())


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern matched: indexes into the tokens that were searched, the end exclusive."""

    first: int
    last: int


def find(pattern: str, tokens: Sequence[Token]) -> Iterator[Match]:
    """Every place of `tokens` (comments left out) at which `pattern` matches, in order.

    A wildcard takes as little as it can and never leaves the bracket it stands in, nor a
    statement: `x = ...;` ends at the first `;` outside of brackets.
    """
    wanted = [token.text for token in lex(pattern)]
    for first in range(len(tokens)):
        last = _match(wanted, 0, tokens, first)
        if last is not None:
            yield Match(first, last)


def _match(wanted: Sequence[str], w: int, tokens: Sequence[Token], t: int) -> int | None:
    while w < len(wanted):
        if wanted[w] == "...":
            return _match_wildcard(wanted, w + 1, tokens, t)
        if t >= len(tokens) or tokens[t].text != wanted[w]:
            return None
        w, t = w + 1, t + 1
    return t


def _match_wildcard(wanted: Sequence[str], w: int, tokens: Sequence[Token], t: int) -> int | None:
    if w == len(wanted):
        return t
    depth = 0
    while t < len(tokens):
        if depth == 0:
            last = _match(wanted, w, tokens, t)
            if last is not None:
                return last
        text = tokens[t].text
        if text in _OPEN:
            depth += 1
        elif text in _CLOSE:
            depth -= 1
        if depth < 0 or (depth == 0 and text == ";"):
            return None
        t += 1
    return None


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the bracket that closes the one at `opening`; ValueError if none does.

    Preprocessor branches may each open a bracket that is closed once: the depth at `#else` is
    that at its `#if`.
    """
    depth = 0
    saved: list[int] = []
    for index in range(opening, len(tokens)):
        text = tokens[index].text
        if text == "#" and index + 1 < len(tokens):
            directive = tokens[index + 1].text
            if directive in ("if", "ifdef", "ifndef"):
                saved.append(depth)
            elif directive in ("else", "elif") and saved:
                depth = saved[-1]
            elif directive == "endif" and saved:
                saved.pop()
        if text in _OPEN:
            depth += 1
        elif text in _CLOSE:
            depth -= 1
            if depth == 0:
                return index
    raise ValueError("unbalanced bracket")


def nesting(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """For each token, how many `{` and how many `#if` are open behind it.

    As for `closing`, branches that each open the same bracket open it once.
    """
    depth = 0
    saved: list[int] = []
    for index, token in enumerate(tokens):
        if token.text == "#" and index + 1 < len(tokens):
            directive = tokens[index + 1].text
            if directive in ("if", "ifdef", "ifndef"):
                saved.append(depth)
            elif directive in ("else", "elif") and saved:
                depth = saved[-1]
            elif directive == "endif" and saved:
                saved.pop()
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        yield depth, len(saved)


def statement_end(tokens: Sequence[Token], first: int) -> int:
    """The index behind the last token of the statement that begins at `first`.

    Raises ValueError where no statement ends (a fragment of one was given).
    """
    text = tokens[first].text if first < len(tokens) else ""
    if text == "{":
        return closing(tokens, first) + 1
    if text in ("if", "for", "while", "switch"):
        end = statement_end(tokens, closing(tokens, first + 1) + 1)
        if text == "if" and end < len(tokens) and tokens[end].text == "else":
            return statement_end(tokens, end + 1)
        return end
    if text == "do":
        return statement_end(tokens, statement_end(tokens, first + 1))
    for index in range(first, len(tokens)):
        text = tokens[index].text
        if text in _OPEN and index >= first:
            return _after_brackets(tokens, index)
        if text == ";":
            return index + 1
        if text in _CLOSE:
            break
    raise ValueError("no statement ends here")


def _after_brackets(tokens: Sequence[Token], opening: int) -> int:
    index = closing(tokens, opening) + 1
    while index < len(tokens) and tokens[index].text != ";":
        index = closing(tokens, index) + 1 if tokens[index].text in _OPEN else index + 1
    if index >= len(tokens):
        raise ValueError("no statement ends here")
    return index + 1
