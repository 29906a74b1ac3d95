# SPDX-License-Identifier: GPL-2.0-only
"""One ioctl, as a description says it: what it takes, what it does and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.failures import Failure
from codegen.kinds.structs import StructMember, size, struct_problems
from codegen.vocabulary.ccode import Expression, Setup
from codegen.vocabulary.lexer import tokens
from codegen.vocabulary.part import Find, Identifier, Part, Where, matching, repeated
from codegen.vocabulary.text import Phrase

# What 32-bit kernels let a function have on the stack: FRAME_WARN of lib/Kconfig.debug.
_STACK = 1024
# _IOC_SIZEBITS of include/uapi/asm-generic/ioctl.h: an ioctl's number has the size of its struct.
_SIZE_BITS = 14
IoctlName = Annotated[str, matching(r"^KVM_[A-Z0-9_]*[A-Z0-9]$", "KVM_PREPARE_MEMORY")]


class MemberBit(Part):
    """A named bit of a member."""

    name: Annotated[IoctlName, Field(description="the bit's name")]
    bit: Annotated[int, Field(ge=0, le=63, description="its number")]
    means: Annotated[Phrase, Field(description="what it says, for api.rst")]


class MemberValue(Part):
    """A named value of a member."""

    name: Annotated[IoctlName, Field(description="the value's name")]
    value: Annotated[int, Field(ge=0, lt=1 << 64, description="the number")]
    means: Annotated[Phrase, Field(description="what it asks for, for api.rst")]


class IoctlMember(StructMember):
    """A member of an ioctl's struct; one with `bits` is a mask of these, one with `values` is one
    of these, and the `rest` is an array that has what is left of the size of the whole.
    """

    bits: Annotated[
        list[MemberBit], Field(max_length=64, description="those that there are of a mask")
    ] = []
    values: Annotated[
        list[MemberValue], Field(max_length=32, description="all that there are: others fail")
    ] = []
    rest: Annotated[bool, Field(description="an array, the last member, without a count")] = False

    @property
    def whole(self) -> int:
        return 0 if self.rest else super().whole

    @property
    def array(self) -> str:
        return "[]" if self.rest else super().array

    @property
    def most(self) -> int:
        """The largest number that it holds."""
        return (1 << 8 * self.size - self.type.startswith("__s")) - 1

    @property
    def others(self) -> list[int]:
        """Numbers without a name: the neighbours of those that have one, and the largest."""
        named = {each.value for each in self.values}
        near = {value + step for value in named for step in (-1, 1)} | {self.most}
        return sorted(value for value in near - named if 0 <= value <= self.most)


class Ioctl(Part):
    """An ioctl: with a struct, or with a number or nothing in its place."""

    name: Annotated[IoctlName, Field(description="the ioctl's name")]
    struct: Annotated[
        Identifier | None, Field(description="the struct's name, such as kvm_prepare")
    ] = None
    members: Annotated[
        list[IoctlMember], Field(max_length=32, description="all of it, without holes")
    ] = []
    new_struct: Annotated[
        bool, Field(description="no: the tree has the struct, with these members")
    ] = True
    size: Annotated[
        Expression | None,
        Field(description="of a struct with a `rest`, in bytes, over kvm or vcpu; `args` points"),
    ] = None
    command: Annotated[
        Literal["_IOR", "_IOW", "_IOWR"] | None,
        Field(description="what makes its number, where Linux has it not as the members go"),
    ] = None
    argument: Annotated[
        Phrase | None, Field(description="what it takes in place of a struct: a number of 32 bits")
    ] = None
    returns: Annotated[
        Phrase | None, Field(description="what it returns in place of 0: a number, not negative")
    ] = None
    does: Annotated[
        Expression,
        Field(
            description="what is done and returned: 0, the number or an error, over `args` (or "
            "`arg`, without a struct) and kvm or vcpu"
        ),
    ]
    errors: Annotated[list[Failure], Field(max_length=16)] = []
    call: Annotated[
        Setup | None, Field(description="in the selftest: fills `args`, or `arg`, for a good call")
    ] = None
    answer: Annotated[
        Expression | None,
        Field(description="in the selftest: what holds behind it of `args`, or of `r`, returned"),
    ] = None

    @property
    def gives(self) -> bool:
        """Whether KVM writes the struct, or a part of it."""
        return any(member.goes_out for member in self.members)

    @property
    def rest(self) -> IoctlMember | None:
        """The member that has no fixed size."""
        return next((member for member in self.members if member.rest), None)

    @property
    def masks(self) -> list[IoctlMember]:
        """The members that are masks of which KVM takes the bits that it knows."""
        return [member for member in self.members if member.bits and not member.goes_out]

    @property
    def choices(self) -> list[IoctlMember]:
        """The members that are one of some values."""
        return [member for member in self.members if member.values]


class OtherIoctl(Ioctl):
    """An ioctl that there is, and that is taken here as well."""

    lets: Annotated[Phrase, Field(description="continues `it lets userspace`, such as: read it")]


def ioctl_problems(part: Ioctl, where: Where, find: Find) -> Iterator[Finding]:
    """What is wrong with one ioctl."""
    if part.struct and not part.members:
        yield find((*where, "struct"), "a struct without members", "say its `members`")
    if part.members and not part.struct:
        yield find((*where, "members"), "members of no struct", "`struct` is its name")
    if part.command and not part.struct:
        yield find((*where, "command"), "an ioctl without a struct is made by _IO", "leave it out")
    if part.struct and part.argument:
        what = "an ioctl takes a struct or a number"
        yield find((*where, "argument"), what, "say it as a member of the struct")
    if (part.struct or part.argument) and not part.call and not part.rest:
        yield find(where, "`call` is missing", "it fills what a good call of the selftest takes")
    yield from _named_problems(part, where, find)
    if part.members:
        yield from struct_problems(part.members, (*where, "members"), find)
        yield from _size_problems(part, where, find)
    if bool(part.rest) != bool(part.size):
        hint = "`size` is that of a struct whose last member is the `rest`"
        yield find(where, "a size of nothing, or a rest without one", hint)
    for index, member in enumerate(part.members if part.rest else []):
        if member.goes != "out":
            what = "KVM only fills a struct without a fixed size"
            yield find((*where, "members", index), what, "`goes: out`")
        if member.rest and (member.count or member is not part.members[-1]):
            yield find((*where, "members", index), "what is left stands behind all else", "")
    if part.answer and not part.gives and not part.returns:
        hint = "say `goes: out` or `goes: both` of a member, or what it `returns`"
        yield find((*where, "answer"), "no member is given back", hint)


def _size_problems(part: Ioctl, where: Where, find: Find) -> Iterator[Finding]:
    """A struct that is too large for the stack, or for the number; its `rest` is of neither."""
    held = size(part.members)
    hint = "have a __u64 point to what is large"
    if held >= 1 << _SIZE_BITS:
        what = f"the struct has {held} bytes, and an ioctl's number {_SIZE_BITS} bits for that"
        yield find((*where, "members"), what, hint)
    elif held > _STACK and not part.rest:
        what = f"the struct has {held} bytes, and it is copied to the kernel's stack"
        yield find((*where, "members"), what, f"at most {_STACK}; {hint}")


def _named_problems(part: Ioctl, where: Where, find: Find) -> Iterator[Finding]:
    """A struct is `args`, a number is `arg`, and what takes neither has none of them."""
    code: list[tuple[Where, str | None]]
    code = [((key,), getattr(part, key, None)) for key in ("does", "call", "answer", "setup")]
    code += [(("errors", n, "call"), each.call) for n, each in enumerate(part.errors)]
    for key, text in code:
        if uses(text or "", "args") and not part.struct:
            what = "there is no struct that would be `args`"
            hint = "the number is `arg`" if part.argument else "say its `struct` and `members`"
            yield find((*where, *key), what, hint)
        if uses(text or "", "arg") and part.struct:
            yield find((*where, *key), "there is no number `arg`", "the struct is `args`")
        elif uses(text or "", "arg") and not part.argument:
            yield find((*where, *key), "nothing says what `arg` is", "`argument` does")


def uses(code: str, name: str) -> bool:
    """Whether C uses a name that it does not declare itself; one of a member is another."""
    if re.search(rf"\w\s+\**{name}\s*[=;,\[]", code):
        return False
    texts = ["", *(token.text for token in tokens(code))]
    return any(text == name and last not in (".", "->") for last, text in pairwise(texts))


def member_problems(part: IoctlMember, where: Where, find: Find) -> Iterator[Finding]:
    """What is wrong with a member that is a mask, or one of some values."""
    yield from repeated([each.name for each in part.bits], (*where, "bits"), find, "name")
    yield from repeated([each.bit for each in part.bits], (*where, "bits"), find, "bit")
    yield from repeated([each.name for each in part.values], (*where, "values"), find, "name")
    yield from repeated([each.value for each in part.values], (*where, "values"), find, "value")
    for index, bit in enumerate(part.bits):
        if bit.bit >= 8 * part.size:
            what = f"a {part.type} has no bit {bit.bit}"
            yield find((*where, "bits", index, "bit"), what, "a larger type, or a lower bit")
    for index, value in enumerate(part.values):
        if value.value > part.most:
            what = f"a {part.type} holds {part.most} at most"
            yield find((*where, "values", index, "value"), what, "a larger type")
    if part.bits and (part.zero or part.count or part.goes == "both"):
        what = "a mask is one number that goes to KVM or back"
        yield find((*where, "bits"), what, "no `zero` or `count` beside it, nor `goes: both`")
    if part.values and (part.zero or part.count or part.goes_out):
        what = "what is one of some values is one number that goes to KVM"
        yield find((*where, "values"), what, "no `zero`, `count` or `goes` beside it")
    if part.bits and part.values:
        yield find((*where, "values"), "a mask has bits", "leave out `bits`, or `values`")
