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


@pytest.mark.parametrize("changes", [True, False])
def test_a_mechanism_that_changes_something_does_not_deny_it(changes: bool) -> None:
    steps = {**_LATER, "changes": changes}
    then = {**_LATER["then"][0], "changes": not changes}
    first, later = kit.plan(
        kit.knob("quirk", mechanism={**steps, "then": [then]}), "quirk"
    ).patches[:2]
    assert ("No functional change intended" in first.message) != changes
    assert ("No functional change intended" in later.message) == changes
    assert "kvm_small_maps() returns" in first.message


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


def selftest(variant: str, section: dict[str, object], code: str) -> str:
    """The selftest of the small knob, with other C that observes it."""
    test = {**kit.BASE["test"], "code": code}
    made = kit.plan(kit.knob(variant, section, test=test), variant)
    (text,) = (data for path, data in made.files.items() if path.endswith("small_maps_test.c"))
    return text.decode()


@pytest.mark.parametrize("variant", kit.VARIANTS)
def test_what_observes_takes_what_it_uses(variant: str) -> None:
    code = "static void guest_code(void)\n{\n\tGUEST_DONE();\n}\n\n"
    for parameters, call in {
        "struct kvm_vcpu *vcpu": "observe(vcpu)",
        "struct kvm_vm *vm,\n\t\t    struct kvm_vcpu *vcpu": "observe(vm, vcpu)",
        "void": "observe()",
    }.items():
        text = selftest(
            variant, {}, f"{code}static bool observe({parameters})\n{{\n\treturn 1;\n}}"
        )
        assert text.count(call) == text.count("observe(") - 1 >= 1


def test_each_bit_of_a_mask_is_observed() -> None:
    bits = [
        {"name": f"KVM_SMALL_MAPS_{name}", "bit": bit, "means": f"{name} maps"}
        for bit, name in enumerate(("FEW", "MANY", "ALL"))
    ]
    code = kit.BASE["test"]["code"].replace("uint32_t flags", "uint64_t bits")
    code = code.replace("> flags", "> bits")
    field = {"type": "mask", "name": "small_maps", "bits": bits}
    text = selftest("vm-capability", {"field": field}, code)
    for bit in bits:
        assert f"vm = create_vm(&vcpu, {bit['name']}, false);" in text
        assert f"observe(vm, vcpu, {bit['name']})" in text
    assert "!observe(vm, vcpu, 0)" in text
    for case in ("on", "on_by_bit_1", "on_by_bit_2"):
        assert f'{{ "{case}", test_{case} }},' in text


def test_a_snippet_keeps_what_is_for_trees_that_have_a_macro() -> None:
    code = kit.BASE["test"]["code"]
    guarded = "#ifdef {}\n/* for such a tree */\n#endif\n{}"
    there, not_there = "KVM_CAP_ENABLE_CAP_VM", "KVM_CAP_OF_NO_TREE"
    made = {}
    for name in (there, not_there):
        knob = kit.knob("quirk", test={**kit.BASE["test"], "code": guarded.format(name, code)})
        (test,) = (p for p in kit.plan(knob, "quirk").patches if p.part == "selftest")
        made[name] = next(text for path, text in test.files.items() if path.endswith("_test.c"))
    assert b"/* for such a tree */" in (made[there] or b"")
    assert b"/* for such a tree */" not in (made[not_there] or b"")
    assert not any(b"#ifdef" in (text or b"") for text in made.values())
