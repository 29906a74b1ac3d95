# SPDX-License-Identifier: GPL-2.0-only
"""The parameters of a knob's functions: which structs its predicate gets a pointer to, and by what
name; what those of its test take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_POINTER = re.compile(r"\b(const\s+)?struct\s+(\w+)\s*\*\s*(?:const\s+)?(\w+)")


@dataclass(frozen=True, slots=True)
class Pointers:
    """`expressions` by struct, such as `kvm` to `vcpu->kvm`; `const` are those it may not change.

    A template asks for one by the struct's name: `predicate.kvm_memory_slot`, which is empty where
    there is none.
    """

    expressions: dict[str, str]
    const: frozenset[str] = field(default_factory=frozenset)

    def __getitem__(self, struct: str) -> str:
        return self.expressions.get(struct, "")


def pointers(parameters: str) -> Pointers:
    """The pointers among a function's parameters, the first of each struct.

    A vCPU has its VM at hand.
    """
    made: dict[str, str] = {}
    const = set[str]()
    for found in _POINTER.finditer(parameters):
        if found[2] not in made:
            made[found[2]] = found[3]
            const |= {found[2]} if found[1] else set()
    if "kvm" not in made and "kvm_vcpu" in made:
        made["kvm"] = f"{made['kvm_vcpu']}->kvm"
    return Pointers(made, frozenset(const))


def parameter(struct: str) -> str:
    """The parameter to add for a pointer to a struct, such as `struct kvm_memory_slot *slot`."""
    return f"struct {struct} *{struct.rpartition('_')[2]}"


def call_of(
    function: str, code: str, flags: str, value: str = "", named: Sequence[str] = ()
) -> str:
    """The call of a function that a test's code defines, with what it takes: a VM `vm`, a vCPU
    `vcpu`, variables that are `named` as its parameters are, and one thing more: a `value` of 64
    bits, if there is one, else memslots' `flags`.

    With all three where it is not found.
    """
    found = re.search(rf"^[ \t]*\w[\w \t*]*\b{function}\s*\(([^()]*)\)", code, re.M)
    taken = found[1].split(",") if found else ["struct kvm_vm *", "struct kvm_vcpu *", "uint32_t"]
    known = {"struct kvm_vm": "vm", "struct kvm_vcpu": "vcpu"}
    given = (
        _name(each, named)
        or known.get(" ".join(each.partition("*")[0].split()))
        or (value if value and "uint64_t" in each else flags)
        for each in taken
        if each.strip() != "void"
    )
    return f"{function}({', '.join(given)})"


def _name(taken: str, named: Sequence[str]) -> str:
    """The name of a parameter, if it is one of some."""
    name = re.sub(r".*\W", "", taken.strip(), flags=re.S)
    return name if name in named else ""
