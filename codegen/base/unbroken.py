# SPDX-License-Identifier: GPL-2.0-only
"""What the work tells the process that waits for signals on its behalf (`codegen.cli.watch`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

HOLD, RELEASE, DONE, NOTE = b"h", b"r", b"d", b"n"
_told: int | None = None  # the pipe to the watcher; none where gen is used as a library
_depth = 0


def tell_to(pipe: int) -> None:
    """From here on, the watcher at the other end of a pipe is told."""
    global _told
    _told = pipe


@contextmanager
def unbroken() -> Iterator[None]:
    """A signal waits until the block, some milliseconds of writing, is through."""
    global _depth
    _depth += 1
    if _depth == 1:
        _tell(HOLD)
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _tell(RELEASE)


def done() -> None:
    """What was asked for is done and cannot be undone: no signal makes it a failure any more."""
    _tell(DONE)


def note(text: str) -> None:
    """What the user is told where a signal ends the work from here on."""
    _tell(NOTE + text.encode())


def _tell(what: bytes) -> None:
    if _told is not None:
        os.write(_told, what + b"\n")
