# SPDX-License-Identifier: GPL-2.0-only
"""Several values in the arguments of a capability, and exits that userspace answers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.description.load import Description, load, parse
from codegen.kinds.packing import check_arguments, packed_arguments, packed_test, packed_tests
from tests.golden.test_kinds import KNOBS_FOLDER
from tests.minitree import API, X86, Change, Files, edited
from tests.minitree.capabilities import capabilities
from tests.minitree.uapi import uapi
from tests.unit import kit
from tests.unit.features import FEATURES, PACKED


def field(*parts: dict[str, Any]) -> Any:
    """The `field` of a capability with these parts; a knob's mechanism names them all."""
    variant, _, more = FEATURES["packed"]
    more = copy.deepcopy(more)
    edit = more["mechanism"]["alternatives"][0]["edits"][0]
    edit["put"] = f"/* {' '.join(p['name'] for p in parts)} */\n" + edit["put"]
    edit["put"] += "".join(f"kvm->arch.{p['name']}++;\n" for p in parts)
    said = {"field": {"type": "packed", "parts": [{"means": "a value", **p} for p in parts]}}
    return kit.knob(variant, said, **more).knob.section(variant).field


def bits(*names: str, **more: Any) -> dict[str, Any]:
    """A mask with these bits."""
    named = [{"name": f"KVM_X_{n}", "bit": i, "means": "it"} for i, n in enumerate(names)]
    return {"type": "mask", "name": "flags", "bits": named, **more}


def num(name: str = "window", **more: Any) -> dict[str, Any]:
    """A number of 32 bits, all of which it may have."""
    return {"type": "u32", "name": name, "min": 0, "max": 2**32 - 1, **more}


@pytest.mark.parametrize(
    ("parts", "tests"),
    [
        (
            (bits("A", "B", required=["KVM_X_A"]), num(shift=32)),
            ["((u32)a[0] & ~(KVM_X_A | KVM_X_B))", "!((u32)a[0] & KVM_X_A)", "a[1]", "a[2]", "a[3]"],
        ),
        # the upper half of a[0] belongs to nobody
        ((bits("A"), num(arg=1)), ["(a[0] & ~(u64)KVM_X_A)", "a[1] > 0xffffffffull", "a[2]", "a[3]"]),
        # the lower half
        (
            (num("low", arg=3, min=1, shift=8, max=9), num(shift=32)),
            ["(a[0] & GENMASK_ULL(31, 0))", "a[1]", "a[2]"]
            + ["(a[3] & GENMASK_ULL(7, 0))", "!(a[3] >> 8)", "a[3] >> 8 > 9"],
        ),
        (
            ({"type": "bool", "name": "on"}, {"type": "bool", "name": "off", "shift": 7}),
            ["((a[0] & GENMASK_ULL(6, 0)) & ~1)", "((a[0] >> 7) & ~1)", "a[1]", "a[2]", "a[3]"],
        ),
        (
            (num(max=7), {"type": "bool", "name": "on", "shift": 40}),
            ["(a[0] & GENMASK_ULL(39, 0)) > 7", "((a[0] >> 40) & ~1)"],
        ),
    ],
)  # fmt: skip
def test_what_is_refused(parts: tuple[dict[str, Any], ...], tests: list[str]) -> None:
    assert packed_tests(field(*parts), "a")[: len(tests)] == tests


def test_what_is_given_and_tried() -> None:
    made = field(
        bits("A", "B", required=["KVM_X_A"], shift=8),
        num(shift=40, max=9, min=2, values=[3, 4], type="u32") | {"shift": 40 - 40, "arg": 1},
        {"type": "bool", "name": "on", "arg": 3, "shift": 1},
    )
    assert packed_arguments(made) == ["(uint64_t)flags << 8", "window", "0", "(uint64_t)on << 1"]
    assert check_arguments(made) == "uint32_t flags, uint32_t window, bool on"
    test = packed_test(made)
    assert test.good == ["(uint64_t)KVM_X_A << 8", "3", "0", "1ull << 1"]
    assert test.known[1:] == ["0xffffffffull", "0", "2"]
    assert (1, "2") in test.accepted and (1, "9") in test.accepted and (3, "0") in test.accepted
    assert test.refused == [(0, "(uint64_t)KVM_X_B << 8"), (1, "1"), (1, "10")]
    assert [case[1] for case in test.cases] == ["3", "3", "4", "3"]
    assert test.off == ["0", "0", "false"]


def _bent(part: int, **more: Any) -> dict[str, Any]:
    said = copy.deepcopy(PACKED)
    said["parts"][part].update(more)
    return said


@pytest.mark.parametrize(
    ("said", "told", "hint"),
    [
        (_bent(1, shift=31), "shares bits of args[0] with small_maps", "another `shift`"),
        (_bent(1, shift=33), "would take bits 64 to 33", "at most 32"),
        (_bent(3, arg=2), "first_map shares bits of args[2] with odd_maps", ""),
        (_bent(3, shift=1), "would take bits 64 to 1", "at most 0"),
        (_bent(1, arg=4), "`arg` is out of range", "from 0 to"),
        (_bent(1, name="small_maps"), "`small_maps` is given twice", ""),
        *((_bent(1, name=name), f"the selftest has a `{name}` of its own", "what the value is")
          for name in ("vm", "vcpu", "args", "enable", "good", "known", "i", "r", "value", "cap")),
        (_bent(0, required=["KVM_X86_HUGE"]), "`KVM_X86_HUGE` is no bit of the mask", "known: KVM"),
        (_bent(0, new=False), "parts are new, and are set together", ""),
        (_bent(2, **{"one-way": True}), "parts are new, and are set together", ""),
        (_bent(1, values=[0]), "the capability does not take 0", "from 1 to 9"),
        (_bent(1, values=[2, 2]), "2 is given twice", ""),
        (_bent(1, default="KVM_CAP_HLT"), "the selftest does not know `KVM_CAP_HLT`", "a number"),
        (_bent(3, times="2"), "`times` is for a number alone", ""),
        (_bent(1, max=2**33), "`max` does not fit into a u32", ""),
        (_bent(1, type="u16"), "`u16` is no valid `type`", "one of: bool, mask, u32, u64"),
        (_bent(1, unknown=1), "unknown key `unknown`", "means"),
        ({"type": "packed", "parts": PACKED["parts"][:1]}, "too few items", "at least 2"),
        ({**PACKED, "parts": [{"name": "a"}, *PACKED["parts"][1:]]}, "`type` is missing", "bool"),
        ({**PACKED, "parts": [*PACKED["parts"], num("unread", arg=1, means="it")]}, "nothing reads unread", "kvm->arch.unread"),
    ],
)  # fmt: skip
def test_what_lint_says_of_parts(said: dict[str, Any], told: str, hint: str) -> None:
    variant, _, more = FEATURES["packed"]
    with pytest.raises(FindingsError) as caught:
        kit.knob(variant, {"field": said}, **more)
    text = "".join(finding.render() for finding in caught.value.findings)
    assert told in text and hint in text


@pytest.mark.parametrize("when", ["any-time", "once"])
def test_several_fields_do_not_change_as_one(when: str) -> None:
    variant, section, more = FEATURES["packed"]
    with pytest.raises(FindingsError, match="several fields do not change as one"):
        kit.knob(variant, {**section, "when": when}, **more)


def exit_(name: str, **more: Any) -> Description:
    """An exit among the small knobs, with other keys; None leaves one out."""
    said = yaml.safe_load((KNOBS_FOLDER / f"{name}.yaml").read_bytes())
    if False in said.get("predicate", ()):
        said["predicate"]["off"] = said["predicate"].pop(False)  # YAML's other word for it
    own = {**said["exit-reason"], **more}
    said["exit-reason"] = {key: value for key, value in own.items() if value is not None}
    return parse(yaml.safe_dump(said).encode(), "knob.yaml")


OUT = {"name": "a", "type": "__u64", "means": "one", "goes": "out"}
TOLD = {"name": "a", "type": "__u64", "means": "one"}


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("told-exit", {"members": [OUT]}, "nothing takes what userspace fills"),
        ("told-exit", {"completes": "complete_it"}, "complete_it() has nothing to take"),
        ("packed-exit", {"fails": "EFAULT"}, "KVM_RUN that fails has nothing to complete"),
        ("packed-exit", {"completes": "complete_it"}, "nothing calls complete_it() then"),
        ("packed-exit", {"capability": None}, "there is no capability to enable"),
        ("told-exit", {"when": "before-vcpus"}, "`when` is about a capability that is enabled"),
        ("told-exit", {"privilege": "CAP_SYS_ADMIN"}, "`privilege` is about a capability"),
        ("packed-exit", {"field": {"type": "u32", "name": "x"}}, "`u32` is no valid `type`"),
        ("answered-exit", {"prepares": "kvm_prepare_it"}, "one function fills the exit, or one for each"),
        ("told-exit", {"prepares": None}, "one function fills the exit, or one for each"),
        ("told-exit", {"members": [{**TOLD, "name": "vcpu"}]}, "has a `vcpu` of its own"),
        ("told-exit", {"members": [{**TOLD, "name": "run"}]}, "has a `run` of its own"),
        ("answered-exit", {"members": [{**TOLD, "name": "map"}]}, "the exit has a member `map` already"),
        ("answered-exit", {"members": [{**TOLD, "name": "how"}]}, "unmap_exit() would have two parameters `how`"),
        ("answered-exit", {"members": [{**OUT, "type": "__u32"}]}, "the union would begin at byte 4"),
        ("answered-exit", {"members": [{**OUT, "name": f"m{n}"} for n in range(29)]}, "worth has 264 bytes"),
        ("answered-exit", {"calls": [{"name": "a", "when": "it is", "prepares": "f", "members": [{**OUT}]} for _ in "ab"]}, "`a` is given twice"),
        ("answered-exit", {"members": [{**OUT, "bits": [{"name": n, "bit": 0, "means": "it"} for n in ("KVM_A", "KVM_B")]}]}, "two bits have the same number"),
    ],
)  # fmt: skip
def test_what_lint_says_of_exits(name: str, more: dict[str, Any], told: str) -> None:
    with pytest.raises(FindingsError) as caught:
        exit_(name, **more)
    assert told in "".join(finding.render() for finding in caught.value.findings)


BITS = [
    {"name": "KVM_WAKE_ENABLED", "bit": 0, "means": "kicks exit"},
    {"name": "KVM_WAKE_TWICE", "bit": 1, "means": "each one exits twice"},
]


MASK_FIELD = {"type": "mask", "name": "exit_on_kick", "bits": BITS}
BEFORE_MEMSLOTS = {
    "when": "before-memslots",
    "condition": ["kvm->created_vcpus"],
    "needs": FEATURES["needs"][1]["needs"],
}


@pytest.mark.parametrize(
    ("name", "more", "path", "text"),
    [
        ("packed-exit", BEFORE_MEMSLOTS, API, "-ENXIO if the VM has no slow clock"),
        ("packed-exit", {"check-extension": "kvm ? 1 : 2"}, X86, "r = kvm ? 1 : 2;"),
        ("asked-exit", {"field": MASK_FIELD}, API, "as far as the bits of args[0] say so"),
        ("asked-exit", {"field": MASK_FIELD}, X86, "WRITE_ONCE(kvm->arch.exit_on_kick,"),
    ],
)
def test_an_exit_is_asked_for_as_a_capability_is(
    name: str, more: dict[str, Any], path: str, text: str, tmp_path: Path
) -> None:
    changes: tuple[Change, ...] = (uapi, capabilities, _clocks)
    made = kit.plan(exit_(name, **more), "exit-reason", *changes)
    assert kit.complaints(made, tmp_path, *changes) == ""
    assert text in " ".join(kit.after(made, path).split())


def _clocks(files: Files) -> None:
    word = "\tunsigned long flags;\n"
    edited("arch/arm64/include/asm/kvm_host.h", (word, f"{word}\tbool slow_clock;\n"))(files)


def test_who_asks_some_other_way_takes_no_number_of_capabilities() -> None:
    made = kit.plan(load(KNOBS_FOLDER / "answered-exit.yaml"), "exit-reason", uapi)
    assert list(made.numbers) == ["name"]
    assert "KVM_CAP_" not in "".join(edit.text for patch in made.patches for edit in patch.edits)
