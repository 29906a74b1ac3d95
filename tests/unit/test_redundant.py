# SPDX-License-Identifier: GPL-2.0-only
"""A series that changes nothing is an answer, and made only if that is asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from codegen.base.findings import NotHere
from codegen.plan.make import make_plan
from codegen.plan.variants import load_variant
from tests.minitree import MMU, Change, edited, helper_decides, new
from tests.unit import kit

ZAP = kit.shipped("zap-leafs-only")
PREDICATE = {
    "name": "kvm_less",
    "args": "struct kvm *kvm, const struct kvm_memory_slot *slot",
    "before": ["kvm_arch_flush_shadow_memslot"],
}
QUIRK = "kvm_check_has_quirk(kvm, KVM_X86_QUIRK_SLOT_ZAP_ALL)"


def edits(*more: dict[str, Any]) -> dict[str, Any]:
    """A knob's mechanism in the function that flushes memslots."""
    said = [{"in": "kvm_arch_flush_shadow_memslot", **each} for each in more]
    alternatives = [{"tree": "has it", "edits": said}]
    mechanism = {"subject": "Do less", "why": "Do less.", "alternatives": alternatives}
    return {"predicate": PREDICATE, "mechanism": mechanism}


ASKS = {"instead-of": QUIRK, "put": f"{QUIRK} && !kvm_less(kvm, slot)"}


@pytest.mark.parametrize("changes", [(), (helper_decides,), (new,)])
def test_a_type_for_what_all_types_but_the_default_one_do(changes: tuple[Change, ...]) -> None:
    """In whichever function the default type is asked for."""
    with pytest.raises(NotHere, match=r"^here already: without the series, .*flush") as caught:
        kit.plan(ZAP, "vm-type", *changes)
    assert "kvm->arch.vm_type == KVM_X86_DEFAULT_VM" in str(caught.value)
    assert "--redundant" in caught.value.findings[0].hint


@pytest.mark.parametrize(
    ("variant", "section"),
    [
        ("vm-type", {}),
        ("memslot-flag", {}),
        ("vm-capability", {}),
        ("quirk", {}),
        ("hardcoded", {}),
    ],
)
def test_a_variant_that_decides_by_something_new_is_none(
    variant: str, section: dict[str, Any]
) -> None:
    """The type: the mechanism zaps less for the default type as well."""
    other = {"instead-of": "kvm_memslot_flush_zap_all(kvm)", "put": "!kvm_less(kvm, slot)"}
    made = kit.plan(kit.knob(variant, section, **edits(other)), variant)
    assert made.redundant == ""


@pytest.mark.parametrize(
    "edit",
    [
        {"before": "if (zap_all)", "put": "if (kvm_less(kvm, slot))\n\tzap_all = false;"},
        {"instead-of": QUIRK, "put": f"{QUIRK} || kvm_less(kvm, slot)"},
        {"instead-of": QUIRK, "put": f"{QUIRK} + kvm_less(kvm, slot)"},
    ],
)
def test_what_is_not_shown_to_be_the_same_is_a_change(edit: dict[str, Any]) -> None:
    assert kit.plan(kit.knob("vm-type", {}, **edits(edit)), "vm-type").redundant == ""


def test_one_asker_that_changes_something_is_enough() -> None:
    second = {"before": "if (zap_all)", "put": "if (kvm_less(kvm, slot))\n\treturn;"}
    with pytest.raises(NotHere, match="here already"):
        kit.plan(kit.knob("vm-type", {}, **edits(ASKS)), "vm-type")
    assert kit.plan(kit.knob("vm-type", {}, **edits(ASKS, second)), "vm-type").redundant == ""


def test_a_value_that_two_types_share_is_no_difference() -> None:
    """The new type is told from the default one by its number, and by nothing else."""
    unlike = edited(MMU, ("kvm->arch.vm_type == KVM_X86_DEFAULT_VM", "kvm->arch.slow_clock"))
    assert kit.plan(kit.knob("vm-type", {}, **edits(ASKS)), "vm-type", unlike).redundant == ""


@pytest.mark.parametrize("variant", ["vm-capability", "hardcoded"])
def test_prior_art_is_the_answer_unless_something_is_added(variant: str) -> None:
    said = r"here already, by KVM_X86_QUIRK_SLOT_ZAP_ALL \(arch/x86/include/uapi/asm/kvm.h:\d+\)"
    with pytest.raises(NotHere, match=said):
        kit.plan(ZAP, variant)


def test_what_a_variant_adds_stands_beside_the_prior_art() -> None:
    made = kit.plan(ZAP, "memslot-flag")
    assert made.redundant == ""
    (uapi,) = (patch for patch in made.patches if patch.part == "uapi")
    message = " ".join(uapi.message.split())
    assert re.search(r"since commit aa8d1f48d353 .*The quirk is one for all memslots", message)


@pytest.mark.parametrize("variant", ["vm-type", "vm-capability"])
def test_a_redundant_series_is_made_if_asked_for_and_says_so(variant: str) -> None:
    loaded = load_variant(kit.TEMPLATES, variant)
    made = make_plan(ZAP, loaded, kit.tree(), kit.TEMPLATES, redundant=True)
    assert made.redundant.startswith("here already")
    assert made.patches
