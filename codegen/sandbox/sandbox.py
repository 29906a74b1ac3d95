# SPDX-License-Identifier: GPL-2.0-only
"""The one way to run what a tree or a series brings: makefiles, scripts, compilers on its sources,
QEMU with its kernel.

Whatever it is, it sees no more than it is for (`codegen.sandbox.view`), uses no more than it may
(`codegen.sandbox.limits`), and none of its processes is left when it is over.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from codegen.base.errors import EnvironmentFailure
from codegen.sandbox import group
from codegen.sandbox.confined import (
    ANOTHER,
    PACKAGE,
    PROGRAM,
    Foreign,
    Program,
    Sandbox,
    start,
    unconfined,
)
from codegen.sandbox.limits import GIB, MIB, SCRIPT, Limits
from codegen.sandbox.process import child
from codegen.sandbox.view import Room

# A namespace of users in which no further one can be made; root can do without.
_FORMS = (("--unshare-user", "--disable-userns"), ("--unshare-user",), ())
_TRY = Limits(seconds=20, memory=GIB, processes=64, written=MIB, told=MIB)


@dataclass(frozen=True)
class Done:
    """What a program said, and its status, negative for a signal."""

    status: int
    stdout: bytes
    stderr: bytes


def found() -> Sandbox:
    """What this machine has, found out by trying it; once in a run."""
    return tried(os.environ.get("PATH", ""), os.geteuid())


@cache
def tried(search: str, user: int) -> Sandbox:
    """What there is for a `PATH` and a user's id, which are this process' own."""
    path = shutil.which(PROGRAM)
    if path is None:
        return Sandbox(None, f"{PROGRAM} is not installed (apt-get install {PACKAGE})")
    version = re.search(r"\d+(\.\d+)+", _said([path, "--version"]))
    name = f"{PROGRAM} {version[0] if version else ''}".strip()
    complaint = ""
    for form in _FORMS:
        bare = Sandbox(path, name, form, "rlimits and by counting")
        complaint = _try(bare)
        if complaint:
            continue
        for counted, maker in group.makers():
            better = Sandbox(path, name, form, counted, maker)
            if not _try(better):
                return better
        if os.geteuid() != 0:
            return bare
        bare = Sandbox(path, name, ANOTHER, "rlimits of another user and by counting")
        complaint = _try(bare)
        if not complaint:
            return bare
    return Sandbox(None, f"{name} does not work here: {complaint}")


def _said(command: Sequence[str]) -> str:
    with tempfile.TemporaryFile() as file:
        with child(command, file) as process:
            process.wait()
        file.seek(0)
        return file.read().decode(errors="replace").strip()


def _try(sandbox: Sandbox) -> str:
    """The last line of why a sandbox does not work; empty where it does."""
    with tempfile.TemporaryFile() as file:
        problem = ""
        try:
            program = Program(["true"], Room(), _TRY, {}, None, file, file)
            with start(sandbox, program) as running:
                if running.status:
                    problem = f"`true` ended with status {running.status}"
        except (OSError, EnvironmentFailure) as error:
            problem = str(error)
        file.seek(0)
        lines = file.read().decode(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line), problem) if problem else ""


def foreign(
    command: Sequence[str],
    room: Room,
    limits: Limits,
    output: IO[bytes] | int,
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    errors: IO[bytes] | int = subprocess.STDOUT,
) -> AbstractContextManager[Foreign]:
    """Run a foreign program until the block is left; all of its processes end with it.

    In the sandbox that the machine has; where it has none, whoever asked for it has answered for
    it (`--trust`, or the series is gen's own).  `env` is its whole environment.  Raises
    EnvironmentFailure where the sandbox cannot be made.
    """
    sandbox = found()
    program = Program(command, room, limits, env, cwd, output, errors)
    return start(sandbox, program) if sandbox.path else unconfined(program)


def run(
    command: Sequence[str],
    room: Room,
    what: str,
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    limits: Limits | None = None,
) -> Done:
    """Run a foreign program to its end, within the limits of a script where none are named.

    Raises LimitHit, which calls it `what`, EnvironmentFailure.
    """
    limits = limits or SCRIPT
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        running = foreign(command, room, limits, stdout, env=env, cwd=cwd, errors=stderr)
        with running as program:
            status = program.status
        program.check(what)
        stdout.seek(0)
        stderr.seek(0)
        return Done(status, stdout.read(limits.told), stderr.read(limits.told))
