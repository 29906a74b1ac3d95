# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix --bisect`: which patch breaks a cell, and that it is not guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.matrix.asked import Until
from codegen.matrix.bisect import Bisected, bisect, chosen
from codegen.matrix.job import from_text
from codegen.matrix.outcome import Outcome
from codegen.matrix.plan import Planned
from codegen.run.guestlog import Verdict
from tests.unit.test_matrix import CELL, job
from tests.unit.test_matrix_runs import Ci

PATCHES = tuple(f"000{number}.patch" for number in range(1, 9))
_PLANNED = Planned(CELL, job(), key=job().key)


class Fake:
    """Cells whose kernel is broken from some patch on, and how often each was asked for."""

    def __init__(self, breaks: int | None, step: Until = Until.TEST, **more: object) -> None:
        self.breaks, self.asked = breaks, list[int | None]()
        wrong = Outcome(Verdict.CRASH, step.value, reason="Oops", patches=PATCHES)
        self.wrong = replace(wrong, **more)  # type: ignore[arg-type]

    def __call__(self, planned: Planned) -> Outcome:
        assert planned.job and planned.key == planned.job.key
        some = planned.job.patches
        self.asked.append(some)
        if some is None:
            return self.wrong
        assert planned.job.done == (Until.GENERATE, Until(self.wrong.step))
        broken = self.breaks is not None and some >= self.breaks
        return Outcome(Verdict.CRASH if broken else Verdict.SKIP, self.wrong.step)


def found(fake: Fake) -> Bisected:
    return bisect(_PLANNED, fake)


@pytest.mark.parametrize("breaks", range(1, 9))
def test_the_first_that_breaks_it_is_named_in_few_steps(breaks: int) -> None:
    fake = Fake(breaks)
    told = found(fake)
    assert (told.patch, told.why) == (PATCHES[breaks - 1], "")
    assert len(fake.asked) == 3 + 3 and len(set(fake.asked)) == 6
    assert told.tried[breaks] is Verdict.CRASH and told.tried[breaks - 1] is Verdict.SKIP


def test_what_the_tree_has_without_the_series_is_no_patch_s() -> None:
    told = found(Fake(0))
    assert told.patch == "" and "without the series as well" in told.why


def test_what_no_kernel_of_the_series_shows_is_no_patch_s() -> None:
    """A kernel that lacks a check, say, and whose tests do not notice."""
    fake = Fake(None)
    told = found(fake)
    assert told.patch == "" and "(Oops)" in told.why and fake.asked == [None, 8]


@pytest.mark.parametrize("step", [Until.GENERATE, Until.CHECK, Until.BUILD])
def test_a_step_that_judges_each_patch_has_said_so(step: Until) -> None:
    fake = Fake(1, step, patch=PATCHES[4])
    assert found(fake).patch == PATCHES[4] and fake.asked == [None]
    assert "of no patch alone" in found(Fake(1, step)).why


def test_a_cell_that_is_not_broken_has_nothing_to_be_named() -> None:
    with pytest.raises(UsageError, match="is not broken: pass"):
        found(Fake(1, verdict=Verdict.PASS))
    with pytest.raises(UsageError, match="is not run: not wanted"):
        bisect(Planned(CELL, why="not wanted"), Fake(1))


def test_a_machine_at_fault_names_no_patch() -> None:
    with pytest.raises(EnvironmentFailure, match="no clang"):
        found(Fake(1, verdict=Verdict.INFRA, reason="no clang"))


def test_a_cell_is_meant_by_words_of_its_name() -> None:
    other = replace(_PLANNED, cell=replace(CELL, tree="debian:6.1"))
    both = [_PLANNED, other]
    assert chosen(both, CELL.name) is _PLANNED and chosen(both, "debian:6.1 quirk") is other
    for words, what in (("quirk", "more cells than one are"), ("6.1", "no cell is")):
        with pytest.raises(UsageError, match=f"{what}.*\n  {CELL.name}\n"):
            chosen(both, words)


def test_some_patches_are_another_job() -> None:
    jobs = [job(), job(patches=0), job(patches=1)]
    assert len({each.key for each in jobs}) == 3
    assert [from_text(each.text()) for each in jobs] == jobs
    with pytest.raises(UsageError):
        from_text(job(patches=-1).text())


@pytest.mark.programs
def test_the_patch_that_does_not_apply_is_named(tmp_path: Path) -> None:
    """And the run of a cell that is bisected is no run of its matrix."""
    ci = Ci(tmp_path)
    ci.gen("--abi", "knob.yaml", "--variant", "quirk", "--tree", "linux", "--out", "made")
    (series,) = (path.parent for path in (tmp_path / "made").rglob("0000-*.patch"))
    last = sorted(series.glob("0*.patch"))[-1]
    last.write_text(last.read_text().replace("\n+", "\n+\n+", 1).replace(" \n", " X\n", 1))
    mine = f"./{series.relative_to(tmp_path)}"
    said = ci.matrix("--series", mine, "--bisect", mine)
    assert (said["patch"], said["outcome"]["step"]) == (last.name, "generate")
    assert ci.runs == []
    told = ci.matrix("--bisect", "vm-type", status=2)
    assert "is not broken: pass" in told["error"]["message"]
