# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of exits see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codegen.c.layout import filled
from codegen.kinds.structs import member_lines, offsets
from codegen.kinds.vm_capability import context as capability
from codegen.style.filters import listing

if TYPE_CHECKING:
    from codegen.plan.asked import Asked


def context(asked: Asked) -> Mapping[str, Any]:
    """`told`, the members that KVM tells, `answered`, those that userspace fills, `parameters` in
    C, and `layout`, each member with its offset in the union; where userspace asks for the exit,
    what the templates of VM capabilities see of that.
    """
    section = asked.section
    told = [member for member in section.members if not member.zero and member.goes != "out"]
    made = {
        "told": told,
        "answered": [member for member in section.members if member.goes_out],
        "parameters": ", ".join(
            ["struct kvm_vcpu *vcpu", *(f"{m.type.removeprefix('__')} {m.name}" for m in told)]
        ),
        "layout": list(offsets(section.members)),
        "masks": [],
        "packed": None,
    }
    if not section.field:
        return made
    error = f" and errno {section.fails}" if section.fails else ""
    returning = f", by returning from KVM_RUN with exit_reason {section.name}{error}"
    return {
        **made,
        **capability.context(asked),
        "flag": None,
        "by": f"{returning} if {section.says}",
    }


def one_of(member: Any) -> str:
    """What a bit of a member is shifted from."""
    return "1ULL" if member.size == 8 else "1"


def literals(members: list[Any]) -> str:
    """The names of members in a document: "``a``, ``b`` and ``c``"."""
    return listing([f"``{member.name}``" for member in members], "and")


def one_more_exit(paragraph: str, name: str) -> str:
    """A paragraph that lists exits, with one more before the last two; wrapped as wide again."""
    indent = paragraph[: len(paragraph) - len(paragraph.lstrip())]
    said = re.sub(r"(KVM_EXIT_\w+\s+and\s+KVM_EXIT_)", rf"{name}, \1", paragraph, count=1)
    widest = max(map(len, paragraph.split("\n")))
    lines = filled(said, widest - len(indent)).split("\n")
    return "".join(f"{indent}{line}\n" for line in lines)


FILTERS = {
    function.__name__: function for function in (literals, member_lines, one_more_exit, one_of)
}
