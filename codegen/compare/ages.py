# SPDX-License-Identifier: GPL-2.0-only
"""How a knob ages: on which of the trees each variant can be, and which places moved between."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.compare.model import Figure, Row, Section, unknown
from codegen.compare.subject import Subject
from codegen.compare.userspace import folder


def section(subjects: Sequence[Subject]) -> Section:
    """Where each variant holds."""
    states = tuple(
        Figure(each.column.state, source=folder(each) if each.made else "gen's answer")
        for each in subjects
    )
    reasons = tuple(
        (
            Figure(each.column.reason, source="gen's answer")
            if each.column.reason
            else unknown("the series changes what the tree does; there is nothing to explain")
        )
        for each in subjects
    )
    arches = tuple(_arches(each) for each in subjects)
    rows = (
        Row("state", "on this tree", states),
        Row("architectures", "architectures", arches),
        Row("why", "why not, or what is there already", reasons, prose=True),
    )
    return Section("Where it holds", rows)


def _arches(subject: Subject) -> Figure:
    only, of = subject.variant.only_on, subject.description.knob.architectures
    names = [name for name in of if only in (None, name)]
    source = f"{subject.description.path} and templates/{subject.variant.name}/variant.yaml"
    if not names:
        return unknown(f"the kind exists on {only} only, the knob on {', '.join(of)}", source)
    return Figure(", ".join(names), source=source)
