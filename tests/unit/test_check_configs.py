# SPDX-License-Identifier: GPL-2.0-only
"""Names that only an option of KVM's declares: found where a kernel without it builds their use."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.tree import TreeLocation
from tests.minitree import KVM_MAIN, Change, added, edited
from tests.unit.test_check import INIT, X86, by_hand, run, said
from tests.unit.test_check import linux as linux
from tests.unit.test_check import tree as tree

HEADER = "include/linux/kvm_host.h"
MAKEFILE = "arch/x86/kvm/Makefile"
XEN, SYNC = "KVM_XEN", "KVM_GENERIC_SYNC"  # chosen by a person; selected by x86 alone
USE = "\tkvm_told(kvm);\n"
STUB = "#else\nstatic inline void kvm_told(struct kvm *kvm) { }\n"
PRIVATE = "\tif (kvm_arch_has_private_mem(kvm))\n"
OTHER = "arch/x86/kvm/other.c"


def declared(symbol: str, more: str = "") -> Change:
    """A function, a macro and a constant that are there with a symbol."""
    text = f"#ifdef CONFIG_{symbol}\nvoid kvm_told(struct kvm *kvm);\n#define KVM_TOLD 1\n"
    text += "enum {\n\tKVM_TOLD_ALL,\n};\n"
    return edited(HEADER, ("#include <linux/list.h>\n", f"#include <linux/list.h>\n\n{text}{more}#endif\n"))  # fmt: skip


def used(path: str, text: str) -> Change:
    """What is new in a function of x86's or of all architectures' code."""
    old = INIT if path == X86 else PRIVATE
    return edited(path, (old, f"{text}{old}"))


def makefile(rules: str) -> list[Change]:
    """A further file, and what says for which kernels it is built."""
    text = f'#include "x86.h"\n\nvoid kvm_other(struct kvm *kvm)\n{{\n{USE}}}\n'
    return [declared(XEN), added(OTHER, text), added(MAKEFILE, rules)]


BAD = {
    "an option": [declared(XEN), used(X86, USE)],
    "a macro": [declared(XEN), used(X86, "\tkvm->arch.slow_clock_khz = KVM_TOLD;\n")],
    "a constant": [declared(XEN), used(X86, "\tkvm->arch.slow_clock_khz = KVM_TOLD_ALL;\n")],
    "another architecture": [declared(SYNC), used(KVM_MAIN, USE)],
    "another branch": [declared(XEN), used(X86, f"#ifdef CONFIG_{SYNC}\n{USE}#endif\n")],
    "the other branch": [declared(XEN), used(X86, f"#ifndef CONFIG_{XEN}\n{USE}#endif\n")],
    "a file of all kernels": makefile("kvm-y += x86.o other.o\n"),
}
GOOD = {
    "a stub": [declared(XEN, STUB), used(X86, USE)],
    "the same branch": [declared(XEN), used(X86, f"#ifdef CONFIG_{XEN}\n{USE}#endif\n")],
    "what this architecture selects": [declared(SYNC), used(X86, USE)],
    "a macro that may drop it": [declared(XEN), used(X86, "\tKVM_MAY(kvm_told);\n")],
    "a rule": makefile("kvm-$(CONFIG_KVM_XEN) += other.o\n"),
    "a rule for the whole": makefile("xen-objs := \\\n\tother.o\nkvm-$(CONFIG_KVM_XEN) += xen.o\n"),
    "a branch of a Makefile": makefile("ifdef CONFIG_KVM_XEN\nkvm-y += other.o\nendif\n"),
    "what depends on it": [
        edited("arch/x86/kvm/Kconfig", ("config KVM_XEN\n", "config KVM_NEW\n\tbool \"New\"\n\tdepends on KVM && KVM_XEN\n\nconfig KVM_XEN\n")),
        *makefile("kvm-$(CONFIG_KVM_NEW) += other.o\n"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_what_only_an_option_declares_is_found(
    linux: Path, tree: TreeLocation, tmp_path: Path, changes: list[Change]
) -> None:
    (found,) = said(
        run(by_hand(linux, tmp_path, ("KVM: Do it\n\nDo it.", changes)), tree), "configs"
    )
    assert "nothing declares" in found.message and found.patch and found.line


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_what_is_there_wherever_it_is_built_is_no_finding(
    linux: Path, tree: TreeLocation, tmp_path: Path, changes: list[Change]
) -> None:
    found = run(by_hand(linux, tmp_path, ("KVM: Do it\n\nDo it.", changes)), tree)
    assert not said(found, "configs"), said(found, "configs")
