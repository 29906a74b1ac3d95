# SPDX-License-Identifier: GPL-2.0-only
"""Which kernels are booted with which tests, and what is told when; the boots are played here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codegen.run.boots import Lane, Listener
from codegen.run.guestlog import Verdict
from codegen.run.initramfs import GuestTest
from codegen.run.runner import BOOT
from codegen.run.verdict import Params, Results, TestResult

TDP_OFF = ("kvm_amd.npt=0",)
IMAGES = {"series": Path("series"), "base": Path("base")}
A, B = GuestTest("a", Path("a")), GuestTest("b", Path("b"))


@dataclass
class Played:
    """Boots that say what is given (else pass), and the rows that were told."""

    said: Mapping[tuple[str, str, Params], Verdict]
    ended_at: str = ""
    boots: list[tuple[str, str, Params]] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)

    def boot(
        self, kernel: str, image: Path, tests: Sequence[GuestTest], params: Params, tell: Listener
    ) -> Results:
        assert image == IMAGES[kernel]
        self.boots.append((kernel, "".join(test.name for test in tests), params))
        results = {}
        names = [test.name for test in tests]
        for name in [*names, *([BOOT] if (kernel, BOOT, params) in self.said else [])]:
            if name == self.ended_at:
                raise KeyboardInterrupt
            verdict = self.said.get((kernel, name, params), Verdict.PASS)
            results[name] = TestResult(name, verdict)
            tell(results[name])
        return results

    def row(self, kernel: str, params: Params, result: TestResult) -> bool:
        under = f" {params[0]}" if params else ""
        self.rows.append(f"{kernel}{under}: {result.name} {result.verdict.value}")
        return result.verdict.good

    def lane(self, *tests: GuestTest, new: bool, changed: str = "") -> Lane:
        """A lane with these boots."""
        return Lane(tests, new, IMAGES, self.boot, self.row, frozenset(changed))


def test_a_new_test_is_asked_once_without_the_series() -> None:
    played = Played({("base", "a", ()): Verdict.SKIP})
    assert played.lane(A, new=True).run_all([(), TDP_OFF])
    assert played.boots == [("series", "a", ()), ("base", "a", ()), ("series", "a", TDP_OFF)]
    assert played.rows == ["series: a pass", "base: a pass", "series kvm_amd.npt=0: a pass"]


def test_a_new_test_that_passes_without_the_series_is_wrong() -> None:
    played = Played({})
    assert not played.lane(A, new=True).run(())
    assert played.rows == ["series: a pass", "base: a fail"]


def test_an_old_test_is_asked_without_the_series_only_where_it_does_not_pass() -> None:
    played = Played({(kernel, "b", ()): Verdict.FAIL for kernel in ("series", "base")})
    assert played.lane(A, B, new=False).run(())
    assert played.boots == [("series", "ab", ()), ("base", "b", ())]
    assert played.rows == ["series: a pass", "series: b skip"]


def test_an_old_test_that_fails_with_the_series_only_is_wrong() -> None:
    played = Played({("series", "b", TDP_OFF): Verdict.CRASH})
    assert not played.lane(A, B, new=False).run_all([(), TDP_OFF])
    assert played.boots[-1] == ("base", "b", TDP_OFF)
    assert played.rows[-1] == "series kvm_amd.npt=0: b crash"


def test_a_test_that_the_series_changed_has_no_excuse() -> None:
    played = Played({(kernel, "b", ()): Verdict.FAIL for kernel in ("series", "base")})
    assert not played.lane(A, B, new=False, changed="b").run(())
    assert played.rows[-1] == "series: b fail"


@pytest.mark.parametrize(("base", "good"), [(Verdict.CRASH, True), (Verdict.PASS, False)])
def test_a_kernel_that_complains_at_boot_is_told_beside_the_one_without(
    base: Verdict, good: bool
) -> None:
    said = {("series", BOOT, ()): Verdict.CRASH}
    if base is Verdict.CRASH:
        said[("base", BOOT, ())] = base
    played = Played(said)
    assert played.lane(A, new=False).run(()) is good
    assert played.boots == [("series", "a", ()), ("base", "a", ())]
    assert played.rows[-1] == f"series: boot {'skip' if good else 'crash'}"


def test_without_a_baseline_there_is_one_kernel() -> None:
    played = Played({})
    lane = Lane([A], True, {"series": Path("series")}, played.boot, played.row)
    assert lane.run(())
    assert played.boots == [("series", "a", ())]


@pytest.mark.parametrize(("some", "good"), [(True, True), (False, False)])
def test_a_new_test_skips_on_a_kernel_that_has_not_come_so_far(some: bool, good: bool) -> None:
    played = Played({("series", "a", ()): Verdict.SKIP})
    images = {"series": Path("series")}
    assert Lane([A], True, images, played.boot, played.row, some=some).run(()) is good
    played.said = {("series", "a", ()): Verdict.FAIL}
    assert not Lane([A], True, images, played.boot, played.row, some=some).run(())


def test_no_tests_no_boots() -> None:
    played = Played({})
    assert played.lane(new=True).run_all([(), TDP_OFF])
    assert not played.boots


def test_what_has_run_is_told_where_the_run_is_ended() -> None:
    played = Played({("series", "a", ()): Verdict.FAIL}, ended_at="b")
    lane = played.lane(A, B, new=True)
    with pytest.raises(KeyboardInterrupt):
        lane.run(())
    assert played.rows == ["series: a fail"]
    assert not lane.rounds


def test_what_has_run_is_told_where_the_kernel_without_the_series_is_ended() -> None:
    played = Played({("series", "a", ()): Verdict.FAIL})
    real = played.boot

    def ended(kernel: str, *rest: object) -> Results:
        if kernel == "base":
            raise KeyboardInterrupt
        return real(kernel, *rest)  # type: ignore[arg-type]

    lane = Lane([A, B], False, IMAGES, ended, played.row)
    with pytest.raises(KeyboardInterrupt):
        lane.run(())
    assert played.rows == ["series: b pass", "series: a fail"]
