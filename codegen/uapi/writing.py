# SPDX-License-Identifier: GPL-2.0-only
"""How KVM writes its numbers, and which of them share one space: a table, not a guess."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from codegen.architectures import ARCHITECTURES
from codegen.uapi.model import Constant

FIRST_FLAG = "KVM_MEM_LOG_DIRTY_PAGES"  # of memslots, the oldest: what names flags names it
_IOCTL = re.compile(r"\b_IO[RWC]{0,2}\s*\(")
_BIT = re.compile(r"<<|\b_?BIT(?:ULL|UL)?(?:_ULL)?\s*\(")


@dataclass(frozen=True, slots=True)
class Space:
    """Names that must not share a number.

    `bits`: each value is one bit.  `nested`: the values of `KVM_EXIT_IO_…` are those of something
    within `KVM_EXIT_IO`, which is in the space itself.
    """

    pattern: str
    bits: bool = False
    nested: bool = False


# include/uapi/linux/kvm.h, and what each asm/kvm.h has of its own; device and register numbers are
# enums or masks.
SPACES = (
    Space(r"KVM_CAP_\w+"),
    Space(r"KVM_EXIT_\w+", nested=True),
    Space(r"KVM_SYSTEM_EVENT_\w+", nested=True),
    Space(r"KVM_MEM_\w+", bits=True),
    Space(r"KVM_MEMORY_ATTRIBUTE_\w+", bits=True),
    Space(r"GUEST_MEMFD_FLAG_\w+", bits=True),
    *(Space(each, bits=True) for arch in ARCHITECTURES.values() for each in arch.bits),
    *(Space(each) for arch in ARCHITECTURES.values() for each in arch.numbers),
    Space(r"KVM_FEATURE_\w+"),
    Space(r"KVM_HC_\w+"),
    Space(r"MSR_KVM_\w+"),
)


def is_ioctl(constant: Constant) -> bool:
    """Whether a constant is the number of an ioctl: its macro is made by `_IOW()` and the like."""
    return constant.value is not None and bool(_IOCTL.search(constant.text))


@lru_cache(maxsize=4096)
def space_of(name: str) -> Space | None:
    """The space of a name, None where it may share its number."""
    return next((space for space in SPACES if re.fullmatch(space.pattern, name)), None)


def written(constant: Constant) -> str:
    """A value as the place writes it: `bit 3`, `239`, `0x4020ae46`; else the macro's own text."""
    value, text = constant.value, constant.text
    if value is None:
        return " ".join(text.replace("\\\n", " ").split())
    space = space_of(constant.name)
    one_bit = value > 0 and value.bit_count() == 1
    if one_bit and (space.bits if space else _BIT.search(text)):
        return f"bit {value.bit_length() - 1}"
    if "0x" in text.lower() or _BIT.search(text) or is_ioctl(constant):
        return hex(value)
    return str(value)
