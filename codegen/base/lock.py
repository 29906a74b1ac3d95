# SPDX-License-Identifier: GPL-2.0-only
"""Two runs of gen on one folder: the second waits for the first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on a folder that is there, or on a file (made, and left there).

    `waiting` is called once where another process has it; what it raises ends the wait.  The
    kernel gives the lock back when its holder dies, so there are no stale ones.
    """
    if path.is_dir():
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
