# SPDX-License-Identifier: GPL-2.0-only
"""A capability that userspace enables for a VM, kept in a field of struct kvm_arch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.enabled import FIELD_CHECKS, Enabled, enabled_problems, parts_read, seen_again
from codegen.kinds.fields import Number
from codegen.kinds.kind import Kind
from codegen.kinds.packed import AnyField
from codegen.vocabulary.part import Capability, Find, KvmSymbol, Where, number

_X86_PREFIX = "KVM_CAP_X86_"


class VmCapability(Enabled):
    """A capability that userspace enables for a VM."""

    capability: Annotated[Capability, Field(description="the capability's name")]
    new: Annotated[
        bool, Field(description="no: it can only be asked for yet, and shall be enabled as well")
    ] = True
    config: Annotated[
        KvmSymbol | None,
        Field(description="generic code has it, where an architecture selects this symbol"),
    ] = None
    field: Annotated[AnyField, Field(discriminator="type")]


def _x86_name(section: VmCapability | None, knob: Any, find: Find) -> Iterator[Finding]:
    if section and section.capability.startswith(_X86_PREFIX) and "x86" not in knob.architectures:
        hint = f"without X86, or with x86 in `architectures`: {', '.join(knob.architectures)}"
        message = f"`{section.capability}` is named for x86"
        yield find(("vm-capability", "capability"), message, hint)


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
    yield from seen_again("vm-capability", section, knob, find)


def _read(section: VmCapability | None, knob: Any, find: Find) -> Iterator[Finding]:
    yield from parts_read("vm-capability", section and section.field, knob, find)


def _problems(part: VmCapability, where: Where, find: Find) -> Iterator[Finding]:
    yield from enabled_problems(part, part.field, where, find)
    if not part.new and part.check_extension:
        message = "what KVM_CHECK_EXTENSION answers for an existing capability is decided already"
        yield find((*where, "check_extension"), message, "leave it out")


KIND = Kind(
    section=VmCapability,
    answers=lambda section: section.field.new,
    checks={VmCapability: _problems, **FIELD_CHECKS},
    together={
        frozenset({"architectures"}): _x86_name,
        frozenset({"test"}): _tested,
        frozenset({"mechanism"}): _read,
    },
)
