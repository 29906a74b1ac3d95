# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of exits see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.base.findings import Finding, error
from codegen.c.layout import filled, indent_of
from codegen.c.members import holds
from codegen.kinds.structs import member_lines, offsets, size
from codegen.kinds.vm_capability import context as capability
from codegen.style.filters import listing

if TYPE_CHECKING:
    from codegen.plan.asked import Asked


def context(asked: Asked) -> Mapping[str, Any]:
    """`fills`, the functions that fill the exit, `answered`, the paths of the members that
    userspace fills, and `layout`, the path of each member with its offset in the union; where
    userspace asks for the exit, what the templates of VM capabilities see of that.

    Raises FindingsError where the union has a member of that name, or the tree what is made.
    """
    section = asked.section
    if any(holds(f.text(), section.member) for f in asked.survey.definitions("struct", "kvm_run")):
        what = f"struct kvm_run has a member `{section.member}` already"
        raise error(asked.finding(("member",), what, "its members share their names"))
    wrong = list(_there_already(asked))
    if wrong:
        raise error(*wrong)
    layout = list(_layout(section))
    made = {
        "fills": list(_fills(section)),
        "answered": [path for path, member, _ in layout if member.goes_out],
        "layout": layout,
        "masks": [],
        "packed": None,
    }
    if not section.field:
        return made
    failing = f" and errno {section.fails}" if section.fails else ""
    returning = f", by returning from KVM_RUN with exit_reason {section.name}{failing}"
    return {
        **made,
        **capability.context(asked),
        "flag": None,
        "by": f"{returning} if {section.says}",
    }


def _there_already(asked: Asked) -> Iterator[Finding]:
    """Functions and bits that the series would make, and that the tree has."""
    section = asked.section
    parts: list[tuple[tuple[str | int, ...], Any]] = [((), section)]
    parts += [(("calls", index), call) for index, call in enumerate(section.calls)]
    for where, part in parts:
        there = asked.survey.definitions("function", part.prepares) if part.prepares else ()
        for found in there[:1]:
            at = f"{found.source.path}:{found.source.line(found.extent.start)}"
            what = f"this tree has a function {part.prepares}() already, at {at}"
            yield asked.finding((*where, "prepares"), what, "gen makes it: another name")
        for index, member in enumerate(part.members):
            for number, bit in enumerate(member.bits):
                if asked.tree.macro(bit.name):
                    key = (*where, "members", index, "bits", number, "name")
                    what = f"this tree has {bit.name} already"
                    yield asked.finding(key, what, asked.tree.where(bit.name) or "another name")


@dataclass(frozen=True, slots=True)
class Fill:
    """A function that fills an exit: what it `says` has happened, its `parameters` in C, and the
    members with their paths.
    """

    says: str
    prepares: str
    parameters: str
    members: Sequence[tuple[str, Any]]


def _fills(section: Any) -> Iterator[Fill]:
    """One function, or one for each call."""
    common = [(member.name, member) for member in section.members]
    if not section.calls:
        yield _fill(section.says, section.prepares, common)
    for call in section.calls:
        own = [(f"{call.name}.{member.name}", member) for member in call.members]
        yield _fill(f"{section.says}, and {call.when}", call.prepares, [*common, *own])


def _fill(says: str, prepares: str, members: Sequence[tuple[str, Any]]) -> Fill:
    told = [m for _, m in members if m.told]
    parameters = [f"{m.type.removeprefix('__')} {m.name}" for m in told]
    return Fill(says, prepares, ", ".join(["struct kvm_vcpu *vcpu", *parameters]), members)


def _layout(section: Any) -> Iterator[tuple[str, Any, int]]:
    for member, at in offsets(section.members):
        yield member.name, member, at
    begin = size(section.members)
    for call in section.calls:
        for member, at in offsets(call.members):
            yield f"{call.name}.{member.name}", member, begin + at


def one_of(member: Any) -> str:
    """What a bit of a member is shifted from."""
    return "1ULL" if member.size == 8 else "1"


def literals(names: Sequence[str]) -> str:
    """Names in a document: "``a``, ``b`` and ``c``"."""
    return listing([f"``{name}``" for name in names], "and")


def one_more_exit(paragraph: str, name: str) -> str:
    """A paragraph that lists exits, with one more before the last two; wrapped as wide again."""
    indent = indent_of(paragraph)
    said = re.sub(r"(KVM_EXIT_\w+\s+and\s+KVM_EXIT_)", rf"{name}, \1", paragraph, count=1)
    widest = max(map(len, paragraph.split("\n")))
    lines = filled(said, widest - len(indent)).split("\n")
    return "".join(f"{indent}{line}\n" for line in lines)


FILTERS = {
    function.__name__: function for function in (literals, member_lines, one_more_exit, one_of)
}
