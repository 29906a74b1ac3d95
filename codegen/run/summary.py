# SPDX-License-Identifier: GPL-2.0-only
"""A trial in numbers and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codegen.run import report
from codegen.run.trial import Trial
from codegen.run.verdict import TestResult


def as_json(trial: Trial) -> dict[str, Any]:
    """The whole trial as JSON types."""
    rows = trial.rows
    return {
        "ok": trial.complete and bool(rows) and not bad(rows),
        "complete": trial.complete,
        "folder": str(trial.folder),
        "tree": trial.series.tree.name,
        "base": trial.commits.base,
        "commits": list(trial.commits.ids),
        "arch": trial.arch.name,
        "accel": trial.accel and {"name": trial.accel.name, "why": trial.accel.why},
        "kernel": trial.kernel and trial.kernel.release,
        "notes": list(trial.kernel.notes) if trial.kernel else [],
        "mutants": counted(trial),
        "seconds": _spent(trial),
        "results": [report.to_dict(row) for row in rows],
        "rounds": [
            {"name": each.name, "results": [report.to_dict(r) for r in each.results.values()]}
            for each in trial.rounds
        ],
    }


def for_cover(trial: Trial) -> str:
    """What the cover letter says instead of `Tested: not built and not run by gen.`"""
    if trial.kernel is None or trial.accel is None:
        return ""
    where = f"Linux {trial.kernel.release}, {trial.arch.name}, in QEMU ({trial.accel.name})"
    return report.tested(where, trial.rows, counted(trial))


def _spent(trial: Trial) -> dict[str, float]:
    """Seconds by what they were spent on; boots and builds overlap."""
    total: dict[str, float] = {}
    for what, seconds in trial.seconds:
        total[what] = round(total.get(what, 0.0) + seconds, 2)
    return total


def counted(trial: Trial) -> dict[str, int]:
    """What became of the mutants."""
    tried = [each for each in trial.noticed if not each.mutant.untested and not each.unknown]
    return {
        "made": len(trial.noticed),
        "noticed": sum(each.by is not None for each in tried),
        "survived": sum(each.by is None for each in tried),
        "not_testable": sum(bool(each.mutant.untested) for each in trial.noticed),
        "unknown": sum(each.unknown is not None for each in trial.noticed),
        "not_compiling": sum(len(strain.mutants) for strain in trial.stillborn),
    }


def bad(rows: Sequence[TestResult]) -> list[TestResult]:
    """The rows that are not as they should be."""
    return [row for row in rows if not row.verdict.good]
