# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix as a table that lives: what runs where, how far it is, and the time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from codegen.base.progress import clock, visible
from codegen.matrix.journal import MatrixRun
from codegen.run.guestlog import Verdict

_PER_SECOND = 2


def seconds_left(told: MatrixRun, before: MatrixRun | None, now: float) -> float | None:
    """The seconds that a run still takes, if as much goes on at once as now; None if nobody knows.

    A cell takes what it took in the run before, else what those of this run took on average.
    """
    ran = [each.spent for each in [*told.outcomes.values()] if not each.kept and each.spent]
    mean = sum(ran) / len(ran) if ran else None
    running, known = dict(told.running), before.known if before else {}
    left = 0.0
    for number, cell in enumerate(told.cells):
        if number in told.outcomes:
            continue
        was = known.get(cell.name, ("", None))[1]
        takes = was.spent if was and was.spent else mean
        if takes is None:
            return None
        spent = now - running[number][1] if number in running else 0.0
        left += max(0.0, takes - spent)
    return left / max(1, len(running))


def lines(
    told: MatrixRun, before: MatrixRun | None, workers: int, now: float, rows: int = 20
) -> Sequence[str]:
    """The table, no longer than some rows: cells that run, the longest first, and a summary."""
    running = sorted(dict(told.running).items(), key=lambda pair: pair[1][1])
    most = max(0, rows - 2)
    shown = running if len(running) <= most else running[: max(0, most - 1)]
    wide = max((len(worker) for _, (worker, _) in shown), default=0)
    found = [
        f"{clock(max(0.0, now - since)):>9}  {worker:{wide}}  {told.cells[number].name}"
        for number, (worker, since) in shown
    ]
    if len(shown) < len(running):
        found.append(f"{'':9}  … and {len(running) - len(shown)} more that run")
    counts = Counter(each.verdict for each in [*told.outcomes.values()])
    verdicts = ", ".join(f"{counts[each]} {each}" for each in Verdict if counts[each])
    left = seconds_left(told, before, now)
    parts = [
        f"{len(told.outcomes)} of {len(told.cells)} cells",
        *([verdicts] if verdicts else []),
        f"{workers} worker{'' if workers == 1 else 's'}",
        clock(max(0.0, now - told.started)),
    ]
    return [*found, "; ".join(parts) + (f", {clock(left)} left" if left is not None else "")]


@contextmanager
def live(
    told: MatrixRun, before: MatrixRun | None, workers: Callable[[], int], *, quiet: bool
) -> Iterator[None]:
    """Show the table within the block on a terminal that can move its cursor, below all output."""
    if not visible(quiet=quiet):
        yield
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)

    def table() -> Any:
        said = lines(told, before, workers(), time.time(), console.height - 1)
        return Text("\n".join(said), no_wrap=True, overflow="ellipsis")

    with Live(
        console=console, get_renderable=table, transient=True, refresh_per_second=_PER_SECOND
    ):
        yield
