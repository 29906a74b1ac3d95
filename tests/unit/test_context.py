# SPDX-License-Identifier: GPL-2.0-only
"""What a variant has to know of a tree: names, conditions, dialect."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from codegen.kernel.dialect import renames, translated
from codegen.kinds.vm_capability.context import argument_test
from codegen.plan.asked import TreeFacts
from codegen.plan.context import known_expression, names_in
from codegen.style.filters import for_any_vm, for_no_vm, negated
from codegen.vocabulary.parameters import pointers
from tests.minitree import SELFTESTS, Change, edited, new
from tests.unit.kit import knob, survey


@pytest.mark.parametrize(
    ("args", "kvm", "slot"),
    [
        ("struct kvm *kvm, const struct kvm_memory_slot *slot", "kvm", "slot"),
        ("const struct kvm_memory_slot *s", "", "s"),
        ("struct kvm* vm", "vm", ""),
        ("struct kvm_vcpu *vcpu", "vcpu->kvm", ""),
        ("struct kvm_vcpu *vcpu, struct kvm *k", "k", ""),
        ("void", "", ""),
    ],
)
def test_what_the_predicate_calls_its_parameters(args: str, kvm: str, slot: str) -> None:
    names = pointers(args)
    assert (names["kvm"], names["kvm_memory_slot"]) == (kvm, slot)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("tdp_enabled", ("tdp_enabled",)),
        ("!f(kvm) && kvm->arch.field == 1", ("f", "field")),
        ("slot->flags & KVM_MEM_X", ("flags", "KVM_MEM_X")),
        ("sizeof(struct kvm_arch) > 0x10ul", ("kvm_arch",)),
        ('a /* b */ + "c"', ("a",)),
        ("true || NULL", ()),
    ],
)
def test_the_names_that_a_tree_has_to_know(expression: str, names: tuple[str, ...]) -> None:
    assert names_in(expression) == names


def test_the_first_expression_that_the_tree_knows() -> None:
    where = ("vm-capability", "condition")
    ask = survey()
    assert known_expression(ask, knob(), where, None) == ""
    assert known_expression(ask, knob(), where, ["tdp_enabled"]) == "tdp_enabled"
    assert known_expression(ask, knob(), where, ["ept", "tdp_enabled", "true"]) == "tdp_enabled"
    with pytest.raises(FindingsError, match="no alternative of vm-capability.condition fits"):
        known_expression(ask, knob(), where, ["ept", "npt"])


def test_macros_are_known_be_they_numbers_or_not() -> None:
    facts = TreeFacts(survey())
    assert facts.macro("KVM_CAP_HLT")
    assert facts.macro("KVM_SET_USER_MEMORY_REGION2")
    assert not facts.macro("KVM_SET_USER_MEMORY")
    assert not facts.macro("PG_LEVEL_4K")
    assert facts.where("KVM_CAP_NOWHERE") == ""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", "!a"),
        ("!a", "a"),
        ("!!ops.function", "!ops.function"),
        ("f(kvm)", "!f(kvm)"),
        ("a && b", "!(a && b)"),
        ("!a && b", "!(!a && b)"),
        ("a == b", "!(a == b)"),
        ("(a)", "!((a))"),
        ("kvm->arch.x", "!kvm->arch.x"),
    ],
)
def test_a_condition_turned_around(expression: str, expected: str) -> None:
    assert negated(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tdp_enabled", "tdp_enabled"),
        ("f(kvm)", "!kvm || f(kvm)"),
        ("f(kvm) && a", "a && (!kvm || f(kvm))"),
        ("a && f(kvm) && !kvm->b", "a && (!kvm || (f(kvm) && !kvm->b))"),
        ("a && (b || c) && f(kvm && d)", "a && (b || c) && (!kvm || (f(kvm && d)))"),
        ("a && b || kvm->c", "!kvm || (a && b || kvm->c)"),
        ("f(kvm) || a", "!kvm || (f(kvm) || a)"),
        ("kvm_x || a", "kvm_x || a"),
    ],
)
def test_a_condition_without_a_vm(expression: str, expected: str) -> None:
    assert for_any_vm(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tdp_enabled", "!tdp_enabled"),
        ("f(kvm)", "kvm && !f(kvm)"),
        ("f(kvm) || a", "kvm && !(f(kvm) || a)"),
        ("a && f(kvm)", "!a || (kvm && !f(kvm))"),
        ("a && b && f(kvm)", "!(a && b) || (kvm && !f(kvm))"),
        ("(kvm->x) != 0", "kvm && !((kvm->x) != 0)"),
        ("(kvm->x) || (a)", "kvm && !((kvm->x) || (a))"),
    ],
)
def test_a_condition_without_a_vm_turned_around(expression: str, expected: str) -> None:
    assert for_no_vm(expression) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 2**64 - 1, ""),
        (0, 9, "a[0] > 9 || "),
        (1, 9, "!a[0] || a[0] > 9 || "),
        (2, 2**64 - 1, "a[0] < 2 || "),
        (0, 2**31, "a[0] > 2147483648ull || "),
    ],
)
def test_what_an_argument_may_not_be(low: int, high: int, expected: str) -> None:
    field = {"type": "u64", "name": "n", "min": low, "max": high, "unit": "pages"}
    said = knob("vm-capability", {"field": field}).knob.section("vm-capability")
    assert said is not None
    assert argument_test(said.field, "a") == f"{expected}a[1] || a[2] || a[3]"


UTIL = f"{SELFTESTS}include/kvm_util.h"
CODE = 'uint64_t x = vm_get_stat(vm, "a"); /* uint64_t */ vm_vaddr_t y; char *s = "uint64_t";'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (None, CODE),
        (new, 'u64 x = vm_get_stat(vm, a); /* uint64_t */ gva_t y; char *s = "uint64_t";'),
        (edited(UTIL, ("vm_vaddr_t;", "gva_t;")), CODE.replace("vm_vaddr_t", "gva_t")),
    ],
)
def test_selftests_are_translated_token_by_token(change: Change | None, expected: str) -> None:
    assert translated(survey(*([change] if change else [])), CODE) == expected


def test_a_tree_without_selftests_has_no_dialect() -> None:
    def without(files: dict[str, bytes]) -> None:
        for path in [p for p in files if p.startswith(SELFTESTS)]:
            del files[path]

    assert renames(survey(without)) == {}
