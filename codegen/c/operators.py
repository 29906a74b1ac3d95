# SPDX-License-Identifier: GPL-2.0-only
"""Which operators bind tighter: whether an expression needs brackets where it is put.

The order is that of the C standard (ISO/IEC 9899, 6.5).
"""

from __future__ import annotations

from collections.abc import Sequence

from codegen.c.operands import ended, is_unary
from codegen.c.source import Token, lex
from codegen.c.statements import CLOSE, OPEN

_ORDER = ("?", "||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %")
_BINDS = {word: rank for rank, words in enumerate(_ORDER) for word in words.split()}
_EITHER_WAY = frozenset(("||", "&&", "|", "^", "&", "+", "*"))  # (a + b) + c is a + (b + c)
_MEMBER = frozenset(("->", ".", "["))


def needs_brackets(tokens: Sequence[Token], first: int, last: int, put: str) -> bool:
    """Whether `put` has to stand in brackets in place of `tokens[first:last]`.

    So where an operator beside it binds tighter than one of its own; never for statements.
    """
    texts = [token.text for token in lex(put)]
    own = _own(texts)
    if not own or {";", "{"} & set(texts):
        return False
    weakest = min(own, key=lambda word: _BINDS[word])
    before = tokens[first - 1].text if first else ""
    behind = tokens[last].text if last < len(tokens) else ""
    if is_unary([token.text for token in tokens[:first]], first - 1) or behind in _MEMBER:
        return True
    return any(_tighter(word, weakest) for word in (before, behind) if word in _BINDS)


def _tighter(beside: str, weakest: str) -> bool:
    if _BINDS[beside] == _BINDS[weakest]:
        return beside not in _EITHER_WAY or beside != weakest
    return _BINDS[beside] > _BINDS[weakest]


def _own(texts: Sequence[str]) -> list[str]:
    """The binary operators of an expression outside of all brackets."""
    found, depth = [], 0
    for index, text in enumerate(texts):
        depth += (text in OPEN) - (text in CLOSE)
        if not depth and text in _BINDS and ended(texts, index):
            found.append(text)
    return found
