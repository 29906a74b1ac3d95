# SPDX-License-Identifier: GPL-2.0-only
"""Whole series of knobs that stand alone, on the small tree with all that they need.

`templates/VARIANT/goldens/KNOB.diff` is the one variant of `tests/knobs/small/KNOB.yaml`;
`UPDATE_GOLDENS=1` writes it.
Each patch compiles.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from codegen.base.resources import resources
from codegen.compare.facts import facts
from codegen.description.load import load
from codegen.plan.plan import Plan
from tests.minitree import Change, new
from tests.minitree.attributes import attributes, none
from tests.minitree.capabilities import capabilities
from tests.minitree.clock import clock
from tests.minitree.memfd import memfd, shown
from tests.minitree.uapi import completed, uapi
from tests.unit import kit

KNOBS_FOLDER = Path(__file__).parents[1] / "knobs/small"
_UPDATE = bool(os.environ.get("UPDATE_GOLDENS"))
_TREE = (uapi, capabilities)
KNOBS = sorted(path.stem for path in KNOBS_FOLDER.glob("*.yaml"))
# What a knob needs of the tree beyond that.
MORE: Mapping[str, tuple[Change, ...]] = {
    "answered-exit": (completed,),
    "further-level": (clock,),
    "memfd-flag": (memfd,),
    "memfd-member": (memfd, shown),
    "attribute-group": (attributes,),
    "first-attribute": (none,),
    "vcpu-attribute": (attributes,),
    "vm-attribute": (attributes,),
}


def _plan(name: str, *changes: Change) -> Plan:
    description = load(KNOBS_FOLDER / f"{name}.yaml", f"{name}.yaml")
    (variant,) = (v for v in kit.ALL_VARIANTS if description.knob.section(v) is not None)
    return kit.plan(description, variant, *changes)


@pytest.mark.parametrize("name", KNOBS)
def test_golden(name: str, tmp_path: Path) -> None:
    changes = (*_TREE, *MORE.get(name, ()))
    made = _plan(name, *changes)
    text = kit.diff(made, *changes)
    golden = kit.TEMPLATES / made.variant.name / "goldens" / f"{name}.diff"
    if _UPDATE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert kit.complaints(made, tmp_path, *changes) == ""


@pytest.mark.parametrize("name", KNOBS)
def test_newer_selftests(name: str, tmp_path: Path) -> None:
    changes = (*_TREE, *MORE.get(name, ()), new)
    assert kit.complaints(_plan(name, *changes), tmp_path, *changes) == ""


@pytest.mark.parametrize("name", KNOBS)
def test_what_a_vmm_does_begins_with_its_headers(name: str) -> None:
    made = _plan(name, *_TREE, *MORE.get(name, ()))
    knob = made.description.knob
    section = knob.section(made.variant.section)
    sees = {"knob": knob, "variant": made.variant, "v": section, "n": made.numbers}
    said = facts(resources("templates"), made.variant.name, sees)
    assert said
    code = said.vmm.split("\n\n", 1)
    assert code[0].startswith("#include") and "#include" not in code[1]


def test_no_golden_without_a_case() -> None:
    assert sorted(path.stem for path in kit.TEMPLATES.glob("*/goldens/*.diff")) == KNOBS
