# SPDX-License-Identifier: GPL-2.0-only
"""Trials in the store of results: `gen test` fills it, whoever asks what KVM said reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codegen.run.guestlog import Verdict
from codegen.run.identity import trial_key
from codegen.sandbox import made
from codegen.store.store import Kept, store
from codegen.tree.plumbing import git

if TYPE_CHECKING:
    from codegen.run.build import Options
    from codegen.run.trial import Trial
    from codegen.series.commit import Commits

TRIAL, MUTANTS = "trial", "mutants"
_LOG = 1 << 20  # bytes kept of a log, its end


def keep(trial: Trial) -> None:
    """Keep a trial that came to its end, if it was of what the series brings and nothing else.

    The verdicts on mutants are a result of their own.  What the machine could not do is not kept.
    """
    from codegen.run.summary import as_json
    from codegen.run.trial import Wishes

    wishes = trial.wishes
    same = Wishes(accel=wishes.accel, mutants=wishes.mutants, resume=wishes.resume)
    if (
        replace(wishes, brief=False, limit_s=same.limit_s) != same
        or not trial.complete
        or trial.bench.stranger
    ):
        return
    if any(row.verdict is Verdict.INFRA for row in trial.rows):
        return
    key = key_of(trial.bench.options, trial.commits)
    said = as_json(trial)
    mutants = [row for row in said["results"] if row["name"].startswith("mutant: ")]
    said["results"] = [row for row in said["results"] if row not in mutants]
    counts = said.pop("mutants")
    store().put(TRIAL, key, said, logs_of(trial))
    if wishes.mutants:
        store().put(MUTANTS, key, {**counts, "results": mutants})


def key_of(options: Options, commits: Commits) -> str:
    """The key of a trial of some commits."""
    base = git(commits.git_dir, "rev-parse", f"{commits.base}^{{tree}}")
    return trial_key(options, base, commits.trees()[-1])


def recall(kind: str, key: str) -> Kept | None:
    """What was kept of a trial: TRIAL or MUTANTS."""
    return store().get(kind, key)


def logs_of(trial: Trial) -> dict[str, bytes]:
    """What the kernels and the tests said in each boot, but for those of mutants."""
    found = {}
    for path in sorted(trial.folder.glob("*/boot*/*.log")):
        name = str(path.relative_to(trial.folder))
        if path.name in ("console.log", "output.log") and not name.startswith("mutants-"):
            found[name] = made.read(path)[-_LOG:]
    return found
