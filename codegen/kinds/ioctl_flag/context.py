# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of an ioctl's flags see, and how they say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codegen.c.pattern import find
from codegen.c.source import lex
from codegen.kernel.numbers import family
from codegen.kinds.ioctl_flag.documents import flag_row, one_of_several
from codegen.kinds.ioctl_flag.masks import knows_condition
from codegen.kinds.ioctl_flag.refusal import refusal
from codegen.kinds.ioctl_flag.told import answers
from codegen.kinds.ioctls import struct_of
from codegen.kinds.levels import FDS
from codegen.style.filters import for_any_vm

if TYPE_CHECKING:
    from codegen.plan.asked import Asked


def context(asked: Asked) -> Mapping[str, Any]:
    """`struct`, that the ioctl takes; `first`, whether it has no flags yet, `new`, whether the
    capability is a new one; `one`, a 1 of the member's type; `asks`: what makes the mask knows the
    condition; `by_capability`: generic code has to ask what an architecture's code answers; `fd` of
    a selftest; `answer`, of a new capability.

    Raises FindingsError where nothing refuses bits that KVM does not know.
    """
    v = asked.section
    struct = struct_of(asked.survey, v.ioctl)
    made = refusal(asked.survey, "flag-accepted", v.ioctl, v.member)
    has = for_any_vm(asked.chosen["condition"])
    shown = f"({has})" if " " in has else has
    told = [case.found.source.path for case in answers(asked.survey, v.beside or v.capability)]
    by_arch = all(path.startswith("arch/") for path in told)
    generic = not made.found.source.path.startswith("arch/")
    return {
        "struct": struct,
        "first": not family(asked.survey, v.family, bits=True, limit=31).members,
        "new": not asked.tree.macro(v.capability),
        "one": "1ULL" if _is_long(asked, struct) else "1",
        "asks": knows_condition(asked.survey, made, v.family),
        "by_capability": generic and by_arch,
        "fd": FDS[v.of],
        "answer": (f"{shown} ? {v.flag} : 0" if has else v.flag) if v.mask else has or "1",
    }


def _is_long(asked: Asked, struct: str) -> bool:
    """Whether the member has 64 bits."""
    texts = [found.text() for found in asked.survey.definitions("struct", struct)]
    return any(any(find(f"__u64 {asked.section.member};", lex(text))) for text in texts)


FILTERS = {"flag_row": flag_row, "one_of_several": one_of_several}
