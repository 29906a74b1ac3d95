# SPDX-License-Identifier: GPL-2.0-only
"""What holds of a series on one architecture: whether each patch compiles, and what KVM said."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.base.errors import EnvironmentFailure
from codegen.run import kept
from codegen.run.bench import Bench
from codegen.series.commit import commits_of
from codegen.series.series import Series
from codegen.store.store import Kept


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a series on an architecture, in words of a line.

    `compiled` is empty where that was not possible, and `booted` the reason then.
    """

    arch: str
    compiled: str
    booted: str

    def as_json(self) -> dict[str, str]:
        """The standing for `--json`."""
        return {"arch": self.arch, "compiled": self.compiled, "booted": self.booted}


def compiled(findings: int) -> str:
    """How many findings there are where the patches were compiled one by one."""
    if not findings:
        return "each patch"
    return f"with {findings} finding{'s' if findings > 1 else ''}"


def booted(series: Series, bench: Bench) -> str:
    """What the store has of a trial of a series on the bench's architecture, and what no trial
    runs: the folders that are not emulated, with the reason."""
    arch = bench.options.arch
    if arch.runs is None:
        return "gen boots none"
    commits = commits_of(series, bench.git_dir)
    try:
        asked = kept.key_of(bench.options, commits)
        said = _said(kept.recall(kept.TRIAL, asked), kept.recall(kept.MUTANTS, asked))
    except EnvironmentFailure as problem:  # no QEMU
        said = str(problem)
    lines = [said or f"not known: gen test --arch {arch.name}"]
    lines += [
        f"nothing of {folder}: {why}"
        for folder, why in arch.runs.trial.unemulated
        if any(path.startswith(folder) for path in series.paths)
    ]
    return "; ".join(lines)


def _said(trial: Kept | None, mutants: Kept | None) -> str:
    if trial is None:
        return ""
    said = "all right" if trial.said["ok"] else "not all right"
    if mutants is None:
        return said
    return f"{said}, {mutants.said['noticed']} of {mutants.said['made']} mutants noticed"
