# SPDX-License-Identifier: GPL-2.0-only
"""The ABI difference of real kernels, and of the series that gen makes on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import pytest

from codegen.architectures import ARCHITECTURES
from codegen.series.make import Generated, open_tree
from codegen.tree.reader import Overlay
from codegen.uapi.difference import Change, Difference
from codegen.uapi.trees import differences
from tests.kernel.conftest import RELEASES, location, made

pytestmark = pytest.mark.kernel

UAPI = "include/uapi/linux/kvm.h"
X86_UAPI = "arch/x86/include/uapi/asm/kvm.h"


@cache
def between(old: str, new: str) -> tuple[Difference, ...]:
    """What changed from one release to another."""
    with open_tree(location(old)) as before, open_tree(location(new)) as after:
        return differences(before, after)


def edited(release: str, path: str, *pairs: tuple[str, str]) -> Sequence[Difference]:
    """What is said of a release in which texts of a header are replaced."""
    with open_tree(location(release)) as tree:
        text = tree.read(path).decode()
        for old, new in pairs:
            assert re.search(old, text), old
            text = re.sub(old, new, text, count=1)
        return differences(tree, Overlay(tree, {path: text.encode()}))


def in_short(found: Sequence[Difference]) -> list[tuple[str, str, str, str]]:
    """Only what changed from what to what."""
    return [(str(d.change), d.name, d.before, d.after) for d in found]


@pytest.mark.parametrize("release", RELEASES)
def test_the_two_renumberings_that_no_other_tool_sees(release: str) -> None:
    assert in_short(edited(release, UAPI, (r"(KVM_MEM_READONLY\s+\(1UL << )1", r"\g<1>5"))) == [
        ("renumbered", "KVM_MEM_READONLY", "bit 1", "bit 5")
    ]
    found = edited(release, UAPI, (r"(KVM_CAP_PMU_CAPABILITY )212", r"\g<1>999"))
    assert in_short(found) == [("renumbered", "KVM_CAP_PMU_CAPABILITY", "212", "999")]


def test_a_capability_of_the_last_years() -> None:
    found = edited("6.12", UAPI, (r"(KVM_CAP_\w+ )236\b", r"\g<1>999"))
    assert [d[2:] for d in in_short(found)] == [("236", "999")]


@pytest.mark.parametrize("release", RELEASES)
def test_a_number_taken_twice_a_resized_ioctl_and_another_spelling(release: str) -> None:
    found = edited(
        release, UAPI, (r"(KVM_CAP_PMU_CAPABILITY) 212", r"\g<0>\n#define KVM_CAP_NEW 212")
    )
    assert [(d.change, d.name) for d in found] == [
        (Change.ADDED, "KVM_CAP_NEW"),
        (Change.TAKEN_TWICE, "KVM_CAP_NEW"),
    ]
    found = edited(release, UAPI, (r"(struct kvm_enable_cap \{)", r"\1\n\t__u64 more;"))
    changes = {d.name: d.change for d in found}
    assert changes["struct kvm_enable_cap"] == Change.RESIZED
    assert changes["KVM_ENABLE_CAP"] == Change.RENUMBERED
    assert changes["struct kvm_enable_cap.cap"] == Change.MOVED
    assert not edited(release, UAPI, (r"\(1UL << 1\)", "_BITUL(1)"))


@pytest.mark.parametrize("release", RELEASES)
def test_every_architecture_with_kvm_is_known(release: str) -> None:
    with open_tree(location(release)) as tree:
        have = {
            path.split("/")[1]
            for path in tree.paths("arch/")
            if re.fullmatch(r"arch/\w+/include/uapi/asm/kvm\w*\.h", path)
        }
    assert have <= ARCHITECTURES.keys()


def test_from_one_release_to_the_next() -> None:
    """Some of what went, each looked up in the headers."""
    found = between("6.1", "6.12")
    assert {
        (Change.REMOVED, "struct kvm_assigned_pci_dev"),
        (Change.REMOVED, "KVM_SET_MEMORY_REGION"),
        (Change.REMOVED, "KVM_TRC_CLTS"),
        (Change.RENUMBERED, "KVM_DIRTY_LOG_PAGE_OFFSET"),  # arm64 has a dirty ring since
        (Change.RESIZED, "struct kvm_vcpu_pv_apf_data"),
        (Change.RESIZED, "struct kvm_riscv_config"),
    } <= {(d.change, d.name) for d in found if d.breaks}
    grown = {d.name for d in found if d.change is Change.INTO_PADDING}
    assert "struct kvm_run.hypercall.flags" in grown


def test_from_a_release_to_one_after_it() -> None:
    """All of them, as the headers have them."""
    wrong = {(d.change, d.name) for d in between("6.12", "7.2") if d.breaks}
    assert wrong == {
        (Change.REMOVED, "KVM_X86_DISABLE_VALID_EXITS"),
        (Change.RENUMBERED, "KVM_DIRTY_LOG_PAGE_OFFSET"),  # riscv has a dirty ring since
        (Change.RESIZED, "struct kvm_riscv_config"),
        (Change.RESIZED, "struct kvm_svm_nested_state_hdr"),
        (Change.RESIZED, "struct kvm_nested_state.hdr.svm"),
    }


def numbers(series: Generated) -> set[tuple[str, str]]:
    """The names and numbers that a plan gives away, as the difference writes them."""
    plan = series.plan
    section = plan.description.knob.section(plan.variant.section)
    return {
        (
            getattr(section, key, key),
            f"bit {number}" if plan.variant.numbers[key].bits else str(number),
        )
        for key, number in plan.numbers.items()
    }


def test_a_series_adds_its_numbers_and_nothing_else(cell: tuple[str, str, str]) -> None:
    series = made(*cell)
    assert isinstance(series, Generated)
    with open_tree(series.tree) as tree:
        found = differences(tree, Overlay(tree, series.plan.files))
    assert {d.change for d in found} <= {Change.ADDED}
    assert all(d.everywhere for d in found)
    assert {(d.name, d.after) for d in found} == numbers(series)
