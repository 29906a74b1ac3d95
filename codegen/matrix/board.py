# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix as one value: what all reports of it are made of."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.matrix.cells import Cell
from codegen.matrix.journal import MatrixRun
from codegen.matrix.outcome import Outcome
from codegen.run.guestlog import Verdict
from codegen.run.verdict import TestResult


@dataclass(frozen=True, slots=True)
class Square:
    """A cell with its outcome, None as long as nobody knows; `again` is the command that runs it
    alone, `before` the verdict of the run before, empty where that did not have it; `at` is the
    worker that has begun it, and `since` when, in seconds since 1970."""

    number: int
    cell: Cell
    key: str
    commit: str
    outcome: Outcome | None
    again: str = ""
    before: str = ""
    at: str = ""
    since: float = 0.0

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.outcome:
            return self.outcome.verdict.value
        return "runs" if self.at else "waits"

    @property
    def changed(self) -> bool:
        """Whether it is another than in the run before."""
        return bool(self.before and self.outcome and self.before != self.verdict)

    @property
    def result(self) -> TestResult:
        """As a test's result, for the formats of tests."""
        found = self.outcome
        if found is None:
            return TestResult(self.cell.name, Verdict.INFRA, reason="was not run")
        at = " ".join(part for part in (found.step, found.patch) if part)
        reason = f"{at}: {found.reason}" if found.reason and at else found.reason
        log = (*found.lines, *([f"again: {self.again}"] if self.again else []))
        return TestResult(self.cell.name, found.verdict, found.spent, reason, log)


@dataclass(frozen=True)
class Board:
    """All cells of a run."""

    name: str
    until: str
    started: float
    seconds: float
    entries: tuple[Square, ...]
    alive: bool = False

    @property
    def good(self) -> bool:
        """Whether every cell is known, and none is wrong."""
        return all(each.outcome and each.outcome.verdict.good for each in self.entries)

    @property
    def wrong(self) -> Sequence[Square]:
        """The cells that are not as they should be."""
        return [each for each in self.entries if each.outcome and not each.outcome.verdict.good]

    @property
    def changed(self) -> Sequence[Square]:
        """The cells with another verdict than in the run before."""
        return [each for each in self.entries if each.changed]

    @property
    def hits(self) -> int:
        """How many cells were known before anything ran."""
        return sum(bool(each.outcome and each.outcome.kept) for each in self.entries)

    @property
    def counts(self) -> str:
        """`3 pass, 1 fail`."""
        found = Counter(each.verdict for each in self.entries)
        order = [*(verdict.value for verdict in Verdict), "runs", "waits"]
        return ", ".join(f"{found[name]} {name}" for name in order if found[name]) or "no cells"

    @property
    def rows(self) -> Mapping[str, Mapping[str, Square]]:
        """The entries by what is tried, and on what."""
        found: dict[str, dict[str, Square]] = {}
        for each in self.entries:
            found.setdefault(each.cell.row, {})[each.cell.column] = each
        return found

    @property
    def columns(self) -> Sequence[str]:
        """What is tried on."""
        return list(dict.fromkeys(each.cell.column for each in self.entries))


def board(told: MatrixRun, before: MatrixRun | None = None, again: Mapping[int, str] = {}) -> Board:
    """A run, and what was before it."""
    known = before.known if before else {}
    entries = []
    for number, cell in enumerate(told.cells):
        was = known.get(cell.name, ("", None))[1]
        at, since = told.running.get(number, ("", 0.0)) if told.alive else ("", 0.0)
        entries.append(
            Square(
                number,
                cell,
                told.keys[number],
                told.commits[number],
                told.outcomes.get(number),
                again.get(number, ""),
                was.verdict.value if was else "",
                at,
                since,
            )
        )
    ended = told.ended or (time.time() if told.alive else told.heard)
    seconds = max(0.0, ended - told.started)
    return Board(told.name, told.until, told.started, seconds, tuple(entries), told.alive)
