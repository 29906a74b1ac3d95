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
    parts: list[list[str]] = [[]]
    for token in lex(pattern):
        if token.text == "...":
            parts.append([])
        else:
            parts[-1].append(token.text)
    texts = [token.text for token in tokens]
    if not set(texts).issuperset(word for part in parts for word in part):
        return
    ends = _ends(parts, texts)
    for first, last in enumerate(ends[: len(texts)]):
        if last is not None:
            yield Match(first, last)


def _ends(parts: Sequence[Sequence[str]], texts: Sequence[str]) -> list[int | None]:
    """For each token, where the pattern ends that begins there; None where it does not match.

    `parts` stand between the wildcards.  From the last one to the first, and within one from the
    end of the text to its beginning, so that each step knows what the next ones found.
    """
    count = len(texts)
    behind = _behind_brackets(texts)
    reached: list[int | None] = list(range(count + 1))  # a wildcard at the end takes nothing
    for number in range(len(parts) - 1, -1, -1):
        part = parts[number]
        ends: list[int | None] = [None] * (count + 1)
        for first in range(count + 1 - len(part)):
            last = first + len(part)
            if not part or (texts[first] == part[0] and list(part) == texts[first:last]):
                ends[first] = reached[last]
        if not number:
            return ends
        # what a wildcard in front of it reaches
        reached = [None] * (count + 1)
        if number == len(parts) - 1 and not part:
            reached = ends
            continue
        for first in range(count - 1, -1, -1):
            if ends[first] is not None:
                reached[first] = ends[first]
            elif texts[first] in _OPEN:
                reached[first] = reached[behind[first]] if behind[first] else None
            elif texts[first] not in _CLOSE and texts[first] != ";":
                reached[first] = reached[first + 1]
    return []


def _behind_brackets(texts: Sequence[str]) -> list[int]:
    """For each opening bracket the index behind the one that closes it, 0 where none does."""
    behind = [0] * len(texts)
    opened = []
    for index, text in enumerate(texts):
        if text in _OPEN:
            opened.append(index)
        elif text in _CLOSE and opened:
            behind[opened.pop()] = index + 1
    return behind


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
        if text in _OPEN:
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
