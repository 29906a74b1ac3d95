# SPDX-License-Identifier: GPL-2.0-only
"""Run the cells of a matrix: what the store knows is taken, the rest is run, once each.

An outcome is read out of a result that names its job, or it is that nobody could find out: a cell
that did not run is never told as one that passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from codegen.matrix import outcome as results
from codegen.matrix.journal import Journal, MatrixRun
from codegen.matrix.outcome import KIND, MOST, Outcome, outcome_of
from codegen.matrix.plan import Planned
from codegen.matrix.pool import Pool, Ran, Task
from codegen.run.guestlog import Verdict
from codegen.store.store import Kept, store

ATTEMPTS = 3  # of what the machine could not do
_TICK_S = 0.5


@dataclass
class _Drive:
    planned: Sequence[Planned]
    pool: Pool
    journal: Journal
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    ended: SimpleQueue[tuple[Task, Future[Ran]]] = field(default_factory=SimpleQueue)
    cells: dict[str, list[int]] = field(default_factory=dict)  # by the key of their job
    left: int = 0  # tasks that nobody has ended

    def begin(self, before: MatrixRun | None) -> None:
        """Everything that is known now, and tasks for the rest."""
        settled = before.settled if before else {}
        for number, each in enumerate(self.planned):
            if each.job is None:
                verdict = Verdict.SKIP if each.cell.skip else Verdict.INFRA
                self.tell(number, Outcome(verdict, reason=each.why))
            elif unchanged := _unchanged(each, settled):
                self.tell(number, replace(unchanged, kept=True))
            else:
                self.cells.setdefault(each.key, []).append(number)
        left = []
        for key in self.cells:
            if found := results.recall(key):
                self.tell_all(key, found)
            else:
                left.append(key)
        there = self.pool.known(left) if left else {}
        tasks = []
        for key in left:
            ran = there.get(key)
            if ran and (found := _received(key, ran)):
                self.tell_all(key, replace(found, worker=ran.worker, kept=True))
                continue
            job = self.planned[self.cells[key][0]].job
            assert job is not None
            tasks.append(Task(job))
        self.pool.expect([task.job for task in tasks])
        for task in tasks:
            self.submit(task)

    def submit(self, task: Task) -> None:
        """Have a task run."""
        numbers = self.cells[task.job.key]

        def begun(worker: str) -> None:
            for number in numbers:
                self.journal.begin(number, worker)

        self.left += 1
        future = self.pool.submit(task, begun)
        future.add_done_callback(lambda done: self.ended.put((task, done)))

    def loop(self) -> None:
        """Take what ends until nothing is left."""
        while self.left:
            try:
                task, future = self.ended.get(timeout=_TICK_S)
            except Empty:
                continue
            self.left -= 1
            self.take(task, future.result())

    def take(self, task: Task, ran: Ran) -> None:
        """What a worker says, if it is a result of this job; else somebody tries again."""
        found = _received(task.job.key, ran)
        if found:
            self.tell_all(task.job.key, replace(found, worker=ran.worker, kept=False))
            return
        problem = ran.problem or "what came back is no result of this job"
        if task.attempt < ATTEMPTS:
            self.submit(Task(task.job, task.avoid | {ran.worker}, task.attempt + 1))
            return
        reason, *lines = problem.splitlines() or ["nothing was said"]
        told = Outcome(Verdict.INFRA, reason=reason, lines=tuple(lines[-40:]), worker=ran.worker)
        self.tell_all(task.job.key, told)

    def tell_all(self, key: str, outcome: Outcome) -> None:
        """The outcome of all cells that a job is for."""
        for number in self.cells[key]:
            self.tell(number, outcome)

    def tell(self, number: int, outcome: Outcome) -> None:
        """The outcome of a cell."""
        self.outcomes[number] = outcome
        self.journal.end(number, outcome)


def _unchanged(each: Planned, settled: Mapping[str, tuple[str, Outcome]]) -> Outcome | None:
    """What a run before this one has found out of a cell that is made of the same."""
    key, outcome = settled.get(each.cell.name, ("", None))
    return outcome if key == each.key else None


def _received(key: str, ran: Ran) -> Outcome | None:
    """The outcome of a result that a worker gave, which is in this machine's store now."""
    if ran.said is None:
        return None
    mine = store().get(KIND, key)
    if mine is None:
        trial = outcome_of(key, Kept(KIND, key, ran.said, {}, 0.0))
        if trial is None or trial.verdict is Verdict.INFRA:
            return None
        mine = store().put(KIND, key, ran.said, ran.files, most=MOST)
        if mine is None:  # a full disk here: the result counts, its logs are lost
            return trial
    return outcome_of(key, mine)


def drive(
    planned: Sequence[Planned],
    pool: Pool,
    journal: Journal,
    before: MatrixRun | None = None,
) -> Mapping[int, Outcome]:
    """The outcome of each cell by its number; of `before`, cells that are unchanged are taken."""
    made = _Drive(planned, pool, journal)
    made.begin(before)
    made.loop()
    return made.outcomes
