# SPDX-License-Identifier: GPL-2.0-only
"""A second name of a capability: where its label stands, and the title that it shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.description.load import Description
from codegen.plan.plan import Plan
from tests.minitree import API, KVM_MAIN, UAPI, X86, Change, edited
from tests.minitree.capabilities import capabilities
from tests.minitree.uapi import uapi
from tests.unit import kit

TREE: tuple[Change, ...] = (uapi, capabilities)
HOLDS = {"in": "kvm_check_has_quirk", "statement": "return !($mask & quirk);"}
NAME = "KVM_CAP_TWIN"
# Generic code answers for what it enables, and says so.
HALT_POLL = (
    edited(
        KVM_MAIN,
        (
            "\tcase KVM_CAP_USER_MEMORY:\n",
            "\tcase KVM_CAP_USER_MEMORY:\n\tcase KVM_CAP_HALT_POLL:\n",
        ),
    ),
    edited(API, ("7.32 KVM_CAP_LAST\n", "7.32 KVM_CAP_HALT_POLL\n------")),
)


def described(of: str, **more: Any) -> Description:
    section = {"why": kit.WHY, "capability": NAME, "of": of, "means": "it counts", **more}
    alternatives = [{"tree": "any", "holds": [HOLDS], "edits": []}]
    mechanism = {**kit.BASE["mechanism"], "alternatives": alternatives}
    return kit.knob("capability-alias", section, predicate=None, mechanism=mechanism)


def plan(of: str, *changes: Change) -> Plan:
    return kit.plan(described(of), "capability-alias", *TREE, *changes)


def test_it_shares_the_cases_of_generic_code(tmp_path: Path) -> None:
    made = plan("KVM_CAP_HALT_POLL", *HALT_POLL)
    text = kit.after(made, KVM_MAIN)
    assert f"\tcase KVM_CAP_HALT_POLL:\n\tcase {NAME}:\n" in text
    # a label whose line goes on comes last
    assert f"\tcase {NAME}:\n\tcase KVM_CAP_HALT_POLL: {{\n" in text
    assert text.count(NAME) == 2 and X86 not in made.files
    title = f"7.32 KVM_CAP_HALT_POLL/{NAME}\n"
    assert f"{title}{'-' * (len(title) - 1)}\n" in kit.after(made, API)
    assert not kit.complaints(made, tmp_path, *TREE, *HALT_POLL)


def test_what_a_vcpu_enables_is_left_alone() -> None:
    text = kit.after(plan("KVM_CAP_X86_SLOW_CLOCK"), X86)
    assert text.count(f"case {NAME}:") == 2
    assert f"case {NAME}:" not in text.partition("int kvm_vcpu_ioctl_enable_cap")[2]


def test_what_cannot_be_enabled_has_no_second_name() -> None:
    with pytest.raises(FindingsError, match="a case KVM_CAP_HLT in what enables capabilities"):
        plan("KVM_CAP_HLT")


def test_what_nobody_answers_for_has_none() -> None:
    with pytest.raises(FindingsError, match="a case KVM_CAP_HALT_POLL in what answers"):
        plan("KVM_CAP_HALT_POLL", HALT_POLL[1])


def test_a_tree_without_the_first_name_has_none() -> None:
    lacks = edited(UAPI, ("#define KVM_CAP_HALT_POLL 182\n", ""))
    with pytest.raises(NotHere, match="does not have the capability that it is a second name of"):
        plan("KVM_CAP_HALT_POLL", lacks)


def test_a_capability_that_is_not_documented_is_said() -> None:
    with pytest.raises(FindingsError, match="alias-title: a section about KVM_CAP_HALT_POLL"):
        plan("KVM_CAP_HALT_POLL", HALT_POLL[0])


def test_it_takes_no_predicate_and_no_field() -> None:
    section = {"why": kit.WHY, "capability": NAME, "of": "KVM_CAP_HLT", "means": "it counts"}
    with pytest.raises(FindingsError, match="`capability-alias` answers no predicate"):
        kit.knob("capability-alias", section)
    with pytest.raises(FindingsError, match="`field`"):
        described("KVM_CAP_HLT", field={"type": "bool", "name": "it"})
