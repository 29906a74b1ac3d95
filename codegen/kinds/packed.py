# SPDX-License-Identifier: GPL-2.0-only
"""Several values in the arguments of one capability, each a field of struct kvm_arch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.fields import (
    BitName,
    Bool,
    Mask,
    Number,
    mask_problems,
    number_problems,
)
from codegen.kinds.kind import PartCheck
from codegen.vocabulary.part import Find, Part, Unsigned, Where, number, repeated, twice
from codegen.vocabulary.text import Phrase, Unit

ARGS = 4  # of struct kvm_enable_cap, include/uapi/linux/kvm.h
ARG_BITS = 64
# What the selftest of a capability with several values calls its own: templates/vm-capability/.
_TAKEN = frozenset(
    "args cap create_vm enable good i known observe r still_holds value vcpu vm".split()
)
_WIDTHS = {"bool": 1, "mask": 32, "u32": 32, "u64": 64}


class InArgument(Part):
    """Where a value is among the arguments: as many bits as its type has."""

    arg: Annotated[int, Field(ge=0, le=ARGS - 1, description="which of args[]")] = 0
    shift: Annotated[int, Field(ge=0, le=ARG_BITS - 1, description="its lowest bit there")] = 0
    means: Annotated[Phrase, Field(description="what it is, for api.rst")]


class PackedBool(Bool, InArgument):
    """One bit, on or off."""


class PackedMask(Mask, InArgument):
    """32 bits, of which some are named."""

    required: Annotated[
        list[BitName], Field(max_length=31, description="bits that have to be set, else -EINVAL")
    ] = []


class PackedNumber(Number, InArgument):
    """A number with a range."""

    unit: Annotated[Unit, Field(description="what it counts, if it counts")] = ""
    values: Annotated[list[Unsigned], Field(max_length=8, description="to try in the test")] = []


PackedPart = PackedBool | PackedMask | PackedNumber


class PackedValues(Part):
    """Several values; the predicate answers with the first, the mechanism reads the others."""

    new: ClassVar[bool] = True
    one_way: ClassVar[bool] = False
    type: Literal["packed"]
    parts: Annotated[
        list[Annotated[PackedPart, Field(discriminator="type")]],
        Field(min_length=2, max_length=8, description="the values, each with its place"),
    ]


AnyField = Bool | Mask | Number | PackedValues


def parts(field: AnyField) -> Sequence[Bool | Mask | Number]:
    """The fields of struct kvm_arch that a capability's `field` says: itself, or its parts."""
    return field.parts if field.type == "packed" else [field]


def width(part: PackedPart) -> int:
    """The bits of a part's type."""
    return _WIDTHS[part.type]


def packed_problems(part: PackedValues, where: Where, find: Find) -> Iterator[Finding]:
    """Parts with one name or with one of the selftest's, and parts that share bits or leave the
    argument.
    """
    yield from repeated([each.name for each in part.parts], (*where, "parts"), find, "name")
    taken: dict[tuple[int, int], str] = {}
    for index, each in enumerate(part.parts):
        here = (*where, "parts", index)
        if each.name in _TAKEN:
            message = f"the selftest has a `{each.name}` of its own, beside the value"
            yield find((*here, "name"), message, "a name that says what the value is")
        bits = range(each.shift, each.shift + width(each))
        if bits.stop > ARG_BITS:
            message = f"{each.name} would take bits {bits[-1]} to {bits[0]}, and args[] has 64"
            yield find((*here, "shift"), message, f"at most {ARG_BITS - width(each)}")
            continue
        others = (taken[each.arg, bit] for bit in bits if (each.arg, bit) in taken)
        other = next(others, "")
        if other:
            message = f"{each.name} shares bits of args[{each.arg}] with {other}"
            yield find(here, message, "another `shift`, or another `arg`")
        taken.update({(each.arg, bit): each.name for bit in bits})
        if not each.new or each.one_way:
            key = "one_way" if each.one_way else "new"
            yield find((*here, key), "parts are new, and are set together", "leave it out")


def packed_mask_problems(part: PackedMask, where: Where, find: Find) -> Iterator[Finding]:
    """Bits that have to be set and are none of the mask's."""
    yield from mask_problems(part, where, find)
    yield from repeated(part.required, (*where, "required"), find)
    names = [bit.name for bit in part.bits]
    for index, name in enumerate(part.required):
        if name not in names:
            known = f"known: {', '.join(names)}"
            yield find((*where, "required", index), f"`{name}` is no bit of the mask", known)


def packed_number_problems(part: PackedNumber, where: Where, find: Find) -> Iterator[Finding]:
    """What a number alone may have, and values that the capability does not take."""
    yield from number_problems(part, where, find)
    if part.times:
        yield find((*where, "times"), "`times` is for a number alone", "give `max`")
    if number(part.default) is None:
        message = f"the selftest does not know `{part.default}`"
        yield find((*where, "default"), message, "a number")
    for index in twice(part.values):
        yield find((*where, "values", index), f"{part.values[index]} is given twice", "")
    for index, value in enumerate(part.values):
        if not part.min <= value <= part.max:
            hint = f"a number from {part.min} to {part.max}"
            yield find((*where, "values", index), f"the capability does not take {value}", hint)


PACKED_CHECKS: Mapping[type[Part], PartCheck] = {
    PackedValues: packed_problems,
    PackedMask: packed_mask_problems,
    PackedNumber: packed_number_problems,
}
