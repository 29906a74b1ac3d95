# SPDX-License-Identifier: GPL-2.0-only
"""Knobs that Linux has, as its documentation says them: made for the last tree without, and refused
as there already on those with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.base.findings import NotHere
from codegen.base.resources import resources
from codegen.description.load import load
from codegen.plan.variants import described
from codegen.series.make import Generated, finish, open_tree, plan_for

from .conftest import RELEASES, location

pytestmark = pytest.mark.kernel

KNOBS = Path(__file__).parents[1] / "knobs"
# The releases of which there is a series; on the others, the reason.
MADE = {
    "arm-sea": ("6.1", "6.12"),
    "snp-policy-bits": ("6.12",),
    "paging-attribute": RELEASES,
    "run-guest-mode": ("6.1",),
    "pre-fault-memory": ("6.1",),
    "memory-fault-info": ("6.1",),
    "exit-on-bad-page": RELEASES,
    "stuff-feature-msrs": ("6.1",),
    "user-operexec": ("6.1", "6.12"),
    "mp-state-reset": ("6.1", "6.12"),
    "pin-memslots": RELEASES,
    "ring-with-bitmap": ("6.1",),
    "user-hypercalls": RELEASES,
}
# What a tree lacks; all others have it already.
LACKING = {("snp-policy-bits", "6.1"): "names sev_snp_enabled, which it does not have"}
THERE = "is there already"


def made(knob: str, release: str) -> Generated | str:
    """The one series of a knob, or why there is none."""
    description = load(KNOBS / f"{knob}.yaml", f"tests/knobs/{knob}.yaml")
    (variant,) = described(resources("templates"), description.knob)
    where = location(release)
    with open_tree(where) as tree:
        try:
            return finish(plan_for(description, variant, where, tree), where)
        except NotHere as answer:
            return str(answer)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("knob", MADE)
def test_series_or_there_already(knob: str, release: str) -> None:
    found = made(knob, release)
    if release in MADE[knob]:
        assert not isinstance(found, str), found
        assert len(found.commits) == len(found.plan.patches) >= 2
    else:
        assert isinstance(found, str) and LACKING.get((knob, release), THERE) in found


def test_every_knob_is_tried() -> None:
    assert sorted(path.stem for path in KNOBS.glob("*.yaml")) == sorted(MADE)
