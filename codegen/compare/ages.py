# SPDX-License-Identifier: GPL-2.0-only
"""How a variant ages: which of its places are others in the other trees, and whether its patches
can be brought there, where gen makes them anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.base.errors import GenError
from codegen.base.progress import Report
from codegen.compare.contender import Contender
from codegen.compare.drift import Drift, drift, moved
from codegen.compare.model import Chapter, Figure, Question, unknown
from codegen.compare.userspace import absent
from codegen.store import owncode
from codegen.store.store import key, store

_KIND = "aged"
_ROOMS = ("c", "series", "compare")  # that take part
_ALONE = "one tree is compared; --tree names more"


@dataclass(frozen=True)
class Aged:
    """What became of a series' places in the other trees, and of its patches."""

    moved: Figure
    brought: Figure


def section(ages: Sequence[Aged]) -> Chapter:
    """The rows, of what `aged` says."""
    rows = (
        Question("moved", "places in other trees", tuple(a.moved for a in ages), prose=True),
        Question("brought", "git am -3 on other trees", tuple(a.brought for a in ages), prose=True),
    )
    return Chapter("How it ages", rows)


def aged(contenders: Sequence[Contender], report: Report | None) -> Sequence[Aged]:
    """Each contender's, on all trees but its own.

    Without a report only what is in the store is told.
    """
    at = {(each.location.name, each.variant.name): each for each in contenders}
    trees = dict.fromkeys(tree for tree, _ in at)
    found = []
    for each in contenders:
        others = [tree for tree in trees if tree != each.location.name]
        if not each.made:
            found.append(Aged(absent(each), absent(each)))
            continue
        if not others:
            found.append(Aged(unknown(_ALONE), unknown(_ALONE)))
            continue
        there = {tree: _aged(each, at[tree, each.variant.name], report) for tree in others}
        places = {tree: one.moved for tree, one in there.items()}
        patches = {tree: one.brought for tree, one in there.items()}
        found.append(Aged(joined(places), joined(patches)))
    return found


def joined(figures: Mapping[str, Figure]) -> Figure:
    """One figure for several trees; a tree of which nothing is known says so among the others."""
    lost = {tree: each.missing for tree, each in figures.items() if each.value is None}
    if len(lost) == len(figures):
        same = set(lost.values())
        return unknown(same.pop() if len(same) == 1 else _listed(lost))
    texts = {
        tree: f"not known: {each.missing}" if each.value is None else each.text
        for tree, each in figures.items()
    }
    sources = dict.fromkeys(each.source for each in figures.values() if each.source)
    return Figure(_listed(texts), source="; ".join(sources))


def _listed(texts: Mapping[str, str]) -> str:
    return "; ".join(f"{tree}: {text}" for tree, text in texts.items())


def _aged(here: Contender, there: Contender, report: Report | None) -> Aged:
    if not there.made:
        why = Figure(f"gen makes none there, see {there.location.name}", source="gen's answer")
        return Aged(why, why)
    asked = key(
        owncode.code(_ROOMS, "codegen.compare.drift"),
        [(each.location.commit, dict(each.series.files)) for each in (here, there)],
    )
    whole = None not in (here.location.commit, there.location.commit)  # folders change
    kept = store().get(_KIND, asked) if whole else None
    if kept is not None:
        return _told(here, there, kept.said["moved"], kept.said["brought"])
    if report is None:
        why = unknown("not tried yet: gen compare without --quick does so")
        return Aged(why, why)
    report(0, None, f"bringing {here.where} to {there.location.name}")
    try:
        made = drift(here, there)
    except GenError as problem:
        return Aged(unknown(str(problem)), unknown(str(problem)))
    said = {"moved": moved(made), "brought": _brought(made)}
    if whole:
        store().put(_KIND, asked, said)
    return _told(here, there, said["moved"], said["brought"])


def _brought(made: Drift) -> str:
    assert made.brought is not None
    anew = "" if made.brought.taken == made.brought.patches else "; gen makes it anew"
    return f"{made.brought}{anew}"


def _told(here: Contender, there: Contender, places: str, patches: str) -> Aged:
    trees = (here.location.name, there.location.name)
    return Aged(
        Figure(places, source=f"gen drift, {trees[0]} and {trees[1]}"),
        Figure(patches, source=f"git am -3 of the patches for {trees[0]} on {trees[1]}"),
    )
