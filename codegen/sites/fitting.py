# SPDX-License-Identifier: GPL-2.0-only
"""Whether what a shape has in a function is the place: where it stands, what is done behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codegen.c.flow import set_behind, straight_end
from codegen.c.pattern import Match
from codegen.c.statements import nesting
from codegen.kernel.survey import Found
from codegen.sites.language import PlaceSpec
from codegen.sites.scopes import Tokens

Judge = Callable[[Match, Mapping[str, str]], str]


def judge(spec: PlaceSpec, found: Found, tokens: Tokens) -> Judge:
    """What says of a match, with its names, why it is not the place; empty where it is."""
    levels = list(nesting(tokens)) if spec.level is not None else []
    straight = straight_end(tokens) if spec.straight else len(tokens)

    def at(index: int) -> str:
        source, start = found.source, tokens[index].start
        text = source.text(start, source.line_end(start)).strip()
        return f"`{text}` in {found.extent.name}() at {source.path}:{source.line(start)}"

    def why(match: Match, names: Mapping[str, str]) -> str:
        if levels and levels[match.first] != (spec.level, 0):
            return f"{at(match.first)}, which stands in another block or in an `#if`"
        if match.first >= straight:
            return f"{at(match.first)}, which is not reached whenever that succeeds"
        for hole in (each for each in spec.kept if names.get(each, "").isidentifier()):
            for index in set_behind(tokens, match.first, names[hole]):
                again = f"behind which {names[hole]} is made another by {at(index)}"
                return f"{at(match.first)}, {again}"
        return ""

    return why
