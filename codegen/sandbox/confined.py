# SPDX-License-Identifier: GPL-2.0-only
"""A foreign program that runs: in a sandbox that bubblewrap makes, or without one, and watched
until the last of its processes is gone.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from codegen.base.errors import EnvironmentFailure
from codegen.sandbox import group, view
from codegen.sandbox.guard import Watch
from codegen.sandbox.limits import LimitHit, Limits
from codegen.sandbox.process import child
from codegen.sandbox.view import Room

PROGRAM, PACKAGE = "bwrap", "bubblewrap"
_BURIAL_S = 10.0
# Processes that can be started between two looks of the watch, which says what was too much; a
# shell that cannot fork any more would only fail.
_BETWEEN_LOOKS = 1000
# Of root, RLIMIT_NPROC counts nothing.  Where there are no groups either, foreign programs run as
# users that nobody is: systemd takes its own from here (systemd.exec(5), DynamicUser=).
ANOTHER = tuple(
    word for name in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}")
)
_NOBODY = frozenset(range(61184, 65520))
_USERS = itertools.cycle(sorted(_NOBODY))


@dataclass(frozen=True)
class Sandbox:
    """What this machine has: `path` of bubblewrap (None: it has no sandbox, and `why`), the
    options that work here, and how the processes in it are counted."""

    path: str | None
    why: str
    form: tuple[str, ...] = ()
    counted: str = ""
    maker: group.Maker | None = None

    @property
    def another(self) -> bool:
        """Whether it runs programs as another user than gen's."""
        return self.form == ANOTHER

    def __str__(self) -> str:
        """In words, for `gen doctor`."""
        return f"{self.why}; limits by {self.counted}" if self.path else self.why


@dataclass(frozen=True)
class Program:
    """A foreign program that is to run: what it sees, how much it may use, its whole environment,
    and where what it says goes to."""

    command: Sequence[str]
    room: Room
    limits: Limits
    env: Mapping[str, str]
    cwd: Path | None
    output: IO[bytes] | int
    errors: IO[bytes] | int

    @property
    def files(self) -> list[int]:
        """The descriptors of files; what goes to a pipe is counted by who reads it."""
        outputs = (self.output, self.errors)
        return [each.fileno() for each in outputs if not isinstance(each, int)]


class Foreign:
    """A program that runs: `process` to read from and to wait for; `hit` says which limit it met,
    empty as long as it met none."""

    def __init__(self, process: subprocess.Popen[bytes], watch: Watch, confined: bool) -> None:
        self.process, self._watch, self._confined = process, watch, confined

    @property
    def hit(self) -> str:
        """Which limit was met, in words that follow on the program's name."""
        return self._watch.hit

    @property
    def status(self) -> int:
        """How the program ended, negative for a signal, as subprocess has it."""
        status = self.process.wait()
        return 128 - status if self._confined and status > 128 else status

    def check(self, what: str) -> None:
        """Raise LimitHit where `what` was ended."""
        if self.hit:
            raise LimitHit(f"{what} {self.hit}, and was ended: more is not allowed here")


@contextmanager
def start(sandbox: Sandbox, program: Program) -> Iterator[Foreign]:
    """Run a program in a sandbox until the block is left; see `codegen.sandbox.sandbox.foreign`."""
    assert sandbox.path
    limits = program.limits
    room = replace(program.room, programs=(*program.room.programs, program.command[0]))
    seen = view.options(room, limits, program.env, program.cwd, sandbox.form)
    told, tell = os.pipe()
    # The environment of the sandbox's init can be read in it: /proc/1/environ.
    words = ["/usr/bin/env", "-i", sandbox.path, *seen, "--json-status-fd", str(tell), "--"]
    user = _USERS.__next__() if sandbox.another else None
    if user is not None:
        words += _become(user, room.devices)
    words += ["/usr/bin/prlimit", "--core=0", f"--fsize={limits.written}"]
    if sandbox.maker is None and _counts_in_namespaces():
        words += [f"--nproc={limits.processes + _BETWEEN_LOOKS}"]
    words += ["--", *program.command]
    counted = sandbox.maker(limits) if sandbox.maker else nullcontext()
    if user is None:  # another user gets all of it, whoever has it now
        _take_back(_writable(room))
    lent = _lent(_writable(room), user) if user is not None else nullcontext()
    with open(told, "rb") as status, counted as member, lent:
        try:
            prefix = member.prefix if member else ()
            started = child(
                [*prefix, *words], program.output, errors=program.errors, pass_fds=(tell,)
            )
            with started as process, ExitStack() as stack:
                os.close(tell)
                tell = -1
                first = _first_process(status)
                handle = _handle(first)
                if handle is not None:
                    stack.callback(os.close, handle)
                kill = partial(_end, handle, process)
                folders, files = _writable(room), program.files
                watched = _watched(first or process.pid, limits, member, folders, files, kill)
                watch = stack.enter_context(watched)
                yield Foreign(process, watch, confined=True)
                made = process.poll() is None or b"exit-code" in status.read()
            if not made and not watch.hit:
                raise EnvironmentFailure(f"{PROGRAM} could not make the sandbox")
        finally:
            if tell >= 0:
                os.close(tell)


@contextmanager
def unconfined(program: Program) -> Iterator[Foreign]:
    """The same without a sandbox, within the limits alone."""
    running = child(
        program.command, program.output, program.env, errors=program.errors, cwd=program.cwd
    )
    with running as process:
        folders, kill = _writable(program.room), partial(_end, None, process)
        with _watched(process.pid, program.limits, None, folders, program.files, kill) as watch:
            yield Foreign(process, watch, confined=False)


def _become(user: int, devices: Sequence[Path]) -> list[str]:
    """The command that makes a program another user's, who may use the devices."""
    groups = {str(device.stat().st_gid) for device in devices if device.exists()}
    member = [f"--groups={','.join(sorted(groups))}"] if groups else ["--clear-groups"]
    who = ["--reuid", str(user), "--regid", str(user), *member]
    return ["/usr/bin/setpriv", *who, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


@contextmanager
def _lent(places: Sequence[Path], user: int) -> Iterator[None]:
    """Another user owns files and folders until the block is left."""
    for place in places:
        _give(place, user)
    try:
        yield
    finally:
        for place in places:
            _give(place, os.geteuid())


def _take_back(places: Sequence[Path]) -> None:
    """What was lent by somebody who was killed before he had it back is root's again.

    chown(1) does a folder behind what is in it, so that its own entries tell.
    """
    for place in places if os.geteuid() == 0 else ():
        with suppress(FileNotFoundError, NotADirectoryError):
            owners = {
                place.lstat().st_uid,
                *(e.stat(follow_symlinks=False).st_uid for e in os.scandir(place)),
            }
            if owners & _NOBODY:
                _give(place, 0)


def _give(place: Path, user: int) -> None:
    command = ["chown", "--recursive", "--no-dereference", "--", str(user), str(place)]
    with child(command, subprocess.DEVNULL) as process:
        process.wait()


@contextmanager
def _watched(
    pid: int,
    limits: Limits,
    member: group.Member | None,
    folders: Sequence[Path],
    files: Sequence[int],
    kill: Callable[[], None],
) -> Iterator[Watch]:
    watch = Watch(pid, limits, member, folders, files, kill)
    try:
        yield watch
    finally:
        kill()
        watch.stop()


def _handle(pid: int | None) -> int | None:
    """A descriptor of a process, which no other one can become; None where it is gone."""
    with suppress(ProcessLookupError):
        return os.pidfd_open(pid) if pid else None
    return None


def _first_process(status: IO[bytes]) -> int | None:
    """The sandbox's init, as bubblewrap tells; None where it came to none."""
    try:
        return int(json.loads(status.readline())["child-pid"])
    except (ValueError, KeyError):
        return None


def _end(handle: int | None, process: subprocess.Popen[bytes]) -> None:
    """Kill the sandbox's init, and with it everything; come back when the last one is gone."""
    if handle is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    select.select([handle], [], [], _BURIAL_S)


def _writable(room: Room) -> tuple[Path, ...]:
    return (*room.write, *room.cache)


def _counts_in_namespaces() -> bool:
    """Since Linux 5.14, RLIMIT_NPROC is counted in each namespace of users by itself."""
    numbers = re.findall(r"\d+", platform.release())[:2]
    return tuple(map(int, numbers)) >= (5, 14)
