# SPDX-License-Identifier: GPL-2.0-only
"""The process that `codegen.c.apart` starts: it runs what it is asked for, within limits.

It imports little, as whoever asks first waits for it to start.
"""

from __future__ import annotations

import math
import os
import pickle
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

from codegen.base.lifeline import hang_on

# The largest file of a kernel that gen parses takes 0.3 s of processor time, all of them 48 MB.
CPU_S = 3
DATA_MB = 384
CRASHED = 3
NO_PARSER = 76  # libclang could not be loaded
_HEAD = struct.Struct("<Q")


def framed(data: bytes) -> bytes:
    """Bytes as they go through a pipe: how many there are, and they."""
    return _HEAD.pack(len(data)) + data


def frame(stream: IO[bytes]) -> bytes | None:
    """The next bytes that were framed; None where the other side has gone."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    (size,) = _HEAD.unpack(head)
    data = stream.read(size)
    return data if len(data) == size else None


def serve(line: int) -> None:
    """Answer until nobody asks any more, or the pipe `line` is closed, see hang_on()."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the caller
    hang_on(line)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_MB << 20, DATA_MB << 20))
    os.chdir("/")  # what a quoted `#include` names is in the tree, not where gen was called
    try:
        import_module("codegen.c.clang").index()  # loads the library
    except Exception:
        os._exit(NO_PARSER)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while request := frame(stdin):
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
            os._exit(CRASHED)
        except Exception as problem:
            if type(problem).__name__ == "TranslationUnitLoadError":
                os._exit(CRASHED)
            answer = False, f"{type(problem).__name__}: {problem}"
        stdout.write(framed(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)))
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
