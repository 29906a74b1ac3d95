# SPDX-License-Identifier: GPL-2.0-only
"""What is as it should be: a new test, the same without the series, an old test, a mutant."""

from __future__ import annotations

import pytest

from codegen.run import expected
from codegen.run.guestlog import Verdict
from codegen.run.mutants import Mutant
from codegen.run.mutation import Noticed
from codegen.run.verdict import TestResult

P, F, C, S, I = Verdict.PASS, Verdict.FAIL, Verdict.CRASH, Verdict.SKIP, Verdict.INFRA  # noqa: E741


def result(verdict: Verdict) -> TestResult:
    """A result with a reason."""
    return TestResult("x", verdict, 1.0, "because")


@pytest.mark.parametrize(
    ("condition", "said", "judged"),
    [
        (False, P, P), (False, F, F), (False, C, C), (False, S, F), (False, I, I),
        (True, P, P), (True, F, F), (True, C, C), (True, S, P), (True, I, I),
    ],
)  # fmt: skip
def test_a_new_test_passes_and_skips_only_under_a_condition(
    condition: bool, said: Verdict, judged: Verdict
) -> None:
    assert expected.new(result(said), condition).verdict is judged


@pytest.mark.parametrize(("said", "judged"), [(P, F), (F, P), (S, P), (C, C), (I, I)])
def test_without_the_series_it_does_not_pass(said: Verdict, judged: Verdict) -> None:
    assert expected.without(result(said)).verdict is judged


@pytest.mark.parametrize(
    ("before", "after", "judged"),
    [
        (None, P, P), (None, F, F), (None, C, C),
        (P, F, F), (P, S, F), (P, C, C), (F, C, C), (S, F, F),
        (F, F, S), (S, S, S), (C, C, S), (F, S, F),
        (I, F, F), (P, I, I), (I, S, I),
    ],
)  # fmt: skip
def test_an_old_test_says_what_it_said(
    before: Verdict | None, after: Verdict, judged: Verdict
) -> None:
    was = result(before) if before else None
    assert expected.old(result(after), was).verdict is judged


def test_a_mutant_of_which_nothing_is_known_is_no_survivor() -> None:
    mutant = Mutant("a.c", 0, 2, "0", "`!a` is never true", 7, "f()", "", 3)
    row = expected.mutant(Noticed(mutant, None, result(I)))
    assert row.verdict is I
    assert "unknown: infra, because" in row.reason


@pytest.mark.parametrize(
    ("by", "untested", "judged", "said"),
    [
        (result(F), "", P, "a.c:7 in f(): `!a` is never true; fail"),
        (None, "", F, "`!a` is never true, and no test notices"),
        (None, "there is no device", S, "`!a` is never true; there is no device"),
    ],
)
def test_a_mutant_is_noticed(
    by: TestResult | None, untested: str, judged: Verdict, said: str
) -> None:
    mutant = Mutant("a.c", 0, 2, "0", "`!a` is never true", 7, "f()", untested, 3)
    row = expected.mutant(Noticed(mutant, by))
    assert row.verdict is judged
    assert said in row.reason
    assert row.name == "3"
