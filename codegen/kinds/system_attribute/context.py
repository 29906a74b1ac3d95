# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of /dev/kvm's attributes see: what the tree has of them already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codegen.c.pattern import find, texts
from codegen.kernel.survey import Survey
from codegen.kinds.attributes import gates

if TYPE_CHECKING:
    from codegen.plan.asked import Asked


def context(asked: Asked) -> Mapping[str, Any]:
    """`begins`: what the attribute is the first one of, `system` or `group`, or an empty text;
    `beside`, another one of its group, or of group 0 where it begins one; and `reader`, the
    function that reads the attributes of a new group.
    """
    v, tree = asked.section, asked.tree
    begins = ""
    if not tree.macro(v.capability):
        begins = "system"
    elif v.group and not tree.macro(v.group):
        begins = "group"
    stem = "".join(f"{part}_" for part in (v.group or "").split("_")[3:]).lower()
    return {
        "begins": begins,
        "beside": v.beside or ("" if begins == "system" else _of_no_group(asked.survey)),
        "reader": f"kvm_x86_dev_get_{stem}attr",
    }


def _of_no_group(survey: Survey) -> str:
    """An attribute that is read where other groups than 0 are refused; empty where none is."""
    for gate in gates(survey, "x86", "system"):
        inner = gate.tokens[gate.at :]
        for match in find("case $attribute:", inner):
            return texts(inner, match)["attribute"]
    return ""
