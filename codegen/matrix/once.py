# SPDX-License-Identifier: GPL-2.0-only
"""Do a job on this machine unless its result is there: two processes with one job do it once."""

from __future__ import annotations

from codegen.base.lock import locked
from codegen.base.progress import Report
from codegen.matrix import outcome as results
from codegen.matrix.job import Job
from codegen.matrix.outcome import Outcome
from codegen.matrix.steps import do
from codegen.tree.cache import cache_dir


def once(job: Job, report: Report, *, again: bool = False) -> Outcome:
    """The result of a job: the one that is kept, or, also if `again` is said, a new one.

    Raises what `codegen.matrix.steps.do` raises.
    """
    if not again and (found := results.recall(job.key)):
        return found
    place = cache_dir() / "matrix" / "locks" / job.key[:32]

    def waiting() -> None:
        report(0, None, "waiting for another run of this job")

    with locked(place, waiting):
        try:
            if not again and (found := results.recall(job.key)):
                return found
            outcome, files = do(job, report)
            results.keep(job.key, outcome, files)
        finally:
            place.unlink(missing_ok=True)  # whoever waits for it looks into the store first
    return outcome
