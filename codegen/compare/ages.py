# SPDX-License-Identifier: GPL-2.0-only
"""Where a variant holds: on which architectures, what its tree has already, and whether its patches
can be brought to the other trees, where gen makes them anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codegen.base.errors import GenError
from codegen.base.progress import Report
from codegen.compare.contender import Contender
from codegen.compare.model import Chapter, Figure, Question, unknown
from codegen.compare.userspace import absent
from codegen.series.identity import Known
from codegen.series.portability import brought
from codegen.series.read import read_series
from codegen.store import owncode
from codegen.store.store import key, store

_KIND = "brought"
Carried = Mapping[tuple[int, str], Figure]  # by column, and by the tree that it is brought to


def section(contenders: Sequence[Contender], carried: Carried) -> Chapter:
    """The rows on all trees."""
    none = "nothing: the series changes what the tree does"
    reasons = tuple(
        Figure(each.column.reason or none, source="gen's answer") for each in contenders
    )
    rows = [
        Question("architectures", "architectures", tuple(map(_arches, contenders))),
        Question("why", "what the tree has already", reasons, prose=True),
    ]
    for tree in dict.fromkeys(tree for _, tree in carried):
        figures = tuple(carried[at, tree] for at in range(len(contenders)))
        rows.append(Question(f"to-{tree}", f"git am -3 on {tree}", figures, prose=True))
    return Chapter("Where it holds", tuple(rows))


def _arches(contender: Contender) -> Figure:
    only, of = contender.variant.only_on, contender.description.knob.architectures
    names = [name for name in of if only in (None, name)]
    source = f"{contender.description.path} and templates/{contender.variant.name}/variant.yaml"
    if not names:
        return unknown(f"the kind exists on {only} only, the knob on {', '.join(of)}", source)
    return Figure(", ".join(names), source=source)


def carried(contenders: Sequence[Contender], report: Report | None) -> Carried:
    """What `git am -3` makes of each series on each other tree.

    Without a report only what is in the store is told.
    """
    trees = list(dict.fromkeys(each.location.name for each in contenders))
    if len(trees) < 2:
        return {}
    return {
        (at, tree): _carried(each, tree, contenders, report)
        for tree in trees
        for at, each in enumerate(contenders)
    }


def _carried(
    contender: Contender, tree: str, contenders: Sequence[Contender], report: Report | None
) -> Figure:
    if not contender.made:
        return absent(contender)
    if contender.location.name == tree:
        return Figure("made for it", source="gen")
    there = next(
        each
        for each in contenders
        if each.location.name == tree and each.variant.name == contender.variant.name
    )
    if not there.made:
        return unknown(f"gen makes none there: {there.column.reason}")
    where = (contender.location.commit, there.location.commit)
    asked = key(_bytes(contender.series), _bytes(there.series), where, owncode.code(("series",)))
    kept = store().get(_KIND, asked)
    if kept is None and report is None:
        return unknown("not tried yet: gen compare without --quick does so")
    if kept is None and report is not None:
        report(0, None, f"bringing {contender.where} to {tree}")
        try:
            made = brought(
                read_series(contender.series.files, contender.location),
                read_series(there.series.files, there.location),
            )
        except GenError as problem:
            return unknown(str(problem))
        store().put(_KIND, asked, str(made))
        return _figure(str(made), contender)
    assert kept is not None
    return _figure(str(kept.said), contender)


def _figure(said: str, contender: Contender) -> Figure:
    return Figure(said, source=f"git am -3 of the patches for {contender.location.name}")


def _bytes(series: Known) -> Mapping[str, bytes]:
    return {name: series.files[name] for name in series.patches}
