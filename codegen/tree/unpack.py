# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's tar out of a linux-source package, as a stream, without anything on disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from codegen.base.errors import EnvironmentFailure
from codegen.tree.plumbing import complaint
from codegen.tree.tarstream import BadTar

CHUNK = 1 << 20
# How a stage dies of its neighbour's end, or of ours: not a cause.
_CONSEQUENCES = (0, -signal.SIGPIPE, -signal.SIGKILL, 128 + signal.SIGPIPE)


@dataclass(frozen=True)
class Package:
    """A downloaded linux-source package."""

    path: Path  # the .deb
    name: str  # "linux-source-6.12"
    version: str  # Debian's, "6.12.117-1~deb12u1"
    note: str = ""  # what the user should know of how it was got

    @property
    def member(self) -> str:
        """Where in the package the kernel's tar is."""
        return f"./usr/src/{self.name}.tar.xz"


@dataclass(frozen=True)
class Unpacking:
    """A package that is being unpacked."""

    stream: IO[bytes]  # the uncompressed tar
    done: Callable[[], int]  # bytes of the package that went in so far
    total: int  # the package's size in bytes


def _xz() -> tuple[str, ...]:
    """xz, or Python's own where a small Debian has none: a third slower."""
    if shutil.which("xz"):
        return ("xz", "-d", "-c", "-q")
    program = (
        "import lzma, shutil, sys; "
        f"shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer, {CHUNK})"
    )
    return (sys.executable, "-c", program)


@contextmanager
def unpacked(package: Package) -> Iterator[Unpacking]:
    """dpkg-deb | tar | xz on the package; they have ended, all well, when the context ends.

    Raises EnvironmentFailure if one is missing or failed; the reader's BadTar passes through
    only if none failed, for a cut-off tar is seldom the cause.
    """
    stages = (
        ("dpkg-deb", "--fsys-tarfile", "-"),
        ("tar", "-x", "-O", "-f", "-", package.member),
        _xz(),
    )
    with ExitStack() as stack:
        try:
            source = stack.enter_context(package.path.open("rb"))
        except OSError as error:
            raise EnvironmentFailure(f"{package.path}: {error.strerror}") from error
        messages = [stack.enter_context(tempfile.TemporaryFile()) for _ in stages]
        running: list[subprocess.Popen[bytes]] = []
        stack.callback(end, running)
        for command, message in zip(stages, messages, strict=True):
            running.append(_start(command, running[-1] if running else None, message))
        feeder = _Feeder(source, running[0])
        feeder.start()
        stack.callback(feeder.join)
        stack.callback(end, running)  # before the join: it frees a feeder that is stuck
        stream = running[-1].stdout
        assert stream
        total = os.fstat(source.fileno()).st_size
        bad: BadTar | None = None
        try:
            yield Unpacking(stream, lambda: feeder.done, total)
            for process in running:
                process.wait()
        except BadTar as error:
            bad = error
        end(running)
        failures = []
        for command, process, message in zip(stages, running, messages, strict=True):
            if process.returncode not in _CONSEQUENCES:
                message.seek(0)
                said = complaint(message.read()).removeprefix(f"{command[0]}: ")
                failures.append(f"{package.path}: {command[0]}: {said}")
        if failures:
            causes = [text for text in failures if "Broken pipe" not in text]
            raise EnvironmentFailure((causes or failures)[0]) from bad
        if bad is not None:
            raise EnvironmentFailure(f"{package.path}: {package.member}: {bad}") from bad


def _start(
    command: Sequence[str], before: subprocess.Popen[bytes] | None, stderr: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            command,
            stdin=before.stdout if before else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=dict(os.environ, LC_ALL="C"),
            bufsize=CHUNK,
        )
    except FileNotFoundError as error:
        raise EnvironmentFailure(
            f"{command[0]}: not found on PATH; it is needed to unpack a Debian package"
        ) from error
    if before and before.stdout:
        before.stdout.close()  # so that `before` notices when this one ends
    return process


class _Feeder(threading.Thread):
    """Writes the package into the first stage, counting: that is how far the import is."""

    def __init__(self, source: IO[bytes], process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self.done = 0
        self._source = source
        self._process = process

    def run(self) -> None:
        """Feed until the end, or until the stage is gone; its exit status tells the rest."""
        stdin = self._process.stdin
        assert stdin
        try:
            while chunk := self._source.read(CHUNK >> 4):
                stdin.write(chunk)
                self.done += len(chunk)
        except (OSError, ValueError):
            pass
        close(stdin)


def close(stream: IO[bytes]) -> None:
    """Close a pipe whose other end may be gone."""
    with suppress(OSError):
        stream.close()


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Make sure that processes which we started are gone and their output pipes are closed."""
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            close(process.stdout)
