# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of a capability's bits see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codegen.kinds.capability_bit.masks import enabling, word
from codegen.kinds.masks import built

if TYPE_CHECKING:
    from codegen.plan.asked import Asked


def context(asked: Asked) -> Mapping[str, Any]:
    """`word`, the member of kvm->arch in which all of the knob's architectures keep the whole mask
    (empty: bits are told apart), and `asks`: a function adds the mask up, and knows the condition.
    """
    capability, found = asked.section.capability, []
    for arch in asked.knob.architectures:
        made = enabling(asked.survey, arch, capability)
        if made:
            found.append((word(asked.survey, made), built(asked.survey, made.mask) is not None))
    same = found and all(each == found[0] for each in found)
    return {"word": found[0][0] if same else "", "asks": bool(same and found[0][1])}
