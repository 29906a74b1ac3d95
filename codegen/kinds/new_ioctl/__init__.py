# SPDX-License-Identifier: GPL-2.0-only
"""A new ioctl of the system, a VM or a vCPU, with its struct and a capability that tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.failures import Failure
from codegen.kinds.kind import Kind
from codegen.kinds.levels import Level
from codegen.kinds.section import KindSection
from codegen.kinds.structs import StructMember, struct_problems
from codegen.vocabulary.ccode import Expression, Setup
from codegen.vocabulary.part import (
    Capability,
    Expressions,
    Find,
    Identifier,
    KvmSymbol,
    Where,
    matching,
)
from codegen.vocabulary.text import Prose

IoctlName = Annotated[str, matching(r"^KVM_[A-Z0-9_]*[A-Z0-9]$", "KVM_PREPARE_MEMORY")]


class NewIoctl(KindSection):
    """`KVM_*`: userspace calls a function of KVM's with a struct."""

    name: Annotated[IoctlName, Field(description="the ioctl's name")]
    of: Annotated[Level, Field(description="the file descriptor that it is for")]
    capability: Annotated[Capability, Field(description="tells userspace that there is the ioctl")]
    config: Annotated[
        KvmSymbol | None,
        Field(description="generic code answers it, where an architecture selects this symbol"),
    ] = None
    struct: Annotated[Identifier, Field(description="the struct's name, such as kvm_prepare")]
    members: Annotated[
        list[StructMember],
        Field(min_length=1, max_length=32, description="all of it, without holes"),
    ]
    does: Annotated[
        Expression,
        Field(description="what is done and returned: 0 or an error, over `args` and kvm or vcpu"),
    ]
    errors: Annotated[list[Failure], Field(max_length=16)] = []
    condition: Annotated[
        Expressions | None, Field(description="must hold, else -EOPNOTSUPP and no capability")
    ] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None
    setup: Annotated[
        Setup | None, Field(description="in the selftest: what a call needs of `vm` and `vcpu`")
    ] = None
    call: Annotated[Setup, Field(description="in the selftest: fills `args` for a good call")]
    answer: Annotated[
        Expression | None, Field(description="in the selftest: what holds of `args` behind it")
    ] = None


def _problems(part: NewIoctl, where: Where, find: Find) -> Iterator[Finding]:
    yield from struct_problems(part.members, (*where, "members"), find)
    if part.answer and not any(member.goes_out for member in part.members):
        hint = "say `goes: out` or `goes: both` of a member"
        yield find((*where, "answer"), "no member is given back", hint)


KIND = Kind(section=NewIoctl, checks={NewIoctl: _problems})
