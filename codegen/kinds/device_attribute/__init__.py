# SPDX-License-Identifier: GPL-2.0-only
"""An attribute of a VM or of a vCPU, the first one of a group of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.kind import Kind
from codegen.kinds.section import KindSection
from codegen.vocabulary.part import (
    Expressions,
    Find,
    Identifier,
    Unsigned,
    Where,
    matching,
    repeated,
)
from codegen.vocabulary.text import Comment, Phrase, Prose

Symbol = Annotated[str, matching(r"^KVM_[A-Z0-9_]*[A-Z0-9]$", "KVM_VCPU_FAULT_CTRL")]


class DeviceAttribute(KindSection):
    """A value of 64 bits that userspace reads and sets, or reads of what KVM knows."""

    of: Annotated[Literal["vm", "vcpu"], Field(description="whose file descriptor it is for")]
    group: Annotated[Symbol, Field(description="the name of its group, a new one")]
    name: Annotated[Symbol, Field(description="the attribute's name")]
    means: Annotated[Phrase, Field(description="what the value is")]
    field: Annotated[
        Identifier | None,
        Field(description="of struct kvm_arch or kvm_vcpu_arch: a bool or a u64, as the predicate"),
    ] = None
    comment: Annotated[Comment | None, Field(description="above the field")] = None
    max: Annotated[Unsigned | None, Field(description="of a number: the largest one taken")] = None
    values: Annotated[
        list[Unsigned], Field(max_length=8, description="of a number: those the selftest tries")
    ] = []
    expression: Annotated[
        Expressions | None, Field(description="instead of a field: what is read, and never set")
    ] = None
    condition: Annotated[
        Expressions | None, Field(description="must hold, else there is no attribute")
    ] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None


def _problems(part: DeviceAttribute, where: Where, find: Find) -> Iterator[Finding]:
    hint = "a field that userspace sets, or the expression that it reads"
    if not part.field and not part.expression:
        yield find(where, "what the attribute holds is missing", hint)
    if part.expression:
        for key in ("field", "comment", "max", "values"):
            if getattr(part, key):
                yield find((*where, key), f"what is only read has no `{key}`", hint)
    if part.group == part.name:
        message = "the group and its attribute have one name"
        yield find((*where, "name"), message, "each is a macro of its own: another name")
    if part.max == 2**64 - 1:
        yield find((*where, "max"), "a u64 is never larger", "leave `max` out")
    yield from repeated(part.values, (*where, "values"), find)
    for index, value in enumerate(part.values):
        if part.max is not None and value > part.max:
            message = f"the attribute does not take {value}"
            yield find((*where, "values", index), message, f"at most {part.max}")


def _number(section: DeviceAttribute | None, knob: Any, find: Find) -> Iterator[Finding]:
    """A bool has no range, and a number is tried with some."""
    if not section or not section.field or not knob.predicate:
        return
    at = "device-attribute"
    if knob.predicate.returns == "bool":
        for key in ("max", "values"):
            if getattr(section, key):
                hint = "leave it out, or `returns: u64` in `predicate`"
                yield find(
                    (at, key), f"`{key}` is for a number, and the predicate's is a bool", hint
                )
    elif knob.test.code and not section.values:
        yield find((at,), "`values` is missing: numbers for the selftest to try", "")


KIND = Kind(
    section=DeviceAttribute,
    decides_by=lambda section: "kvm" if section.of == "vm" else "kvm_vcpu",
    answers=lambda section: not section.expression,
    checks={DeviceAttribute: _problems},
    together={frozenset({"predicate", "test"}): _number},
)
