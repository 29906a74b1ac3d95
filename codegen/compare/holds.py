# SPDX-License-Identifier: GPL-2.0-only
"""Where a variant holds: on which architectures, and what its tree has already."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.compare.contender import Contender
from codegen.compare.model import Chapter, Figure, Question, unknown


def section(contenders: Sequence[Contender]) -> Chapter:
    """The rows on all trees."""
    none = "nothing: the series changes what the tree does"
    reasons = tuple(
        Figure(each.column.reason or none, source="gen's answer") for each in contenders
    )
    rows = (
        Question("architectures", "architectures", tuple(map(_arches, contenders))),
        Question("why", "what the tree has already", reasons, prose=True),
    )
    return Chapter("Where it holds", rows)


def _arches(contender: Contender) -> Figure:
    only, of = contender.variant.only_on, contender.description.knob.architectures
    names = [name for name in of if only in (None, name)]
    source = f"{contender.description.path} and templates/{contender.variant.name}/variant.yaml"
    if not names:
        return unknown(f"the kind exists on {only} only, the knob on {', '.join(of)}", source)
    return Figure(", ".join(names), source=source)
