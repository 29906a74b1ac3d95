# SPDX-License-Identifier: GPL-2.0-only
"""Operands of C: where one begins and ends, as far as tokens without types can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codegen.c.statements import CLOSE, OPEN

_PREFIX = frozenset(("!", "~", "*", "&", "-", "+"))
_PRIMARY = re.compile(r"[A-Za-z_]\w*|[0-9][\w.]*|\".*\"|'.*'", re.S)
_STATEMENTS = frozenset(
    "if else for while do switch case default return goto break continue struct union enum "
    "const static inline typedef extern volatile".split()
)

_TYPE = 16  # tokens at most that a cast has between its brackets
_HEADS = frozenset(("if", "for", "while", "switch"))  # what stands in their brackets is no operand


def _primary(text: str) -> bool:
    return bool(_PRIMARY.fullmatch(text)) and text not in _STATEMENTS


def begins_operand(texts: Sequence[str], index: int) -> bool:
    """Whether an operand begins at a token, rather than goes on there."""
    before = texts[index - 1] if index else ""
    if before in ("->", "."):
        return False
    if texts[index] in _PREFIX:
        return not ended(texts, index) and not is_unary(texts, index - 1)
    if texts[index] == "(":
        return not ended(texts, index) and before not in _HEADS
    # behind another name it is what a declaration declares
    return _primary(texts[index]) and not is_unary(texts, index - 1)


def ended(texts: Sequence[str], index: int) -> bool:
    """Whether an operand ends in front of a token; a line of the preprocessor is none."""
    before = texts[index - 1] if index else ""
    directive = "#" in texts[max(index - 3, 0) : index]
    return before in (")", "]") or (_primary(before) and not directive)


def is_unary(texts: Sequence[str], index: int) -> bool:
    """Whether an operator stands at an index that has an operand behind it alone."""
    if index < 0 or texts[index] not in _PREFIX:
        return False
    return texts[index] in ("!", "~") or not ended(texts, index)


def operand_end(texts: Sequence[str], first: int, behind: Sequence[int]) -> int | None:
    """The index behind the operand that begins at `first`; None where none does.

    `behind` is what `behind_brackets` says of the same texts.
    """
    count, at = len(texts), first
    while True:
        while at < count and texts[at] in _PREFIX:
            at += 1
        if at >= count:
            return None
        opened = at
        if texts[at] == "(":
            at = behind[at]
            if not at:
                return None
            if not _is_cast(texts, opened, at):
                break
        elif _primary(texts[at]):
            at += 1
            break
        else:
            return None
    while at < count:
        if texts[at] in ("->", ".") and at + 1 < count and _word(texts[at + 1]):
            at += 2
        elif texts[at] in ("(", "["):
            at = behind[at]
            if not at:
                return None
        else:
            break
    return at


def _is_cast(texts: Sequence[str], opened: int, end: int) -> bool:
    """Whether brackets hold a type, and what is cast stands behind them."""
    inner = range(opened + 1, end - 1)
    if not 0 < len(inner) < _TYPE or end >= len(texts):
        return False
    cast = _primary(texts[end]) or texts[end] == "("
    return cast and all(_word(texts[index]) or texts[index] == "*" for index in inner)


def _word(text: str) -> bool:
    return text[:1].isalpha() or text[:1] == "_"


def behind_brackets(texts: Sequence[str]) -> list[int]:
    """For each opening bracket the index behind the one that closes it, 0 where none does."""
    behind = [0] * len(texts)
    opened = []
    for index, text in enumerate(texts):
        if text in OPEN:
            opened.append(index)
        elif text in CLOSE and opened:
            behind[opened.pop()] = index + 1
    return behind
