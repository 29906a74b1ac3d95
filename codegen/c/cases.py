# SPDX-License-Identifier: GPL-2.0-only
"""The statements behind a `case` of a switch, in tokens without comments."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.c.source import Token
from codegen.c.statements import nesting

# How many tokens a line of the preprocessor has that may stand among labels.
_WORDS = {"endif": 2, "else": 2, "ifdef": 3, "ifndef": 3}


def case_of(tokens: Sequence[Token], label: str) -> range:
    """The indices of the statements of `case LABEL:`, up to the next label behind them.

    Labels that stand together have the same statements; empty where there is no such case.
    """
    depths = [depth for depth, _ in nesting(tokens)]
    texts = [token.text for token in tokens]
    for at, text in enumerate(texts):
        if text == "case" and texts[at + 1 : at + 3] == [label, ":"]:
            first = _behind_labels(texts, at)
            return range(first, _end(texts, depths, first, depths[at]))
    return range(0)


def _behind_labels(texts: Sequence[str], at: int) -> int:
    """Behind labels that stand together; an `#ifdef` may be around some of them."""
    while at < len(texts):
        if texts[at] in ("case", "default"):
            at = texts.index(":", at) + 1
        elif texts[at] == "#" and texts[at + 1] in _WORDS:
            at += _WORDS[texts[at + 1]]
        else:
            break
    return at


def _end(texts: Sequence[str], depths: Sequence[int], first: int, level: int) -> int:
    for index in range(first, len(texts)):
        if depths[index] < level:
            return index
        if depths[index] == level and texts[index] in ("case", "default"):
            return index
    return len(texts)
