# SPDX-License-Identifier: GPL-2.0-only
"""A quirk that not every machine lets userspace disable: said, refused, and without effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.minitree import X86
from tests.unit import kit

QUIRK: dict[str, Any] = {
    "name": "KVM_X86_QUIRK_LARGE_MAPS",
    "by-default": "KVM maps with large pages",
}


@pytest.mark.parametrize(
    ("condition", "answered", "refused", "asked"),
    [
        ("tdp_enabled", "!tdp_enabled", "!tdp_enabled", "tdp_enabled"),
        (
            "kvm->nr_memslot_pages",
            "kvm && !kvm->nr_memslot_pages",
            "!kvm->nr_memslot_pages",
            "kvm->nr_memslot_pages",
        ),
        (
            "tdp_enabled || kvm->created_vcpus",
            "kvm && !(tdp_enabled || kvm->created_vcpus)",
            "!(tdp_enabled || kvm->created_vcpus)",
            "(tdp_enabled || kvm->created_vcpus)",
        ),
    ],
)
def test_it_is_answered_refused_and_asked(
    condition: str, answered: str, refused: str, asked: str, tmp_path: Path
) -> None:
    made = kit.plan(kit.knob("quirk", {**QUIRK, "condition": [condition]}), "quirk")
    code = " ".join(kit.after(made, X86).split())
    name = QUIRK["name"]
    assert f"if ({answered}) r &= ~{name};" in code
    assert f"if ((cap->args[0] & {name}) && {refused}) break;" in code
    everything = " ".join(" ".join(kit.after(made, path).split()) for path in made.files)
    assert f"return {asked} && !kvm_check_has_quirk(kvm, {name});" in everything
    assert kit.complaints(made, tmp_path) == ""


def test_what_is_not_offered_is_tried() -> None:
    made = kit.plan(kit.knob("quirk", {**QUIRK, "condition": ["tdp_enabled"]}), "quirk")
    (test,) = (path for path in made.files if path.endswith("_test.c") and "small" in path)
    text = kit.after(made, test)
    refused = text.index("The quirk is not offered, and can be disabled")
    assert refused < text.index("TEST_REQUIRE(kvm_check_cap(KVM_CAP_DISABLE_QUIRKS2)")
