# SPDX-License-Identifier: GPL-2.0-only
"""Which patch of a series breaks a cell.  Steps that judge each patch by itself have said so; the
others are done with the first half of the patches, and so on.

A kernel of some patches is booted with the tests of all of them: a test whose subject is not there
yet skips.  As `git bisect` does, this takes for granted that what is broken once stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.matrix.asked import Until
from codegen.matrix.cells import Cell
from codegen.matrix.outcome import Outcome
from codegen.matrix.plan import Planned
from codegen.run.guestlog import Verdict

# These judge each patch, and name the first that is wrong.
_EACH = (Until.GENERATE, Until.CHECK, Until.BUILD)
_SHOWN = 20  # cells in an error
Outcomes = Callable[[Planned], Outcome]


@dataclass(frozen=True)
class Bisected:
    """What breaks a cell: a patch, or why none does; the outcome that says so, and what was tried,
    verdicts by the number of patches."""

    cell: Cell
    outcome: Outcome
    patch: str = ""
    why: str = ""
    tried: Mapping[int, Verdict] = field(default_factory=dict)


def chosen(planned: Sequence[Planned], words: str) -> Planned:
    """The cell that some words of its name mean.  Raises UsageError where they do not say which."""
    named = [each for each in planned if each.cell.name == words] or [
        each for each in planned if set(words.split()) <= set(each.cell.name.split())
    ]
    if len(named) == 1:
        return named[0]
    what = "more cells than one are" if named else "no cell is"
    names = "".join(f"\n  {each.cell.name}" for each in (named or planned)[:_SHOWN])
    raise UsageError(f"--bisect: {what} {words!r}; by their names there are:{names}")


def bisect(planned: Planned, run: Outcomes) -> Bisected:
    """Name the first patch that breaks a cell; `run` gives the outcome of a cell.

    Raises UsageError for a cell that is not broken, EnvironmentFailure where a machine is at fault.
    """
    found = _outcome(planned, run)
    if found.verdict.good:
        raise UsageError(f"--bisect: {planned.cell.name} is not broken: {found.verdict.value}")
    if found.step in _EACH:
        why = "" if found.patch else f"{found.step} says so of the series, and of no patch alone"
        return Bisected(planned.cell, found, found.patch, why)
    return _Search(planned, found, run).search()


def _outcome(planned: Planned, run: Outcomes) -> Outcome:
    if planned.job is None:
        raise UsageError(f"--bisect: {planned.cell.name} is not run: {planned.why}")
    found = run(planned)
    if found.verdict is Verdict.INFRA:
        raise EnvironmentFailure(f"{planned.cell.name}: {found.reason}")
    return found


@dataclass
class _Search:
    planned: Planned
    found: Outcome  # of all patches, with all steps
    run: Outcomes
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def search(self) -> Bisected:
        """Try all patches, then none, then halve what lies between."""
        names = self.found.patches
        good, bad = 0, len(names)
        if not self._broken(bad):
            why = "no kernel of the series shows it: see what the cell itself says"
            return self._told(self.found, why=f"{why} ({self.found.reason})")
        if not self._broken(good):
            while bad - good > 1:
                half = (good + bad) // 2
                good, bad = (good, half) if self._broken(half) else (half, bad)
            return self._told(self.outcomes[bad], names[bad - 1])
        why = "the tree has it without the series as well, so that no patch breaks it"
        return self._told(self.outcomes[0], why=why)

    def _broken(self, patches: int) -> bool:
        job = self.planned.job
        assert job is not None
        some = replace(job, until=self.found.step, patches=patches)
        outcome = _outcome(replace(self.planned, job=some, key=some.key), self.run)
        self.outcomes[patches] = outcome
        return not outcome.verdict.good

    def _told(self, outcome: Outcome, patch: str = "", why: str = "") -> Bisected:
        tried = {number: each.verdict for number, each in sorted(self.outcomes.items())}
        return Bisected(self.planned.cell, outcome, patch, why, tried)
