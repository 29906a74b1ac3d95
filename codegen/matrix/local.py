# SPDX-License-Identifier: GPL-2.0-only
"""The pool of this machine: a thread for each job, which waits for the job's process."""

from __future__ import annotations

import os
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from codegen.matrix.job import Job
from codegen.matrix.pool import BOOT, BUILD, CPU, Ran, Task, run_job
from codegen.sandbox.process import threads

_Needs = tuple[tuple[str, int], ...]
RunJob = Callable[[Job, str], Ran]


def capacity() -> Mapping[str, int]:
    """What this machine has: a build takes all of its processors, as make is told."""
    return {BUILD: 1, BOOT: 1, CPU: os.cpu_count() or 1}


@dataclass
class _Waiting:
    task: Task
    begun: Callable[[str], None]
    future: Future[Ran]


class LocalPool:
    """Runs tasks as far as there are resources for them, those of a bench that is free first."""

    def __init__(
        self, executor: ThreadPoolExecutor, has: Mapping[str, int], run: RunJob = run_job
    ) -> None:
        self._executor, self._free, self._run = executor, Counter(has), run
        # what waits, by the resources that it takes, and by its bench
        self._waiting: dict[_Needs, dict[str, deque[_Waiting]]] = {}
        self._benches: Counter[str] = Counter()
        self._lock = Lock()
        self._name = socket.gethostname()

    def workers(self) -> int:
        """One: this machine."""
        return 1

    def known(self, keys: Sequence[str]) -> Mapping[str, Ran]:
        """None: the store of this machine is the client's own."""
        return {}

    def expect(self, jobs: Sequence[Job]) -> None:
        """Nothing is to be shared."""

    def submit(self, task: Task, begun: Callable[[str], None]) -> Future[Ran]:
        """Take a task."""
        waiting = _Waiting(task, begun, Future())
        with self._lock:
            needs = tuple(sorted(task.needs.items()))
            benches = self._waiting.setdefault(needs, {})
            benches.setdefault(task.job.bench, deque()).append(waiting)
        self._next()
        return waiting.future

    def _next(self) -> None:
        """Start what can be started now."""
        while True:
            with self._lock:
                chosen = self._choose()
                if chosen is None:
                    return
                self._free.subtract(chosen.task.needs)
                self._benches[chosen.task.job.bench] += 1
            self._executor.submit(self._do, chosen)

    def _choose(self) -> _Waiting | None:
        """Take the first that fits and whose bench nobody holds, else the first that fits."""
        for needs, benches in self._waiting.items():
            if not benches or any(self._free[name] < number for name, number in needs):
                continue
            free = (bench for bench in benches if not self._benches[bench])
            bench = next(free, next(iter(benches)))
            chosen = benches[bench].popleft()
            if not benches[bench]:
                del benches[bench]
            return chosen
        return None

    def _do(self, waiting: _Waiting) -> None:
        try:
            waiting.begun(self._name)
            ran = self._run(waiting.task.job, self._name)
            waiting.future.set_result(ran)
        except OSError as problem:  # a full disk, no more processes
            waiting.future.set_result(Ran(self._name, problem=str(problem)))
        except BaseException as problem:  # the matrix is being ended
            waiting.future.set_exception(problem)
        finally:
            with self._lock:
                self._free.update(waiting.task.needs)
                self._benches[waiting.task.job.bench] -= 1
            self._next()


@contextmanager
def local_pool(has: Mapping[str, int] | None = None, run: RunJob = run_job) -> Iterator[LocalPool]:
    """The pool, for as long as it is used; jobs that run when it is left early are ended."""
    has = has or capacity()
    with threads(sum(has.values())) as executor:
        yield LocalPool(executor, has, run)
