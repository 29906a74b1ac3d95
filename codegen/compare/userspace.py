# SPDX-License-Identifier: GPL-2.0-only
"""What a variant is for userspace: new names and numbers, what the kind says, what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codegen.compare.contender import Contender
from codegen.compare.facts import LONG, SHORT, Facts, facts
from codegen.compare.model import Chapter, Figure, Question, Value, Worst, unknown
from codegen.compare.oftree import OfTree
from codegen.plan.templates import Renderer

_UNKNOWN = "unknown: "  # how a kind's text begins that cannot be said of the tree


def sees(contender: Contender) -> Mapping[str, Any]:
    """What the templates of a kind's facts see."""
    knob, variant = contender.description.knob, contender.variant
    return {
        "knob": knob,
        "variant": variant,
        "v": knob.section(variant.section),
        "n": contender.series.manifest.get("numbers", {}),
        "tree": OfTree(contender),
    }


def facts_of(contender: Contender, templates: Path) -> Facts | None:
    """What the kind says of the knob; None where it or the description says nothing."""
    if contender.description.knob.section(contender.variant.section) is None:
        return None
    return facts(templates, contender.variant.name, sees(contender))


def section(
    contenders: Sequence[Contender], said: Sequence[Facts | None], templates: Path
) -> Chapter:
    """The rows for userspace."""
    left = tuple(_left(each, Renderer(templates, sees(each))) for each in contenders)
    rows = [
        Question("names", "new names and numbers", tuple(map(_names, contenders)), prose=True),
        Question("left", "numbers left", left, Worst.LEAST),
    ]
    for keys, prose in ((SHORT, False), (LONG, True)):
        for key, about in keys.items():
            pairs = zip(contenders, said, strict=True)
            figures = tuple(_told(contender, each, key) for contender, each in pairs)
            rows.append(Question(key, about, figures, prose=prose))
    return Chapter("For userspace", tuple(rows))


def absent(contender: Contender) -> Figure:
    """What stands where there is no series to ask."""
    return unknown(f"{contender.where} is not made: {contender.column.reason}")


def of_series(
    contenders: Sequence[Contender],
    key: str,
    about: str,
    ask: Callable[[Contender], Value | None],
    *,
    unit: str = "",
    source: str = "the diffs",
    worst: Worst = Worst.MOST,
    prose: bool = False,
    missing: str = "",
) -> Question:
    """A row that only series answer; `missing` is why `ask` may have no answer to some."""

    def asked(each: Contender) -> Figure:
        if not each.made:
            return absent(each)
        value, where = ask(each), f"{source} of {folder(each)}"
        return unknown(missing, where) if value is None else Figure(value, unit, where)

    return Question(key, about, tuple(map(asked, contenders)), worst, prose)


def folder(contender: Contender) -> str:
    """Where gen writes the series."""
    knob = contender.description.knob.name
    return f"patches/{contender.location.name}/{knob}/{contender.variant.name}/"


def _names(contender: Contender) -> Figure:
    if not contender.made:
        return absent(contender)
    knob, variant = contender.description.knob, contender.variant
    numbers = contender.series.named_numbers or {}
    v = knob.section(variant.section)
    names = variant.named(v)
    texts = [f"{name} = {numbers[name]}" if name in numbers else name for name in names]
    texts += [f"{name} = {number}" for name, number in numbers.items() if name not in names]
    return Figure(", ".join(texts) or "none", source=f"{folder(contender)}.gen/manifest.json")


def _left(contender: Contender, renderer: Renderer) -> Figure:
    if not contender.made:
        return absent(contender)
    taken, specs = contender.series.manifest["numbers"], contender.variant.numbers
    families = {key: f"{renderer.inline(specs[key].prefix)}*{specs[key].suffix}" for key in taken}
    left = {families[key]: specs[key].most - number for key, number in taken.items()}
    source = f"{folder(contender)}.gen/manifest.json"
    if not left:
        return Figure("takes none", source=source)
    family = min(left, key=lambda name: left[name])
    if left[family] > 1 << 16:
        return Figure("enough", source=source)
    return Figure(left[family], f"of {family}", source)


def _told(contender: Contender, said: Facts | None, key: str) -> Figure:
    if said is None:
        if contender.description.knob.section(contender.variant.section) is None:
            return absent(contender)
        return unknown(f"templates/{contender.variant.name}/compare/ says nothing of it")
    if not contender.made:
        return absent(contender)
    text = said.texts[key]
    why = text.removeprefix(_UNKNOWN)
    return Figure(text, source=said.path) if why == text else unknown(why, said.path)
