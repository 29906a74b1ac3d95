# SPDX-License-Identifier: GPL-2.0-only
"""A reason for which KVM_RUN returns to userspace, with its part of struct kvm_run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.kind import Kind
from codegen.kinds.section import KindSection
from codegen.kinds.structs import StructMember, size, struct_problems
from codegen.vocabulary.part import Capability, Find, Identifier, Part, Where, matching
from codegen.vocabulary.text import Clause, Comment

ExitName = Annotated[str, matching(r"^KVM_EXIT_[A-Z0-9_]*[A-Z0-9]$", "KVM_EXIT_BAD_PAGE")]
RunError = Annotated[str, matching(r"^E[A-Z0-9]+$", "EFAULT", 20)]
# The union of struct kvm_run is padded to that: what stands behind it is ABI.
_UNION = 256


class AskedFor(Part):
    """The field of struct kvm_arch that says that userspace has asked for the exits: a bool that is
    only switched on, as a VM capability's may be.
    """

    type: ClassVar[str] = "bool"
    one_way: ClassVar[bool] = True
    name: Annotated[Identifier, Field(description="of the field in struct kvm_arch")]
    comment: Comment | None = None


class ExitReason(KindSection):
    """`KVM_EXIT_*`: KVM_RUN returns, and a part of struct kvm_run says why."""

    # how the capability is enabled, for the template of VM capabilities
    when: ClassVar[str] = "any-time"
    needs: ClassVar[tuple[()]] = ()
    updates: ClassVar[None] = None
    privilege: ClassVar[None] = None
    name: Annotated[ExitName, Field(description="the exit's name")]
    capability: Annotated[Capability, Field(description="tells userspace that there is the exit")]
    says: Annotated[Clause, Field(description="what has happened: a main clause")]
    member: Annotated[Identifier, Field(description="of the union in struct kvm_run")]
    members: Annotated[
        list[StructMember], Field(min_length=1, max_length=32, description="all that it tells")
    ]
    prepares: Annotated[
        Identifier,
        Field(description="the function, made by gen, by which the mechanism fills it"),
    ]
    fails: Annotated[
        RunError | None, Field(description="the error of KVM_RUN then, if it does not return 0")
    ] = None
    field: Annotated[
        AskedFor | None,
        Field(description="userspace has to ask for it by enabling the capability for a VM"),
    ] = None


def _problems(part: ExitReason, where: Where, find: Find) -> Iterator[Finding]:
    yield from struct_problems(part.members, (*where, "members"), find)
    if size(part.members) > _UNION:
        what = f"{part.member} has {size(part.members)} bytes, the union of struct kvm_run {_UNION}"
        yield find((*where, "members"), what, "what is larger is read by an ioctl")
    for index, member in enumerate(part.members):
        if member.goes != "in":
            here = (*where, "members", index, "goes")
            yield find(here, "KVM tells it, userspace does not", "leave it out")
        if member.count and not member.zero:
            hint = "several members, or `zero: true` for padding"
            yield find((*where, "members", index, "count"), "an array is no argument", hint)


KIND = Kind(
    section=ExitReason,
    checks={ExitReason: _problems},
    answers=lambda section: section.field is not None,
)
