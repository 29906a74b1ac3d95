# SPDX-License-Identifier: GPL-2.0-only
"""Progress of what takes long: what is done, of how much, the time left; for people only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock, Timer
from typing import Any

from codegen.base.printable import one_line

_MANY = 100_000
_DELAY = 1.0  # seconds: what is done by then needs no progress
_NARROW = 60  # columns: below, the bar gives way to the words
Report = Callable[[int, int | None, str], None]


def silent(done: int, total: int | None, what: str) -> None:
    """A Report that shows nothing."""


def visible(*, quiet: bool) -> bool:
    """Whether stderr is a terminal that can move its cursor, and may be written to."""
    return not quiet and sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Report]:
    """A function that shows how far a work is: done, of how much, which work.

    Shown on a terminal that can move its cursor, in one line below all output, and taken away at
    the end; nothing if `quiet`.  One work is shown at a time: where what is done goes on with the
    same total, it is the same work under another name, and its time left is worked out on.
    """
    if not visible(quiet=quiet):
        yield silent
        return
    shown = _Line()
    try:
        yield shown
    finally:
        shown.close()


class _Line:
    """The line; rich is imported when it is first shown, so that quick commands start fast."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._work: tuple[int, int | None, str] | None = None
        self._shown: Any = None
        self._task: Any = None
        self._due = False
        self._timer = Timer(_DELAY, self._start)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, done: int, total: int | None, what: str) -> None:
        what = one_line(what)
        with self._lock:
            before, self._work = self._work, (done, total, what)
            if self._shown is None:
                if self._due:
                    self._open()
                return
            if before is None or before[1] != total or done < before[0]:
                self._shown.remove_task(self._task)
                self._task = self._shown.add_task(what, total=total, count="")
            self._update()

    def close(self) -> None:
        """Take the line off the screen."""
        self._timer.cancel()
        with self._lock:
            self._due = False
            if self._shown is not None:
                self._shown.stop()

    def _start(self) -> None:
        with self._lock:
            self._due = True
            if self._work is not None:
                self._open()

    def _open(self) -> None:
        assert self._work is not None
        _, total, what = self._work
        self._due = False
        self._shown = _rich()
        self._task = self._shown.add_task(what, total=total, count="")
        self._update()
        self._shown.start()

    def _update(self) -> None:
        assert self._work is not None
        done, total, what = self._work
        count = _count(done, total)
        self._shown.update(self._task, completed=done, total=total, description=what, count=count)


def _rich() -> Any:
    """rich's progress with the columns that fit the terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.table import Column
    from rich.text import Text

    class Times(ProgressColumn):
        def render(self, task: Task) -> Text:
            spent, left = task.finished_time or task.elapsed or 0, task.time_remaining
            about = f", {clock(left)} left" if left is not None and not task.finished else ""
            return Text(f"{clock(spent)}{about}")

    console = Console(stderr=True)
    words = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False, table_column=words),
        TextColumn("{task.fields[count]}", table_column=Column(no_wrap=True)),
        Times(table_column=Column(no_wrap=True)),
    ]
    if console.width >= _NARROW:
        columns.insert(1, BarColumn(bar_width=min(40, console.width // 4)))
    # what is printed goes above the line, but not to where the line is if it goes to a file
    return Progress(
        *columns,
        console=console,
        transient=True,
        expand=True,
        redirect_stdout=sys.stdout.isatty(),
        speed_estimate_period=120,
    )


def clock(seconds: float) -> str:
    """A time, short."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02} min"


def _count(done: int, total: int | None) -> str:
    """What is counted in objects is shown as such, what is counted in bytes in per cent."""
    if not total:
        return str(done) if 0 < done < _MANY else ""
    return f"{done}/{total}" if total < _MANY else f"{done * 100 // total} %"
