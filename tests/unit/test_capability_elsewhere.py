# SPDX-License-Identifier: GPL-2.0-only
"""A capability on architectures that keep it otherwise, enable none yet, or have no selftests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.description.load import Description
from codegen.plan.plan import Plan
from tests.minitree import SELFTESTS, Files, checked, edited, minitree
from tests.unit import kit

ARM = "arch/arm64/kvm/arm.c"
HOST = "arch/arm64/include/asm/kvm_host.h"
SIGNATURE = "int kvm_vm_ioctl_enable_cap(struct kvm *kvm,\n\t\t\t    struct kvm_enable_cap *cap)"
WHEN = ("before-vcpus", "before-memslots", "any-time", "once")


def described(**section: Any) -> Description:
    edit = {"in": "kvm_arch_init_vm", "before": "return 0;"}
    asks = {**edit, "put": "if (kvm_small_maps(kvm))\n\treturn -1;\n"}
    return kit.knob(
        "vm-capability",
        {"capability": "KVM_CAP_SMALL_MAPS", **section},
        architectures=["arm64"],
        topic=None,
        predicate={
            "name": "kvm_small_maps",
            "args": "struct kvm *kvm",
            "before": ["kvm_arch_init_vm"],
        },
        mechanism={
            "subject": "Use small mappings",
            "why": "Say so.",
            "alternatives": [{"tree": "has it", "edits": [asks]}],
        },
    )


def behind(plan: Plan, path: str) -> str:
    return plan.files[path].decode()


def takes_none(files: Files) -> None:
    """An architecture that enables no capability yet."""
    text = files[ARM].decode()
    start, end = text.index(SIGNATURE), text.index("int kvm_arch_init_vm")
    files[ARM] = (text[:start] + text[end:]).encode()


@pytest.mark.parametrize("when", WHEN)
def test_a_bool_is_a_bit_where_others_are(when: str) -> None:
    plan = kit.plan(described(when=when), "vm-capability")
    assert (
        "#define KVM_ARCH_FLAG_TAGS_ENABLED\t1\n#define KVM_ARCH_FLAG_SMALL_MAPS\t2\n"
        "\tunsigned long flags;" in behind(plan, HOST)
    )
    made = behind(plan, ARM)
    assert "return test_bit(KVM_ARCH_FLAG_SMALL_MAPS, &kvm->arch.flags);" in made
    assert "assign_bit(KVM_ARCH_FLAG_SMALL_MAPS, &kvm->arch.flags," in made
    assert ("!test_bit(KVM_ARCH_FLAG_SMALL_MAPS, &kvm->arch.flags)" in made) == (when == "once")
    assert "small_maps;" not in behind(plan, HOST)


def test_a_number_is_a_field() -> None:
    field = {"type": "u32", "name": "small_maps", "min": 1, "max": 9, "unit": "pages"}
    plan = kit.plan(described(field=field), "vm-capability")
    assert "\tunsigned long flags;\n\tu32 small_maps;\n" in behind(plan, HOST)


def test_one_bit_is_no_family() -> None:
    once = edited(
        ARM, ("set_bit(KVM_ARCH_FLAG_ABORT_TO_USER, &kvm->arch.flags)", "kvm->arch.flags = 1")
    )
    plan = kit.plan(described(), "vm-capability", once)
    assert "\tunsigned long flags;\n\tbool small_maps;\n" in behind(plan, HOST)


def test_an_architecture_that_enables_none_gets_the_function() -> None:
    plan = kit.plan(described(), "vm-capability", takes_none)
    made = behind(plan, ARM)
    assert (
        made.count("int kvm_vm_ioctl_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)") == 1
    )
    assert "\tif (cap->flags)\n\t\treturn -EINVAL;\n\n\tswitch (cap->cap) {\n" in made
    assert "\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n\t}\n\n\treturn r;\n}\n" in made
    assert "\treturn kvm->arch.small_maps;" in made


def returns(files: Files) -> None:
    """Each case of the switch returns by itself."""
    text = files[ARM].decode()
    start, end = text.index(SIGNATURE), text.index("int kvm_arch_init_vm")
    body = (
        "{\n\tif (cap->flags)\n\t\treturn -EINVAL;\n\n\tswitch (cap->cap) {\n\tcase KVM_CAP_HLT:\n"
        "\t\tkvm->arch.flags = 1;\n\t\treturn 0;\n\tcase KVM_CAP_IRQCHIP: {\n\t\tint r = 0;\n\n"
        "\t\tif (kvm->created_vcpus)\n\t\t\tr = -EINVAL;\n\n\t\treturn r;\n\t}\n"
        "\tdefault:\n\t\treturn -EINVAL;\n\t}\n}\n\n"
    )
    files[ARM] = f"{text[:start]}{SIGNATURE}\n{body}{text[end:]}".encode()


def test_where_each_case_returns_the_new_one_does() -> None:
    made = behind(kit.plan(described(), "vm-capability", returns), ARM)
    assert "\tcase KVM_CAP_SMALL_MAPS: {\n\t\tint r = -EINVAL;\n\n\t\tif (" in made
    assert "\t\tmutex_unlock(&kvm->lock);\n\t\treturn r;\n\t}\n\tdefault:\n" in made


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("changes", [(), (takes_none,), (returns,)])
def test_it_compiles(when: str, changes: Any, tmp_path: Path) -> None:
    plan = kit.plan(described(when=when), "vm-capability", *changes)
    assert not checked({**minitree(*changes), **plan.files}, tmp_path, [ARM])


def test_selftests_that_do_not_know_the_architecture_get_none() -> None:
    def unknown(files: Files) -> None:
        for path in [p for p in files if p.startswith(SELFTESTS)]:
            if "aarch64" in path:
                del files[path]
            else:
                files[path] = files[path].replace(b"TEST_GEN_PROGS_aarch64", b"OTHERS")

    plan = kit.plan(described(), "vm-capability", unknown)
    assert [patch.part for patch in plan.patches] == ["mechanism", "uapi"]
