# SPDX-License-Identifier: GPL-2.0-only
"""What a function does with those for whom a condition does not hold: an error or not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.c.statements import CLOSE, OPEN, closing, statement_end

_KEYWORDS = frozenset(("if", "while", "for", "switch", "return", "sizeof", "else"))
_QUIRK = "kvm_check_has_quirk"
_QUIRKS = "KVM_X86_QUIRK_"


class Fate(Enum):
    """What the others get: an error; something that is none; a value that somebody else asks."""

    REFUSED = "refused"
    SERVED = "served"
    RETURNED = "returned"
    KEPT = "kept"
    UNCLEAR = "unclear"


def fate(tokens: Sequence[Token], first: int, last: int, holds: bool) -> Fate:
    """What those get for whom a condition does not hold.

    The condition is `tokens[first:last]`; it is the whole truth only if nothing is combined with
    it.  `holds` says that it is true where it holds, as `==` is and `!=` is not.
    """
    while True:
        before, behind = tokens[first - 1].text, tokens[last].text
        if before == "!":
            holds, first = not holds, first - 1
        elif (before, behind) == ("(", ")"):
            first, last = first - 1, last + 1
            before = tokens[first - 1].text
            if before == "if":
                return _of_if(tokens, last, holds)
            if before.isidentifier() and before not in _KEYWORDS:
                first -= 1  # unlikely(), WARN_ON_ONCE()
        elif not holds and "||" in (before, behind):
            # for the others the whole is true, as one of what is joined is
            first, last = _joined(tokens, first, last)
        else:
            break
    if behind == "?":
        return _of_ternary(tokens, last, holds)
    if behind == ";" and before in ("return", "="):
        return Fate.RETURNED if before == "return" else Fate.KEPT
    return Fate.SERVED


def _joined(tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """All that is joined by `||` with a condition, up to the brackets around."""
    depth = 0
    while depth or tokens[first - 1].text not in (*OPEN, ";", "=", "return", "?", "&&", ","):
        first -= 1
        depth += (tokens[first].text in CLOSE) - (tokens[first].text in OPEN)
    depth = 0
    while depth or tokens[last].text not in (*CLOSE, ";", "?", "&&", ","):
        depth += (tokens[last].text in OPEN) - (tokens[last].text in CLOSE)
        last += 1
    return first, last


def of_quirk(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether a condition, `tokens[first:last]`, decides about a quirk only.

    It holds together with one, or what is done where it holds is one statement about one.
    """
    behind = [token.text for token in tokens[last : last + 3]]
    if behind[:2] == ["&&", _QUIRK] or behind == ["||", "!", _QUIRK]:
        return True
    if behind[:1] == [")"] and [t.text for t in tokens[first - 2 : first]] == ["if", "("]:
        end = statement_end(tokens, last + 1)
        done = [token.text for token in tokens[last + 1 : end]]
        lone = done.count(";") == 1 and tokens[end].text != "else"
        return lone and any(text.startswith(_QUIRKS) for text in done)
    calls = (match for match in find(f"{_QUIRK}(...) &&", tokens) if match.last == first)
    return any(tokens[match.first - 1].text != "!" for match in calls)


def _of_if(tokens: Sequence[Token], then: int, holds: bool) -> Fate:
    behind = statement_end(tokens, then)
    other = behind + 1 if tokens[behind].text == "else" else None
    if not holds:
        return _of_statement(tokens, then)
    if other is not None:
        return _of_statement(tokens, other)
    if _leaves(tokens, then) and tokens[behind].text != "}":
        return Fate.REFUSED if _of_statement(tokens, behind) is Fate.REFUSED else Fate.SERVED
    return Fate.SERVED


def _of_ternary(tokens: Sequence[Token], question: int, holds: bool) -> Fate:
    depth, colon = 0, question
    while tokens[colon].text != ":" or depth:
        depth += (tokens[colon].text in OPEN) - (tokens[colon].text in CLOSE)
        colon += 1
    return Fate.REFUSED if _is_error(tokens, (colon if holds else question) + 1) else Fate.SERVED


def _of_statement(tokens: Sequence[Token], first: int) -> Fate:
    """Refused, if the statement or the last one of a block is an error."""
    last = _last_statement(tokens, first)
    end = statement_end(tokens, first)
    if _fails(tokens, last):
        return Fate.REFUSED
    errors = any(_is_error(tokens, index) for index in range(first, end))
    return Fate.UNCLEAR if errors else Fate.SERVED


def _last_statement(tokens: Sequence[Token], first: int) -> int:
    """The first token of a statement; of the last one in a block."""
    if tokens[first].text != "{":
        return first
    end = closing(tokens, first)
    at = last = first + 1
    while at < end:
        last, at = at, statement_end(tokens, at)
    return _last_statement(tokens, last) if tokens[last].text == "{" else last


def _fails(tokens: Sequence[Token], first: int) -> bool:
    text = tokens[first].text
    if text == "return":
        return _is_error(tokens, first + 1)
    if text == "goto":
        label = tokens[first + 1].text
        return any(
            _is_error(tokens, index)
            for match in find(f"{label}:", tokens)
            for index in range(match.last, len(tokens) - 1)
        )
    equals = first + 1
    return tokens[equals].text == "=" and _is_error(tokens, equals + 1)


def _leaves(tokens: Sequence[Token], first: int) -> bool:
    return tokens[_last_statement(tokens, first)].text in ("return", "goto")


def _is_error(tokens: Sequence[Token], index: int) -> bool:
    """Whether `-E…` stands there."""
    if index + 1 >= len(tokens):
        return False
    name = tokens[index + 1].text
    return tokens[index].text == "-" and bool(re.fullmatch(r"E[A-Z0-9]+", name))
