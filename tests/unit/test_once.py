# SPDX-License-Identifier: GPL-2.0-only
"""What a series declares is not there already."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from tests.minitree import X86_HOST, edited
from tests.unit import kit


def test_a_member() -> None:
    there = edited(X86_HOST, ("\tbool slow_clock;\n", "\tbool slow_clock;\n\tu64 small_maps[2];\n"))
    kit.plan(kit.knob("vm-capability"), "vm-capability")
    with pytest.raises(FindingsError, match="struct kvm_arch: the member `small_maps` would be"):
        kit.plan(kit.knob("vm-capability"), "vm-capability", there)


def test_a_symbol_of_kconfig() -> None:
    there = edited("virt/kvm/Kconfig", ("config KVM_GENERIC", "config HAVE_KVM_MEMSLOT_SMALL_MAPS\n\tbool\n\nconfig KVM_GENERIC"))  # fmt: skip
    lines = r"virt/kvm/Kconfig:\d*[1-9] and \d*[1-9]"
    with pytest.raises(FindingsError, match=f"the symbol `HAVE_KVM_MEMSLOT_SMALL_MAPS`.*{lines}"):
        kit.plan(kit.knob("memslot-flag"), "memslot-flag", there)


def test_what_the_tree_has_twice_is_its_own() -> None:
    both = "#ifdef X\n\tbool slow_clock;\n#else\n\tbool slow_clock;\n#endif\n"
    assert kit.plan(
        kit.knob("vm-capability"), "vm-capability", edited(X86_HOST, ("\tbool slow_clock;\n", both))
    ).patches
