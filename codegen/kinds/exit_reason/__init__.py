# SPDX-License-Identifier: GPL-2.0-only
"""A reason for which KVM_RUN returns to userspace, with its part of struct kvm_run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.enabled import (
    FIELD_CHECKS,
    Enabled,
    When,
    enabled_problems,
    parts_read,
    seen_again,
)
from codegen.kinds.fields import Bit, Bool, Mask, bit_problems
from codegen.kinds.kind import Kind
from codegen.kinds.packed import PackedValues
from codegen.kinds.structs import StructMember, size, struct_problems
from codegen.vocabulary.lexer import tokens
from codegen.vocabulary.part import (
    Capability,
    Errno,
    Find,
    Identifier,
    Part,
    Where,
    dashed,
    matching,
    repeated,
)
from codegen.vocabulary.text import Clause

ExitName = Annotated[str, matching(r"^KVM_EXIT_[A-Z0-9_]*[A-Z0-9]$", "KVM_EXIT_BAD_PAGE")]
# The union of struct kvm_run is padded to that: what stands behind it is ABI.
_UNION = 256
# What a function that fills an exit has beside its members: templates/exit-reason/prepare.j2.
_TAKEN = ("vcpu", "run")
# About how a capability is enabled.
_ENABLING = (
    "when",
    "condition",
    "condition_why",
    "needs",
    "updates",
    "privilege",
    "check_extension",
)


class ExitMember(StructMember):
    """A member of an exit's part of struct kvm_run: KVM tells it, unless it goes `out`."""

    bits: Annotated[list[Bit], Field(max_length=31, description="named bits, of flags")] = []

    @property
    def told(self) -> bool:
        """Whether the function that fills the exit has it as a parameter."""
        return not self.zero and self.goes != "out"


class ExitCall(Part):
    """A struct of the union that the exit's part ends in: for one of the calls that it tells."""

    name: Annotated[Identifier, Field(description="of the struct in the union")]
    when: Annotated[Clause, Field(description="what tells that it is this one, behind `if`")]
    members: Annotated[
        list[ExitMember], Field(min_length=1, max_length=32, description="all that it tells")
    ]
    prepares: Annotated[Identifier, Field(description="the function, made by gen, that fills it")]


class ExitReason(Enabled):
    """`KVM_EXIT_*`: KVM_RUN returns, and a part of struct kvm_run says why."""

    new: ClassVar[bool] = True
    config: ClassVar[None] = None
    when: When = "any-time"
    name: Annotated[ExitName, Field(description="the exit's name")]
    capability: Annotated[
        Capability | None,
        Field(description="tells userspace that there is the exit, if nothing else does"),
    ] = None
    says: Annotated[Clause, Field(description="what has happened: a main clause")]
    member: Annotated[Identifier, Field(description="of the union in struct kvm_run")]
    members: Annotated[
        list[ExitMember], Field(min_length=1, max_length=32, description="all that it tells")
    ]
    calls: Annotated[
        list[ExitCall], Field(max_length=16, description="structs of which it has one, behind them")
    ] = []
    prepares: Annotated[
        Identifier | None,
        Field(description="the function, made by gen, by which the mechanism fills it"),
    ] = None
    before: Annotated[
        list[Identifier],
        Field(max_length=8, description="where these fill it, in a file before the first of these"),
    ] = []
    completes: Annotated[
        Identifier | None,
        Field(description="the mechanism's function that takes the answer at the next KVM_RUN"),
    ] = None
    fails: Annotated[
        Errno | None, Field(description="the error of KVM_RUN then, if it does not return 0")
    ] = None
    field: Annotated[
        Bool | Mask | PackedValues | None,
        Field(discriminator="type", description="by which userspace asks for it, of a VM"),
    ] = None

    @property
    def fillers(self) -> list[str]:
        """The functions that fill it."""
        return [each for each in (self.prepares, *(c.prepares for c in self.calls)) if each]

    @property
    def whole(self) -> int:
        """The bytes of its part of the union."""
        return size(self.members) + max((size(call.members) for call in self.calls), default=0)


def _problems(part: ExitReason, where: Where, find: Find) -> Iterator[Finding]:
    yield from _asking_problems(part, where, find)
    yield from _calls_problems(part, where, find)
    if part.whole > _UNION:
        what = f"{part.member} has {part.whole} bytes, the union of struct kvm_run {_UNION}"
        yield find((*where, "members"), what, "what is larger is read by an ioctl")
    lists: list[tuple[Where, list[ExitMember]]] = [(("members",), part.members)]
    lists += [(("calls", n, "members"), call.members) for n, call in enumerate(part.calls)]
    for key, members in lists:
        yield from struct_problems(members, (*where, *key), find)
        yield from _member_problems(part, members, (*where, *key), find)
    answered = any(member.goes_out for _, members in lists for member in members)
    if part.completes and not answered:
        what = f"{part.completes}() has nothing to take: no member goes `out` or `both`"
        yield find((*where, "completes"), what, "`goes: out` for what userspace fills")
    if part.completes and part.fails:
        what = "KVM_RUN that fails has nothing to complete"
        yield find((*where, "fails"), what, "leave it out, or `completes`")


def _member_problems(
    part: ExitReason, members: Sequence[ExitMember], where: Where, find: Find
) -> Iterator[Finding]:
    for index, member in enumerate(members):
        if member.goes_out and not part.completes:
            here = (*where, index, "goes")
            hint = "`completes` names the function that does; or leave `goes` out"
            yield find(here, "nothing takes what userspace fills", hint)
        if member.told and member.name in _TAKEN:
            message = f"the function that fills the exit has a `{member.name}` of its own"
            yield find((*where, index, "name"), message, "a name that says what is told")
        if member.count and member.told:
            hint = "several members, or `zero: true` for padding"
            yield find((*where, index, "count"), "an array is no argument", hint)
        yield from bit_problems(member.bits, (*where, index), find)


def _calls_problems(part: ExitReason, where: Where, find: Find) -> Iterator[Finding]:
    """A union begins where its largest member can, and each struct is filled by one function, whose
    parameters have the names of the members.
    """
    if bool(part.prepares) == bool(part.calls):
        message = "one function fills the exit, or one for each of its `calls`"
        yield find((*where, "prepares"), message, "give `prepares`, here or in each of `calls`")
    for key in ("name", "prepares"):
        yield from repeated([getattr(c, key) for c in part.calls], (*where, "calls"), find, key)
    names = {member.name: member for member in part.members}
    for at, call in enumerate(part.calls):
        here = (*where, "calls", at)
        if call.name in names:
            message = f"the exit has a member `{call.name}` already"
            yield find((*here, "name"), message, "they stand beside each other: another name")
        for index, member in enumerate(call.members):
            other = names.get(member.name)
            if other and other.told and member.told:
                message = f"{call.prepares}() would have two parameters `{member.name}`"
                hint = "another name, here or among the exit's `members`"
                yield find((*here, "members", index, "name"), message, hint)
    most = max((m.size for call in part.calls for m in call.members), default=1)
    begin = size(part.members)
    if begin % most:
        what = f"the union would begin at byte {begin}, and a member of {most} bytes cannot"
        yield find((*where, "calls"), what, "pad `members`, by one that is `zero: true`")


def _asking_problems(part: ExitReason, where: Where, find: Find) -> Iterator[Finding]:
    """How userspace asks for it, as far as it does so by the capability."""
    if part.field:
        yield from enabled_problems(part, part.field, where, find)
        if not part.capability:
            hint = "`capability` is what is enabled; or no `field`, if that is asked some other way"
            yield find((*where, "field"), "there is no capability to enable", hint)
        return
    for name in _ENABLING:
        if name in part.model_fields_set:
            message = f"`{dashed(name)}` is about a capability that is enabled"
            yield find((*where, name), message, "leave it out, or give a `field`")


def _seen(section: ExitReason | None, knob: Any, find: Find) -> Iterator[Finding]:
    yield from seen_again("exit-reason", section, knob, find)


def _acted_on(section: ExitReason | None, knob: Any, find: Find) -> Iterator[Finding]:
    """What takes the answer is called, and what userspace has asked for is read."""
    yield from parts_read("exit-reason", section and section.field, knob, find)
    if not section or not section.completes or not knob.mechanism:
        return
    for at, step in knob.mechanism.steps:
        for index, each in enumerate(step.alternatives):
            texts = [token.text for edit in each.edits if edit.put for token in tokens(edit.put)]
            if {*section.fillers} & {*texts} and section.completes not in texts:
                here = ("mechanism", *at, "alternatives", index)
                hint = f"vcpu->arch.complete_userspace_io = {section.completes};"
                message = f"it fills the exit, and nothing calls {section.completes}() then"
                yield find(here, message, hint)


KIND = Kind(
    section=ExitReason,
    checks={ExitReason: _problems, **FIELD_CHECKS},
    together={frozenset({"test"}): _seen, frozenset({"mechanism"}): _acted_on},
    answers=lambda section: section.field is not None and section.field.new,
)
