# SPDX-License-Identifier: GPL-2.0-only
"""Run selftests in as many boots as it takes, and write down each verdict as it comes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import DEFAULT, Architecture
from codegen.base.lock import locked
from codegen.run.boot import Ending, boot
from codegen.run.guestlog import (
    Run,
    Verdict,
    boot_lines,
    defects,
    guest_facts,
    kernel_lines,
    refused_params,
    runs,
)
from codegen.run.initramfs import GuestTest, clock_params, write_initramfs
from codegen.run.report import append_result, read_results
from codegen.run.verdict import TestResult, judge, judge_unfinished

GRACE_S = 30.0  # how much longer than a test's own limit init may be silent
NO_CLOCK = "the guest's kernel could not measure its clock, the host is too busy"
BOOT = "boot"  # the name of what is no test
REBOOTS = 3  # boots in a row that may end without any verdict but infra


@dataclass(frozen=True)
class Guest:
    """What is booted, and how: `params` go to the kernel's command line."""

    kernel: Path
    init: Path
    accel: str = "tcg"
    params: tuple[str, ...] = ()
    arch: Architecture = DEFAULT
    memory_mb: int = 2048
    cpus: int = 2
    boot_s: float = 90  # emulated, 5 to 10; ten times that where others keep the machine busy
    qemu: str = ""


Listener = Callable[[TestResult], None]


@dataclass(frozen=True)
class _End:
    """How a boot in which no test began ended; `final` where another one would end so too."""

    result: TestResult
    final: bool


def run_tests(
    guest: Guest,
    tests: Sequence[GuestTest],
    folder: Path,
    *,
    results: Path | None = None,
    resume: bool = False,
    listener: Listener | None = None,
) -> tuple[TestResult, ...]:
    """One result per test, in the order given, and one more, "boot", where the kernel complained
    before any test ran and went on.

    A guest that dies or hangs is booted again with the tests after the one
    that it died of.  Each result goes to `listener` and, as a line of JSON, to
    `results` as soon as it is known; with `resume`, tests that `results` has a
    verdict for (under the same params; infra does not count) are not run again.
    Two runs in one `folder` wait for each other.
    Raises EnvironmentFailure where QEMU is missing.
    """
    known: dict[str, TestResult] = {}
    if resume and results:
        known = {
            result.name: result
            for result in read_results(results)
            if result.params == guest.params and result.verdict is not Verdict.INFRA
        }

    def found(result: TestResult) -> None:
        result = dataclasses.replace(result, params=guest.params, accel=guest.accel)
        known[result.name] = result
        if results:
            append_result(results, result)
        if listener:
            listener(result)

    with locked(folder.with_name(f"{folder.name}.lock")):
        _boot_until_known(guest, tests, folder, known, found)
    names = [test.name for test in tests] + ([BOOT] if BOOT in known else [])
    return tuple(known[name] for name in names)


def _boot_until_known(
    guest: Guest,
    tests: Sequence[GuestTest],
    folder: Path,
    known: Mapping[str, TestResult],
    found: Listener,
) -> None:
    """Boot until `known`, which `found` adds to, has a result for each test."""
    failed_boots, boots = 0, 0
    while left := [test for test in tests if test.name not in known]:
        before = len(known)
        end = _boot_once(guest, left, folder / f"boot{boots}", found)
        boots += 1
        new = list(known.values())[before:]
        failed_boots = 0 if any(r.verdict is not Verdict.INFRA for r in new) else failed_boots + 1
        if end and (end.final or failed_boots >= REBOOTS):
            for test in left:
                if test.name not in known:
                    found(dataclasses.replace(end.result, name=test.name))


def _boot_once(
    guest: Guest, tests: Sequence[GuestTest], folder: Path, found: Listener
) -> _End | None:
    """Boot; report what ran.  Returns the boot's own verdict where no test began."""
    done: set[int] = set()

    def watch(console: str, output: str) -> bool:
        if _unusable(guest, output):
            return False
        ended = set(kernel_lines(console))
        for run in runs(output):
            # A late kernel message still belongs to the test: wait for the mark after it.
            if run.how and run.index not in done and f"gen: end {run.index}" in ended:
                report(run, console)
        return True

    def report(run: Run, console: str) -> None:
        done.add(run.index)
        test = tests[run.index]
        found(judge(test.name, run, console, test.limit_s))

    folder.mkdir(parents=True, exist_ok=True)
    initramfs = write_initramfs(folder / "initramfs", guest.init, tests, guest.arch)
    log = boot(
        guest.kernel,
        initramfs,
        folder,
        accel=guest.accel,
        arch=guest.arch,
        cmdline_extra=(*clock_params(guest.init, guest.arch), *guest.params),
        boot_s=guest.boot_s,
        quiet_s=max(test.limit_s for test in tests) + GRACE_S,
        memory_mb=guest.memory_mb,
        cpus=guest.cpus,
        qemu=guest.qemu,
        watch=watch,
    )
    unusable = _unusable(guest, log.output)
    if unusable:
        lines = kernel_lines(log.console)[-20:]
        result = TestResult("", Verdict.INFRA, 0.0, unusable, lines)
        return _End(result, final=unusable != NO_CLOCK)
    begun = runs(log.output)
    for run in begun:
        if run.how and run.index not in done:
            report(run, log.console)
    if begun and not begun[-1].how:
        found(judge_unfinished(tests[begun[-1].index].name, begun[-1], log))
    wrong = defects(boot_lines(log.console))
    if begun and wrong:
        found(TestResult(BOOT, Verdict.CRASH, 0.0, f"the kernel says: {wrong[0]}", wrong))
    if begun:
        return None
    if log.ending is Ending.DONE:
        log = dataclasses.replace(log, ending=Ending.QEMU, detail="the guest ran no test")
    result = judge_unfinished("", None, log)
    return _End(result, final=result.verdict is Verdict.CRASH)


def _unusable(guest: Guest, output: str) -> str:
    """Why nothing that this guest says of a test can be believed; empty where it can."""
    if "\n@gen begin " not in output and "\n@gen done" not in output:
        return ""  # init may still be speaking of the guest
    facts, its = guest_facts(output), guest.arch.machine
    if facts.get("kvm", "1") != "1":
        flags = its.guest.flags
        has = " and ".join(name for name in flags if facts.get(name) == "1")
        has = has or ", ".join(f"no {name}" for name in flags)
        return f"the guest has no /dev/kvm{f'; its processor has {has}' if has else ''}"
    names = [param.rpartition(".")[2] for param in its.guest.paging]
    flat = [name for name in names if facts.get(name) == "N"]
    if flat and not any(param.partition("=")[0] in its.guest.paging for param in guest.params):
        qemu = guest.qemu or its.qemu.program
        return (
            f"the guest's processor has no nested paging ({' and '.join(flat)}): "
            f"{qemu} is too old to emulate it, or the host has none to give"
        )
    if facts.get("clock") == "0":
        return NO_CLOCK
    if int(facts.get("cpus", guest.cpus)) != guest.cpus:
        return f"the guest runs on {facts['cpus']} processors, not {guest.cpus}"
    return "; ".join(refused_params(guest.params, output))
