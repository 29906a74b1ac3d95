# SPDX-License-Identifier: GPL-2.0-only
"""Where brackets close and statements end, in tokens without comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.c.source import Token

OPEN = {"(": ")", "[": "]", "{": "}"}
CLOSE = frozenset(OPEN.values())


def at_directive(word: str, depth: int, saved: list[int]) -> int:
    """How many brackets are open behind a directive; `saved` has that of each open `#if`.

    Branches may each open a bracket that is closed once: at `#else` it is what it was at `#if`.
    """
    if word in ("if", "ifdef", "ifndef"):
        saved.append(depth)
    elif word in ("else", "elif") and saved:
        return saved[-1]
    elif word == "endif" and saved:
        saved.pop()
    return depth


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the bracket that closes the one at `opening`; ValueError if none does.

    For branches of the preprocessor see `at_directive`.
    """
    depth = 0
    saved: list[int] = []
    for index in range(opening, len(tokens)):
        text = tokens[index].text
        if text == "#" and index + 1 < len(tokens):
            depth = at_directive(tokens[index + 1].text, depth, saved)
        if text in OPEN:
            depth += 1
        elif text in CLOSE:
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
            depth = at_directive(tokens[index + 1].text, depth, saved)
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        yield depth, len(saved)


def statement_end(tokens: Sequence[Token], first: int) -> int:
    """The index behind the last token of the statement that begins at `first`.

    Raises ValueError where no statement ends (a fragment of one was given).
    """
    within: list[str] = []  # what the statement is a part of
    while True:
        text = tokens[first].text if first < len(tokens) else ""
        if text in ("if", "for", "while", "switch"):
            within.append(text)
            first = closing(tokens, first + 1) + 1
            continue
        if text == "do":
            within.append(text)
            first += 1
            continue
        end = _simple_end(tokens, first)
        while within:
            outer = within.pop()
            if outer == "do" or (outer == "if" and end < len(tokens) and _is_else(tokens, end)):
                first = end if outer == "do" else end + 1
                break
        else:
            return end


def _is_else(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index].text == "else"


def _simple_end(tokens: Sequence[Token], first: int) -> int:
    """The end of a block, or of a statement that has no other one within."""
    if first < len(tokens) and tokens[first].text == "{":
        return closing(tokens, first) + 1
    for index in range(first, len(tokens)):
        text = tokens[index].text
        if text in OPEN:
            return _after_brackets(tokens, index)
        if text == ";":
            return index + 1
        if text in CLOSE:
            break
    raise ValueError("no statement ends here")


def _after_brackets(tokens: Sequence[Token], opening: int) -> int:
    index = closing(tokens, opening) + 1
    while index < len(tokens) and tokens[index].text != ";":
        index = closing(tokens, index) + 1 if tokens[index].text in OPEN else index + 1
    if index >= len(tokens):
        raise ValueError("no statement ends here")
    return index + 1


def statement_around(tokens: Sequence[Token], index: int) -> tuple[int, int]:
    """The first token of the statement that `index` is in, and the index behind it.

    An `if (…)` before it is included.  Behind a line of the preprocessor it begins at `index`.
    """
    first = index
    while first and tokens[first - 1].text not in (";", "{", "}", ":"):
        first -= 1
        if tokens[first].text in ("#", "else"):
            return index, statement_end(tokens, index)
        if tokens[first].text in CLOSE:
            first = opening(tokens, first)
    return first, statement_end(tokens, first)


def opening(tokens: Sequence[Token], close: int) -> int:
    """The index of the bracket that the one at `close` closes; ValueError if none does."""
    depth = 0
    for index in range(close, -1, -1):
        depth += (tokens[index].text in CLOSE) - (tokens[index].text in OPEN)
        if not depth:
            return index
    raise ValueError("unbalanced bracket")


def body(tokens: Sequence[Token]) -> int:
    """The index of the `{` that a function's body begins with; behind the last token without."""
    return next((i for i, token in enumerate(tokens) if token.text == "{"), len(tokens))


def only_returned(tokens: Sequence[Token]) -> Sequence[Token]:
    """What a function returns that does nothing else; no tokens where it does."""
    inner = tokens[body(tokens) + 1 : -1]
    if inner and inner[0].text == "return" and statement_end(inner, 0) == len(inner):
        return inner[1:-1]
    return ()


def arguments(tokens: Sequence[Token]) -> list[tuple[str, ...]]:
    """What stands between the commas outside of brackets; an empty one for nothing at all."""
    found: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text in OPEN) - (token.text in CLOSE)
        if depth == 0 and token.text == ",":
            found.append([])
        else:
            found[-1].append(token.text)
    return [tuple(argument) for argument in found]
