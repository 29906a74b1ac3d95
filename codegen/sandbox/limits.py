# SPDX-License-Identifier: GPL-2.0-only
"""What a foreign program may use: time, memory, processes, disk; all that it starts counts."""

from __future__ import annotations

import os
from dataclasses import dataclass

from codegen.base.errors import EnvironmentFailure

MIB, GIB = 1 << 20, 1 << 30


class LimitHit(EnvironmentFailure):
    """A foreign program was ended because it, with all that it has started, wanted too much."""


@dataclass(frozen=True)
class Limits:
    """`seconds` of wall time, bytes of `memory`, tasks (`processes` and their threads), bytes
    `written` to its folders, and bytes `told` to whoever reads its output."""

    seconds: float
    memory: int
    processes: int
    written: int
    told: int


def _memory() -> int:
    """The machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


# A make of every processor's jobs, with a linker that has a thread for each.
BUILD = Limits(
    seconds=2 * 3600,
    memory=max(2 * GIB, _memory() * 3 // 4),
    processes=1024 + 32 * (os.cpu_count() or 1),
    written=16 * GIB,
    told=16 * MIB,
)
SCRIPT = Limits(seconds=300, memory=GIB, processes=64, written=64 * MIB, told=16 * MIB)


def size(number: int) -> str:
    """Bytes in words."""
    return f"{number / GIB:.1f} GiB" if number >= GIB else f"{number // MIB} MiB"
