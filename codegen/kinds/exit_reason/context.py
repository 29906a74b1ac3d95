# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of exits see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codegen.kinds.structs import member_lines, offsets

if TYPE_CHECKING:
    from codegen.plan.asked import Asked


def context(asked: Asked) -> Mapping[str, Any]:
    """`told`, the members that the mechanism gives, `parameters` in C, and `layout`, each member
    with its offset in the union; of the capability, that it is not `generic`, and has no
    condition.
    """
    told = [member for member in asked.section.members if not member.zero]
    return {
        "told": told,
        "parameters": ", ".join(
            ["struct kvm_vcpu *vcpu", *(f"{m.type.removeprefix('__')} {m.name}" for m in told)]
        ),
        "layout": list(offsets(asked.section.members)),
        "flag": None,
        "generic": None,
        "chosen": {"condition": ""},
    }


FILTERS = {"member_lines": member_lines}
