# SPDX-License-Identifier: GPL-2.0-only
"""A type given to KVM_CREATE_VM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.kind import Kind
from codegen.kinds.section import KindSection
from codegen.vocabulary.part import Expressions, Find, Where, matching

VmTypeName = Annotated[str, matching(r"^KVM_X86_[A-Z0-9_]+_VM$", "KVM_X86_ZAP_LEAFS_VM")]


class VmType(KindSection):
    """A type given to KVM_CREATE_VM."""

    name: Annotated[VmTypeName, Field(description="the type's name")]
    new: bool = True
    like_default: Annotated[
        bool, Field(description="like KVM_X86_DEFAULT_VM wherever KVM asks for that type")
    ] = True
    condition: Annotated[Expressions | None, Field(description="must hold, else unsupported")] = (
        None
    )


def _problems(part: VmType, where: Where, find: Find) -> Iterator[Finding]:
    if not part.new and part.condition:
        hint = "whether an existing type is supported is decided already"
        yield find((*where, "condition"), "`condition` is for a new type", hint)
    if not part.new and not part.like_default:
        hint = "what KVM does for an existing type is decided already"
        yield find((*where, "like_default"), "`like-default` is for a new type", hint)


KIND = Kind(section=VmType, checks={VmType: _problems})
