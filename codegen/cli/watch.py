# SPDX-License-Identifier: GPL-2.0-only
"""The program `gen`: one process works, and the one that started it waits for signals.

Everything that gen writes is complete or not there at whatever moment it is killed, so a signal
ends the work by killing it: no handler of Python's runs in the midst of something, and what C
code is busy with does not matter.  The watcher then removes what lay in the temporary folder.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from codegen.base.lifeline import hang_on
from codegen.base.unbroken import DONE, HOLD, NOTE, RELEASE, tell_to

_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_COMMIT_S = 0.5  # for what must not be broken off
_TOOLS_S = 0.3  # for make to remove what it has half made
_FAILED = 2
_KEPT = 100_000  # objects more before Python looks for what is unused: gen uses most to its end


def main() -> int:
    """Run this process' command line; returns the exit status, 128 + N after signal N."""
    ending = {each for each in _ENDING if signal.getsignal(each) != signal.SIG_IGN}
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    mask = signal.pthread_sigmask(
        signal.SIG_BLOCK, ending | {signal.SIGCHLD, signal.SIGTSTP, signal.SIGCONT}
    )
    line, kept = os.pipe()
    heard, told = os.pipe()
    try:
        worker = os.fork()
    except OSError as problem:
        print(f"gen: cannot start a process: {problem.strerror}", file=sys.stderr)
        return _FAILED
    if worker == 0:
        os.close(kept)
        os.close(heard)
        return _work(line, told, mask)
    os.close(line)
    os.close(told)
    return _Watch(worker, heard).wait(ending)


def _work(line: int, told: int, mask: Iterable[int]) -> int:
    """The command itself, in a process group of its own: a Ctrl-C goes to the watcher alone."""
    tell_to(told)
    hang_on(line)
    os.setpgid(0, 0)
    for each in _ENDING:
        if signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    gc.set_threshold(_KEPT)
    from codegen.cli.main import main as command_line

    status = command_line()
    gc.freeze()  # Python would look for what is unused in all that there is, before it ends
    return status


class _Watch:
    """The watcher's side: the process that works, and what it tells."""

    def __init__(self, worker: int, heard: int) -> None:
        self._worker = worker
        self._heard = heard
        self._rest = b""
        self._state = RELEASE
        self._note = "nothing half-written is left"
        self._status: int | None = None
        with suppress(PermissionError):  # the worker does it as well: whoever comes first
            os.setpgid(worker, worker)

    def wait(self, ending: set[signal.Signals]) -> int:
        """Wait for the end of the work, or end it."""
        while True:
            got = signal.sigwait(ending | {signal.SIGCHLD, signal.SIGTSTP, signal.SIGCONT})
            if got in ending:
                return self._interrupted(signal.Signals(got))
            if got == signal.SIGTSTP:
                self._signal(signal.SIGSTOP)
                os.kill(os.getpid(), signal.SIGSTOP)
            elif got == signal.SIGCONT:
                self._signal(signal.SIGCONT)
            elif self._ended():
                return self._as_it_ended()

    def _as_it_ended(self) -> int:
        assert self._status is not None
        code = os.waitstatus_to_exitcode(self._status)
        if code >= 0:
            return code
        self._clean()
        by = signal.Signals(-code)
        if by in _ENDING:
            return self._say(by)
        why = "is the memory full? " if by == signal.SIGKILL else ""
        print(f"gen: the work was ended by {by.name}; {why}{self._note}", file=sys.stderr)
        return _FAILED

    def _say(self, by: signal.Signals) -> int:
        print(f"gen: ended by {by.name}; {self._note}", file=sys.stderr)
        return 128 + by

    def _interrupted(self, by: signal.Signals) -> int:
        self._stop()
        if self._state == HOLD:
            self._signal(signal.SIGCONT)
            self._until(lambda: self._state != HOLD, _COMMIT_S)
            self._stop()
        if self._state == DONE:
            self._signal(signal.SIGCONT)
            self._until(lambda: False, _COMMIT_S)
        if self._status is None:
            self._kill()
        elif os.WIFEXITED(self._status):
            return os.waitstatus_to_exitcode(self._status)  # it was quicker
        self._clean()
        return 0 if self._state == DONE else self._say(by)

    def _ended(self, options: int = os.WNOHANG) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._worker, options)
            if pid and not os.WIFSTOPPED(status):
                self._status = status
        return self._status is not None

    def _signal(self, which: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._worker, which)

    def _stop(self) -> None:
        """Stop the worker, so that it begins nothing, and learn where it is."""
        if not self._ended():
            self._signal(signal.SIGSTOP)
            self._ended(os.WUNTRACED)
        self._hear()

    def _hear(self) -> None:
        while select.select([self._heard], [], [], 0)[0]:
            said = os.read(self._heard, 4096)
            if not said:
                return
            *lines, self._rest = (self._rest + said).split(b"\n")
            for line in lines:
                if line[:1] == NOTE:
                    self._note = line[1:].decode()
                elif self._state != DONE:
                    self._state = line

    def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not holds() and not self._ended() and time.monotonic() < end:
            time.sleep(0.005)
            self._hear()

    def _kill(self) -> None:
        """End what the worker has started, gently if that is quick, and the worker."""
        tools = _below(self._worker)
        for pid in tools:
            _send(pid, signal.SIGTERM)
        self._until(lambda: not any(map(_runs, tools)), _TOOLS_S)
        _adopt()
        self._signal(signal.SIGKILL)
        self._ended(0)
        end = time.monotonic() + _TOOLS_S
        while left := [pid for pid in _below(os.getpid()) if _runs(pid)]:
            for pid in left:
                _send(pid, signal.SIGKILL)
            if time.monotonic() > end:
                break  # one that hangs in the kernel

    def _clean(self) -> None:
        from codegen.tree.scratch import sweep

        sweep()
        if sys.stderr.isatty():  # a progress bar has hidden the cursor
            sys.stderr.write("\r\x1b[2K\x1b[?25h")


def _send(pid: int, which: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, which)


def _adopt() -> None:
    """Processes whose parent has ended become this one's children: so they can be found."""
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _stat(pid: int) -> list[str]:
    """State, parent and more of a process, proc(5); of one that is gone, it is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ["Z", "0"]


def _below(ancestor: int) -> list[int]:
    """The processes that one has started, and those that these have."""
    children: dict[int, list[int]] = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        children.setdefault(int(_stat(pid)[1]), []).append(pid)
    found, todo = [], [ancestor]
    while todo:
        new = children.get(todo.pop(), [])
        found += new
        todo += new
    return found


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    return _stat(pid)[0] != "Z"


def run() -> NoReturn:
    """`gen`, as a console script."""
    sys.exit(main())
