# SPDX-License-Identifier: GPL-2.0-only
"""What KVM_ENABLE_CAP does in a case may take a lock: not where one is held around the switch."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from codegen.plan.sites import SITES
from tests.minitree import KVM_MAIN, X86, Change, edited
from tests.unit.kit import survey

SWITCH = "\tswitch (cap->cap) {\n"
CASE = "\tcase KVM_CAP_X86_SLOW_CLOCK:\n"
LOCK, UNLOCK = "mutex_lock(&kvm->lock);\n", "mutex_unlock(&kvm->lock);\n"

HELD = {
    "a guard": (edited(X86, (SWITCH, f"\tguard(mutex)(&kvm->slots_lock);\n{SWITCH}")), "guard"),
    "a lock": (edited(X86, (SWITCH, f"\t{LOCK}{SWITCH}")), "mutex_lock(&kvm->lock);"),
    "a caller's": (
        edited(
            KVM_MAIN,
            (
                "static int check_memory_region_flags",
                "static int enable_cap_locked(struct kvm *kvm, struct kvm_enable_cap *cap)\n{\n"
                f"\t{LOCK}\treturn kvm_vm_ioctl_enable_cap(kvm, cap);\n}}\n\n"
                "static int check_memory_region_flags",
            ),
        ),
        "in enable_cap_locked() at virt/kvm/kvm_main.c:",
    ),
}
FREE = {
    "given back": edited(X86, (SWITCH, f"\t{LOCK}\t{UNLOCK}{SWITCH}")),
    "in a case": edited(X86, (CASE, f"{CASE}\t\t{LOCK}\t\t{UNLOCK}")),
    "in a block": edited(
        X86, (SWITCH, f"\tif (cap->flags) {{\n\t\tguard(mutex)(&kvm->lock);\n\t}}\n{SWITCH}")
    ),
    "in another function": edited(
        X86,
        (
            "int kvm_vm_ioctl_enable_cap(",
            f"static void f(struct kvm *kvm)\n{{\n\t{LOCK}}}\n\nint kvm_vm_ioctl_enable_cap(",
        ),
    ),
}


@pytest.mark.parametrize("which", HELD)
def test_a_lock_around_the_switch_is_refused(which: str) -> None:
    change, said = HELD[which]
    with pytest.raises(FindingsError, match="with nothing held around it not found") as caught:
        SITES["enable-cap-case"](survey(change), arch="x86")
    assert said in caught.value.findings[0].hint


@pytest.mark.parametrize("which", FREE)
def test_what_is_given_back_is_not_held(which: str) -> None:
    change: Change = FREE[which]
    assert SITES["enable-cap-case"](survey(change), arch="x86")
