# SPDX-License-Identifier: GPL-2.0-only
"""Look after a foreign program while it runs, and end all of it when it wants too much."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread

from codegen.sandbox.group import Member
from codegen.sandbox.limits import MIB, Limits, size
from codegen.sandbox.process import child

_TICK_S = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SPARE = 512 * MIB  # what is left on the disk for everybody else


class Watch:
    """A thread that looks ten times a second; `hit` says in words which limit was met.

    `pid` is the program's first process, all others are its descendants; `member` is its control
    group where it has one; `folders` are those it may write to, `files` the descriptors that take
    its output.  `end` ends all of it.
    """

    def __init__(
        self,
        pid: int,
        limits: Limits,
        member: Member | None,
        folders: Sequence[Path],
        files: Sequence[int],
        end: Callable[[], None],
    ) -> None:
        self.hit = ""
        self._pid, self._limits, self._member, self._end = pid, limits, member, end
        self._folders, self._files = folders, files
        self._start = time.monotonic()
        self._free = {folder: _free(folder) for folder in folders}
        self._over = Event()
        self._thread = Thread(target=copy_context().run, args=(self._run,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The program has ended: a last look, at what the kernel has counted."""
        self._over.set()
        self._thread.join()
        self.hit = self.hit or self._counted() or self._told()

    def _run(self) -> None:
        ticks = 0
        while not self._over.wait(_TICK_S):
            ticks += 1
            hit = self._timed() or self._counted() or self._told()
            if not hit and ticks % 5 == 0:
                hit = self._written()
            if hit:
                self.hit = hit
                self._end()
                return

    def _timed(self) -> str:
        seconds = self._limits.seconds
        return f"ran for {seconds:g} s" if time.monotonic() - self._start > seconds else ""

    def _counted(self) -> str:
        if self._member:
            memory = self._member.memory(self._pid) > 0
            processes = self._member.processes(self._pid) > 0
        else:
            tasks = resident = 0
            for more, size_now in _tree(self._pid):
                tasks, resident = tasks + more, resident + size_now
                if tasks > self._limits.processes or resident > self._limits.memory:
                    break
            memory, processes = resident > self._limits.memory, tasks > self._limits.processes
        if memory:
            return f"needed more than {size(self._limits.memory)} of memory"
        return f"started more than {self._limits.processes} processes" if processes else ""

    def _told(self) -> str:
        told = sum(os.fstat(file).st_size for file in self._files)
        return f"said more than {size(self._limits.told)}" if told > self._limits.told else ""

    def _written(self) -> str:
        """The disk is shared: only where much of it has gone is it asked who has it."""
        for folder, before in self._free.items():
            free = _free(folder)
            if free < _SPARE < before:
                return f"left less than {size(_SPARE)} on the disk of {folder}"
            if before - free > self._limits.written:
                if _size_of(folder) > self._limits.written:
                    return f"wrote more than {size(self._limits.written)}"
                self._free[folder] = free
        return ""


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def _size_of(folder: Path) -> int:
    """The bytes that a folder takes; du gets through any."""
    command = ["du", "--summarize", "--block-size=1", "--one-file-system", "--", str(folder)]
    with TemporaryFile() as said, child(command, said, errors=subprocess.DEVNULL) as process:
        process.wait()
        said.seek(0)
        return int((said.read().split() or [b"0"])[0])


def _tree(pid: int) -> Iterator[tuple[int, int]]:
    """Tasks and bytes of resident memory of a process and all of its descendants.

    Whoever loses his parent becomes a child of the first process, which is the sandbox's init.
    """
    todo, seen = [pid], set[int]()
    while todo:
        each = todo.pop()
        if each in seen:
            continue
        seen.add(each)
        try:
            tasks = os.listdir(f"/proc/{each}/task")
            pages = int(_words(f"/proc/{each}/statm")[1])
            for task in tasks:
                todo += map(int, _words(f"/proc/{each}/task/{task}/children"))
        except (OSError, ValueError, IndexError):
            continue
        yield len(tasks), pages * _PAGE


def _words(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        return file.read().split()
