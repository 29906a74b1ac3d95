# SPDX-License-Identifier: GPL-2.0-only
"""A capability that userspace enables for a VM, kept in a field of struct kvm_arch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.fields import Bool, Mask, Number, mask_problems, number_problems
from codegen.kinds.kind import Kind
from codegen.kinds.section import KindSection
from codegen.vocabulary.ccode import Expression, Setup, TestCode, defines
from codegen.vocabulary.part import (
    Capability,
    Expressions,
    Find,
    KvmSymbol,
    Part,
    Where,
    matching,
    number,
)
from codegen.vocabulary.text import Clause, Prose

Errno = Annotated[str, matching(r"^E[A-Z0-9]+$", "ENXIO")]
Privilege = Annotated[str, matching(r"^CAP_[A-Z_]+$", "CAP_SYS_ADMIN")]
_X86_PREFIX = "KVM_CAP_X86_"


class Needs(Part):
    """What a VM has to have before the capability can be enabled."""

    expression: Annotated[Expression, Field(description="over the VM `kvm`, in C")]
    error: Annotated[Errno, Field(description="what KVM_ENABLE_CAP fails with without it")]
    without: Annotated[Clause, Field(description="the VM without it, behind `if`")]
    setup: Annotated[Setup, Field(description="in the selftest: what gives a VM `vm` it")]
    usual: Annotated[bool, Field(description="the selftests' vm_create() gives it as well")] = False


class Updates(Part):
    """What KVM does at once when the value changes, so that what it had decided before goes."""

    code: Annotated[Setup, Field(description="C over the VM `kvm`, behind the assignment")]
    does: Annotated[Clause, Field(description="what that does, such as: KVM drops all mappings")]
    lock: Annotated[
        Literal["lock", "slots_lock"], Field(description="the mutex of struct kvm to hold")
    ] = "lock"
    again: Annotated[
        TestCode | None, Field(description="for the selftest: defines observe_again()")
    ] = None


class VmCapability(KindSection):
    """A capability that userspace enables for a VM."""

    capability: Annotated[Capability, Field(description="the capability's name")]
    new: Annotated[
        bool, Field(description="no: it can only be asked for yet, and shall be enabled as well")
    ] = True
    config: Annotated[
        KvmSymbol | None,
        Field(description="generic code has it, where an architecture selects this symbol"),
    ] = None
    field: Annotated[Bool | Mask | Number, Field(discriminator="type")]
    when: Literal["before-vcpus", "before-memslots", "any-time", "once"] = "before-vcpus"
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None
    needs: Annotated[list[Needs], Field(description="in the order in which they are told")] = []
    updates: Updates | None = None
    privilege: Annotated[Privilege | None, Field(description="the capable() it takes")] = None
    check_extension: Annotated[
        Expression | None, Field(description="what KVM_CHECK_EXTENSION returns, if not the usual")
    ] = None


def _x86_name(section: VmCapability | None, knob: Any, find: Find) -> Iterator[Finding]:
    if section and section.capability.startswith(_X86_PREFIX) and "x86" not in knob.architectures:
        hint = f"without X86, or with x86 in `architectures`: {', '.join(knob.architectures)}"
        message = f"`{section.capability}` is named for x86"
        yield find(("vm-capability", "capability"), message, hint)


def _seen_again(section: VmCapability | None, knob: Any, find: Find) -> Iterator[Finding]:
    """What is done at once has to be seen, as far as the knob can be."""
    if section and section.updates and knob.test.code and not section.updates.again:
        hint = "it looks once more at a VM that observe() has looked at: `again` defines it"
        message = "no test sees what is updated, without observe_again()"
        yield find(("vm-capability", "updates"), message, hint)


def _tested_values(section: VmCapability | None, knob: Any, find: Find) -> Iterator[Finding]:
    field = section and section.field
    if not isinstance(field, Number):
        hint = "leave it out, or give `vm-capability` a field of type u32 or u64"
        for key, given in (("values", knob.test.values), ("default", knob.test.default)):
            if given:
                yield find(("test", key), f"`{key}` is for a capability with a number", hint)
        return
    for index, value in enumerate(knob.test.values):
        if not field.min <= value <= field.max:
            message = f"the capability does not take {value}"
            hint = f"a number from {field.min} to {field.max}"
            yield find(("test", "values", index), message, hint)
    unknown = number(field.default) is None and not field.default.startswith("KVM_")
    if knob.test.code and knob.test.default is None and unknown:
        message = f"the selftest does not know `{field.default}`"
        yield find(("test",), message, "`default` in `test` is the same for the selftest")


def _tested(section: VmCapability | None, knob: Any, find: Find) -> Iterator[Finding]:
    yield from _tested_values(section, knob, find)
    yield from _seen_again(section, knob, find)


def _when_it_changes(part: VmCapability, where: Where, find: Find) -> Iterator[Finding]:
    """What the moments at which it can be set make pointless."""
    if part.updates and part.when != "any-time":
        message = f"`updates` is for what changes later, and this is set {part.when}"
        yield find((*where, "updates"), message, "leave it out, or `when: any-time`")
    if part.updates and part.updates.again and not defines(part.updates.again, "observe_again"):
        hint = "`static bool observe_again(…)`, with the arguments of observe()"
        yield find(
            (*where, "updates", "again"), "the snippet does not define observe_again()", hint
        )
    if not part.new and part.check_extension:
        message = "what KVM_CHECK_EXTENSION answers for an existing capability is decided already"
        yield find((*where, "check_extension"), message, "leave it out")
    if part.field.one_way and part.when == "once":
        message = "`one-way` is more than `once`: nothing is taken back, and again changes nothing"
        yield find((*where, "when"), message, "`when: any-time`, or no `one-way`")


KIND = Kind(
    section=VmCapability,
    answers=lambda section: section.field.new,
    checks={VmCapability: _when_it_changes, Mask: mask_problems, Number: number_problems},
    together={
        frozenset({"architectures"}): _x86_name,
        frozenset({"test"}): _tested,
    },
)
