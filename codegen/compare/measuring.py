# SPDX-License-Identifier: GPL-2.0-only
"""What was measured in the guest, from the store and as curves, one for each variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codegen.compare.contender import Contender
from codegen.compare.evidence import Evidence
from codegen.compare.guest import MODES, points
from codegen.compare.measures import Measure
from codegen.compare.model import Curve, Plot

ON, OFF = MODES


def plots(
    contenders: Sequence[Contender], seen: Sequence[Evidence], measure: Measure | None
) -> tuple[Plot, ...]:
    """A plot for each figure of the knob; without the knob it is as some variant has it off."""
    if measure is None:
        return ()
    made = [(each, found) for each, found in zip(contenders, seen, strict=True) if each.made]
    trees = list(dict.fromkeys(each.location.name for each, _ in made))
    return tuple(
        _plot([pair for pair in made if pair[0].location.name == tree], measure, name, tree)
        for tree in trees
        for name in measure.figures
    )


def _plot(
    made: Sequence[tuple[Contender, Evidence]], measure: Measure, name: str, tree: str
) -> Plot:
    curves: list[Curve] = []
    missing: list[tuple[str, str]] = []
    off: Curve | None = None
    for each, found in made:
        said, failed = _said(found)
        if name in said.get(ON, {}):
            curves.append(_curve(each.variant.name, said[ON][name], found))
        else:
            missing.append((each.variant.name, failed))
        if each.variant.names and name in said.get(OFF, {}):  # what has no name is never off
            off = off or _curve("knob off", said[OFF][name], found)
    curves += [off] if off else []
    title = f"{tree}: {measure.figures[name]}"
    return Plot(title, measure.x, name, tuple(curves), tuple(missing))


def _curve(name: str, said: Sequence[tuple[int, int]], found: Evidence) -> Curve:
    assert found.measured
    source = f"gen compare; log: {found.measured.where('output.log')}"
    log = found.measured.read("output.log").decode("utf-8", "replace")
    return Curve(name, tuple((float(x), float(y)) for x, y in said), source, log)


def _said(found: Evidence) -> tuple[Mapping[str, Any], str]:
    """The points, and why there may be none."""
    if found.measured is None:
        return {}, found.failed or "not measured yet: gen compare without --quick does so"
    failed = found.measured.said["failed"]
    try:
        said = points(found.measured.read("output.log").decode("utf-8", "replace"))
    except FileNotFoundError:
        return {}, "its log is gone: gen compare without --quick measures again"
    return said, failed.get(ON, "it said no such figure")
