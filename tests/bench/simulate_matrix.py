# SPDX-License-Identifier: GPL-2.0-only
"""A large matrix on a large cluster, by the real scheduling code: what limits it?

    python tests/bench/simulate_matrix.py [--cells 10000] [--workers 500] [--speed 20]

The client is gen's own (`drive`, the journal, the store, the pool of a cluster), the scheduler is
Dask's own process, and the workers are Dask's own, many in one process.  A job alone is not done:
it sleeps as long as a recorded one took, divided by `--speed`; on a worker that has not built its
tree yet, as long as building that took.  So what a second of the scheduler costs is `--speed` times
as much here: a run that comes close to the ideal shows that the real one does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.matrix import cluster as room
from codegen.matrix.asked import Until
from codegen.matrix.cells import Cell
from codegen.matrix.drive import drive
from codegen.matrix.job import Job, TreeWanted, from_text
from codegen.matrix.journal import MatrixRun, journal, read_run
from codegen.matrix.outcome import Outcome, said_of
from codegen.matrix.plan import Planned
from codegen.matrix.remote import TOPIC
from codegen.run.guestlog import Verdict
from tests.unit.cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]
# Seconds of 28 whole runs of `gen test` on warm benches, two cores, the machine busy (27 November
# 2026), and of a kernel that is built on a cold one.
LENGTHS = (
    36, 55, 61, 62, 62, 64, 68, 78, 81, 97, 108, 123, 150, 161, 172, 186, 196, 209, 212, 247, 270, 353,
    354, 355, 384, 404, 408, 490,
)  # fmt: skip
COLD = 833
_TREES, _ARCHITECTURES = 10, ("x86", "arm64")
_TEXT = "x" * 8000  # a description, about
_HERDS = 4  # processes that the workers share
_SPEED, _MARK = "GEN_SIMULATED_SPEED", "simulated"
_warm: set[tuple[str, str]] = set()  # workers with the trees that they have built
_ended: set[tuple[str, str]] = set()  # and with the jobs that they have done


def length(job: Job) -> int:
    """The seconds that a job takes where its tree was built before."""
    return LENGTHS[int(job.key[:8], 16) % len(LENGTHS)]


def work(text: str) -> tuple[str, Any, dict[str, bytes], str]:
    """On a worker: what `codegen.matrix.remote.work` does, but for the job."""
    from distributed import get_worker

    worker, job = get_worker(), from_text(text)
    name = str(worker.name)
    worker.log_event(TOPIC, {"key": job.key, "name": name})
    takes = length(job) + (COLD if (name, job.bench) not in _warm else 0)
    _warm.add((name, job.bench))
    if (name, job.key) not in _ended:  # else its store has it
        time.sleep(takes / float(os.environ[_SPEED]))
        _ended.add((name, job.key))
    outcome = Outcome(Verdict.PASS, job.until, seconds={job.until: float(takes)})
    return name, said_of(job.key, outcome), {}, ""


def planned(count: int) -> list[Planned]:
    """Cells on some trees and architectures, in the order of a matrix."""
    made = []
    places = [(f"tree{n}", arch) for n in range(_TREES) for arch in _ARCHITECTURES]
    for number in range(count):
        tree, arch = places[number * len(places) // count]
        cell = Cell(f"knob{number}", "v", tree, arch, "default", "gcc")
        wanted = TreeWanted(tree, tree, "1" * 40)
        made_of = {"gen": _MARK, "series": str(number)}
        job = Job(
            cell, "k.yaml", {"k.yaml": _TEXT}, wanted, "", Until.TEST.value, 60, False, made_of
        )
        made.append(Planned(cell, job, key=job.key))
    return made


async def herd(address: str, first: int, last: int) -> None:
    """Some workers in this process, until it is ended."""
    from distributed import Worker

    resources = {"build": 1, "boot": 1}
    workers = [
        Worker(
            address, nthreads=1, name=f"w{n}", resources=resources, dashboard=False, memory_limit=0
        )
        for n in range(first, last)
    ]
    await asyncio.gather(*workers)
    await asyncio.gather(*(each.finished() for each in workers))


@contextmanager
def herds(address: str, workers: int, speed: float, folder: Path) -> Iterator[list[int]]:
    """The processes of all workers."""
    cuts = [workers * n // _HERDS for n in range(_HERDS + 1)]
    env = {**os.environ, _SPEED: str(speed), "PYTHONPATH": f"{ROOT}:{Path(__file__).parent}"}
    env["DASK_TEMPORARY_DIRECTORY"] = str(folder)
    made = []
    with (folder / "herds.log").open("wb") as log, ExitStack() as stack:
        for first, last in pairwise(cuts):
            command = [sys.executable, __file__, "--herd", address, str(first), str(last)]
            each = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command], env=env, stdout=log, stderr=log
            )
            stack.callback(each.wait)
            stack.callback(each.kill)
            made.append(each.pid)
        yield made


def cpu(pid: int) -> float:
    """The seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(run: MatrixRun, cells: list[Planned], workers: int, speed: float, spent: float) -> None:
    """What came of it, in seconds of the cluster that is simulated."""
    jobs = {each.cell.name: each.job for each in cells if each.job}
    took = [each.spent for each in run.outcomes.values()]
    warm = sum(length(job) for job in jobs.values())
    cold = sum(each.spent > length(jobs[run.cells[n].name]) for n, each in run.outcomes.items())
    busy = sum(took) / workers
    ideal = max(warm / workers + COLD, max(took))
    print(f"{len(took)} cells, {statistics.mean(took):.0f} s each with {cold} cold builds")
    print(f"  the matrix took          {spent * speed:8.0f} s, {spent:.0f} s here")
    print(f"  an ideal one, all cold   {ideal:8.0f} s: {ideal / (spent * speed):.0%} of it")
    print(f"  a worker worked          {busy:8.0f} s: {busy / (spent * speed):.0%} of it")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=500)
    parser.add_argument("--speed", type=float, default=20)
    parser.add_argument("--herd", nargs=3)
    options = parser.parse_args()
    if options.herd:
        import simulate_matrix  # jobs name it so

        address, first, last = options.herd
        asyncio.run(simulate_matrix.herd(address, int(first), int(last)))
        return
    with tempfile.TemporaryDirectory() as name:
        simulate(options.cells, options.workers, options.speed, Path(name))


def simulate(count: int, workers: int, speed: float, folder: Path) -> None:
    """Run it and say what came of it."""
    import simulate_matrix

    os.environ["GEN_CACHE"] = str(folder / "cache")
    room.work = simulate_matrix.work  # workers import it by this name
    own = {"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}"}
    cluster = Cluster(folder / "cluster", own, workers=0)
    try:
        with (
            herds(cluster.address, workers, speed, folder) as pids,
            room.cluster_pool(cluster.address, None) as pool,
        ):
            while pool.workers() < workers:
                time.sleep(0.5)
            assert cluster.scheduler.process
            who = {"the client": [os.getpid()], "the scheduler": [cluster.scheduler.process.pid]}
            who["the workers"] = pids
            before = {name: sum(map(cpu, each)) for name, each in who.items()}
            start, cells = time.monotonic(), planned(count)
            with journal(_MARK, Until.TEST.value, cells) as run:
                found = drive(cells, pool, run)
            spent = time.monotonic() - start
            assert len(found) == count
            assert all(each.verdict is Verdict.PASS for each in found.values())
            told(read_run(run.folder), cells, workers, speed, spent)
            for name, each in who.items():
                used = sum(map(cpu, each)) - before[name]
                print(f"  {name:15} computed {used / count * 1000:6.2f} ms for a cell")
    finally:
        cluster.stop()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
