# SPDX-License-Identifier: GPL-2.0-only
"""Lists of C that name several of a family: masks, tables, cases, chains of comparisons.

Told from the text of a file, so that what a list is for plays no part: only who stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from os.path import commonprefix
from types import MappingProxyType

from codegen.c.outline import Block, Outline, in_word

# What stands between two of one list: `A | B`, `A, B`, `x == A || x == B`.
_JOINED = re.compile(r"[\s()\\]*(?:\||,|[&|]{2}[\s\w.()>\[\]-]*[!=]=)[\s()\\]*|\s*:\s*case\s+")
_CASE = re.compile(r"\bcase\s+$")
_ADDED = re.compile(r"([A-Za-z_][\w.>-]*)\s*\|?=[\s(]*$")  # `mask = A`, `mask |= A`
# `x >= A`, `A <= x`, with a factor or a shift as well; `2 * A` and `A << 1` are behind A themselves
_BEFORE_BOUND = re.compile(r"[^<>=-][<>]=?[\s(]*(?:\w+\s*\*[\s(]*)?$|\b2U?L{0,2}\s*\*[\s(]*$")
_BEHIND_BOUND = re.compile(r"[\s)]*(?:<<\s*1\b|\*\s*2\b|(?:[*+-]\s*\w+[\s)]*)?[<>]=?[^<>])")
_BEFORE_COUNT = re.compile(r"(?:[^-][<>]=?|\b(?:BIT|GENMASK)\w*\()[\s(]*$")
_AROUND = 24  # characters that are looked at before and behind a name
_UNION = re.compile(r"[\s()\\|\w]+")
_CONSTANT = re.compile(r"\b([A-Za-z_]\w*)\s*=\s*([\s(\w|)]+?)[;,}]")
_SAID = re.compile(r"\b([A-Za-z_]\w*)\s*=[\s(\w|]*$")
_MADE_OF = 4  # masks that are made of masks
_NONE: Mapping[str, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NameList:
    """Some names that stand together, from the `start` of the first to the `end` of the last.

    `within` is the function, table or macro that they stand in; `runs` are those between which
    nothing else stands.
    """

    within: str
    runs: tuple[frozenset[str], ...]
    start: int
    end: int

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset[str]().union(*self.runs)

    def beside(self, name: str) -> frozenset[str]:
        """Those that share a run with one of them."""
        return frozenset[str]().union(*(r for r in self.runs if name in r)) - {name}


def name_lists(
    outline: Outline, family: Collection[str], masks: Mapping[str, frozenset[str]] = _NONE
) -> tuple[NameList, ...]:
    """The lists of a file that name some of a family, in its order.

    `masks` are names that stand for several of it: a list has those as well.  Where such a name
    stands alone, there is no list but its own.
    """
    groups: dict[Hashable, list[list[re.Match[str]]]] = {}
    run: list[re.Match[str]] = []
    found = (*_named(outline, family), *_masked(outline, masks))
    for match in sorted(found, key=lambda each: each.start()):
        # the `#if` lines of a list are no part of it, unless all of it stands in a directive
        text = outline.text if outline.directive_at(match.start()) else outline.code
        if not (run and _JOINED.fullmatch(text[run[-1].end() : match.start()])):
            run = []
            groups.setdefault(_key(outline, match), []).append(run)
        run.append(match)
    return tuple(
        NameList(
            within(outline, runs[0][0].start()),
            tuple(frozenset[str]().union(*(masks.get(m[0], (m[0],)) for m in run)) for run in runs),
            runs[0][0].start(),
            runs[-1][-1].end(),
        )
        for runs in groups.values()
        if len(runs) > 1 or len(runs[0]) > 1 or runs[0][0][0] not in masks
    )


def masks_of(
    outlines: Collection[Outline], family: Collection[str]
) -> Mapping[str, frozenset[str]]:
    """The macros, constants and enumerators that are a union of some of a family.

    What such a one is made of may be another one of them.
    """
    bodies = [(name, body) for text in outlines for name, body in _unions(text)]
    found: dict[str, frozenset[str]] = {}
    for _ in range(_MADE_OF):
        before = dict(found)
        for name, words in bodies:
            known = (found.get(w, frozenset((w,) if w in family else ())) for w in words)
            meant = frozenset[str]().union(found.get(name, ()), *known)
            if meant and name not in family:
                found[name] = meant
        if found == before:
            break
    return found


def _unions(outline: Outline) -> Iterator[tuple[str, frozenset[str]]]:
    """What has a name and is nothing but `|` of names, each with these."""
    for name, made in outline.macros.items():
        for macro in made:
            if macro.parameters is None and _UNION.fullmatch(macro.body):
                yield name, frozenset(re.findall(r"\w+", macro.body))
    for match in _CONSTANT.finditer(outline.code) if "|" in outline.code else ():
        block = outline.block_at(match.start()) if "|" in match[2] else None
        head = outline.code[block.head : block.open].split() if block else []
        if "|" in match[2] and (block is None or head[:1] == ["enum"]):
            yield match[1], frozenset(re.findall(r"\w+", match[2]))


def bounds(outline: Outline, family: Collection[str]) -> Iterator[tuple[str, int]]:
    """Where something is compared with one of a family by its order: the name, and where."""
    for match, before, behind in _surrounded(outline, family):
        if _BEFORE_BOUND.search(before) or _BEHIND_BOUND.match(behind):
            yield match[0], match.start()


def counted(outline: Outline, names: Collection[str]) -> Iterator[tuple[str, int]]:
    """Where something is compared with how many there are, or shifted by that: as `bounds`."""
    for match, before, behind in _surrounded(outline, names):
        if _BEFORE_COUNT.search(before) or _BEHIND_BOUND.match(behind):
            yield match[0], match.start()


def _surrounded(
    outline: Outline, names: Collection[str]
) -> Iterator[tuple[re.Match[str], str, str]]:
    """Where names stand in code or in macros, each with what is before and behind it."""
    for match in _named(outline, names):
        directive = outline.directive_at(match.start())
        if directive is None or directive.word == "define":
            before = outline.text[max(match.start() - _AROUND, 0) : match.start()]
            yield match, before, outline.text[match.end() : match.end() + _AROUND]


def _named(outline: Outline, family: Collection[str]) -> Iterator[re.Match[str]]:
    begins = commonprefix(sorted(family))  # noqa: RUF071 (names, no paths)
    # a pattern that begins with letters is searched for them: many times faster than by `\b`
    for match in re.finditer(rf"{begins}\w*", outline.text) if family else ():
        before = outline.text[match.start() - 1 : match.start()]
        if match[0] in family and not in_word(before):
            yield match


def _masked(outline: Outline, masks: Mapping[str, frozenset[str]]) -> Iterator[re.Match[str]]:
    """Where a file names masks, but for where it defines them."""
    there = [name for name in masks if name in outline.text]
    for match in re.finditer(rf"\b(?:{'|'.join(there)})\b", outline.text) if there else ():
        directive = outline.directive_at(match.start())
        made = outline.macros.get(match[0], ()) if directive else ()
        if not any(match.start() < macro.at <= match.end() for macro in made):
            yield match


def _key(outline: Outline, match: re.Match[str]) -> Hashable:
    """What a name that begins a list, or goes on with one, belongs to."""
    block = None if outline.directive_at(match.start()) else outline.block_at(match.start())
    if block is None:
        return match.start()
    if outline.text[block.head : block.open].rstrip().endswith("="):
        return "table", block.head
    before = outline.text[max(match.start() - 80, block.head) : match.start()]
    if "case" in before and _CASE.search(before):
        return "case", block.head
    added = _ADDED.search(before) if "=" in before else None
    return (added[1], block.head) if added else match.start()


def within(outline: Outline, offset: int) -> str:
    """The function, table, macro, constant or enumerator that an offset is in; empty elsewhere."""
    directive = outline.directive_at(offset)
    if directive:
        return directive.rest.split("(")[0].split()[0] if directive.rest.split() else ""
    block = outline.block_at(offset)
    name = _name(outline, block) if block else ""
    if name in ("", "enum"):
        said = _SAID.search(outline.code[block.head if block else max(offset - 200, 0) : offset])
        return said[1] if said else name
    return name


def _name(outline: Outline, block: Block) -> str:
    """The function or the table that braces at file scope belong to."""
    head = outline.text[block.head : block.open].partition("=")[0]
    found = re.search(r"([A-Za-z_]\w*)\s*(?:\(|(?:\[[^\]]*\]\s*)*$)", head)
    return found[1] if found else ""
