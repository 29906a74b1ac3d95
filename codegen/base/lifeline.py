# SPDX-License-Identifier: GPL-2.0-only
"""A process that ends with the one that started it, whatever it is doing."""

from __future__ import annotations

import fcntl
import os
import select
import signal


def hang_on(pipe: int) -> None:
    """Let the kernel kill this process when the other end of a pipe is closed.

    The one who holds the other end closes it by dying, too; it must never write to it.
    `O_ASYNC` and `F_SETSIG` of fcntl(2): no thread and no lock of Python's is needed, as while
    the C code of a library runs.
    """
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    ends = select.poll()
    ends.register(pipe)
    if ends.poll(0):  # it was closed before
        os._exit(1)
