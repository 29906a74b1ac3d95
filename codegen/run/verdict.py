# SPDX-License-Identifier: GPL-2.0-only
"""From the text of a boot to one verdict per test.  Pure functions.

Five verdicts that are never mixed up: a test that says no is a fail, a kernel
that complains while a test runs is a crash of that test, a test that cannot
run here is a skip, and QEMU or the guest not doing their work is infra.
"""

import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.run.boot import BootLog, Ending
from codegen.run.guestlog import (
    EXCERPT,
    Run,
    Subtest,
    Verdict,
    boot_lines,
    defects,
    lines_of,
    subtests,
)

KSFT_SKIP = 4  # tools/testing/selftests/kselftest.h
_SKIP_ALL = re.compile(r"^1\.\.0 # SKIP[ -]*(.*)$")


@dataclass(frozen=True)
class TestResult:
    """A verdict and why; `seconds` in the guest, `log` the lines that show it."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    name: str
    verdict: Verdict
    seconds: float = 0.0
    reason: str = ""
    log: tuple[str, ...] = ()
    subtests: tuple[Subtest, ...] = ()
    params: tuple[str, ...] = ()
    accel: str = ""


Params = tuple[str, ...]  # of a kernel's command line
Results = Mapping[str, TestResult]  # by the test's name


def judge(name: str, run: Run, console: str, limit_s: int) -> TestResult:
    """The verdict on a test that init began and ended."""
    wrong = defects(lines_of(run.index, console))
    points = subtests(run.output)
    tail = tuple(run.output[-EXCERPT:])

    def result(verdict: Verdict, reason: str, log: tuple[str, ...] = tail) -> TestResult:
        return TestResult(name, verdict, run.seconds, reason, log, points)

    if wrong:
        return result(Verdict.CRASH, f"the kernel says: {wrong[0]}", wrong)
    if run.how == "missing":
        return result(Verdict.INFRA, "the program is not in the guest or cannot be run")
    if run.how in ("timeout", "stuck"):
        killed = "" if run.how == "timeout" else ", and could not be killed"
        return result(Verdict.FAIL, f"stopped after {limit_s} s{killed}")
    if run.how == "signal" and _out_of_memory(run, console):
        return result(Verdict.INFRA, "the guest's memory is too small for it")
    if run.how == "signal":
        return result(Verdict.FAIL, f"ended by {_signal_name(run.number)}")
    if run.number == KSFT_SKIP:
        return result(Verdict.SKIP, _skip_reason(run.output, points))
    if run.number:
        return result(Verdict.FAIL, _fail_reason(run.output, f"exit status {run.number}"))
    failed = [point.name for point in points if point.verdict is Verdict.FAIL]
    if failed:
        return result(Verdict.FAIL, f"exit status 0, but not ok: {', '.join(failed)}")
    return result(Verdict.PASS, "", ())


def judge_unfinished(name: str, run: Run | None, log: BootLog) -> TestResult:
    """The verdict on the test that ran (None: none had begun) when a boot came to its end."""
    lines = lines_of(run.index, log.console) if run else boot_lines(log.console)
    output = run.output if run else ()
    wrong = defects(lines)
    tail = (*output[-EXCERPT // 2 :], *lines[-EXCERPT // 2 :])
    points = subtests(output)

    def result(verdict: Verdict, reason: str, log: tuple[str, ...] = tail) -> TestResult:
        return TestResult(name, verdict, 0.0, reason, log, points)

    if wrong:
        when = "" if run else " before any test ran"
        return result(Verdict.CRASH, f"the kernel says{when}: {wrong[0]}", wrong)
    if log.ending is Ending.SILENT and run:
        return result(Verdict.FAIL, f"hung the guest: {log.detail}")
    if log.ending is Ending.LOUD and run:
        return result(Verdict.FAIL, log.detail)
    if log.ending is Ending.RESET and run:
        return result(Verdict.CRASH, "the guest reset without a word of its kernel")
    return result(Verdict.INFRA, log.detail)


def _out_of_memory(run: Run, console: str) -> bool:
    killed = "Out of memory: Killed process"
    return any(line.startswith(killed) for line in lines_of(run.index, console))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _skip_reason(output: Sequence[str], points: Sequence[Subtest]) -> str:
    for line in output:
        match = _SKIP_ALL.match(line)
        if match:
            return match[1].strip()
    detail = [point.detail for point in points if point.verdict is Verdict.SKIP and point.detail]
    said = [line.strip() for line in output if line.strip()]
    return (*detail[:1], *said[-1:], "exit status 4")[0]


def _fail_reason(output: Sequence[str], otherwise: str) -> str:
    """What TEST_ASSERT() of the KVM selftests says: a header, the place, and the message."""
    for number, line in enumerate(output):
        if line.startswith("==== Test Assertion Failure"):
            rest = [text.strip() for text in output[number + 1 :]]
            place = rest[0].split(":")[:2] if rest else []
            message = [text for text in rest[2:] if text and not re.match(r"\d+\t|\(stack", text)]
            return f"{':'.join(place)}: {message[0] if message else otherwise}"
    return otherwise
