# SPDX-License-Identifier: GPL-2.0-only
"""Start a program that does not outlive the one that started it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from threading import Event
from typing import IO

_PATIENCE_S = 2.0
# prctl(2): the signal comes for a death after the call alone, so whoever asks looks for himself
_LIVING = 'test "$PPID" = "$0" && exec "$@"'
_WITH_STARTER = ("setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", _LIVING)

Crew = tuple[set[subprocess.Popen[bytes]], Event]  # programs of threads, and that they are ended
# the crew of the thread that runs; one of its own for each program of another thread
_crew: ContextVar[Crew] = ContextVar("crew")


@contextmanager
def child(
    command: Sequence[str],
    output: IO[bytes] | int,
    env: Mapping[str, str] | None = None,
    *,
    errors: IO[bytes] | int = subprocess.STDOUT,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` with stdout and stderr to `output`, in a process group of its own.

    This is for programs that are known; what a tree or a series brings is started by
    `codegen.sandbox.sandbox`.

    The whole group is killed on the way out of the block, however it is left.
    Where setpriv (util-linux) is there, the kernel kills the program also when
    this process is killed and cannot do it any more; one whose starter was killed
    before the kernel had been told so does not begin.
    """
    running, ended = _crew.get((set(), Event()))
    if ended.is_set():
        raise KeyboardInterrupt
    guard = [*_WITH_STARTER, str(os.getpid())] if shutil.which("setpriv") else []
    process = subprocess.Popen(
        [*guard, *command],
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        cwd=cwd,
        pass_fds=pass_fds,
        start_new_session=True,
    )
    running.add(process)
    try:
        if ended.is_set():
            raise KeyboardInterrupt
        yield process
        if ended.is_set():
            raise KeyboardInterrupt  # what the program left behind says nothing
    finally:
        running.discard(process)
        _end(process)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started; make gets the time to remove what it has half made."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, sent)
            process.wait(_PATIENCE_S)


@contextmanager
def threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that end together: where the block is left by an exception, a Ctrl-C say, what they
    run is killed, and they get KeyboardInterrupt out of child()."""
    crew: Crew = (set(), Event())
    running, ended = crew
    pool = ThreadPoolExecutor(number, initializer=_crew.set, initargs=(crew,))
    try:
        yield pool
    except BaseException:
        ended.set()
        for process in list(running):
            _end(process)
        raise
    finally:
        pool.shutdown()
