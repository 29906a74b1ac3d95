# SPDX-License-Identifier: GPL-2.0-only
"""Functions that run libclang, called in a process of their own which has limits.

A file that makes the parser crash, compute without end or take all memory is then an error that
names the file, and the process of the caller, be it gen or a program that uses gen as a library,
goes on.  What goes in and comes out is plain data: bytes, texts, numbers and tuples of them.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import Any

from codegen.base.errors import EnvironmentFailure
from codegen.base.findings import Finding, error
from codegen.c.serving import CPU_S, CRASHED, DATA_MB, NO_PARSER, frame, framed

WALL_S = 60  # if it hangs: a busy machine needs more time than processor time
_START = (
    "import sys; line = int(sys.argv[1]); sys.path[:] = sys.argv[2:]; "
    "from codegen.c.serving import serve; serve(line)"
)


@dataclass(frozen=True)
class _Helper:
    owner: int  # the process that started it: a fork of that one needs another
    process: subprocess.Popen[bytes]
    line: int  # the end of a pipe, see hang_on()


_lock = RLock()
_running: _Helper | None = None


class _Gone(Exception):
    """The helper ended instead of answering; says why."""


def apart(module: str, function: str, path: str, /, *arguments: Any) -> Any:
    """What `module.function(path, *arguments)` returns in the helper process.

    Raises FindingsError about the file `path` where that takes more than `CPU_S` seconds or
    `DATA_MB` megabytes, or crashes the parser.
    """
    request = pickle.dumps((module, function, (path, *arguments)), pickle.HIGHEST_PROTOCOL)
    with _lock:
        try:
            return _asked(request)
        except _Gone as problem:
            said = problem
    raise error(Finding(f"the C parser (libclang) gave up on this file: {said}", path=path))


def start() -> None:
    """Start the helper now, so that it is ready when it is needed."""
    with _lock:
        _helper()


def _asked(request: bytes) -> Any:
    process = _helper()
    stdin, stdout = process.stdin, process.stdout
    assert stdin and stdout
    try:
        stdin.write(framed(request))
        stdin.flush()
        ready, _, _ = select.select([stdout], [], [], WALL_S)
        answer = frame(stdout) if ready else None
    except BrokenPipeError:
        answer, ready = None, [stdout]
    except BaseException:
        _end(gone=False)  # an answer that nobody waits for must not be taken for the next one
        raise
    if answer is None:
        raise _Gone(_end(gone=bool(ready)))
    good, value = pickle.loads(answer)
    if good:
        return value
    raise EnvironmentFailure(f"the C parser's process: {value}")


def _helper() -> subprocess.Popen[bytes]:
    global _running
    if _running is None or _running.owner != os.getpid():
        here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        line, kept = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _START, str(line), here, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[line],
        )
        os.close(line)
        _running = _Helper(os.getpid(), process, kept)
    return _running.process


def _end(gone: bool) -> str:
    """End the helper; returns why it is `gone`, if it ended by itself."""
    global _running
    assert _running
    process, line = _running.process, _running.line
    _running = None
    if not gone:
        process.kill()
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):
            if stream:
                stream.close()
    status = process.wait()
    os.close(line)
    if status == -signal.SIGXCPU or not gone:
        return f"it takes more than {CPU_S} s"
    if status == NO_PARSER:
        raise EnvironmentFailure(
            f"{sys.executable} cannot load the C parser: `pip install libclang`, or install gen"
        )
    if status == CRASHED:
        return f"it crashes the parser, or takes more than {DATA_MB} MB"
    return f"it takes more than {DATA_MB} MB, or crashes the parser (status {status})"
