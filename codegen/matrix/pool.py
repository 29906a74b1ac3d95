# SPDX-License-Identifier: GPL-2.0-only
"""The one interface to whoever runs jobs: this machine's pool, or a cluster's.

A task says what a bare executor cannot be told: which resources it takes, where its objects are,
and where it has failed already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from codegen.matrix.asked import Until
from codegen.matrix.job import Job
from codegen.matrix.outcome import KIND
from codegen.sandbox.process import child
from codegen.store.store import store

BUILD, BOOT, CPU = "build", "boot", "cpu"
_TOLD = 4000  # bytes of what a job that broke said last
_CALM_S = 5.0  # for a job to end itself


@dataclass(frozen=True)
class Task:
    """A job that somebody is to run; `avoid` are workers that could not."""

    job: Job
    avoid: frozenset[str] = frozenset()
    attempt: int = 1

    @property
    def needs(self) -> Mapping[str, int]:
        """The resources that it takes as long as it runs."""
        steps = self.job.steps
        if Until.BUILD not in steps:
            return {CPU: 1}
        return {BUILD: 1, BOOT: 1} if Until.BOOT in steps else {BUILD: 1}


@dataclass(frozen=True)
class Ran:
    """What a worker says of a task: the record of its result with the files, or the `problem`."""

    worker: str
    said: Any = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    problem: str = ""


class Pool(Protocol):
    """Whoever runs tasks."""

    def submit(self, task: Task, begun: Callable[[str], None]) -> Future[Ran]:
        """Take a task; `begun` is told the worker when it begins.  The future never raises what
        the job did wrong: that is a `problem`."""

    def expect(self, jobs: Sequence[Job]) -> None:
        """Be told of what will be submitted."""

    def known(self, keys: Sequence[str]) -> Mapping[str, Ran]:
        """Results that are there, of jobs that nobody took the result of."""

    def workers(self) -> int:
        """How many there are now."""


def run_job(job: Job, worker: str) -> Ran:
    """Run a job in a process of its own on this machine, and give what it left in the store.

    A process that dies, or that takes longer than the job's limit, says nothing of the series.
    """
    with tempfile.TemporaryDirectory(prefix="gen-job-") as folder:
        path = Path(folder) / "job.json"
        path.write_text(job.text())
        command = [sys.executable, "-P", "-m", "codegen", "job", "run", str(path)]
        env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        with (
            open(Path(folder) / "said", "w+b") as said,
            child(command, subprocess.DEVNULL, env, errors=said) as process,
        ):
            try:
                status = process.wait(job.limit + _CALM_S)
            except subprocess.TimeoutExpired:
                return Ran(worker, problem=f"took longer than {job.limit} s and was ended")
        told = (Path(folder) / "said").read_bytes()[-_TOLD:].decode("utf-8", "replace")
    told = told.strip().removeprefix("gen: ")
    kept = store().get(KIND, job.key)
    if kept is None:
        ended = f"signal {-status}" if status < 0 else f"exit status {status}"
        return Ran(worker, problem=told or f"the job ended with {ended} and left no result")
    try:
        return Ran(worker, kept.said, {name: kept.read(name) for name in kept.files})
    except FileNotFoundError as gone:
        return Ran(worker, problem=f"a log of the result is damaged: {gone}")
