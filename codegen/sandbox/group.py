# SPDX-License-Identifier: GPL-2.0-only
"""A control group for all processes of a foreign program, by whatever way the machine has.

As root a folder in the cgroup file system (version 1 or 2), else a scope that systemd makes.
Where there is neither, `codegen.run.watch` counts by itself.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codegen.sandbox.limits import Limits

_ROOT = Path("/sys/fs/cgroup")
# The shell puts itself into each group, so that nothing it starts is outside.
_JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift; exec "$@"'
_NAME = re.compile(r"gen-(\d+)-\d+")
_numbers = itertools.count()


@dataclass(frozen=True)
class Member:
    """A group that was made: `prefix` starts a program in it; `memory` and `processes` say how
    often a limit was met, given the process id of the program's first process."""

    prefix: Sequence[str]
    memory: Callable[[int], int]
    processes: Callable[[int], int]


Maker = Callable[[Limits], AbstractContextManager[Member]]


def makers() -> Iterator[tuple[str, Maker]]:
    """The ways that this machine may have, by name, the best first; each is still to be tried."""
    own = _own_groups()
    if {"memory", "pids"} <= set(own):
        yield "cgroup v1", partial(_version1, own["memory"], own["pids"])
    if "" in own and (_ROOT / "cgroup.controllers").exists():
        yield "cgroup v2", partial(_version2, own[""])
    if shutil.which("systemd-run") and Path("/run/systemd/system").is_dir():
        yield "systemd scope", _scope


def _own_groups() -> dict[str, Path]:
    """Controller to the folder of the group that this process is in; "" is version 2's."""
    groups: dict[str, Path] = {}
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                groups[controller] = _ROOT / controller / path.lstrip("/")
    return groups


@contextmanager
def _folders(parents: Sequence[Path]) -> Iterator[list[Path]]:
    """A new group in each of the folders; those that killed runs have left are removed."""
    name = f"gen-{os.getpid()}-{next(_numbers)}"
    made: list[Path] = []
    for parent in parents:
        for old in parent.glob("gen-*"):
            match = _NAME.fullmatch(old.name)
            if match and not Path(f"/proc/{match[1]}").exists():
                with suppress(OSError):
                    old.rmdir()
    try:
        for parent in parents:
            (parent / name).mkdir()
            made.append(parent / name)
        yield made
    finally:
        for folder in made:
            _remove(folder)


def _remove(folder: Path) -> None:
    """A group can go when the last of its processes has been buried."""
    for _ in range(100):
        with suppress(FileNotFoundError):
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.01)
                continue
        return


def _join(folders: Sequence[Path]) -> list[str]:
    return ["/bin/sh", "-c", _JOIN, "sh", *(str(f / "cgroup.procs") for f in folders), "--"]


@contextmanager
def _version1(memory: Path, pids: Path, limits: Limits) -> Iterator[Member]:
    with _folders((memory, pids)) as (in_memory, in_pids):
        (in_memory / "memory.limit_in_bytes").write_text(str(limits.memory))
        with suppress(OSError):  # swap is not counted everywhere
            (in_memory / "memory.memsw.limit_in_bytes").write_text(str(limits.memory))
        (in_pids / "pids.max").write_text(str(limits.processes))
        yield Member(
            _join((in_memory, in_pids)),
            lambda pid: _count(in_memory / "memory.oom_control", "oom_kill"),
            lambda pid: _count(in_pids / "pids.events", "max"),
        )


@contextmanager
def _version2(parent: Path, limits: Limits) -> Iterator[Member]:
    with suppress(OSError):  # only a group without processes, or the root, can hand them on
        (parent / "cgroup.subtree_control").write_text("+memory +pids")
    with _folders((parent,)) as (folder,):
        (folder / "memory.max").write_text(str(limits.memory))
        with suppress(OSError):
            (folder / "memory.swap.max").write_text("0")
        (folder / "pids.max").write_text(str(limits.processes))
        yield Member(
            _join((folder,)),
            lambda pid: _count(folder / "memory.events", "oom_kill"),
            lambda pid: _count(folder / "pids.events", "max"),
        )


@contextmanager
def _scope(limits: Limits) -> Iterator[Member]:
    who = [] if os.geteuid() == 0 else ["--user"]
    command = ["systemd-run", *who, "--scope", "--quiet", "--collect"]
    command += ["-p", f"MemoryMax={limits.memory}", "-p", "MemorySwapMax=0"]
    command += ["-p", f"TasksMax={limits.processes}", "--"]
    yield Member(
        command,
        lambda pid: _count(_group_of(pid) / "memory.events", "oom_kill"),
        lambda pid: _count(_group_of(pid) / "pids.events", "max"),
    )


def _group_of(pid: int) -> Path:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return _ROOT / line[3:].lstrip("/")
    return Path("/nowhere")


def _count(path: Path, what: str) -> int:
    """The number behind a word in a file of events; 0 where the group is gone."""
    try:
        rows = dict(line.split() for line in path.read_text().splitlines())
        return int(rows.get(what, 0))
    except (OSError, ValueError):
        return 0
