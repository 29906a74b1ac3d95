# SPDX-License-Identifier: GPL-2.0-only
"""gen check on real kernels: gen's series have no findings, and what is wrong is found where."""

from __future__ import annotations

import difflib

import pytest

from codegen.check.configs import Kernels
from codegen.check.remark import Remark
from codegen.check.run import check
from codegen.series.make import Generated, open_tree
from codegen.series.read import read_series

from .conftest import CELLS, KEPT, Cell, location, made, sampled

pytestmark = pytest.mark.kernel

BUILT = [cell for cell in CELLS if cell[2] in ("6.12", "6.1")]
UNHELPED = "arch/x86/kvm/irq.c"
FLAW = """
extern void gen_nowhere(void);
void *gen_pointer(void);

static int gen_unused(void)
{
	return 0;
}

void *gen_pointer(void)
{
	gen_nowhere();

	return 0;
}
"""

REPAIR = """\
From: Ada <ada@example.org>
Subject: [PATCH] KVM: Repair it

Repair it.
---
--- a/virt/kvm/kvm_main.c
+++ b/virt/kvm/kvm_main.c
@@ -1593,3 +1593,3 @@
 	if (IS_ENABLED(CONFIG_HAVE_KVM_MEMSLOT_ZAP_LEAFS_ONLY))
-		valid_flags |= KVM_MEM_ZAP_LEAFS_ONLYY;
+		valid_flags |= KVM_MEM_ZAP_LEAFS_ONLY;
{}
""".format(" ")


def generated(cell: Cell) -> Generated:
    """A cell's series."""
    found = made(*cell)
    assert not isinstance(found, str), found
    return found


def series(cell: Cell) -> dict[str, bytes]:
    """The files of a cell's series."""
    return dict(generated(cell).files)


def notes(cell: Cell) -> frozenset[str]:
    """What may be remarked of a series of gen's own: without a mechanism, its tests see no error.

    That the documentation says something else of a macro as well is for people to read again.
    """
    acts = generated(cell).plan.description.knob.mechanism
    return frozenset(("R14", "said") if acts else ("R10", "R14", "said"))


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_gen_s_series_break_no_rule(cell: Cell) -> None:
    found = check(read_series(series(cell), location(cell[2])), compiler=None)
    assert found == check(generated(cell), compiler=None)
    assert not found.findings, "\n".join(remark.render() for remark in found.findings)
    assert {remark.rule for remark in found.remarks} <= notes(cell)


@pytest.mark.parametrize("cell", sampled(BUILT))
def test_every_patch_builds_without_new_warnings(cell: Cell) -> None:
    found = check(generated(cell))
    assert not found.findings, "\n".join(remark.render() for remark in found.findings)
    assert {"bisect", "sparse"} <= set(found.checks)
    # what another architecture of the knob builds is said
    elsewhere = generated(cell).plan.description.knob.architectures[1:]
    said = {remark.rule for remark in found.remarks}
    assert said <= notes(cell) | ({"bisect"} if elsewhere else set())


def mail(release: str, path: str, more: str, message: str) -> bytes:
    """A person's patch that adds text at the end of a file."""
    with open_tree(location(release)) as tree:
        before = tree.read(path).decode()
    diff = difflib.unified_diff(
        before.splitlines(keepends=True),
        (before + more).splitlines(keepends=True),
        f"a/{path}",
        f"b/{path}",
    )
    head = f"From: Ada <ada@example.org>\nSubject: [PATCH] {message}\n\nDo it.\n---\n"
    return (head + "".join(diff)).encode()


def swapped(files: dict[str, bytes], number: int, old: str, new: str) -> str:
    """Another text in one patch; its name."""
    name = next(name for name in files if name.startswith(f"{number:04}-"))
    assert old.encode() in files[name]
    files[name] = files[name].replace(old.encode(), new.encode(), 1)
    return name


def at(remarks: tuple[Remark, ...], patch: str, rule: str) -> str:
    """What a rule says at a patch."""
    return "\n".join(r.render() for r in remarks if r.patch == patch and r.rule == rule)


def test_what_is_wrong_is_found_at_its_patch_though_a_later_one_repairs_it() -> None:
    good = series(("zap-leafs-only", "memslot-flag", "6.12"))
    line = "+\t\tvalid_flags |= KVM_MEM_ZAP_LEAFS_ONLY;"
    flag = swapped(good, 3, line, line.replace("ONLY", "ONLYY"))
    selftest = swapped(good, 4, "+\tGUEST_DONE();", "+\tGUEST_DONE()")
    files = {"flawed.patch": mail("6.12", UNHELPED, FLAW, "KVM: x86: Do it wrong"), **good}
    files["repair.patch"] = REPAIR.encode()
    found = check(read_series(files, location("6.12"))).findings
    warned = at(found, "flawed.patch", "bisect")
    assert "gen_unused" in warned and "defined but not used" in warned
    assert "KVM's modules need gen_nowhere, which nothing exports" in warned
    assert "Using plain integer as NULL pointer" in at(found, "flawed.patch", "sparse")
    broken = at(found, flag, "bisect")
    assert "kvm_main.c:1594" in broken and "KVM_MEM_ZAP_LEAFS_ONLYY" in broken
    assert "template memslot-flag/flag-check" in broken
    unbuilt = at(found, selftest, "bisect")
    assert "x86_64/zap_leafs_only_test.c:2" in unbuilt and "error: expected" in unbuilt
    assert "template memslot-flag/selftest" in unbuilt
    assert not at(found, "repair.patch", "bisect")
    built = [r for r in found if r.rule in ("bisect", "sparse")]
    assert {r.patch for r in built} == {"flawed.patch", flag, selftest}
    # make would be silent about objects that are as new as the patch
    flawed = {"flawed.patch": files["flawed.patch"]}
    again = check(read_series(flawed, location("6.12"))).findings
    assert at(again, "flawed.patch", "bisect") == warned


@pytest.mark.parametrize("release", KEPT)
def test_a_tree_as_it_is_uses_nothing_that_an_option_declares(release: str) -> None:
    used = 0
    with open_tree(location(release)) as tree:
        kernels = Kernels(tree)
        for folder in ("arch/arm64/kvm/", "arch/x86/kvm/", "arch/x86/include/asm/kvm"):
            for path in tree.paths(folder):
                if path.endswith((".c", ".h")):
                    used += 1
                    found = list(kernels.undeclared(path, [(0, len(tree.read(path)))]))
                    assert not found, (path, found)
    assert used > 100
