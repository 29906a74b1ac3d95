# SPDX-License-Identifier: GPL-2.0-only
"""A flag of KVM_SET_USER_MEMORY_REGION, with a capability that makes it discoverable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.kind import Kind
from codegen.kinds.section import KindSection
from codegen.vocabulary.ccode import TestCode, defines
from codegen.vocabulary.part import (
    Capability,
    Expressions,
    Find,
    KvmSymbol,
    Part,
    Where,
    matching,
    repeated,
)
from codegen.vocabulary.text import Prose

MemFlag = Annotated[str, matching(r"^KVM_MEM_[A-Z0-9_]*[A-Z0-9]$", "KVM_MEM_ZAP_LEAFS_ONLY")]


class Excluded(Part):
    """A flag that cannot be combined with the knob's; optional where not every tree has it."""

    flag: Annotated[MemFlag, Field(description="a flag of the tree")]
    optional: bool = False


class MemslotFlag(KindSection):
    """`KVM_MEM_*`: userspace sets the knob for one memslot."""

    flag: Annotated[MemFlag, Field(description="the flag's name")]
    capability: Annotated[Capability, Field(description="makes the flag discoverable")]
    config: Annotated[KvmSymbol, Field(description="selected by architectures that accept it")]
    v1: Annotated[bool, Field(description="usable through KVM_SET_USER_MEMORY_REGION as well")]
    mutable: Annotated[bool, Field(description="may change on an existing memslot")] = False
    per_arch: Annotated[
        bool, Field(description="architectures answer for the capability, each for its VMs")
    ] = False
    excludes: Annotated[list[Excluded], Field(max_length=16)] = []
    mixed: Annotated[
        TestCode | None, Field(description="for the selftest: defines only_flagged()")
    ] = None
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None


def _problems(part: MemslotFlag, where: Where, find: Find) -> Iterator[Finding]:
    flags = [excluded.flag for excluded in part.excludes]
    yield from repeated(flags, (*where, "excludes"), find, "flag")
    for index, flag in enumerate(flags):
        if flag == part.flag:
            yield find((*where, "excludes", index, "flag"), "the flag excludes itself", "")
    if part.mixed and not defines(part.mixed, "only_flagged"):
        hint = "`static bool only_flagged(struct kvm_vm *vm, struct kvm_vcpu *vcpu)`"
        yield find((*where, "mixed"), "the snippet does not define only_flagged()", hint)


KIND = Kind(section=MemslotFlag, checks={MemslotFlag: _problems})
