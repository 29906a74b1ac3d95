# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of attributes of VMs and vCPUs see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from codegen.base.findings import NotHere
from codegen.kinds.attributes import ASKED, gates
from codegen.kinds.levels import FDS, OBJECTS, PARAMETERS

if TYPE_CHECKING:
    from codegen.plan.asked import Asked

_OWNERS = {"vm": "VM", "vcpu": "vCPU"}  # what people call it


def context(asked: Asked) -> Mapping[str, Any]:
    """`parameter`, `object`, `owner` (for people) and `fd` (in a selftest) of who has it,
    `stem` of the names of its functions, the field's `type`, the `most` that it takes, or None,
    and the `values` that a selftest tries.

    Raises NotHere where an architecture does not answer all three ioctls on attributes of these.
    """
    v = asked.section
    owner = _OWNERS[v.of]
    for arch in asked.knob.architectures:
        answered = {op for gate in gates(asked.survey, arch, v.of) for op in gate.asked}
        missing = [ioctl for op, ioctl in ASKED.items() if op not in answered]
        if missing:
            what = f"{arch} has no {missing[0]} of a {owner} that tells groups apart in this tree"
            raise NotHere(what, (asked.finding(("of",), what),))
    predicate = asked.knob.predicate
    number = predicate is not None and predicate.returns != "bool"
    return {
        "parameter": PARAMETERS[v.of],
        "object": OBJECTS[v.of],
        "owner": owner,
        "fd": FDS[v.of],
        "stem": "_".join(_words(v.group)),
        "type": "u64" if number else "bool",
        "most": v.max if number else 1,
        "values": v.values if number else [1],
    }


def _words(group: str) -> Iterator[str]:
    """The words of a group's name that functions are named for."""
    words = group.lower().split("_")
    yield from words[:-1] if words[-1] == "ctrl" else words
