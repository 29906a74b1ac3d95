# SPDX-License-Identifier: GPL-2.0-only
"""What runs on the machine: has somebody been left behind?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def running(word: str) -> list[bytes]:
    """The command lines of all processes that hold a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found.append(path.read_bytes())
    return [command for command in found if word.encode() in command]


def below(process: int) -> Iterator[bytes]:
    """The command lines of all that a process has started, and they."""
    for path in Path("/proc").glob(f"{process}/task/*/children"):
        with suppress(OSError):  # it has just ended
            for each in path.read_text().split():
                yield Path(f"/proc/{each}/cmdline").read_bytes()
                yield from below(int(each))
