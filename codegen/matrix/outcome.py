# SPDX-License-Identifier: GPL-2.0-only
"""What came of a cell, and results in the store: a cell that did not run has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codegen.run.guestlog import Verdict
from codegen.store.store import Kept, store

KIND = "cell"
MOST = 100_000  # results that are kept: those of some large matrices


@dataclass(frozen=True)
class Outcome:
    """The verdict on a cell.

    `step` is the last one that was done, or that failed; `patch` is the first that fails, where one
    does, and `lines` are whose words say so.  `seconds` are by step; `known` are steps whose answer
    was there already.  `patchset` names the patches as KCIDB does, `patches` are their own names in
    their order; `logs` are files of the store by name.
    """

    verdict: Verdict
    step: str = ""
    patch: str = ""
    reason: str = ""
    lines: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    patchset: str = ""
    patches: tuple[str, ...] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    worker: str = ""
    kept: bool = False  # it was in the store already: nothing ran

    @property
    def spent(self) -> float:
        """Seconds in all."""
        return sum(self.seconds.values())

    def as_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {**vars(self), "verdict": self.verdict.value}


def from_json(said: Mapping[str, Any]) -> Outcome:
    """The inverse.  Raises ValueError, LookupError or TypeError for what is none."""
    made = {**said, "verdict": Verdict(said["verdict"])}
    made |= {name: tuple(made.get(name, ())) for name in ("lines", "known", "notes", "patches")}
    return Outcome(**made)


def keep(name: str, outcome: Outcome, files: Mapping[str, bytes]) -> None:
    """Keep a result by the key of its job.  What the machine could not do is not kept."""
    if outcome.verdict is not Verdict.INFRA:
        store().put(KIND, name, said_of(name, outcome), files, most=MOST)


def said_of(name: str, outcome: Outcome) -> dict[str, Any]:
    """What the store says of a result; a result names the job that it is of."""
    said = outcome.as_json()
    for name_here in ("logs", "worker", "kept"):
        said.pop(name_here)
    return {"of": name, **said}


def recall(name: str) -> Outcome | None:
    """The result of a job; None where it did not run, or what is there is not whole."""
    kept = store().get(KIND, name)
    return outcome_of(name, kept) if kept else None


def outcome_of(name: str, kept: Kept) -> Outcome | None:
    """A result of the store as an outcome; None where it is of another job, or none."""
    try:
        said = dict(kept.said)
        if said.pop("of") != name:
            return None
        logs = {each: path.name for each, path in kept.files.items()}
        return from_json({**said, "logs": logs, "worker": "", "kept": True})
    except (ValueError, LookupError, TypeError):
        return None
