# SPDX-License-Identifier: GPL-2.0-only
"""A field of struct kvm_arch, in which some kinds keep what userspace has said of a VM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.vocabulary.ccode import Expression
from codegen.vocabulary.part import Find, Identifier, Part, Unsigned, Where, matching, number, twice
from codegen.vocabulary.text import Clause, Comment, Unit

BitName = Annotated[str, matching(r"^KVM_[A-Z0-9_]*[A-Z0-9]$", "KVM_X86_ZAP_LEAFS_ON_MOVE")]


class Bit(Part):
    """A named bit of a capability's argument."""

    name: Annotated[BitName, Field(description="the bit's name")]
    bit: Annotated[
        int, Field(ge=0, le=30, description="its number, from 0 to 30: an ioctl returns an int")
    ]
    means: Annotated[Clause, Field(description="what KVM may do if it is set")]


class Bool(Part):
    """On or off; one way, it is switched on without a value."""

    new: ClassVar[bool] = True
    type: Literal["bool"]
    name: Annotated[Identifier, Field(description="of the field in struct kvm_arch")]
    one_way: Annotated[bool, Field(description="only switched on: args[0] has to be 0")] = False
    comment: Comment | None = None


class Mask(Part):
    """Any of some named bits; one way, bits are added to those that are set."""

    type: Literal["mask"]
    name: Annotated[Identifier, Field(description="of the field in struct kvm_arch")]
    new: Annotated[
        bool,
        Field(description="no: the tree has the bits, and KVM does by the field what they say"),
    ] = True
    one_way: Annotated[bool, Field(description="bits that are set stay set")] = False
    bits: Annotated[list[Bit], Field(min_length=1, max_length=31, description="the named bits")]
    comment: Comment | None = None


class Number(Part):
    """A number with a range, a unit and a default."""

    new: ClassVar[bool] = True
    one_way: ClassVar[bool] = False
    type: Literal["u32", "u64"]
    name: Annotated[Identifier, Field(description="of the field in struct kvm_arch")]
    min: Annotated[Unsigned, Field(description="the smallest number that KVM takes")]
    max: Annotated[Unsigned, Field(description="the largest number that KVM takes")]
    unit: Annotated[Unit, Field(description="what it counts, such as nanoseconds")]
    default: Annotated[Expression, Field(description="a constant of the tree, or a number")] = "0"
    times: Annotated[
        Expression | None,
        Field(description="a constant with which the number has to fit into 64 bits: gives `max`"),
    ] = None
    range_why: Annotated[Comment | None, Field(description="a comment above the test")] = None
    comment: Comment | None = None


def mask_problems(part: Mask, where: Where, find: Find) -> Iterator[Finding]:
    """Bits of a mask that cannot be told apart."""
    yield from bit_problems(part.bits, where, find)


def bit_problems(bits: Sequence[Bit], where: Where, find: Find) -> Iterator[Finding]:
    """Bits that cannot be told apart; `where` has them as `bits`."""
    for name, said in (("bit", "number"), ("name", "name")):
        values = [getattr(bit, name) for bit in bits]
        for index in twice(values):
            message = f"two bits have the same {said}: {values[index]}"
            yield find((*where, "bits", index, name), message, "")


def number_problems(part: Number, where: Where, find: Find) -> Iterator[Finding]:
    """A range that is empty or does not fit its type, a default out of it."""
    if part.type == "u32":
        for name in ("min", "max"):
            if getattr(part, name) >= 1 << 32:
                message = f"`{name}` does not fit into a u32: {getattr(part, name)}"
                yield find((*where, name), message, f"at most {(1 << 32) - 1}, or `type: u64`")
    if part.times and part.type != "u64":
        yield find((*where, "times"), "`times` is for a number of 64 bits", "`type: u64`")
    if part.min > part.max:
        message = f"the range is empty: {part.min} to {part.max}"
        yield find((*where, "min"), message, "`min` is at most `max`")
    default = number(part.default)
    # 0 is what the field holds while nobody set it; it need not be a value to set
    if default and part.min <= part.max and not part.min <= default <= part.max:
        hint = f"a number from {part.min} to {part.max}, a constant of the tree, or 0"
        yield find((*where, "default"), f"the default is out of range: {default}", hint)


def c_type(kind: str) -> str:
    """The kernel's type for a field."""
    return {"bool": "bool", "mask": "u32"}.get(kind, kind)


def initial(field: Any) -> str:
    """What a field holds before anybody sets it, in C."""
    return field.default if field.type in ("u32", "u64") else "0"
