# SPDX-License-Identifier: GPL-2.0-only
"""Whether a result is as it should be: the verdict `pass` of what these functions return says so.

Pure functions; what a test said, the reason keeps.
"""

from __future__ import annotations

from dataclasses import replace

from codegen.run.guestlog import Verdict
from codegen.run.mutants import Mutant
from codegen.run.mutation import Noticed
from codegen.run.verdict import TestResult

_NOT_PASSED = (Verdict.FAIL, Verdict.SKIP)


def new(result: TestResult, condition: bool) -> TestResult:
    """A new test must pass; where its condition does not hold, it may skip."""
    if result.verdict is Verdict.SKIP:
        if condition:
            return replace(result, verdict=Verdict.PASS, reason=f"skips: {result.reason}")
        return replace(result, verdict=Verdict.FAIL, reason=f"does not run: {result.reason}")
    return result


def without(result: TestResult) -> TestResult:
    """On the tree without the series, a new test must skip or fail."""
    if result.verdict in _NOT_PASSED:
        reason = f"as it must: {result.verdict.value}, {result.reason}"
        return replace(result, verdict=Verdict.PASS, reason=reason, log=(), subtests=())
    if result.verdict is Verdict.PASS:
        return replace(result, verdict=Verdict.FAIL, reason="passes without the series as well")
    return result


def old(result: TestResult, before: TestResult | None) -> TestResult:
    """A test that was there before must pass, or say what it says without the series."""
    if before is not None and before.verdict is Verdict.INFRA and result.verdict is Verdict.SKIP:
        return replace(before, reason=f"without the series: {before.reason}")
    if before is None or Verdict.INFRA in (result.verdict, before.verdict):
        return result
    if result.verdict is before.verdict:
        reason = f"{result.verdict.value} without the series as well: {result.reason}"
        return replace(result, verdict=Verdict.SKIP, reason=reason)
    verdict = Verdict.FAIL if result.verdict is Verdict.SKIP else result.verdict
    reason = f"{before.verdict.value} without the series, {result.verdict.value} with it"
    return replace(result, verdict=verdict, reason=f"{reason}: {result.reason}")


def stillborn(mutant: Mutant) -> TestResult:
    """A mutant that no compiler takes says nothing."""
    reason = f"{mutant.where()}: {mutant.what}; does not compile so"
    return TestResult(str(mutant.number), Verdict.SKIP, reason=reason)


def mutant(noticed: Noticed) -> TestResult:
    """A mutant must be noticed."""
    mutant, by = noticed.mutant, noticed.by
    name, what = str(mutant.number), f"{mutant.where()}: {mutant.what}"
    if mutant.untested:
        return TestResult(name, Verdict.SKIP, reason=f"{what}; {mutant.untested}")
    if noticed.unknown is not None:
        reason = f"{what}; unknown: {noticed.unknown.verdict.value}, {noticed.unknown.reason}"
        return TestResult(name, Verdict.INFRA, reason=reason, log=noticed.unknown.log)
    if by is None:
        return TestResult(name, Verdict.FAIL, reason=f"{what}, and no test notices")
    where = f" with {' '.join(by.params)}" if by.params else ""
    reason = f"{what}; {by.verdict.value}{where}"
    return TestResult(name, Verdict.PASS, by.seconds, reason, (by.reason,))
