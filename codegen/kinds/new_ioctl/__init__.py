# SPDX-License-Identifier: GPL-2.0-only
"""A new ioctl of the system, a VM or a vCPU, with a capability that tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.kind import Kind
from codegen.kinds.levels import Level
from codegen.kinds.new_ioctl.parts import (
    Ioctl,
    IoctlMember,
    OtherIoctl,
    ioctl_problems,
    member_problems,
)
from codegen.kinds.section import KindSection
from codegen.vocabulary.ccode import Expression, Setup
from codegen.vocabulary.part import (
    Capability,
    Expressions,
    Find,
    KvmSymbol,
    Part,
    Where,
    repeated,
)
from codegen.vocabulary.text import Phrase, Prose


class Answered(Part):
    """What KVM_CHECK_EXTENSION says of the capability, if it is more than that there is one."""

    expression: Annotated[
        Expression, Field(description="C over `kvm`, which is NULL where the system is asked")
    ]
    means: Annotated[Phrase, Field(description="what that is, for api.rst")]


class NewIoctl(KindSection, Ioctl):
    """`KVM_*`: userspace calls a function of KVM's."""

    new: Annotated[
        bool, Field(description="no: it is there for others, and shall be taken here as well")
    ] = True
    also: Annotated[
        list[OtherIoctl],
        Field(max_length=4, description="others that there are, and that are taken with it"),
    ] = []
    of: Annotated[Level, Field(description="the file descriptor that it is for")]
    capability: Annotated[Capability, Field(description="tells userspace that there is the ioctl")]
    check_extension: Annotated[
        Answered | None, Field(description="what KVM_CHECK_EXTENSION returns, if not 1")
    ] = None
    config: Annotated[
        KvmSymbol | None,
        Field(description="generic code answers it, where an architecture selects this symbol"),
    ] = None
    condition: Annotated[
        Expressions | None, Field(description="must hold, else -EOPNOTSUPP and no capability")
    ] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None
    setup: Annotated[
        Setup | None, Field(description="in the selftest: what a call needs of `vm` and `vcpu`")
    ] = None

    @property
    def there(self) -> list[str]:
        """The names of ioctls that have to be there already."""
        return [*([] if self.new else [self.name]), *(other.name for other in self.also)]


def _problems(part: NewIoctl, where: Where, find: Find) -> Iterator[Finding]:
    yield from ioctl_problems(part, where, find)
    names = [part.name, *(other.name for other in part.also)]
    yield from repeated(names, where, find)
    if part.check_extension and part.condition:
        hint = "have the expression be 0 where the condition does not hold"
        yield find((*where, "condition"), "what the capability answers says that already", hint)
    for ioctl in (part, *part.also):
        if ioctl.rest and not part.check_extension:
            hint = "`check-extension` has its size: userspace has to know how much room it takes"
            yield find(where, f"nothing tells how large struct {ioctl.struct} is", hint)
    masks = [member for each in (part, *part.also) for member in each.masks]
    if part.check_extension and len(masks) > 1:
        what = "KVM_CHECK_EXTENSION answers with the bits of one mask"
        yield find((*where, "check_extension"), what, "leave it out, or the bits of the others")
    for each in (bit for member in masks if part.check_extension for bit in member.bits):
        if each.bit > 30:
            what = f"KVM_CHECK_EXTENSION returns an int, which cannot tell of {each.name}"
            yield find((*where, "check_extension"), what, "bits from 0 to 30, or leave it out")


KIND = Kind(
    section=NewIoctl,
    checks={NewIoctl: _problems, OtherIoctl: ioctl_problems, IoctlMember: member_problems},
)
