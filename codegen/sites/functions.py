# SPDX-License-Identifier: GPL-2.0-only
"""Places of the language in C: functions by name or by what they hold, shapes in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from codegen.base.errors import FindingsError
from codegen.c.pattern import Match, filled, find, last_holes, texts
from codegen.c.statements import body, statement_around, statement_end
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.absence import absent
from codegen.sites.fitting import judge
from codegen.sites.language import PlaceSpec, Shape
from codegen.sites.locks import held_at
from codegen.sites.masks import written
from codegen.sites.place import Place, ambiguous, not_found, teach
from codegen.sites.scopes import Tokens, functions_of, head

_GIVEN = 64  # ways at most in which a function says what a shape needs
_NEAR = 3  # of what is not the place, the last ones are named
Put = Callable[["_Hit", str], Place]


@dataclass(frozen=True, slots=True)
class _Hit:
    """A shape in a function; `names` is what the tree calls its holes.

    `why_not` says why it is not the place; empty if it is.
    """

    found: Found
    tokens: Tokens
    match: Match
    shape: Shape
    names: Mapping[str, str]
    why_not: str = ""


def in_functions(survey: Survey, site: str, spec: PlaceSpec, arch: str | None) -> tuple[Place, ...]:
    """The places of a site in C; none where the tree need not have any.

    Raises FindingsError with what was searched, and what came closest.
    """
    problem: FindingsError | None = None
    searched: list[str] = []
    seen: list[str] = []
    lost: list[_Hit] = []  # masks that are written as nothing known
    unfit: list[str] = []
    for scope in spec.in_:
        functions = list(functions_of(survey, site, scope, arch))
        if scope.function and not functions:
            problem = problem or code.no_function(survey, site, scope.function)
            continue
        searched += [found.source.path for found, _ in functions]
        seen += [found.extent.name for found, _ in functions]
        found = [hit for each in functions for hit in _hits(spec, *each)]
        unfit += [hit.why_not for hit in found if hit.why_not]
        hits = _picked(spec, [hit for hit in found if not hit.why_not])
        _check_outside(survey, site, spec, hits)
        placed = _placed_all(survey, site, spec, hits)
        if placed:
            return placed
        lost += hits
    # what is looked for elsewhere is for trees that have no such function at all
    if spec.otherwise and not (spec.otherwise.in_ and seen):
        other = spec.model_copy(update={**spec.otherwise.said(), "otherwise": None})
        places = in_functions(survey, site, other, arch)
        unknown = dict.fromkeys(spec.holes, "")
        return tuple(replace(p, names={**unknown, **p.names, "alone": "yes"}) for p in places)
    if spec.opposite:
        other = spec.model_copy(update={"find": spec.opposite, "opposite": [], "if_none": "skip"})
        if in_functions(survey, site, other, arch):
            return ()
    near = "; ".join((*map(_shown, lost), *list(dict.fromkeys(unfit))[-_NEAR:]))
    return absent(survey, site, spec, arch, problem, tuple(dict.fromkeys(searched)), seen, near)


def _check_outside(survey: Survey, site: str, spec: PlaceSpec, hits: Sequence[_Hit]) -> None:
    for hit in hits if spec.outside else ():
        at = hit.match.first
        for near in held_at(survey, hit.found, hit.tokens, at, spec.outside):
            what = f"{spec.what} with nothing held around it"
            right = f"a new text there may take it again: give it back before, or {teach(site)}"
            raise not_found(site, what, [hit.found.source.path], near=near, right=right)


def _hits(spec: PlaceSpec, found: Found, tokens: Tokens) -> list[_Hit]:
    """What the first shape that fits has in a function; of labels, what all shapes have."""
    if not spec.find:
        whole = Match(body(tokens), len(tokens))
        return [_Hit(found, tokens, whole, Shape(), _names(spec, found, tokens, {}))]
    why_not = judge(spec, found, tokens)
    hits: list[_Hit] = []
    for shape in spec.find:
        for match, holes in _matches(shape, tokens):
            names = _names(spec, found, tokens, holes)
            if all(names.get(name, "").isidentifier() for name in (*spec.known, *shape.names)):
                why = why_not(match, names)
                hits.append(_Hit(found, tokens, match, shape, names, why))
        if any(not hit.why_not for hit in hits) and spec.pick != "most-labels":
            break
    return hits


def _matches(shape: Shape, tokens: Tokens) -> Iterator[tuple[Match, Mapping[str, str]]]:
    """Where a shape matches, with the holes of it and of what stands before it."""
    for given in _given(shape, tokens):
        for match in find(filled(shape.pattern, given), tokens):
            yield match, {**given, **texts(tokens, match)}


def _shown(hit: _Hit) -> str:
    """The mask of a shape, as it stands there."""
    source, mask = hit.found.source, hit.shape.into
    first, last = hit.match.holes[mask.hole][0] if mask else (hit.match.first, hit.match.last)
    start, end = hit.tokens[first].start, hit.tokens[last - 1].end
    return f"`{' '.join(source.text(start, end).split())}` at {source.path}:{source.line(start)}"


def _given(shape: Shape, tokens: Tokens) -> Iterator[Mapping[str, str]]:
    """What the holes of a statement are that stands before; nothing known where none is asked."""
    if not shape.given:
        yield {}
    for pattern in shape.given:
        matches = islice(find(pattern, tokens), _GIVEN)
        found = [texts(tokens, match) for match in matches]
        if found:
            yield from found
            return


def _names(
    spec: PlaceSpec, found: Found, tokens: Tokens, holes: Mapping[str, str]
) -> dict[str, str]:
    """With what the parameters and the ends of the function are called."""
    names = dict.fromkeys(["alone", *spec.holes], "")
    for pattern in spec.takes:
        names |= last_holes(pattern, head(tokens))
    inner = tokens[body(tokens) :]
    for pattern in spec.ends:
        names |= last_holes(pattern, inner)
    return {**names, **holes}


def _picked(spec: PlaceSpec, hits: Sequence[_Hit]) -> Sequence[_Hit]:
    if spec.pick == "most-labels":
        counts = [code.labels_before(hit.tokens, hit.match.first) for hit in hits]
        best = max(counts, default=0)
        return [hits[counts.index(best)]] if best else []
    if spec.pick == "first":
        return hits[:1]
    return hits[-1:] if spec.pick == "last" else hits


def _placed_all(
    survey: Survey, site: str, spec: PlaceSpec, hits: Sequence[_Hit]
) -> tuple[Place, ...]:
    """The places of all that was found, each once; of several where one is asked, the error."""
    groups: dict[tuple[tuple[str, int], ...], list[Place]] = {}
    for hit in hits:
        places = {(p.path, p.start): p for p in _placed(survey, site, spec, hit)}
        if places:
            groups.setdefault(tuple(sorted(places)), list(places.values()))
    if spec.pick == "only" and len(groups) > 1:
        where = [f"{places[0].path}:{places[0].line}" for places in groups.values()]
        raise ambiguous(site, spec.what, where)
    return tuple(place for places in groups.values() for place in places)


def _placed(survey: Survey, site: str, spec: PlaceSpec, hit: _Hit) -> Iterator[Place]:
    extent = hit.found.extent
    named = f"struct {extent.name}" if extent.kind == "struct" else f"{extent.name}()"
    how = f"{named}: {spec.how or spec.what}"
    if hit.shape.into:
        for first, last in hit.match.holes[hit.shape.into.hole]:
            for where in written(survey, hit.found, hit.tokens[first:last], hit.shape.into.of):
                how = f"{spec.how} in {where.how}"
                yield replace(where, how=how, names={**where.names, **hit.names})
        return
    yield replace(_PUTS[spec.put](hit, how), names=hit.names)


def _before(hit: _Hit, how: str) -> Place:
    return code.line_before(hit.found, hit.tokens[hit.match.first].start, how)


def _labels(hit: _Hit, how: str) -> Place:
    source = hit.found.source
    start = source.line_start(hit.tokens[hit.match.first].start)
    return Place(source.path, start, start, source.line(start), how, indent="\t")


def _after(hit: _Hit, how: str) -> Place:
    first, end = statement_around(hit.tokens, hit.match.first)
    while end < hit.match.last:
        end = statement_end(hit.tokens, end)
    return code.line_behind(hit.found, hit.tokens, first, end, how)


def _instead(hit: _Hit, how: str) -> Place:
    return code.span(hit.found, hit.match, how)


def _start(hit: _Hit, how: str) -> Place:
    first = first_statement(hit.tokens, body(hit.tokens) + 1)
    return code.line_before(hit.found, hit.tokens[first].start, how)


def _above(hit: _Hit, how: str) -> Place:
    return code.above(hit.found, how)


def _behind(hit: _Hit, how: str) -> Place:
    source = hit.found.source
    end = source.line_end(hit.found.extent.end)
    return Place(source.path, end, end, source.line(hit.found.extent.end), how)


_PUTS: Mapping[str, Put] = {
    "labels": _labels,
    "before": _before,
    "after": _after,
    "instead": _instead,
    "start": _start,
    "above": _above,
    "behind": _behind,
}


def first_statement(tokens: Tokens, index: int) -> int:
    """Past the declarations: they begin with a type, that is a name before a name or a `*`."""
    while tokens[index].text not in ("if", "for", "while", "switch", "return", "{", "}", "do"):
        following = tokens[index + 1].text
        if not (following == "*" or following[:1].isalpha() or following[:1] == "_"):
            break
        index = statement_end(tokens, index)
    return index
