# SPDX-License-Identifier: GPL-2.0-only
"""What was measured in the guest, from the store and as curves, one for each variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.compare.contender import Contender
from codegen.compare.evidence import Evidence
from codegen.compare.guest import MODES, points
from codegen.compare.measures import Measure
from codegen.compare.model import Curve, Plot

ON, OFF = MODES
_NOTHING = "it said no such figure"


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
    no_off: dict[str, None] = {}
    for each, found in made:
        said = _said(found, ON)
        if name in said.points:
            curves.append(_curve(each.variant.name, said.points[name], found))
        if name not in said.points or said.failed:
            missing.append((each.variant.name, said.failed or _NOTHING))
        if not each.variant.names:  # what has no name is never off
            continue
        said = _said(found, OFF)
        if name in said.points:
            off = off or _curve("knob off", said.points[name], found)
        no_off[said.failed or _NOTHING] = None
    curves += [off] if off else []
    missing += [] if off or not no_off else [("knob off", "; ".join(no_off))]
    title = f"{tree}: {measure.figures[name]}"
    return Plot(title, measure.x, name, tuple(curves), tuple(missing))


def _curve(name: str, said: Sequence[tuple[int, int]], found: Evidence) -> Curve:
    assert found.measured
    source = f"gen compare; log: {found.measured.where('output.log')}"
    log = found.measured.read("output.log").decode("utf-8", "replace")
    return Curve(name, tuple((float(x), float(y)) for x, y in said), source, log)


@dataclass(frozen=True)
class _Heard:
    """The points by name, and why not all of them may be there."""

    points: Mapping[str, Sequence[tuple[int, int]]]
    failed: str = ""


def _said(found: Evidence, mode: str) -> _Heard:
    if found.measured is None:
        why = found.failed or "not measured yet: gen compare without --quick does so"
        return _Heard({}, why)
    failed = found.measured.said["failed"]
    try:
        said = points(found.measured.read("output.log").decode("utf-8", "replace"))
    except FileNotFoundError:
        return _Heard({}, "its log is gone: gen compare without --quick measures again")
    return _Heard(said.get(mode, {}), failed.get(mode, ""))
