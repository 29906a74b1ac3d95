# SPDX-License-Identifier: GPL-2.0-only
"""Which way a function goes: where what it does whenever it succeeds ends, what is set anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.c.operands import is_unary
from codegen.c.source import Token
from codegen.c.statements import nesting

_BEGUN = frozenset((";", "{", "}", ":"))
_SETS = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"))


def straight_end(tokens: Sequence[Token]) -> int:
    """The index at which the straight way through a function ends; behind the last token at most.

    In: the tokens of the function.  Out: where a label stands in its outermost block, where that
    returns or jumps under no condition, or where something returns 0 or nothing.  What stands
    behind that is for errors, or not for all that succeeds.
    """
    texts = [token.text for token in tokens]
    for index, (depth, _) in enumerate(nesting(tokens)):
        outermost = depth == 1
        if texts[index] == "return" and _is_done(texts, index):
            return index
        if outermost and texts[index] in ("return", "goto") and _is_begun(texts, index):
            return index
        if outermost and texts[index + 1 : index + 2] == [":"] and _is_begun(texts, index):
            return index
    return len(tokens)


def _is_begun(texts: Sequence[str], index: int) -> bool:
    """Whether a statement begins there that is not part of an `if`, `else` or loop."""
    return texts[index - 1] in _BEGUN or tuple(texts[index - 2 : index]) == ("#", "endif")


def _is_done(texts: Sequence[str], index: int) -> bool:
    return texts[index + 1] == ";" or list(texts[index + 1 : index + 3]) == ["0", ";"]


def set_behind(tokens: Sequence[Token], index: int, name: str) -> Iterator[int]:
    """Where a result is another one behind the block that `index` is in: `name` is set, or its
    address taken, or something else is returned.

    In: the tokens of a function.  Up to where it returns under no condition.
    """
    texts = [token.text for token in tokens]
    depths = [depth for depth, _ in nesting(tokens)]
    at = index
    while at < len(tokens) and depths[at] >= depths[index]:
        at += 1
    for each in range(at, len(tokens) - 1):
        if texts[each] == "return" and depths[each] < depths[index] and _is_begun(texts, each):
            return
        if texts[each] == "return" and texts[each + 1] != name:
            yield each
        if texts[each] != name or texts[each - 1] in (".", "->"):
            continue
        address = texts[each - 1] == "&" and is_unary(texts, each - 1)
        if address or texts[each + 1] in _SETS or texts[each - 1] in ("++", "--"):
            yield each
