# SPDX-License-Identifier: GPL-2.0-only
"""Every description as every variant on every kernel: a series or a reasoned answer."""

from __future__ import annotations

import json

import pytest

from .conftest import KNOBS, RELEASES, VARIANTS, location, made

pytestmark = pytest.mark.kernel

# What is there already, or cannot be; everything else must be a series.
ANSWERS = {
    ("zap-leafs-only", "quirk", "6.12"): "KVM_X86_QUIRK_SLOT_ZAP_ALL is there already",
    ("zap-leafs-only", "quirk", "7.2"): "KVM_X86_QUIRK_SLOT_ZAP_ALL is there already",
    ("zap-leafs-only", "vm-type", "6.1"): "has no VM types",
    ("small-pages-only", "vm-type", "6.1"): "has no VM types",
    ("apic-bus-cycles-ns", "vm-capability", "6.12"): "is there already",
    ("apic-bus-cycles-ns", "vm-capability", "7.2"): "is there already",
    ("exit-on-missing", "memslot-flag", "6.1"): "KVM_SET_USER_MEMORY_REGION2",
}
DESCRIBED = {
    "zap-leafs-only": VARIANTS,
    "small-pages-only": VARIANTS,
    "apic-bus-cycles-ns": ("vm-capability",),
    "exit-on-missing": ("memslot-flag",),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("knob", KNOBS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_series_or_answer(knob: str, variant: str, release: str) -> None:
    location(release)
    found = made(knob, variant, release)
    expected = ANSWERS.get((knob, variant, release))
    if variant not in DESCRIBED[knob]:
        expected = f"does not describe the variant {variant}"
    if expected:
        assert isinstance(found, str)
        assert expected in found
    else:
        assert not isinstance(found, str), found
        assert len(found.commits) == len(found.plan.patches)
        assert json.loads(found.files["manifest.json"])["knob"] == knob


@pytest.mark.parametrize("release", RELEASES)
def test_numbers_are_the_next_free_ones(release: str) -> None:
    """Highest capability 223 / 238 / 249 (counted by hand in the headers)."""
    location(release)
    following = {"6.1": (224, 2), "6.12": (239, 3), "7.2": (250, 3)}[release]
    found = made("zap-leafs-only", "memslot-flag", release)
    assert not isinstance(found, str)
    assert (found.plan.numbers["capability"], found.plan.numbers["flag"]) == following
