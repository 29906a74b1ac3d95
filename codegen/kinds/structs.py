# SPDX-License-Identifier: GPL-2.0-only
"""Structs that userspace and KVM share, as a description says them: the same for 32 bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.vocabulary.part import Find, Identifier, Part, Where, repeated
from codegen.vocabulary.text import Phrase

Type = Literal["__u8", "__u16", "__u32", "__u64", "__s8", "__s16", "__s32", "__s64"]


class StructMember(Part):
    """A member; `zero` is one that has to be 0: flags that nobody has yet, or padding."""

    name: Annotated[Identifier, Field(description="the member's name")]
    type: Annotated[Type, Field(description="of a size that is the same everywhere")]
    count: Annotated[int, Field(ge=2, le=4096, description="of an array")] | None = None
    goes: Annotated[
        Literal["in", "out", "both"], Field(description="to KVM, back from it, or both")
    ] = "in"
    zero: Annotated[bool, Field(description="it must be 0, else -EINVAL")] = False
    means: Annotated[Phrase | None, Field(description="what it is, for api.rst")] = None

    @property
    def size(self) -> int:
        """Of one element, in bytes; it is aligned to as many."""
        return int(self.type[3:]) // 8

    @property
    def whole(self) -> int:
        """Of all elements."""
        return self.size * (self.count or 1)

    @property
    def array(self) -> str:
        """What says in C that it is one; empty where it is none."""
        return f"[{self.count}]" if self.count else ""

    @property
    def goes_out(self) -> bool:
        """Whether KVM writes it."""
        return self.goes != "in"


def offsets(members: Sequence[StructMember]) -> Iterator[tuple[StructMember, int]]:
    """Each member with where it begins, in a struct without holes."""
    at = 0
    for member in members:
        yield member, at
        at += member.whole


def size(members: Sequence[StructMember]) -> int:
    """The bytes of all members."""
    return sum(member.whole for member in members)


def member_lines(members: Sequence[StructMember]) -> str:
    """The members of a struct in C, each in its line."""
    return "".join(f"\t{member.type} {member.name}{member.array};\n" for member in members)


def struct_problems(members: Sequence[StructMember], where: Where, find: Find) -> Iterator[Finding]:
    """Holes that a compiler would fill, and not each one in the same way: a __u64 is aligned to 4
    bytes on 32-bit x86 and to 8 elsewhere (Documentation/process/botching-up-ioctls.rst).
    """
    yield from repeated([member.name for member in members], where, find, "member")
    most = max(member.size for member in members)
    for index, (member, at) in enumerate(offsets(members)):
        here = (*where, index)
        if member.zero and (member.goes_out or member.means):
            other = "goes" if member.goes_out else "means"
            yield find((*here, other), "a member that must be 0 has no other use", "")
        if not member.zero and not member.means:
            hint = "what it is, for api.rst; or `zero: true`"
            yield find(here, f"`means` of {member.name} is missing", hint)
        if at % member.size:
            what = f"{member.name} would begin at byte {at}, and a {member.type} cannot"
            yield find(here, what, _pad(member.size - at % member.size, "before it"))
    if size(members) % most:
        what = f"the struct has {size(members)} bytes, and 64-bit compilers would add some"
        hint = _pad(most - size(members) % most, "at its end")
        yield find((*where, len(members) - 1), what, hint)


def _pad(count: int, where: str) -> str:
    named = "{name: pad, type: __u8, " + (f"count: {count}, " if count > 1 else "") + "zero: true}"
    return f"{where}: `- {named}`"
