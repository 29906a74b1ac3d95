# SPDX-License-Identifier: GPL-2.0-only
"""Lists of C that name several of a family: masks, tables, cases, chains of comparisons.

Told from the text of a file, so that what a list is for plays no part: only who stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass
from os.path import commonprefix

from codegen.c.outline import Block, Outline, in_word

# What stands between two of one list: `A | B`, `A, B`, `x == A || x == B`.
_JOINED = re.compile(r"[\s()\\]*(?:\||,|[&|]{2}[\s\w.()>\[\]-]*[!=]=)[\s()\\]*|\s*:\s*case\s+")
_CASE = re.compile(r"\bcase\s+$")
_ADDED = re.compile(r"([A-Za-z_][\w.>-]*)\s*\|?=[\s(]*$")  # `mask = A`, `mask |= A`
_BEFORE_BOUND = re.compile(r"[^<>=-][<>]=?[\s(]*$")
_BEHIND_BOUND = re.compile(r"[\s)]*[<>]=?[^<>]")


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


def name_lists(outline: Outline, family: Collection[str]) -> tuple[NameList, ...]:
    """The lists of a file that name some of a family, in its order."""
    groups: dict[Hashable, list[list[re.Match[str]]]] = {}
    run: list[re.Match[str]] = []
    for match in _named(outline, family):
        # the `#if` lines of a list are no part of it, unless all of it stands in a directive
        text = outline.text if outline.directive_at(match.start()) else outline.code
        if not (run and _JOINED.fullmatch(text[run[-1].end() : match.start()])):
            run = []
            groups.setdefault(_key(outline, match), []).append(run)
        run.append(match)
    return tuple(
        NameList(
            within(outline, runs[0][0].start()),
            tuple(frozenset(each[0] for each in run) for run in runs),
            runs[0][0].start(),
            runs[-1][-1].end(),
        )
        for runs in groups.values()
    )


def bounds(outline: Outline, family: Collection[str]) -> Iterator[tuple[str, int]]:
    """Where something is compared with one of a family by its order: the name, and where."""
    for match in _named(outline, family):
        if outline.directive_at(match.start()):
            continue
        before = outline.text[max(match.start() - 8, 0) : match.start()]
        behind = outline.text[match.end() : match.end() + 8]
        if _BEFORE_BOUND.search(before) or _BEHIND_BOUND.match(behind):
            yield match[0], match.start()


def _named(outline: Outline, family: Collection[str]) -> Iterator[re.Match[str]]:
    begins = commonprefix(sorted(family))  # noqa: RUF071 (names, no paths)
    # a pattern that begins with letters is searched for them: many times faster than by `\b`
    for match in re.finditer(rf"{begins}\w*", outline.text) if family else ():
        before = outline.text[match.start() - 1 : match.start()]
        if match[0] in family and not in_word(before):
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
    """The function, table or macro that an offset is in; empty outside of them."""
    directive = outline.directive_at(offset)
    if directive:
        return directive.rest.split("(")[0].split()[0] if directive.rest.split() else ""
    block = outline.block_at(offset)
    return _name(outline, block) if block else ""


def _name(outline: Outline, block: Block) -> str:
    """The function or the table that braces at file scope belong to."""
    head = outline.text[block.head : block.open].partition("=")[0]
    found = re.search(r"([A-Za-z_]\w*)\s*(?:\(|(?:\[[^\]]*\]\s*)*$)", head)
    return found[1] if found else ""
