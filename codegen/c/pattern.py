# SPDX-License-Identifier: GPL-2.0-only
"""A fragment of C as a pattern: spaces do not matter.

`...` stands for any balanced run, `$name` for one operand: a name or a number with its members,
indices and calls, or what stands in brackets, with the operators in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codegen.c.operands import begins_operand, behind_brackets, operand_end
from codegen.c.source import Token, lex
from codegen.c.statements import CLOSE, OPEN

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern matched: indexes into the tokens that were searched, the end exclusive.

    `holes` has by name where the operands of the pattern matched: each place of that name.
    """

    first: int
    last: int
    holes: Mapping[str, tuple[Span, ...]] = field(default_factory=dict, hash=False)


_HOLE = re.compile(r"\$([A-Za-z_]\w*)")


def holes(text: str) -> frozenset[str]:
    """The names of the holes in a pattern or a text."""
    return frozenset(_HOLE.findall(text))


def filled(text: str, known: Mapping[str, str]) -> str:
    """A pattern or a text with what is known of its holes."""
    return _HOLE.sub(lambda hole: known.get(hole[1], hole[0]), text)


def find(pattern: str, tokens: Sequence[Token]) -> Iterator[Match]:
    """Every place of `tokens` (comments left out) at which `pattern` matches, in order.

    A wildcard takes as little as it can and never leaves the bracket it stands in, nor a
    statement: `x = ...;` ends at the first `;` outside of brackets.  A hole takes all of an
    operand; where its name stands twice, both are the same.
    """
    parts: list[list[str]] = [[]]
    for token in lex(pattern):
        if token.text == "...":
            parts.append([])
        else:
            parts[-1].append(token.text)
    texts = [token.text for token in tokens]
    words = {word for part in parts for word in part if not _is_hole(word)}
    if not set(texts).issuperset(words):
        return
    behind = behind_brackets(texts)
    ends, reached = _ends(parts, texts, behind)
    for first, last in enumerate(ends[: len(texts)]):
        holes = _holes(parts, texts, first, reached, behind) if last is not None else None
        if last is not None and holes is not None:
            yield Match(first, last, holes)


def _is_hole(word: str) -> bool:
    return word.startswith("$") and len(word) > 1


def _part_end(
    part: Sequence[str],
    texts: Sequence[str],
    first: int,
    behind: Sequence[int],
    holes: dict[str, tuple[Span, ...]] | None = None,
) -> int | None:
    """Where a run of words and holes ends that begins at `first`; None where it does not match."""
    at = first
    for word in part:
        if at >= len(texts):
            return None
        if not _is_hole(word):
            if texts[at] != word:
                return None
            at += 1
            continue
        end = None
        if at > first or begins_operand(texts, at):
            end = operand_end(texts, at, behind)
        if end is None:
            return None
        if holes is not None:
            known = holes.get(word[1:], ())
            if any(texts[first:last] != texts[at:end] for first, last in known):
                return None
            holes[word[1:]] = (*known, (at, end))
        at = end
    return at


def _ends(
    parts: Sequence[Sequence[str]], texts: Sequence[str], behind: Sequence[int]
) -> tuple[list[int | None], list[list[int | None]]]:
    """For each token, where the pattern ends that begins there; None where it does not match.

    And for each wildcard, where the next part begins that it reaches from a token.
    `parts` stand between the wildcards.  From the last one to the first, and within one from the
    end of the text to its beginning, so that each step knows what the next ones found.
    """
    count = len(texts)
    reached: list[int | None] = list(range(count + 1))  # a wildcard at the end takes nothing
    begun: list[list[int | None]] = []
    for number in range(len(parts) - 1, -1, -1):
        part = parts[number]
        ends: list[int | None] = [None] * (count + 1)
        for first in range(count + 1):
            if part and (first == count or (texts[first] != part[0] and not _is_hole(part[0]))):
                continue
            last = _part_end(part, texts, first, behind)
            if last is not None:
                ends[first] = reached[last]
        if not number:
            return ends, begun[::-1]
        # what a wildcard in front of it reaches
        at: list[int | None] = [None] * (count + 1)
        reached = [None] * (count + 1)
        if number == len(parts) - 1 and not part:
            reached, at = ends, list(range(count + 1))
            begun.append(at)
            continue
        for first in range(count - 1, -1, -1):
            following = first + 1
            if ends[first] is not None:
                reached[first], at[first] = ends[first], first
                continue
            if texts[first] in OPEN:
                following = behind[first]
            elif texts[first] in CLOSE or texts[first] == ";":
                continue
            if following:
                reached[first], at[first] = reached[following], at[following]
        begun.append(at)
    return [], []


def _holes(
    parts: Sequence[Sequence[str]],
    texts: Sequence[str],
    first: int,
    begun: Sequence[list[int | None]],
    behind: Sequence[int],
) -> dict[str, tuple[Span, ...]] | None:
    """What the holes of a pattern that begins at `first` match; None where two of a name differ."""
    holes: dict[str, tuple[Span, ...]] = {}
    at: int | None = first
    for number, part in enumerate(parts):
        if number:
            at = begun[number - 1][at] if at is not None else None
        at = _part_end(part, texts, at, behind, holes) if at is not None else None
        if at is None:
            return None
    return holes


def texts(tokens: Sequence[Token], match: Match) -> dict[str, str]:
    """What the holes of a match are, without spaces."""
    return {n: "".join(t.text for t in tokens[a:b]) for n, ((a, b), *_) in match.holes.items()}


def last_holes(pattern: str, tokens: Sequence[Token]) -> dict[str, str]:
    """What the holes of a pattern are where it matches for the last time."""
    found: dict[str, str] = {}
    for match in find(pattern, tokens):
        found |= texts(tokens, match)
    return found
