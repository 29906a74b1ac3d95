# SPDX-License-Identifier: GPL-2.0-only
"""The trees that drift, and the series that are tried on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from codegen.base.errors import GenError
from codegen.description.load import Description
from codegen.plan.make import make_plan
from codegen.plan.plan import Plan
from codegen.plan.variants import load_variant
from codegen.series.make import open_tree
from codegen.tree import resolve
from codegen.tree.reader import Tree
from tests.minitree import Files, MemoryTree, minitree
from tests.unit.kit import TEMPLATES, VARIANTS, knob, shipped

_SEV = """\
// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm_host.h>
#include <linux/errno.h>

#include "../x86.h"

int sev_guest_init(struct kvm *kvm)
{
	if (kvm->arch.vm_type != KVM_X86_DEFAULT_VM)
		return -EINVAL;

	kvm->arch.vm_type = KVM_X86_SEV_VM;
	return 0;
}
"""


def _as_real_ones(files: Files) -> None:
    """What the small tree lacks and drifts change: KVM_SEV_INIT, and quirks that may not apply."""
    files["arch/x86/kvm/svm/sev.c"] = _SEV.encode()
    path = "arch/x86/include/asm/kvm_host.h"
    text = files[path].decode()
    anchor = "struct kvm_arch_memory_slot {"
    assert anchor in text
    conditional = (
        "#define KVM_X86_CONDITIONAL_QUIRKS		\\\n"
        "	(KVM_X86_QUIRK_CD_NW_CLEARED |		\\\n	 KVM_X86_QUIRK_OUT_7E_INC_RIP)\n\n"
    )
    files[path] = text.replace(anchor, conditional + anchor).encode()
    path = "arch/x86/kvm/x86.c"
    text = files[path].decode()
    anchor = "	kvm->arch.slow_clock_khz = 1000;\n"
    assert anchor in text
    quirks = "	kvm->arch.disabled_quirks = KVM_X86_CONDITIONAL_QUIRKS;\n"
    files[path] = text.replace(anchor, quirks + anchor).encode()


@dataclass(frozen=True, eq=False)
class Cell:
    """A knob with one variant, and a name for both."""

    name: str
    description: Description
    variant: str

    def plan(self, tree: Tree) -> Plan:
        """The series as a plan; raises what gen raises."""
        return make_plan(self.description, load_variant(TEMPLATES, self.variant), tree, TEMPLATES)

    def sites(self) -> frozenset[str]:
        """The sites that the variant's edit list may name."""
        variant = load_variant(TEMPLATES, self.variant)
        return frozenset(edit.site for patch in variant.patches for edit in patch.edits)


def small_cells() -> tuple[Cell, ...]:
    """Series for the small tree: each variant, and what a section may say beside that."""
    condition = {"condition": ["tdp_enabled"]}
    other = {"flag": "KVM_MEM_GUEST_MEMFD", "optional": True}
    second = {"v1": False, "mutable": True, "excludes": [other]}
    number = {
        "type": "u32",
        "name": "small_maps",
        "min": 1,
        "max": 9,
        "unit": "pages",
        "default": "3",
    }
    return (
        *(Cell(variant, knob(variant), variant) for variant in VARIANTS),
        Cell("memslot-flag if", knob("memslot-flag", condition), "memslot-flag"),
        Cell("memslot-flag v2", knob("memslot-flag", second), "memslot-flag"),
        Cell("vm-capability if", knob("vm-capability", condition), "vm-capability"),
        Cell("vm-capability u32", knob("vm-capability", {"field": number}), "vm-capability"),
    )


def real_cells() -> tuple[Cell, ...]:
    """Series for real trees, of the descriptions that ship."""
    wanted = (
        ("zap-leafs-only", "memslot-flag"),
        ("small-pages-only", "memslot-flag"),
        ("small-pages-only", "vm-capability"),
        ("small-pages-only", "vm-type"),
        ("small-pages-only", "quirk"),
        ("exit-on-missing", "memslot-flag"),
        ("apic-bus-cycles-ns", "vm-capability"),
    )
    return tuple(Cell(f"{name} {variant}", shipped(name), variant) for name, variant in wanted)


@dataclass(frozen=True, eq=False)
class Base:
    """A tree without drift and the series on it; `small` says that its C can be run."""

    name: str
    tree: Tree
    plans: dict[Cell, Plan]
    small: bool


@contextmanager
def base(name: str) -> Iterator[Base]:
    """A tree by name: `minitree`, or what `--tree` takes."""
    if name == "minitree":
        yield _with_plans(name, MemoryTree(minitree(_as_real_ones)), small_cells(), True)
        return
    with open_tree(resolve(name)) as tree:
        yield _with_plans(name, tree, real_cells(), False)


def _with_plans(name: str, tree: Tree, cells: tuple[Cell, ...], small: bool) -> Base:
    plans = {}
    for cell in cells:
        try:
            plans[cell] = cell.plan(tree)
        except GenError:
            continue  # not to be had on this tree even without drift
    return Base(name, tree, plans, small)
