# SPDX-License-Identifier: GPL-2.0-only
"""Start a program that does not outlive the one that started it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO


@contextmanager
def child(
    command: Sequence[str], output: IO[bytes] | int, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` with stdout and stderr to `output`, in a process group of its own.

    The whole group is killed on the way out of the block, however it is left.
    Where setpriv (util-linux) is there, the kernel kills the program also when
    this process is killed and cannot do it any more.
    """
    guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    process = subprocess.Popen(
        [*guard, *command],
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
