# SPDX-License-Identifier: GPL-2.0-only
"""Folders with other names."""

from __future__ import annotations

import re

from tests.drift.draft import SELFTESTS, Draft, NotApplicable
from tests.drift.drift import drift

_NEW = "selftest-register new-file"


def _moved(tree: Draft, old: str, new: str) -> None:
    paths = tree.paths(old)
    if not paths:
        raise NotApplicable(f"no files below {old}")
    for path in paths:
        tree.changed[new + path[len(old) :]] = tree.read(path)
        tree.remove(path)


@drift("folders", _NEW, f"{SELFTESTS}x86/ TEST_GEN_PROGS_x86")
def selftests_of_x86(tree: Draft) -> None:
    """x86_64/ is x86/, and its list is called so."""
    _moved(tree, f"{SELFTESTS}x86_64/", f"{SELFTESTS}x86/")
    for path in tree.paths(f"{SELFTESTS}Makefile"):
        text = re.sub(r"PROGS_x86_64\b", "PROGS_x86", tree.text(path))
        tree.put(path, text.replace("x86_64/", "x86/"))


@drift("folders", _NEW, f"{SELFTESTS}Makefile.kvm TEST_GEN_PROGS_x86_64")
def selftests_in_makefile_kvm(tree: Draft) -> None:
    """The lists are in Makefile.kvm."""
    path = f"{SELFTESTS}Makefile"
    tree.put(f"{path}.kvm", tree.text(path))
    tree.put(path, "# SPDX-License-Identifier: GPL-2.0-only\ninclude Makefile.kvm\n")


@drift(
    "folders",
    "memslot-flag-check memslot-v1-mask memslot-immutable-flags check-extension-generic",
    "virt/lib/kvm kvm_main.c",
)
def generic_kvm(tree: Draft) -> None:
    """virt/kvm/*.c stands in virt/core/, Kconfig stays."""
    for path in tree.paths("virt/kvm/"):
        if path.endswith((".c", ".h")):
            tree.changed[path.replace("virt/kvm/", "virt/core/")] = tree.read(path)
            tree.remove(path)


@drift("folders", "vm-type-alike vm-type-supported memslot-apply-flags", "arch/x86/virt/kvm x86.c")
def x86_kvm(tree: Draft) -> None:
    """arch/x86/kvm/ is arch/x86/virt/kvm/."""
    _moved(tree, "arch/x86/kvm/", "arch/x86/virt/kvm/")


@drift("folders", "api-memslot-flags api-quirk-table api-vm-types", "Documentation/virtualization")
def documentation(tree: Draft) -> None:
    """Documentation/virt/ is Documentation/virtualization/."""
    _moved(tree, "Documentation/virt/kvm/", "Documentation/virtualization/kvm/")
