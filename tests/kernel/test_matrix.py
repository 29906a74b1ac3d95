# SPDX-License-Identifier: GPL-2.0-only
"""Every description as every variant on every kernel: a series or a reasoned answer."""

from __future__ import annotations

import json

import pytest

from codegen.mail.mbox import MANIFEST

from .conftest import ANSWERS, DESCRIBED, KNOBS, RELEASES, VARIANTS, location, made

pytestmark = pytest.mark.kernel


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
        assert json.loads(found.files[MANIFEST])["knob"] == knob


@pytest.mark.parametrize("release", RELEASES)
def test_numbers_are_the_next_free_ones(release: str) -> None:
    """Highest capability 223 / 238 / 249 (counted by hand in the headers)."""
    location(release)
    following = {"6.1": (224, 2), "6.12": (239, 3), "7.2": (250, 3)}[release]
    found = made("zap-leafs-only", "memslot-flag", release)
    assert not isinstance(found, str)
    assert (found.plan.numbers["capability"], found.plan.numbers["flag"]) == following
