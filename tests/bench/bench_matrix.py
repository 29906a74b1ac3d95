# SPDX-License-Identifier: GPL-2.0-only
"""What a matrix costs besides its jobs: by job, here and on Dask, and when all is known.

    python tests/bench/bench_matrix.py [CELLS]

Jobs are empty here, so that all that is left is the matrix: planning, the store, the journal, the
pool.  What the process of a job costs by itself is measured apart; it is no part of the ratios.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.matrix.asked import Until
from codegen.matrix.cells import Cell
from codegen.matrix.drive import drive
from codegen.matrix.job import Job, TreeWanted, own_code
from codegen.matrix.journal import journal
from codegen.matrix.local import local_pool
from codegen.matrix.outcome import Outcome, said_of
from codegen.matrix.plan import Planned
from codegen.matrix.pool import Pool, Ran
from codegen.run.guestlog import Verdict


def job(number: int, name: str) -> Job:
    """An empty job, other than all others."""
    cell = Cell(f"{name}-{number}", "v", "t", "x86", "default", "gcc")
    tree = TreeWanted("t", "t", "1" * 40)
    made_of = {"gen": own_code(), "series": f"{name} {number}"}
    return Job(cell, "knob.yaml", {}, tree, "", Until.GENERATE.value, 60, False, made_of)


def empty(job: Job, worker: str) -> Ran:
    """What came of it."""
    outcome = Outcome(Verdict.PASS, job.until, seconds={job.until: 0.0})
    return Ran(worker, said_of(job.key, outcome))


def run(count: int, name: str, pool: Pool) -> float:
    """The seconds that a matrix of empty jobs takes."""
    start = time.monotonic()
    jobs = [job(number, name) for number in range(count)]
    planned = [Planned(each.cell, each, key=each.key) for each in jobs]
    with journal(name, Until.GENERATE.value, planned) as told:
        found = drive(planned, pool, told)
    assert len(found) == count and all(each.verdict is Verdict.PASS for each in found.values())
    return time.monotonic() - start


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A scheduler and two workers on this machine, whose jobs are empty; gives its address."""
    from tests.unit.cluster import Cluster

    own = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    made = Cluster(folder / "cluster", own)
    try:
        yield made.address
    finally:
        made.stop()


def on_dask(count: int, folder: Path) -> float:
    """The same with workers of Dask's."""
    from codegen.matrix import cluster as room

    room.work = work  # the workers import it from here, by its name
    with cluster(folder) as address, room.cluster_pool(address, None) as pool:
        while pool.workers() < 2:
            time.sleep(0.1)
        run(10, "warm", pool)
        return run(count, "dask", pool)


def work(text: str) -> tuple[str, object, dict[str, bytes], str]:
    """On a worker: an empty job."""
    from codegen.matrix.job import from_text

    ran = empty(from_text(text), "w")
    return ran.worker, ran.said, {}, ""


def process() -> float:
    """The seconds that a process of gen takes to start, the best of some."""
    best = float("inf")
    for _ in range(5):
        start = time.monotonic()
        command = [sys.executable, "-m", "codegen", "job", "run", "/nowhere.json"]
        subprocess.run(command, capture_output=True, check=False)
        best = min(best, time.monotonic() - start)
    return best


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEN_CACHE"] = folder
        with local_pool(run=empty) as pool:
            run(10, "warm", pool)
            here = run(count, "here", pool)
            known = run(count, "here", pool)
        there = on_dask(count, Path(folder))
    print(f"{count} empty jobs here      {here / count * 1000:6.2f} ms each (at most 5)")
    print(f"{count} empty jobs on Dask   {there / count * 1000:6.2f} ms each (at most 10)")
    print(f"{count} cells that are known {known:6.2f} s (at most 2)")
    print(f"the process of a job   {process() * 1000:6.0f} ms, apart from these")
    print(f"Dask to here           {there / here:6.2f}")


if __name__ == "__main__":
    main()
