# SPDX-License-Identifier: GPL-2.0-only
"""Structs that userspace and KVM share: without holes, whatever compiler reads them."""

from __future__ import annotations

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.description.load import Description, load, parse
from tests.golden.test_kinds import KNOBS_FOLDER
from tests.minitree.uapi import uapi
from tests.unit.kit import plan

U8 = {"type": "__u8", "means": "one"}
U64 = {"type": "__u64", "means": "two"}


def said(name: str, members: object = None, **more: object) -> Description:
    """One of the small knobs, with other members and keys."""
    text = yaml.safe_load((KNOBS_FOLDER / f"{name}.yaml").read_bytes())
    section = next(key for key in ("new-ioctl", "exit-reason") if key in text)
    own = {**text[section], **({"members": members} if members is not None else {}), **more}
    return parse(yaml.safe_dump({**text, section: own}).encode(), "knob.yaml")


@pytest.mark.parametrize(
    ("members", "told", "hint"),
    [
        ([{"name": "a", **U8}, {"name": "b", **U64}], "b would begin at byte 1", "count: 7, zero"),
        ([{"name": "b", **U64}, {"name": "a", **U8}], "the struct has 9 bytes", "count: 7, zero"),
        ([{"name": "a", **U8}, {"name": "a", **U8}], "`a` is given twice", ""),
        ([{"name": "a", "type": "__u8"}], "`means` of a is missing", "zero: true"),
        ([{"name": "a", **U8, "zero": True}], "has no other use", ""),
        ([], "", ""),
        ([{"name": "a", "type": "long", "means": "three"}], "__u8", ""),
    ],
)
def test_a_struct_that_is_none(members: object, told: str, hint: str) -> None:
    with pytest.raises(FindingsError) as caught:
        said("vm-ioctl", members)
    text = "".join(finding.render() for finding in caught.value.findings)
    assert told in text and hint in text


def test_an_exit_is_no_larger_than_the_union() -> None:
    word = {"type": "__u64", "means": "a word"}
    many = [{"name": f"w{i}", **word} for i in range(32)]
    said("told-exit", many)
    pad = {"name": "pad", "type": "__u64", "count": 2, "zero": True}
    with pytest.raises(FindingsError, match="264 bytes, the union of struct kvm_run 256"):
        said("told-exit", [*many[:31], pad])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"goes": "both"}, "nothing takes what userspace fills"),
        ({"count": 2}, "an array is no argument"),
    ],
)
def test_what_an_exit_cannot_tell(more: dict[str, object], told: str) -> None:
    with pytest.raises(FindingsError, match=told):
        said("told-exit", [{"name": "a", "type": "__u64", "means": "one", **more}])


def test_an_answer_needs_a_member_that_comes_back() -> None:
    with pytest.raises(FindingsError, match="no member is given back"):
        said("vm-ioctl", answer="!args.size")


def test_what_does_something_itself_has_no_predicate() -> None:
    asked = yaml.safe_load((KNOBS_FOLDER / "asked-exit.yaml").read_bytes())["predicate"]
    text = yaml.safe_load((KNOBS_FOLDER / "told-exit.yaml").read_bytes())
    with pytest.raises(FindingsError, match="`exit-reason` answers no predicate"):
        parse(yaml.safe_dump({**text, "predicate": asked}).encode(), "knob.yaml")
    with pytest.raises(FindingsError, match="`predicate` is missing"):
        said("told-exit", field={"type": "bool", "name": "exit_on_kick"})


def test_numbers_follow_the_ioctls_and_not_the_devices() -> None:
    made = plan(load(KNOBS_FOLDER / "vm-ioctl.yaml"), "new-ioctl", uapi)
    assert made.numbers["name"] == 0xA4
    assert made.named_numbers["KVM_DROP_LEAFS"] == "0xa4"


def test_a_part_of_kvm_run_is_there_once() -> None:
    with pytest.raises(FindingsError, match="has a member `hw` already"):
        plan(said("told-exit", member="hw"), "exit-reason", uapi)


def test_what_an_exit_makes_is_not_there_yet() -> None:
    with pytest.raises(FindingsError, match=r"function kvm_check_has_quirk\(\) already, at arch/"):
        plan(said("told-exit", prepares="kvm_check_has_quirk"), "exit-reason", uapi)
    bits = [{"name": "KVM_CAP_SYS_ATTRIBUTES", "bit": 0, "means": "it"}]
    with pytest.raises(
        FindingsError, match="this tree has KVM_CAP_SYS_ATTRIBUTES already"
    ) as caught:
        plan(said("told-exit", [{"name": "a", **U64, "bits": bits}]), "exit-reason", uapi)
    (finding,) = caught.value.findings
    assert "KVM_CAP_SYS_ATTRIBUTES" in finding.source and finding.hint
