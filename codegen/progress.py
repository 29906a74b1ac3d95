# SPDX-License-Identifier: GPL-2.0-only
"""Progress of what takes longer than two seconds, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MANY = 100_000
Report = Callable[[int, int | None, str], None]


def silent(done: int, total: int | None, what: str) -> None:
    """A Report that shows nothing."""


@contextmanager
def progress() -> Iterator[Report]:
    """A function that shows how far a work is: done, of how much, which work.

    rich is imported with the first report, so that commands without any start fast.
    """
    if not sys.stderr.isatty():
        yield silent
        return
    shown = _Bar()
    try:
        yield shown
    finally:
        shown.close()


class _Bar:
    def __init__(self) -> None:
        self._progress: object | None = None
        self._task: object | None = None
        self._what = ""

    def __call__(self, done: int, total: int | None, what: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        if self._progress is None:
            from rich.console import Console

            count = TextColumn("{task.fields[count]}")
            columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
            # what is printed goes above the bar, but not to where the bar is if it goes to a file
            self._progress = Progress(
                *columns,
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=sys.stdout.isatty(),
            )
            self._progress.start()
        assert isinstance(self._progress, Progress)
        if what != self._what:
            if self._task is not None:
                self._progress.remove_task(self._task)  # type: ignore[arg-type]
            self._task = self._progress.add_task(what, total=total, count="")
            self._what = what
        count_text = _count(done, total)
        self._progress.update(self._task, completed=done, total=total, count=count_text)  # type: ignore[arg-type]

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._progress is not None:
            self._progress.stop()  # type: ignore[attr-defined]


def _count(done: int, total: int | None) -> str:
    """What is counted in objects is shown as such, what is counted in bytes in per cent."""
    if not total:
        return str(done) if done < _MANY else ""
    return f"{done}/{total}" if total < _MANY else f"{done * 100 // total} %"
