# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix on disk: its cells, and what became of each as soon as it was known.

What a cell's result is, the store says.  Lines are added, never changed, so that a run that is
killed leaves what it knew, and another terminal can look.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from codegen.base import whole
from codegen.base.errors import UsageError
from codegen.matrix.cells import Cell
from codegen.matrix.outcome import Outcome, from_json
from codegen.matrix.plan import Planned
from codegen.run.guestlog import Verdict
from codegen.tree.cache import cache_dir, cache_path

LAST = "LAST"
_KEPT = 20  # runs of each matrix
_PLAN, _EVENTS, _HELD, JOBS = "run.json", "events.jsonl", "running", "jobs"


@dataclass
class MatrixRun:
    """What a run has told so far: cells with keys, and by a cell's number its state."""

    folder: Path
    name: str
    until: str
    started: float
    cells: Sequence[Cell]
    keys: Sequence[str]
    commits: Sequence[str]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    running: dict[int, tuple[str, float]] = field(default_factory=dict)
    ended: float | None = None  # when it came to its end
    heard: float = 0.0  # when it told something the last time
    alive: bool = False

    @property
    def known(self) -> Mapping[str, tuple[str, Outcome | None]]:
        """The key and the outcome of each cell by its name."""
        return {
            cell.name: (self.keys[number], self.outcomes.get(number))
            for number, cell in enumerate(self.cells)
        }

    @property
    def settled(self) -> Mapping[str, tuple[str, Outcome]]:
        """Those of the same that have an outcome, and not that a machine could not."""
        return {
            name: (key, outcome)
            for name, (key, outcome) in self.known.items()
            if outcome and outcome.verdict is not Verdict.INFRA
        }


class Journal:
    """The journal of a run that goes on; `told` is what it has told so far."""

    def __init__(self, told: MatrixRun) -> None:
        self.told, self.folder = told, told.folder
        self._events = open(self.folder / _EVENTS, "a", buffering=1)  # noqa: SIM115

    def begin(self, number: int, worker: str) -> None:
        """A cell has begun."""
        self.told.running[number] = (worker, time.time())
        self._tell(cell=number, worker=worker)

    def end(self, number: int, outcome: Outcome) -> None:
        """A cell's outcome is known."""
        self.told.running.pop(number, None)
        self.told.outcomes[number] = outcome
        self._tell(cell=number, outcome=outcome.as_json())

    def close(self, *, done: bool) -> None:
        """The run is over; `done` says whether it came to its end."""
        if done:
            self._tell(ended=True)
        self._events.close()

    def _tell(self, **said: Any) -> None:
        with suppress(OSError):  # a full disk is no reason to lose what runs
            self._events.write(json.dumps({"at": time.time(), **said}) + "\n")


def runs_of(name: str) -> list[Path]:
    """The runs of a matrix, the latest last."""
    folder = cache_path() / "matrix" / name
    return sorted(path.parent for path in folder.glob(f"*/{_PLAN}"))


@contextmanager
def journal(name: str, until: str, planned: Sequence[Planned]) -> Iterator[Journal]:
    """The journal of a new run; whoever looks sees by a lock that it is alive."""
    started = time.time()
    folder = cache_dir() / "matrix" / name / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    cells = [each.cell for each in planned]
    keys = [each.key for each in planned]
    commits = [each.job.tree.commit if each.job else "" for each in planned]
    told = MatrixRun(folder, name, until, started, cells, keys, commits, alive=True)
    said = {
        "name": name,
        "until": until,
        "started": started,
        "cells": [asdict(each) for each in cells],
        "keys": keys,
        "commits": commits,
    }
    with open(folder / _HELD, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        whole.write(folder / _PLAN, json.dumps(said))
        for old in runs_of(name)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        made, done = Journal(told), False
        try:
            yield made
            done = True
        finally:
            made.close(done=done)


def read_run(folder: Path) -> MatrixRun:
    """What a run has told.  Raises UsageError where there is none."""
    try:
        said = json.loads((folder / _PLAN).read_text())
        cells = [Cell(**each) for each in said["cells"]]
        told = MatrixRun(
            folder,
            said["name"],
            said["until"],
            said["started"],
            cells,
            said["keys"],
            said["commits"],
        )
    except (OSError, ValueError, LookupError, TypeError):
        raise UsageError(f"{folder} is no run of a matrix") from None
    told.alive = _alive(folder)
    with suppress(OSError):
        for line in (folder / _EVENTS).read_text("utf-8", "replace").splitlines():
            with suppress(ValueError, LookupError, TypeError):  # cut short by a kill
                _heard(told, json.loads(line))
    return told


def _heard(told: MatrixRun, said: Mapping[str, Any]) -> None:
    number, told.heard = said.get("cell"), float(said["at"])
    if said.get("ended"):
        told.ended = told.heard
    elif isinstance(number, int) and "outcome" in said:
        told.running.pop(number, None)
        told.outcomes[number] = from_json(said["outcome"])
    elif isinstance(number, int):
        told.running[number] = (str(said["worker"]), told.heard)


def _alive(folder: Path) -> bool:
    """Whether the process of a run is there: the kernel gives its lock back when it dies."""
    try:
        with open(folder / _HELD) as held:
            try:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    except OSError:
        pass
    return False


def last_run(name: str, *, other_than: Path | None = None) -> MatrixRun | None:
    """The run of a matrix before this one that came to its end; None where there is none."""
    for folder in reversed(runs_of(name)):
        if folder != other_than:
            with suppress(UsageError):
                told = read_run(folder)
                if told.ended is not None:
                    return told
    return None
