# SPDX-License-Identifier: GPL-2.0-only
"""Capabilities that are actions: what a description of one may say, and the C that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.description.load import Description
from codegen.kinds.vm_action.context import nonzero_test, said_of
from codegen.plan.plan import Plan
from tests.minitree import API, KVM_MAIN, SELFTESTS, X86, Change
from tests.minitree.capabilities import capabilities
from tests.minitree.uapi import uapi
from tests.unit import kit

TEST = f"{SELFTESTS}x86_64/small_maps_test.c"
TREE: tuple[Change, ...] = (uapi, capabilities)


def described(more: Mapping[str, Any] = {}, **section: Any) -> Description:
    action = {
        "why": kit.WHY,
        "capability": "KVM_CAP_X86_FORGET",
        "args": ["where it begins"],
        "does": "kvm_forget(kvm, args[0])",
        "call": "args[0] = 4096;",
        **section,
    }
    put = "static inline int kvm_forget(struct kvm *kvm, u64 gpa)\n{\n\treturn gpa ? 0 : -1;\n}\n"
    edits = [{"new-function-before": "kvm_vcpu_kick", "put": put}]
    mechanism = {**kit.BASE["mechanism"], "alternatives": [{"tree": "any", "edits": edits}]}
    return kit.knob("vm-action", action, predicate=None, mechanism=mechanism, **more)


def words(made: Plan, path: str) -> str:
    return " ".join(kit.after(made, path).split())


def plan(description: Description, *changes: Change) -> Plan:
    return kit.plan(description, "vm-action", *TREE, *changes)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"does": "kvm_forget(kvm, args[1])", "args": ["one"]}, r"args\[1\] has to be 0"),
        ({"args": ["one", "two"]}, r"`does` does not use args\[1\]"),
        ({"does": "kvm_forget(kvm, 0)"}, r"`does` does not use args\[0\]"),
        ({"call": None}, "`call` is missing, which fills `args`"),
        ({"args": [], "does": "kvm_forget(kvm, 0)"}, "there is no argument to fill"),
        ({"without": "vm = vm_create_barebones();"}, "there is no condition"),
        ({"args": ["a", "b", "c", "d", "e"]}, "too many items: 5"),
        ({"lock": "mmu_lock"}, "no valid `lock`"),
        ({"errors": [{"error": "-EPERM", "when": "it may not"}]}, "`error`"),
        ({"does": "kvm_forget(kvm, args[0]);"}, "has to be one expression of C"),
    ],
)
def test_what_cannot_be_is_refused(section: dict[str, Any], said: str) -> None:
    with pytest.raises(FindingsError, match=said):
        described(**section)


def test_all_arguments_may_be_handed_on() -> None:
    does = "kvm_forget(kvm, args[0] + args[1] + args[2] + args[3])"
    made = plan(described(args=["a", "b", "c", "d"], does=does))
    called = (
        "r = kvm_forget(kvm, cap->args[0] + cap->args[1] + cap->args[2] + cap->args[3]); break;"
    )
    assert f"case KVM_CAP_X86_FORGET: {called}" in words(made, X86)
    assert "-EINVAL if a flag is not 0" in words(made, API)
    assert "cap.args[i / 64]" not in kit.after(made, TEST)


def test_they_may_be_handed_on_as_a_whole() -> None:
    made = plan(described(args=["one", "two"], does="kvm_forget(kvm, args[0] + *args)"))
    assert "r = kvm_forget(kvm, cap->args[0] + *cap->args);" in kit.after(made, X86)


def test_nothing_is_kept() -> None:
    made = plan(described())
    assert not [path for path in made.files if path.startswith("arch/x86/include/asm/")]
    assert "KVM keeps no value of it, and there is nothing to disable." in words(made, API)


def test_it_takes_no_predicate() -> None:
    said = described().knob
    assert said.predicate is None
    with pytest.raises(FindingsError, match="`vm-action` answers no predicate"):
        kit.knob("vm-action", {"why": kit.WHY, "capability": "KVM_CAP_X", "does": "f(kvm)"})


@pytest.mark.parametrize(
    ("lock", "case"),
    [
        (None, "\t\treturn kvm_forget(kvm, cap->args[0]);\n"),
        (
            "slots_lock",
            "\t\tmutex_lock(&kvm->slots_lock);\n\t\tr = kvm_forget(kvm, cap->args[0]);\n"
            "\t\tmutex_unlock(&kvm->slots_lock);\n\t\treturn r;\n\t}\n",
        ),
    ],
)
def test_cases_that_return(lock: str | None, case: str, tmp_path: Path) -> None:
    config = "HAVE_KVM_FORGET"
    said = described(lock=lock, config=config, condition=["kvm->created_vcpus"])
    made = plan(said)
    text = kit.after(made, KVM_MAIN)
    assert case in text and "cap->flags || cap->args[1] || cap->args[2]" in text
    assert "\t\tif (!kvm->created_vcpus)\n\t\t\treturn -EINVAL;\n\n" in text
    assert f"#ifdef CONFIG_{config}\n\tcase KVM_CAP_X86_FORGET:\n\t\treturn !kvm || " in text
    assert not kit.complaints(made, tmp_path, *TREE)


def test_what_the_tree_calls_its_things(tmp_path: Path) -> None:
    def renamed(files: dict[str, bytes]) -> None:
        head, name, rest = files[X86].partition(b"int kvm_vm_ioctl_enable_cap(")
        body, end, tail = rest.partition(b"\n}\n")
        body = body.replace(b"*cap)", b"*asked)").replace(b"cap->", b"asked->")
        body = body.replace(b"*kvm,", b"*vm,").replace(b"kvm->", b"vm->")
        files[X86] = head + name + body + end + tail

    change: Change = renamed
    made = plan(described(lock="lock"), change)
    case = "\t\tmutex_lock(&vm->lock);\n\t\tr = kvm_forget(vm, asked->args[0]);\n"
    assert case in kit.after(made, X86)
    assert not kit.complaints(made, tmp_path, *TREE, change)


def test_names_of_members_are_kept() -> None:
    said = "f(vcpu->kvm, kvm, x.args, args[0], my_args, kvm ->args)"
    assert said_of(said, "vm", "c->args") == (
        "f(vcpu->kvm, vm, x.args, c->args[0], my_args, vm ->args)"
    )
    assert nonzero_test((), "cap", flags=False) == ""
    assert nonzero_test((3,), "cap", flags=True) == "cap->flags || cap->args[3]"


def test_without_a_host_that_has_the_effect_no_call_has_to_succeed() -> None:
    code = "static bool has_effect(void)\n{\n\treturn true;\n}\n\n" + kit.BASE["test"]["code"]
    test = {**kit.BASE["test"], "code": code}
    for more, accepted in (({}, True), ({"requires": "has_effect()"}, False)):
        made = plan(described({"test": {**test, **more}}))
        assert ("test_accepted" in kit.after(made, TEST)) == accepted
