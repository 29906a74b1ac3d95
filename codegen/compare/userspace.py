# SPDX-License-Identifier: GPL-2.0-only
"""What a variant is for userspace: new names and numbers, what the kind says, what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codegen.compare.facts import LONG, SHORT, Facts, facts
from codegen.compare.model import Figure, Row, Section, Value, Worst, unknown
from codegen.compare.subject import Subject
from codegen.plan.variants import NumberSpec
from codegen.vocabulary.part import attribute


def sees(subject: Subject) -> Mapping[str, Any]:
    """What the templates of a kind's facts see."""
    knob, variant = subject.description.knob, subject.variant
    return {
        "knob": knob,
        "variant": variant,
        "v": knob.section(variant.section),
        "n": subject.series.manifest.get("numbers", {}),
    }


def facts_of(subject: Subject, templates: Path) -> Facts | None:
    """What the kind says of the knob; None where it or the description says nothing."""
    if subject.description.knob.section(subject.variant.section) is None:
        return None
    return facts(templates, subject.variant.name, sees(subject))


def section(subjects: Sequence[Subject], said: Sequence[Facts | None]) -> Section:
    """The rows for userspace."""
    rows = [
        Row("names", "new names and numbers", tuple(map(_names, subjects)), prose=True),
        Row("left", "numbers left", tuple(map(_left, subjects)), Worst.LEAST),
    ]
    for keys, prose in ((SHORT, False), (LONG, True)):
        for key, about in keys.items():
            pairs = zip(subjects, said, strict=True)
            figures = tuple(_told(subject, each, key) for subject, each in pairs)
            rows.append(Row(key, about, figures, prose=prose))
    return Section("For userspace", tuple(rows))


def absent(subject: Subject) -> Figure:
    """What stands where there is no series to ask."""
    return unknown(f"{subject.where} is {subject.column.state}: {subject.column.reason}")


def of_series(
    subjects: Sequence[Subject],
    key: str,
    about: str,
    ask: Callable[[Subject], Value],
    *,
    unit: str = "",
    source: str = "the diffs",
    worst: Worst = Worst.MOST,
    prose: bool = False,
) -> Row:
    """A row that only series answer."""
    figures = tuple(
        Figure(ask(each), unit, f"{source} of {folder(each)}") if each.made else absent(each)
        for each in subjects
    )
    return Row(key, about, figures, worst, prose)


def folder(subject: Subject) -> str:
    """Where gen writes the series."""
    knob = subject.description.knob.name
    return f"patches/{subject.location.name}/{knob}/{subject.variant.name}/"


def _names(subject: Subject) -> Figure:
    if not subject.made:
        return absent(subject)
    knob, variant = subject.description.knob, subject.variant
    numbers = subject.series.named_numbers or {}
    v = knob.section(variant.section)
    names = [getattr(v, attribute(name)) for name in variant.names]
    texts = [f"{name} = {numbers[name]}" if name in numbers else name for name in names]
    texts += [f"{name} = {number}" for name, number in numbers.items() if name not in names]
    return Figure(", ".join(texts) or "none", source=f"{folder(subject)}.gen/manifest.json")


def _left(subject: Subject) -> Figure:
    if not subject.made:
        return absent(subject)
    taken, specs = subject.series.manifest["numbers"], subject.variant.numbers
    left = {_family(specs[key]): _most(specs[key]) - number for key, number in taken.items()}
    source = f"{folder(subject)}.gen/manifest.json"
    if not left:
        return Figure("takes none", source=source)
    family = min(left, key=lambda name: left[name])
    if left[family] > 1 << 16:
        return Figure("enough", source=source)
    return Figure(left[family], f"of {family}", source)


def _family(spec: NumberSpec) -> str:
    return f"{spec.prefix}*{spec.suffix}"


def _most(spec: NumberSpec) -> int:
    return (spec.limit if spec.bits else spec.below) - 1


def _told(subject: Subject, said: Facts | None, key: str) -> Figure:
    if said is None:
        if subject.description.knob.section(subject.variant.section) is None:
            return absent(subject)
        return unknown(f"templates/{subject.variant.name}/compare/ says nothing of it")
    if not subject.made:
        return absent(subject)
    return Figure(said.texts[key], source=said.path)
