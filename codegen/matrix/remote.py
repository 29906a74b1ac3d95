# SPDX-License-Identifier: GPL-2.0-only
"""What gen runs elsewhere in a cluster of Dask's: on its workers, and on its scheduler.

A job carries data alone, and what comes back is data.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from codegen.matrix.address import dask
from codegen.matrix.job import from_text
from codegen.matrix.outcome import KIND
from codegen.matrix.pool import run_job
from codegen.store.store import store

TOPIC = "gen-begun"

Packed = tuple[str, Any, dict[str, bytes], str]  # a Ran as plain data


def work(text: str) -> Packed:
    """On a worker: do a job, in a process of its own, and give its result."""
    worker = dask().get_worker()
    name = str(worker.name)
    job = from_text(text)
    worker.log_event(TOPIC, {"key": job.key, "name": name})
    ran = run_job(job, name)
    return ran.worker, ran.said, dict(ran.files), ran.problem


def kept(keys: Sequence[str]) -> dict[str, Packed]:
    """On a worker: the results of some jobs that its store has, whole."""
    found: dict[str, Packed] = {}
    for key in store().keys(KIND).intersection(keys):
        each = store().get(KIND, key)
        with suppress(FileNotFoundError):
            if each:
                files = {name: each.read(name) for name in each.files}
                found[key] = ("", each.said, files, "")
    return found


def stuck(dask_scheduler: Any = None) -> list[str]:
    """On the scheduler: the tasks that no worker may run.

    Dask leaves a task there for ever that would rather go to a worker that is gone.
    """
    return [str(each.key) for each in dask_scheduler.unrunnable]
