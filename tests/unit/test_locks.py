# SPDX-License-Identifier: GPL-2.0-only
"""What KVM_ENABLE_CAP does in a case may take a lock: not where one is held around the switch."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from codegen.plan.sites import SITES
from tests.minitree import KVM_MAIN, X86, Change, edited
from tests.minitree.capabilities import capabilities
from tests.minitree.uapi import uapi
from tests.unit.kit import survey

SWITCH = "\tswitch (cap->cap) {\n"
CASE = "\tcase KVM_CAP_X86_SLOW_CLOCK:\n"
GENERIC = "static int check_memory_region_flags"
LOCK, UNLOCK = "mutex_lock(&kvm->lock);\n", "mutex_unlock(&kvm->lock);\n"


def called(body: str) -> Change:
    """A caller of the function with the switch."""
    head = "static int enable_cap_locked(struct kvm *kvm, struct kvm_enable_cap *cap)\n{\n"
    return edited(KVM_MAIN, (GENERIC, f"{head}{body}}}\n\n{GENERIC}"))


def helped(before: str, *, macro: bool = False) -> Change:
    """A switch behind a call of what takes the lock, and what gives it back."""
    if macro:
        helpers = "#define vm_lock(kvm) mutex_lock(&(kvm)->lock)\n"
    else:
        helpers = (
            f"static int vm_lock(struct kvm *kvm)\n{{\n\t{LOCK}\treturn 0;\n}}\n\n"
            f"static void vm_unlock(struct kvm *kvm)\n{{\n\t{UNLOCK}}}\n\n"
        )
    head = "int kvm_vm_ioctl_enable_cap("
    return edited(X86, (head, helpers + head), (SWITCH, before + SWITCH))


HELD = {
    "a guard": (edited(X86, (SWITCH, f"\tguard(mutex)(&kvm->slots_lock);\n{SWITCH}")), "guard"),
    "a lock": (edited(X86, (SWITCH, f"\t{LOCK}{SWITCH}")), "mutex_lock(&kvm->lock)"),
    "a caller's": (
        called(f"\t{LOCK}\treturn kvm_vm_ioctl_enable_cap(kvm, cap);\n"),
        "in enable_cap_locked() at virt/kvm/kvm_main.c:",
    ),
    "a caller's for one statement": (
        called(
            "\tint r;\n\n\tscoped_guard(mutex, &kvm->lock)\n"
            "\t\tr = kvm_vm_ioctl_enable_cap(kvm, cap);\n\treturn r;\n"
        ),
        "`scoped_guard(mutex, &kvm->lock)` in enable_cap_locked()",
    ),
    "a lock that may fail": (
        edited(
            X86,
            (SWITCH, f"\tif (mutex_lock_killable(&kvm->lock))\n\t\treturn -EINTR;\n{SWITCH}"),
        ),
        "`mutex_lock_killable(&kvm->lock)`",
    ),
    "one that is tried": (
        edited(
            X86,
            (
                SWITCH,
                f"\tif (!mutex_trylock(&kvm->lock)) {{\n\t\treturn -EBUSY;\n\t}}\n{SWITCH}",
            ),
        ),
        "`mutex_trylock(&kvm->lock)`",
    ),
    "an assertion": (
        edited(X86, (SWITCH, f"\tlockdep_assert_held(&kvm->lock);\n{SWITCH}")),
        "`lockdep_assert_held(&kvm->lock)`",
    ),
    "given back where it returns": (
        edited(
            X86,
            (
                SWITCH,
                f"\t{LOCK}\tif (cap->flags) {{\n\t\t{UNLOCK}\t\treturn -EBUSY;\n\t}}\n{SWITCH}",
            ),
        ),
        "`mutex_lock(&kvm->lock)`",
    ),
    "another is given back": (
        edited(
            X86,
            (
                SWITCH,
                f"\t{LOCK}\tmutex_lock(&kvm->slots_lock);\n"
                f"\tmutex_unlock(&kvm->slots_lock);\n{SWITCH}",
            ),
        ),
        "`mutex_lock(&kvm->lock)`",
    ),
    "a block's": (
        edited(X86, (SWITCH, f"\tif (cap->flags) {{\n\t\t{LOCK}\t}}\n{SWITCH}")),
        "`mutex_lock(&kvm->lock)`",
    ),
    "a helper's": (helped("\tvm_lock(kvm);\n"), "`vm_lock(kvm)` in kvm_vm_ioctl_enable_cap()"),
    "a helper's that may fail": (
        helped("\tif (vm_lock(kvm))\n\t\treturn -EINTR;\n"),
        "`vm_lock(kvm)` in",
    ),
    "a macro's": (helped("\tvm_lock(kvm);\n", macro=True), "`vm_lock(kvm)` in"),
}
FREE = {
    "given back": edited(X86, (SWITCH, f"\t{LOCK}\t{UNLOCK}{SWITCH}")),
    "what a called function gives back": edited(
        X86,
        (
            "int kvm_vm_ioctl_enable_cap(",
            f"static int f(struct kvm *kvm)\n{{\n\t{LOCK}\tif (!kvm)\n\t\tgoto out;\n"
            f"out:\n\t{UNLOCK}\treturn 0;\n}}\n\nint kvm_vm_ioctl_enable_cap(",
        ),
        (SWITCH, f"\tf(kvm);\n{SWITCH}"),
    ),
    "in a caller's other case": called(
        f"\tswitch (cap->flags) {{\n\tcase 1: {{\n\t\t{LOCK}\t\tbreak;\n\t}}\n"
        "\tdefault:\n\t\treturn kvm_vm_ioctl_enable_cap(kvm, cap);\n\t}\n\treturn 0;\n"
    ),
    "given back by a helper": helped("\tvm_lock(kvm);\n\tvm_unlock(kvm);\n"),
    "given back in each branch": edited(
        X86,
        (
            SWITCH,
            f"\t{LOCK}\tif (cap->flags) {{\n\t\t{UNLOCK}\t\treturn -EBUSY;\n\t}}\n\t{UNLOCK}{SWITCH}",
        ),
    ),
    "a case that leaves": edited(
        X86,
        (CASE, f"\tcase KVM_CAP_HLT:\n\t\tlockdep_assert_held(&kvm->lock);\n\t\tbreak;\n{CASE}"),
    ),
    "one statement's": edited(
        X86, (SWITCH, f"\tscoped_guard(mutex, &kvm->lock)\n\t\tcap->flags = 0;\n{SWITCH}")
    ),
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


def test_generic_code_may_hold_it_as_well() -> None:
    switch = "\tswitch (cap->cap) {\n\tcase KVM_CAP_HALT_POLL"
    guarded = edited(KVM_MAIN, (switch, f"\tguard(mutex)(&kvm->slots_lock);\n{switch}"))
    with pytest.raises(FindingsError, match="with nothing held around it not found"):
        SITES["enable-cap-generic"](survey(uapi, capabilities, guarded))
    assert SITES["enable-cap-generic"](survey(uapi, capabilities))
