# SPDX-License-Identifier: GPL-2.0-only
"""What runs on the machine: has somebody been left behind?"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def running(word: str) -> list[bytes]:
    """The command lines of all processes that hold a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found.append(path.read_bytes())
    return [command for command in found if word.encode() in command]
