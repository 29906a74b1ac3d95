# SPDX-License-Identifier: GPL-2.0-only
"""Real kernels, fetched and imported by gen itself, and the series on each of them."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from codegen.base.errors import UsageError
from codegen.base.findings import NotHere
from codegen.base.resources import resources
from codegen.description.load import load
from codegen.plan.variants import load_variant, variant_names
from codegen.series.make import Generated, finish, open_tree, plan_for
from codegen.tree import TreeLocation, resolve
from tests.minitree import written
from tests.unit import kit

RELEASES = ("6.1", "6.12", "7.2")
KNOBS = tuple(sorted(path.stem for path in resources("abi").glob("*.yaml")))
VARIANTS = variant_names(resources("templates"))
# Debian drops a release from its suites when the next one is in: these two stay for years.
KEPT = ("6.1", "6.12")

Cell = tuple[str, str, str]  # a knob, a variant and a release

# What is there already, or cannot be; everything else must be a series.
ANSWERS = {
    ("zap-leafs-only", "quirk", "6.12"): "KVM_X86_QUIRK_SLOT_ZAP_ALL is there already",
    ("zap-leafs-only", "quirk", "7.2"): "KVM_X86_QUIRK_SLOT_ZAP_ALL is there already",
    ("zap-leafs-only", "vm-type", "6.1"): "has no VM types",
    ("zap-leafs-only", "hardcoded", "6.12"): "here already, by KVM_X86_QUIRK_SLOT_ZAP_ALL",
    ("zap-leafs-only", "hardcoded", "7.2"): "no alternative of hardcoded.expression fits",
    ("zap-leafs-only", "vm-capability", "6.12"): "here already, by KVM_X86_QUIRK_SLOT_ZAP_ALL",
    ("zap-leafs-only", "vm-capability", "7.2"): "here already, by KVM_X86_QUIRK_SLOT_ZAP_ALL",
    ("zap-leafs-only", "vm-type", "6.12"): "here already: without the series, kvm_arch_flush_",
    ("zap-leafs-only", "vm-type", "7.2"): "here already: without the series, kvm_arch_flush_",
    ("small-pages-only", "vm-type", "6.1"): "has no VM types",
    ("apic-bus-cycles-ns", "vm-capability", "6.12"): "is there already",
    ("apic-bus-cycles-ns", "vm-capability", "7.2"): "is there already",
    ("exit-on-missing", "memslot-flag", "6.1"): "KVM_SET_USER_MEMORY_REGION2",
}
DESCRIBED = {
    "zap-leafs-only": kit.VARIANTS,
    "small-pages-only": kit.VARIANTS,
    "apic-bus-cycles-ns": ("vm-capability",),
    "exit-on-missing": ("memslot-flag",),
}
# Those of which there is a series.
CELLS = [
    (knob, variant, release)
    for release in RELEASES
    for knob in KNOBS
    for variant in DESCRIBED[knob]
    if (knob, variant, release) not in ANSWERS
]


def sampled(cells: Iterable[Cell], always: Iterable[Cell] = ()) -> list[ParameterSet]:
    """The cells as parameters: each knob and each variant once, drawn by chance; the rest is long.

    `always` are those that are never left to chance.
    """
    everything = list(cells)
    chance = random.Random(int(os.environ["GEN_SEED"]))
    chosen = set(always)
    for place in (0, 1):
        for value in sorted({cell[place] for cell in everything} - {c[place] for c in chosen}):
            chosen.add(chance.choice([cell for cell in everything if cell[place] == value]))
    marks = {cell: () if cell in chosen else (pytest.mark.long,) for cell in everything}
    return [pytest.param(cell, id="-".join(cell), marks=marks[cell]) for cell in everything]


@cache
def location(release: str) -> TreeLocation:
    """Debian's kernel of a release."""
    try:
        return resolve(f"debian:{release}")
    except UsageError as problem:
        if release in KEPT:
            raise
        pytest.skip(f"none of Debian's suites has linux-source-{release} any more: {problem}")


@cache
def made(knob: str, variant: str, release: str) -> Generated | str:
    """A series, or why there is none."""
    templates = resources("templates")
    description = load(templates.parent / "abi" / f"{knob}.yaml", f"abi/{knob}.yaml")
    where = location(release)
    with open_tree(where) as tree:
        try:
            plan = plan_for(description, load_variant(templates, variant), where, tree)
        except NotHere as answer:
            return str(answer)
        return finish(plan, where)


@pytest.fixture(params=CELLS, ids="-".join)
def cell(request: pytest.FixtureRequest) -> Cell:
    """A knob, a variant and a release."""
    return request.param


@pytest.fixture
def series(cell: Cell, tmp_path: Path) -> tuple[Generated, Path]:
    """The series of a cell, with its files in a folder."""
    found = made(*cell)
    assert not isinstance(found, str), found
    return found, written(found.files, tmp_path)
