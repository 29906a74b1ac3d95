# SPDX-License-Identifier: GPL-2.0-only
"""How a capability is enabled for a VM: with what value, when, and on which conditions.

VM capabilities are that, and exits that userspace has to ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.fields import Mask, Number, mask_problems, number_problems
from codegen.kinds.kind import PartCheck
from codegen.kinds.packed import PACKED_CHECKS, PackedValues
from codegen.kinds.section import KindSection
from codegen.vocabulary.ccode import Expression, Setup, TestCode, defines
from codegen.vocabulary.lexer import tokens
from codegen.vocabulary.part import (
    Errno,
    Expressions,
    Find,
    Part,
    Where,
    matching,
)
from codegen.vocabulary.text import Clause, Prose

Lock = Literal["lock", "slots_lock"]
Privilege = Annotated[str, matching(r"^CAP_[A-Z_]+$", "CAP_SYS_ADMIN")]
When = Literal["before-vcpus", "before-memslots", "any-time", "once"]


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
    lock: Annotated[Lock, Field(description="the mutex of struct kvm to hold")] = "lock"
    again: Annotated[
        TestCode | None, Field(description="for the selftest: defines observe_again()")
    ] = None


class Enabled(KindSection):
    """What is said of a capability that userspace enables for a VM; the kinds add its `field`."""

    when: When = "before-vcpus"
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None
    needs: Annotated[list[Needs], Field(description="in the order in which they are told")] = []
    updates: Updates | None = None
    lock: Annotated[
        Lock | None, Field(description="the mutex of struct kvm that whoever reads it holds")
    ] = None
    privilege: Annotated[Privilege | None, Field(description="the capable() it takes")] = None
    check_extension: Annotated[
        Expression | None, Field(description="what KVM_CHECK_EXTENSION returns, if not the usual")
    ] = None


def seen_again(key: str, section: Enabled | None, knob: Any, find: Find) -> Iterator[Finding]:
    """What is done at once has to be seen, as far as the knob can be; `key` is the section's."""
    if section and section.updates and knob.test.code and not section.updates.again:
        hint = "it looks once more at a VM that observe() has looked at: `again` defines it"
        message = "no test sees what is updated, without observe_again()"
        yield find((key, "updates"), message, hint)


def parts_read(key: str, field: Any, knob: Any, find: Find) -> Iterator[Finding]:
    """The predicate answers with the first of packed values: the mechanism reads the others."""
    if not isinstance(field, PackedValues) or not knob.mechanism or not knob.mechanism.alternatives:
        return
    edits = (
        e for _, step in knob.mechanism.steps for each in step.alternatives for e in each.edits
    )
    read = {token.text for edit in edits for token in tokens(edit.put or "")}
    for index, part in enumerate(field.parts[1:], start=1):
        if part.name not in read:
            hint = f"kvm->arch.{part.name}, in an edit of the mechanism"
            yield find((key, "field", "parts", index, "name"), f"nothing reads {part.name}", hint)


def enabled_problems(part: Enabled, field: Any, where: Where, find: Find) -> Iterator[Finding]:
    """What the moments at which a capability with that field can be set make pointless."""
    if part.updates and part.when != "any-time":
        message = f"`updates` is for what changes later, and this is set {part.when}"
        yield find((*where, "updates"), message, "leave it out, or `when: any-time`")
    if part.lock and (part.updates or part.when.startswith("before")):
        has = "what it `updates`" if part.updates else "what is set " + part.when
        yield find((*where, "lock"), f"{has} has a lock of its own", "leave it out")
    if part.updates and part.updates.again and not defines(part.updates.again, "observe_again"):
        hint = "`static bool observe_again(…)`, with the arguments of observe()"
        yield find(
            (*where, "updates", "again"), "the snippet does not define observe_again()", hint
        )
    if field.one_way and part.when == "once":
        message = "`one-way` is more than `once`: nothing is taken back, and again changes nothing"
        yield find((*where, "when"), message, "`when: any-time`, or no `one-way`")
    if isinstance(field, PackedValues) and not part.when.startswith("before"):
        message = f"several fields do not change as one, and this is set {part.when}"
        yield find((*where, "when"), message, "`when: before-vcpus`, or `before-memslots`")


# Of the fields that the kinds have.
FIELD_CHECKS: Mapping[type[Part], PartCheck] = {
    Mask: mask_problems,
    Number: number_problems,
    **PACKED_CHECKS,
}
