# SPDX-License-Identifier: GPL-2.0-only
"""Functions that run libclang, called in a process of their own which has limits.

A file that makes the parser crash, compute without end or take all memory is then an error that
names the file, and the process of the caller, be it gen or a program that uses gen as a library,
goes on.  What goes in and comes out is plain data: bytes, texts, numbers and tuples of them.
"""

from __future__ import annotations

import math
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from threading import RLock
from typing import IO, Any

from codegen.base.errors import EnvironmentFailure
from codegen.base.findings import Finding, error
from codegen.base.lifeline import hang_on

# The largest file of a kernel that gen parses takes 0.3 s of processor time, all of them 48 MB.
CPU_S = 3
WALL_S = 60  # if it hangs: a busy machine needs more time than processor time
DATA_MB = 384
_HEAD = struct.Struct("<Q")
_CRASHED = 3
_NO_PARSER = 76  # libclang could not be loaded
_START = (
    "import sys; line = int(sys.argv[1]); sys.path[:] = sys.argv[2:]; "
    "from codegen.c.apart import serve; serve(line)"
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
        stdin.write(_HEAD.pack(len(request)))
        stdin.write(request)
        stdin.flush()
        ready, _, _ = select.select([stdout], [], [], WALL_S)
        answer = _frame(stdout) if ready else None
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


def _frame(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    (size,) = _HEAD.unpack(head)
    data = stream.read(size)
    return data if len(data) == size else None


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
    if status == _NO_PARSER:
        raise EnvironmentFailure(
            f"{sys.executable} cannot load the C parser: `pip install libclang`, or install gen"
        )
    if status == _CRASHED:
        return f"it crashes the parser, or takes more than {DATA_MB} MB"
    return f"it takes more than {DATA_MB} MB, or crashes the parser (status {status})"


def serve(line: int) -> None:
    """The helper's own work: answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the caller
    hang_on(line)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_MB << 20, DATA_MB << 20))
    os.chdir("/")  # what a quoted `#include` names is in the tree, not where gen was called
    try:
        import_module("codegen.c.clang").index()  # loads the library
    except Exception:
        os._exit(_NO_PARSER)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while request := _frame(stdin):
        module, name, arguments = pickle.loads(request)
        function = getattr(import_module(module), name)
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = math.ceil(used.ru_utime + used.ru_stime + CPU_S)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        answer: tuple[bool, Any]
        try:
            with _no_files():
                answer = True, function(*arguments)
        except MemoryError:
            os._exit(_CRASHED)
        except Exception as problem:
            if type(problem).__name__ == "TranslationUnitLoadError":
                os._exit(_CRASHED)
            answer = False, f"{type(problem).__name__}: {problem}"
        data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        stdout.write(_HEAD.pack(len(data)))
        stdout.write(data)
        stdout.flush()


@contextmanager
def _no_files() -> Iterator[None]:
    """Nothing can be opened: the parser gets all files as bytes, and must look for none."""
    free = os.dup(0)
    os.close(free)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
