# SPDX-License-Identifier: GPL-2.0-only
"""The program that measures a variant can be written for each kind that says how it is turned on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.base.resources import resources
from codegen.compare.contender import Contender
from codegen.compare.measures import Measure, program
from codegen.plan.variants import load_variant
from codegen.series.identity import Known
from codegen.tree.locate import Folder, TreeLocation
from tests.unit import kit
from tests.unit.features import FEATURES

MEASURE = Measure(
    x="memslots",
    at=[1, 2],
    figures={"kept": "pages"},
    code="static void guest_code(void)\n{\n}\n\nstatic void measure(void)\n{\n}\n",
)
KINDS = [v for v in kit.VARIANTS if (resources("templates") / v / "compare/measure.j2").is_file()]


def text(variant: str, section: dict[str, Any], **more: Any) -> str | None:
    contender = Contender(
        kit.knob(variant, section, **more),
        load_variant(resources("templates"), variant),
        TreeLocation("small", Folder(Path("small"))),
        "6.0",
        Known({}, {}),
    )
    return program(contender, MEASURE, kit.tree())


@pytest.mark.parametrize("variant", KINDS)
def test_it_can_be_written(variant: str) -> None:
    made = text(variant, {})
    assert made is not None and "measure(" in made


@pytest.mark.parametrize(
    "feature", ["one-way", "mask", "number-once", "needs-two", "before-memslots"]
)
def test_whatever_a_capability_takes(feature: str) -> None:
    variant, section, more = FEATURES[feature]
    made = text(variant, section, **more)
    assert made is not None
    value = 0 if feature == "one-way" else 1
    assert f"vm_enable_cap(vm, KVM_CAP_X86_SMALL_MAPS, {value});" in made
