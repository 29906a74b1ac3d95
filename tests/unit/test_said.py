# SPDX-License-Identifier: GPL-2.0-only
"""What a series says of itself: cover letters, messages, and a selftest that did not run."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from codegen.plan.templates import Renderer
from codegen.series.mails import cover_letter
from codegen.series.make import cover_sees
from tests.unit import kit

_LATER = {
    **kit.BASE["mechanism"],
    "then": [
        {
            "subject": "Prepare for small mappings",
            "why": "Nothing asks for them here.",
            "alternatives": [
                {
                    "tree": "picks the level in kvm_mmu_max_mapping_level()",
                    "edits": [
                        {
                            "in": "kvm_mmu_max_mapping_level",
                            "before": "max_level = min(max_level, max_huge_page_level);",
                            "put": "max_level = min(max_level, max_huge_page_level);",
                        }
                    ],
                }
            ],
        }
    ],
}


def cover(variant: str) -> str:
    """The cover letter of the small knob as a variant."""
    made = kit.plan(kit.knob(variant), variant)
    known = dict.fromkeys(("tool", "source", "digest", "tree_name", "tree_version"), "")
    renderer = Renderer(kit.TEMPLATES, cover_sees(made))
    return cover_letter(renderer, numbers={}, command="gen", tested="", **known)


@pytest.mark.parametrize("variant", kit.VARIANTS)
def test_a_cover_letter_says_what_changes(variant: str) -> None:
    made = kit.plan(kit.knob(variant), variant)
    (uapi,) = (patch for patch in made.patches if patch.part in ("uapi", "rule"))
    assert f"\n\n{uapi.message.partition(chr(10) * 2)[0]}\n\n" in cover(variant)


@pytest.mark.parametrize("variant", [each for each in kit.VARIANTS if each != "hardcoded"])
def test_a_cover_letter_has_what_a_vmm_does(variant: str) -> None:
    text = cover(variant)
    assert "\nIn a VMM:\n\n  #include <linux/kvm.h>\n" in text and "ioctl(" in text
    assert "\n  }\n" in text and max(map(len, text.expandtabs().splitlines())) <= 75


def test_a_decision_is_told_by_its_predicate() -> None:
    rule, selftest = kit.plan(kit.knob("hardcoded"), "hardcoded").patches[1:]
    assert rule.message.startswith("Let kvm_small_maps() decide by kvm->created_vcpus > 8 whether")
    assert selftest.subject == "KVM: selftests: Test what kvm_small_maps() decides"


def test_a_patch_that_does_not_ask_the_predicate_does_not_name_it() -> None:
    _, later, *_ = kit.plan(kit.knob("vm-capability", mechanism=_LATER), "vm-capability").patches
    assert later.message.endswith("\n\nNo functional change intended.\n")


def test_an_effect_that_nobody_can_see_is_told_so() -> None:
    unseen = {"name": "small_maps_test", "unseen": "No hardware shows it."}
    made = kit.plan(kit.knob("vm-capability", test=unseen), "vm-capability")
    assert "No hardware shows it." in " ".join(made.patches[-1].message.split())
    (text,) = (data for path, data in made.patches[-1].files.items() if path.endswith("_test.c"))
    assert b"observe(" not in text and b"has_effect" not in text


def test_what_is_observed_is_not_unseen() -> None:
    both = {**kit.BASE["test"], "unseen": "No hardware shows it."}
    with pytest.raises(FindingsError, match="`code` observes it"):
        kit.knob("vm-capability", test=both)


def test_a_case_that_does_not_run_says_what_it_needs() -> None:
    needs = {**kit.BASE["test"], "requires": 'kvm_has_cap(5 % 2 + sizeof("a"))'}
    made = kit.plan(kit.knob("vm-capability", test=needs), "vm-capability")
    (text,) = (data for path, data in made.patches[-1].files.items() if path.endswith("_test.c"))
    assert b'"%s: needs %s\\n", tests[i].name,' in text
    assert b'"kvm_has_cap(5 % 2 + sizeof(\\"a\\"))");' in text
