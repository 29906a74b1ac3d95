# SPDX-License-Identifier: GPL-2.0-only
"""Which mutants count as noticed, and with how few boots; what is booted is played here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from codegen.run.guestlog import Subtest, Verdict
from codegen.run.initramfs import GuestTest
from codegen.run.mutants import Mutant
from codegen.run.mutation import Strain, try_strain
from codegen.run.verdict import Params, Results, TestResult
from codegen.run.weave import PARAMETER

TDP_OFF = ("kvm_amd.npt=0",)
TESTS = [GuestTest("knob_test", Path("knob_test"))]


def mutants(count: int, untested: int = 0) -> tuple[Mutant, ...]:
    """So many mutants; one of them may be one that no test can notice."""
    return tuple(
        Mutant("a.c", n, n + 1, "0", f"defect {n}", n, untested="why" if n == untested else "", number=n)
        for n in range(1, count + 1)
    )  # fmt: skip


@dataclass
class Kernel:
    """A kernel whose test gives a verdict by mutant, parameters, and whether it woke at boot.

    After the mutant `poisons`, the test fails whatever is awake, until the next boot.
    """

    said: Mapping[tuple[int, str, bool], Verdict]
    poisons: int = 0
    boots: list[tuple[list[int], Params]] = field(default_factory=list)

    def run(self, tests: Sequence[GuestTest], params: Params) -> Results:
        at_boot = next((int(p.split("=")[1]) for p in params if p.startswith(PARAMETER)), 0)
        condition = next((p for p in params if not p.startswith(PARAMETER)), "")
        woken, results, poisoned = [], {}, False
        for test in tests:
            number = int(test.settings[0][1]) if test.settings else at_boot
            woken.append(number)
            verdict = self.said.get((number, condition, not test.settings), Verdict.PASS)
            if poisoned:
                verdict = Verdict.FAIL
            poisoned |= bool(number and number == self.poisons)
            results[test.name] = TestResult(test.name, verdict, params=params)
        self.boots.append((woken, params))
        return results


def names(kernel: Kernel, strain: Strain) -> dict[int, str]:
    """By number, the verdict that gave a mutant away; `?` and a verdict where nothing is known."""
    tried = try_strain(strain, TESTS, [(), TDP_OFF], kernel.run)
    return {
        each.mutant.number: (
            each.by.verdict.value
            if each.by
            else f"?{each.unknown.verdict.value}" if each.unknown else ""
        )
        for each in tried
    }


def test_one_boot_wakes_all_and_is_enough() -> None:
    kernel = Kernel({(1, "", False): Verdict.FAIL, (2, "", False): Verdict.CRASH})
    assert names(kernel, Strain(Path("k"), mutants(2), True)) == {1: "fail", 2: "crash"}
    assert kernel.boots == [([0, 1, 0, 2], ())]


def test_only_those_left_are_tried_where_the_condition_does_not_hold() -> None:
    kernel = Kernel({(1, "", False): Verdict.FAIL, (2, TDP_OFF[0], False): Verdict.FAIL})
    assert names(kernel, Strain(Path("k"), mutants(2), True)) == {1: "fail", 2: "fail"}
    assert kernel.boots == [([0, 1, 0, 2], ()), ([0, 2], TDP_OFF)]


def test_what_matters_only_at_boot_is_woken_at_boot() -> None:
    kernel = Kernel({(1, "", True): Verdict.FAIL})
    assert names(kernel, Strain(Path("k"), mutants(1), True)) == {1: "fail"}
    assert kernel.boots[-1] == ([1], (f"{PARAMETER}=1",))


def test_a_survivor_was_tried_in_every_way() -> None:
    kernel = Kernel({})
    assert names(kernel, Strain(Path("k"), mutants(1), True)) == {1: ""}
    assert [boot[1] for boot in kernel.boots] == [
        (),
        TDP_OFF,
        (f"{PARAMETER}=1",),
        (*TDP_OFF, f"{PARAMETER}=1"),
    ]


def test_a_skip_is_noticed_but_under_a_condition() -> None:
    said = {(1, "", False): Verdict.SKIP}
    said |= {(2, TDP_OFF[0], b): Verdict.SKIP for b in (True, False)}
    assert names(Kernel(said), Strain(Path("k"), mutants(2), True)) == {1: "skip", 2: ""}


def test_infrastructure_notices_nothing_and_is_no_survival() -> None:
    said = {(1, c, b): Verdict.INFRA for c in ("", TDP_OFF[0]) for b in (True, False)}
    assert names(Kernel(said), Strain(Path("k"), mutants(1), True)) == {1: "?infra"}


def test_a_kernel_that_fails_with_all_asleep_shows_nothing() -> None:
    said = {(n, "", False): Verdict.FAIL for n in (0, 1, 2)}
    kernel = Kernel(said)
    assert names(kernel, Strain(Path("k"), mutants(2), True)) == {1: "?fail", 2: "?fail"}
    assert len(kernel.boots) == 1


def test_what_comes_after_a_mutant_that_spoils_the_boot_counts_for_nothing() -> None:
    kernel = Kernel({(1, "", False): Verdict.FAIL, (3, "", True): Verdict.FAIL}, poisons=1)
    assert names(kernel, Strain(Path("k"), mutants(3), True)) == {1: "fail", 2: "", 3: "fail"}
    assert ([3], (f"{PARAMETER}=3",)) in kernel.boots


def test_a_mutant_that_no_test_can_notice_is_not_tried() -> None:
    kernel = Kernel({(1, "", False): Verdict.FAIL})
    assert names(kernel, Strain(Path("k"), mutants(2, untested=2), True)) == {2: "", 1: "fail"}
    assert kernel.boots == [([0, 1], ())]


def test_a_kernel_of_its_own_is_always_the_mutant() -> None:
    kernel = Kernel({(0, TDP_OFF[0], True): Verdict.FAIL})
    assert names(kernel, Strain(Path("k"), mutants(1), False)) == {1: "fail"}
    assert kernel.boots == [([0], ()), ([0], TDP_OFF)]


def test_what_the_test_skips_for_want_of_a_flag_is_not_testable() -> None:
    skipped = Subtest("test 1", Verdict.SKIP, "a case: no KVM_MEM_ONE here")

    def run(tests: Sequence[GuestTest], params: Params) -> Results:
        return {t.name: TestResult(t.name, Verdict.PASS, subtests=(skipped,)) for t in tests}

    said = ("`KVM_MEM_ONE` is gone", "`KVM_MEM_ONE | KVM_MEM_TWO` is gone", "`one` is gone")
    made = tuple(replace(mutant, what=what) for mutant, what in zip(mutants(3), said, strict=True))
    tried = list(try_strain(Strain(Path("k"), made, True), TESTS, [()], run))
    assert [bool(each.mutant.untested) for each in tried] == [True, False, False]
    assert "no KVM_MEM_ONE" in tried[0].mutant.untested
