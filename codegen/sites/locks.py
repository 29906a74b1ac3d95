# SPDX-License-Identifier: GPL-2.0-only
"""What is held where a place is, such as a lock: by its function, or by who calls that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.c.pattern import find
from codegen.c.statements import nesting
from codegen.kernel.survey import Found, Survey
from codegen.sites.code import calls
from codegen.sites.language import Taken
from codegen.sites.scopes import Tokens

_CALLERS = 3  # functions that call functions that call it


def held_at(
    survey: Survey, found: Found, tokens: Tokens, index: int, ways: Sequence[Taken]
) -> Iterator[str]:
    """What is held at a token of a function, as it stands there, with its place."""
    seen: set[str] = set()
    around = [(found, tokens, index)]
    for _ in range(_CALLERS + 1):
        callers: list[tuple[Found, Tokens, int]] = []
        for where, inner, at in around:
            yield from _held(where, inner, at, ways)
            name = where.extent.name
            if name not in seen:
                seen.add(name)
                prefixes = survey.kvm_prefixes()
                callers += ((f, t, call.first) for f, t, call in calls(survey, name, prefixes))
        around = callers


def _held(found: Found, tokens: Tokens, index: int, ways: Sequence[Taken]) -> Iterator[str]:
    depths = [depth for depth, _ in nesting(tokens[: index + 1])]
    for way in ways:
        taken = list(find(way.by, tokens[:index]))
        for number, match in enumerate(taken):
            end = match.last
            behind = taken[number + 1].first if number + 1 < len(taken) else index
            # the block in which it is taken is still open, and nothing gives it back before
            if min(depths[end - 1 :], default=0) < depths[end - 1]:
                continue
            if way.until and any(True for _ in find(way.until, tokens[end:behind])):
                continue
            first = tokens[match.first].start
            said = " ".join(found.source.text(first, tokens[end - 1].end).split())
            line = found.source.line(first)
            yield f"`{said}` in {found.extent.name}() at {found.source.path}:{line}"
