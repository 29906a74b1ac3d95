# SPDX-License-Identifier: GPL-2.0-only
"""A capability for what a tree has already, and cannot be told: its bits, and the field for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.description.load import Description
from tests.minitree import API, X86_UAPI, edited, minitree
from tests.unit import kit

X86 = "arch/x86/kvm/x86.c"
HOST = "arch/x86/include/asm/kvm_host.h"
BITS = ("KVM_X86_QUIRK_LINT0_REENABLED", "KVM_X86_QUIRK_OUT_7E_INC_RIP")
HOLDS = {"in": "kvm_check_has_quirk", "statement": "return !($mask & quirk);"}


def described(**more: Any) -> Description:
    bits = [{"name": BITS[0], "bit": 0, "means": "it is masked"}]
    bits += [{"name": BITS[1], "bit": 3, "means": "RIP stays"}]
    field = {"type": "mask", "new": False, "name": "disabled_quirks", "bits": bits}
    section = {"field": field, "when": "any-time"}
    mechanism = {
        **kit.BASE["mechanism"],
        "alternatives": [{"tree": "any", "holds": [HOLDS], "edits": []}],
    }
    test = {"name": "known_quirks_test", "unseen": "Nothing shows it."}
    said = {"predicate": None, "mechanism": mechanism, "test": test, **more}
    return kit.knob("vm-capability", section, **said)


def test_neither_bits_nor_a_field_are_made(tmp_path: Path) -> None:
    plan = kit.plan(described(), "vm-capability")
    assert [patch.part for patch in plan.patches] == ["uapi", "selftest"]
    assert not {X86_UAPI, HOST} & set(plan.files)
    assert "\t\tWRITE_ONCE(kvm->arch.disabled_quirks, cap->args[0]);\n" in kit.after(plan, X86)
    said = kit.after(plan, API)
    assert f"The bits are:\n\n{BITS[0]}: it is masked.\n\n{BITS[1]}: RIP stays.\n" in said
    told = " ".join(plan.patches[0].message.split())
    assert "there already, and so is kvm->arch.disabled_quirks, which keeps them." in told
    assert not kit.complaints(plan, tmp_path)


def test_it_takes_no_predicate() -> None:
    with pytest.raises(FindingsError, match="`vm-capability` answers no predicate"):
        described(predicate=kit.BASE["predicate"])


def test_a_bit_that_the_tree_lacks_is_said() -> None:
    lacks = edited(X86_UAPI, (f"#define {BITS[1]}\t\t(1 << 3)\n", ""))
    assert BITS[1] not in minitree(lacks)[X86_UAPI].decode()
    with pytest.raises(FindingsError, match=f"`{BITS[1]}` is not declared where"):
        kit.plan(described(), "vm-capability", lacks)
