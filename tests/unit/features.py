# SPDX-License-Identifier: GPL-2.0-only

"""Knobs with what no shipped one uses, by name: variant, its section, the knob's other keys."""

from __future__ import annotations

import copy
from typing import Any

from tests.unit.kit import BASE

MASK = {
    "type": "mask",
    "name": "small_maps",
    "comment": "Which mappings are small",
    "bits": [
        {"name": "KVM_X86_SMALL_MAPS_GUEST", "bit": 0, "means": "those of guest memory"},
        {"name": "KVM_X86_SMALL_MAPS_EVERYTHING_ELSE", "bit": 4, "means": "all others"},
    ],
}
U32 = {"type": "u32", "name": "largest_map", "min": 0, "max": 9, "unit": "pages"}
NUMBER_PREDICATE = {
    "name": "kvm_largest_map",
    "args": "struct kvm *kvm",
    "returns": "u32",
    "off": "0",
    "before": ["kvm_mmu_max_mapping_level"],
}


def mechanism(*edits: dict[str, Any]) -> dict[str, Any]:
    """The mechanism with other edits."""
    said = copy.deepcopy(BASE["mechanism"])
    said["alternatives"][0]["edits"] = list(edits)
    return dict(said)


def _test(**more: Any) -> dict[str, Any]:
    return {**BASE["test"], **more}


NUMBER = {
    "predicate": NUMBER_PREDICATE,
    "mechanism": mechanism(
        {
            "in": "kvm_mmu_max_mapping_level",
            "instead-of": "slot->npages < 512",
            "put": "slot->npages < 512 || kvm_largest_map(kvm) == max_level",
        }
    ),
    "test": _test(values=[1, 9], default="0"),
}
STILL_HOLDS = """
static bool still_holds(struct kvm_vm *vm, struct kvm_vcpu *vcpu, uint32_t flags)
{
	return observe(vm, vcpu, flags);
}
"""
GUARANTEE = {
    "contract": "guarantee",
    "test": _test(code=BASE["test"]["code"] + STILL_HOLDS),
}
NEEDS = {
    "expression": "kvm->arch.slow_clock",
    "error": "ENXIO",
    "without": "the VM has no slow clock",
    "setup": "vm_create_irqchip(vm);",
    "usual": True,
}
ONE_WAY = {"type": "bool", "name": "small_maps", "one-way": True}
AGAIN = """
static bool observe_again(struct kvm_vm *vm, struct kvm_vcpu *vcpu, uint32_t flags)
{
	vcpu_run(vcpu);

	return true;
}
"""
UPDATES = {
    "code": "kvm_mmu_zap_all_fast(kvm);",
    "does": "KVM drops all mappings",
    "again": AGAIN,
}
MIXED = """
static bool only_flagged(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	return observe(vm, vcpu, KVM_MEM_SMALL_MAPS);
}
"""
DOCUMENTED = {"documentation": "Nothing is split.\n\nNothing is lost."}
TWO = ["x86", "arm64"]
ANNOTATED = "Quite a long comment that says what the field is for, and that takes two lines"
EDIT = BASE["mechanism"]["alternatives"][0]["edits"][0]

# A second patch, that each of two trees has otherwise, and a third that this one does not need.
LAST = {
    "in": EDIT["in"],
    "before": "return max_level;",
    "put": "if (kvm_small_maps(kvm, slot))\n\tmax_level = PG_LEVEL_4K;\n",
}
STEPS = {
    **BASE["mechanism"],
    "then": [
        {
            "topic": "x86/mmu",
            "subject": "Use small mappings where it says so",
            "why": "Stop there.",
            "alternatives": [
                {"tree": "no tree", "edits": [{**LAST, "in": "kvm_mmu_smallest_level"}]},
                {"tree": "this one", "edits": [LAST], "documentation": "It is splendid."},
            ],
        },
        {
            "topic": "x86",
            "subject": "Do nothing at all",
            "why": "Nothing is to be done.",
            "alternatives": [
                {
                    "tree": "this one",
                    "holds": [{"in": EDIT["in"], "statement": "return max_level;"}],
                    "edits": [],
                }
            ],
        },
    ],
}

PACKED: dict[str, Any] = {
    "type": "packed",
    "parts": [
        {**MASK, "means": "which ones", "required": ["KVM_X86_SMALL_MAPS_GUEST"]},
        {
            **{**U32, "shift": 32, "min": 1, "values": [1, 9], "default": "2"},
            "means": "the largest mapping",
        },
        {"type": "bool", "name": "odd_maps", "arg": 2, "means": "whether there are odd ones"},
        {
            **{"type": "u64", "name": "first_map", "arg": 3, "means": "the first one"},
            **{"min": 1 << 20, "max": 2**64 - 1, "default": "0x200000"},
        },
    ],
}
PACKED_KNOB = {
    "predicate": NUMBER_PREDICATE,
    "mechanism": mechanism(
        {
            "in": "kvm_mmu_max_mapping_level",
            "before": "max_level = min(max_level, max_huge_page_level);",
            "put": "if (kvm_largest_map(kvm) &&\n    kvm->arch.odd_maps && kvm->arch.first_map)\n"
            "\treturn kvm->arch.largest_map;\n",
        }
    ),
    "test": _test(
        code=BASE["test"]["code"]
        .replace(
            "struct kvm_vcpu *vcpu, uint32_t flags",
            "struct kvm_vcpu *vcpu,\n\t\t    uint64_t first_map, bool odd_maps",
        )
        .replace("> flags", "> first_map + odd_maps")
    ),
}

FEATURES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "flag-guarantee": ("memslot-flag", {}, GUARANTEE),
    "quirk-guarantee": ("quirk", {}, GUARANTEE),
    "type-guarantee": ("vm-type", {}, GUARANTEE),
    "number-guarantee": (
        "vm-capability",
        {"field": U32},
        NUMBER | GUARANTEE | {"test": {**GUARANTEE["test"], "values": [1], "default": "0"}},
    ),
    "flag-mixed": ("memslot-flag", {"mixed": MIXED}, {}),
    "needs": ("vm-capability", {"needs": [NEEDS]}, {}),
    "needs-any-time": ("vm-capability", {"needs": [NEEDS], "when": "any-time"}, {}),
    "needs-two": (
        "vm-capability",
        {
            "needs": [
                NEEDS,
                {
                    "expression": "!kvm->created_vcpus",
                    "error": "EPERM",
                    "without": "the VM has vCPUs",
                    "setup": "/* It has none. */",
                },
            ],
            "when": "before-memslots",
        },
        {},
    ),
    "enabled-now": ("vm-capability", {"capability": "KVM_CAP_HLT", "new": False}, {}),
    "one-way": ("vm-capability", {"field": ONE_WAY}, {}),
    "one-way-any-time": ("vm-capability", {"field": ONE_WAY, "when": "any-time"}, {}),
    "mask-one-way": ("vm-capability", {"field": {**MASK, "one-way": True}}, {}),
    "mask-one-way-any-time": (
        "vm-capability",
        {"field": {**MASK, "one-way": True}, "when": "any-time", "needs": [NEEDS]},
        {},
    ),
    "any-time-locked": ("vm-capability", {"when": "any-time", "lock": "slots_lock"}, {}),
    "once-locked": ("vm-capability", {"when": "once", "lock": "slots_lock"}, {}),
    "updates": ("vm-capability", {"when": "any-time", "updates": UPDATES}, {}),
    "updates-one-way": (
        "vm-capability",
        {"field": ONE_WAY, "when": "any-time", "updates": {**UPDATES, "lock": "slots_lock"}},
        {},
    ),
    "updates-number": (
        "vm-capability",
        {
            "field": U32,
            "when": "any-time",
            "updates": {**UPDATES, "again": AGAIN.replace("uint32_t flags", "uint64_t value")},
        },
        NUMBER,
    ),
    "times": (
        "vm-capability",
        {"field": {**U32, "type": "u64", "times": "(u64)U32_MAX * 2"}},
        NUMBER,
    ),
    "flag-documented": ("memslot-flag", {}, DOCUMENTED),
    "type-of-its-own": ("vm-type", {"like-default": False}, {}),
    "quirk-documented": ("quirk", {}, DOCUMENTED),
    "type-documented": ("vm-type", {}, DOCUMENTED),
    "steps": ("vm-capability", {}, {"mechanism": STEPS}),
    "flag-hint": ("memslot-flag", {}, {"contract": "hint"}),
    "quirk-hint": ("quirk", {}, {"contract": "hint"}),
    "mask": ("vm-capability", {"field": MASK}, {}),
    "packed": ("vm-capability", {"field": PACKED}, PACKED_KNOB),
    "packed-before-memslots": (
        "vm-capability",
        {
            "field": PACKED,
            "when": "before-memslots",
            "needs": [NEEDS],
            "privilege": "CAP_SYS_BOOT",
            "condition": ["tdp_enabled"],
        },
        PACKED_KNOB,
    ),
    "mask-condition": ("vm-capability", {"field": MASK, "condition": ["tdp_enabled"]}, {}),
    "number-default-0": ("vm-capability", {"field": U32}, NUMBER),
    "number-default-7": ("vm-capability", {"field": {**U32, "default": "7"}}, NUMBER),
    "number-default-named": ("vm-capability", {"field": {**U32, "default": "KVM_CAP_HLT"}}, NUMBER),
    "number-min-2": (
        "vm-capability",
        {"field": {**U32, "type": "u64", "min": 2}},
        NUMBER | {"test": _test(values=[2], default="0")},
    ),
    "number-any-u64": (
        "vm-capability",
        {"field": {**U32, "type": "u64", "max": 2**64 - 1}},
        NUMBER,
    ),
    "number-any-u32": ("vm-capability", {"field": {**U32, "max": 2**32 - 1}}, NUMBER),
    "number-once": ("vm-capability", {"field": {**U32, "default": "7"}, "when": "once"}, NUMBER),
    "once": ("vm-capability", {"when": "once"}, {}),
    "any-time": ("vm-capability", {"when": "any-time"}, {}),
    "before-memslots": ("vm-capability", {"when": "before-memslots"}, {}),
    "privilege": ("vm-capability", {"privilege": "CAP_SYS_BOOT"}, {}),
    "privilege-once": ("vm-capability", {"privilege": "CAP_SYS_ADMIN", "when": "once"}, {}),
    "check-extension": ("vm-capability", {"check-extension": "tdp_enabled ? 3 : 0"}, {}),
    "mask-condition-kvm": (
        "vm-capability",
        {"field": MASK, "condition": ["kvm->arch.slow_clock || tdp_enabled"]},
        {},
    ),
    "condition": ("vm-capability", {"condition": ["tdp_enabled"]}, {}),
    "condition-any": (
        "vm-capability",
        {"condition": ["ept_on && npt_on", "tdp_enabled || kvm->arch.slow_clock"]},
        {},
    ),
    "condition-kvm": ("vm-capability", {"condition": ["!kvm_arch_has_noncoherent_dma(kvm)"]}, {}),
    "long-comment": (
        "vm-capability",
        {"field": {"type": "bool", "name": "small_maps", "comment": ANNOTATED}},
        {},
    ),
    "capability-two-arches": (
        "vm-capability",
        {"capability": "KVM_CAP_SMALL_MAPS"},
        {"architectures": TWO, "topic": None},
    ),
    "flag-condition": ("memslot-flag", {"condition": ["tdp_enabled"]}, {}),
    "flag-condition-kvm": (
        "memslot-flag",
        {"condition": ["!kvm_arch_has_noncoherent_dma(kvm) && tdp_enabled"]},
        {},
    ),
    "flag-mutable": ("memslot-flag", {"mutable": True}, {}),
    "flag-mutable-condition": ("memslot-flag", {"mutable": True, "condition": ["tdp_enabled"]}, {}),
    "flag-v2": ("memslot-flag", {"v1": False}, {}),
    "flag-excludes": (
        "memslot-flag",
        {
            "excludes": [
                {"flag": "KVM_MEM_LOG_DIRTY_PAGES"},
                {"flag": "KVM_MEM_READONLY"},
                {"flag": "KVM_MEM_NOT_HERE", "optional": True},
            ]
        },
        {},
    ),
    "flag-excludes-memfd": (
        "memslot-flag",
        {"v1": False, "excludes": [{"flag": "KVM_MEM_GUEST_MEMFD"}]},
        {},
    ),
    "flag-two-arches": ("memslot-flag", {}, {"architectures": TWO, "topic": None}),
    "flag-two-arches-condition": (
        "memslot-flag",
        {"condition": ["kvm->created_vcpus < 9"]},
        {"architectures": TWO, "topic": None},
    ),
    "flag-long-names": (
        "memslot-flag",
        {
            "flag": "KVM_MEM_SMALL_MAPS_FOR_THE_WHOLE_OF_THE_SLOT",
            "capability": "KVM_CAP_MEMSLOT_SMALL_MAPS_FOR_THE_WHOLE_SLOT",
        },
        {},
    ),
    "quirk-long-name": ("quirk", {"name": "KVM_X86_QUIRK_HUGE_MAPS_WHEREVER_POSSIBLE"}, {}),
    "type-condition": ("vm-type", {"condition": ["tdp_enabled"]}, {}),
    "type-existing": ("vm-type", {"name": "KVM_X86_SW_PROTECTED_VM", "new": False}, {}),
    "hardcoded-field": (
        "hardcoded",
        {
            "expression": None,
            "field": {"type": "bool", "name": "small_maps"},
            "value": ["kvm_in_tdx", "tdp_enabled"],
        },
        {},
    ),
    "hardcoded-setup": ("hardcoded", {"setup": "__vm_vcpu_add(vm, 9);", "expected": "true"}, {}),
    "hardcoded-expected": ("hardcoded", {"expected": "kvm_is_tdp_enabled()"}, {}),
    "kconfig-include": (
        "quirk",
        {},
        {
            "mechanism": mechanism(
                EDIT,
                {"kconfig": "KVM_SMALL_MAPS"},
                {"in": "kvm_mmu_max_mapping_level", "include": "<linux/errno.h>"},
            )
        },
    ),
    "remove-macro": (
        "quirk",
        {},
        {
            "mechanism": mechanism(
                {
                    "in": "kvm_mmu_max_mapping_level",
                    "instead-of": "max_huge_page_level = PG_LEVEL_2M;",
                    "put": "max_huge_page_level = kvm_small_maps(kvm, slot) ? 1 : 2;",
                },
                {"remove-macro": "PG_LEVEL_2M"},
            )
        },
    ),
    "after": (
        "quirk",
        {},
        {
            "mechanism": mechanism(
                {
                    "in": "kvm_mmu_max_mapping_level",
                    "after": "max_level = min(...);",
                    "put": "if (kvm_small_maps(kvm, slot))\n\tmax_level = PG_LEVEL_4K;",
                }
            )
        },
    ),
    "after-tight": (
        "quirk",
        {},
        {
            "mechanism": mechanism(
                {
                    "in": "kvm_mmu_max_mapping_level",
                    "after": "if (slot->npages < 512)",
                    "put": "if (kvm_small_maps(kvm, slot))\n\tmax_level = PG_LEVEL_4K;",
                    "tight": True,
                }
            )
        },
    ),
    "before-tight": (
        "quirk",
        {},
        {
            "mechanism": mechanism(
                {
                    "in": "kvm_mmu_max_mapping_level",
                    "before": "if (slot->npages < 512)",
                    "put": "if (kvm_small_maps(kvm, slot))\n\tmax_level = PG_LEVEL_4K;",
                    "tight": True,
                }
            )
        },
    ),
    "no-mechanism": (
        "memslot-flag",
        {},
        {
            "mechanism": None,
            "rfc": True,
            "test": {"name": "small_maps_test"},
            "predicate": {
                "name": "kvm_slot_small_maps",
                "args": "const struct kvm_memory_slot *slot",
                "before": ["kvm_slot_dirty_track_enabled"],
            },
        },
    ),
    "new-function": (
        "quirk",
        {},
        {
            "mechanism": mechanism(
                {
                    "new-function-before": "kvm_mmu_max_mapping_level",
                    "put": "static u8 kvm_smallest(void)\n{\n\treturn PG_LEVEL_4K;\n}\n",
                },
                {**EDIT, "put": "if (kvm_small_maps(kvm, slot))\n\treturn kvm_smallest();\n"},
            )
        },
    ),
    "predicate-comment": (
        "quirk",
        {},
        {
            "predicate": {
                **BASE["predicate"],
                "comment": "Whether guest memory is mapped with small pages only. It is asked on every fault.",
            }
        },
    ),
}
