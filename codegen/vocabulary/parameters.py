# SPDX-License-Identifier: GPL-2.0-only
"""The parameters of a knob's predicate: which structs it gets a pointer to, and by what name."""

from __future__ import annotations

import re
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
