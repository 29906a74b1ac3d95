# SPDX-License-Identifier: GPL-2.0-only
"""Logs as data: what init and the kernel said, and the verdict that follows."""

import pytest

from codegen.run.boot import BootLog, Ending
from codegen.run.guestlog import (
    Verdict,
    boot_lines,
    defects,
    guest_facts,
    is_dead,
    refused_params,
    runs,
    subtests,
)
from codegen.run.verdict import judge, judge_unfinished

QUIET = "[    0.8] gen: begin 0\n[    0.9] gen: end 0\n"
PANIC = """\
[    0.840013] gen: begin 0
[    0.851000] BUG: kernel NULL pointer dereference, address: 0000000000000010
[    0.851100] #PF: supervisor read access in kernel mode
[    0.852000] Oops: Oops: 0000 [#1] SMP NOPTI
[    0.853000] RIP: 0010:kvm_arch_flush_shadow_memslot+0x12/0x40
[    0.854000] ---[ end trace 0000000000000000 ]---
[    0.855000] Kernel panic - not syncing: Fatal exception
"""
WARN = """\
[    0.840013] gen: begin 0
[    0.850000] ------------[ cut here ]------------
[    0.851000] WARNING: CPU: 1 PID: 44 at arch/x86/kvm/mmu/mmu.c:7023 f+0x1/0x2
[    0.852000] RIP: 0010:kvm_mmu_zap+0x1/0x2
[    0.853000] ---[ end trace 0000000000000000 ]---
[    0.994500] gen: end 0
"""
WARN_NEWER = """\
[    0.840013] gen: begin 0
[    0.851000][   T44] WARNING: arch/x86/kvm/x86.c:123 at kvm_foo+0x1/0x2, CPU#1: a_test/44
[    0.994500][   T44] gen: end 0
"""
WARN_BEFORE = "[    0.1] WARNING: CPU: 0 PID: 1 at init/main.c:1 f+0x1/0x2\n" + QUIET
USER_TRAP = """\
[    0.8] gen: begin 0
[    0.8] traps: some_test[44] general protection fault ip:401000 sp:7ffc error:0
[    0.9] gen: end 0
"""
ASSERT = """\
| ==== Test Assertion Failure ====
|   set_memory_region_test.c:411: r && errno == EINVAL
|   pid=43 tid=43 errno=0 - Success
|      1\t0x0000000000401c32: test_invalid at set_memory_region_test.c:411
|      2\t (inlined by) main at set_memory_region_test.c:577
|   KVM_SET_USER_MEMORY_REGION should have failed on flag 0x8
"""


def output(how: str, number: int = 0, text: str = "") -> str:
    return f"@gen guest kvm=1 npt=Y\n@gen begin 0\n{text}@gen end 0 {how} {number} 1500\n"


CASES = {
    "exit-0": (output("exit"), QUIET, Verdict.PASS, ""),
    "exit-1": (output("exit", 1), QUIET, Verdict.FAIL, "exit status 1"),
    "exit-4": (output("exit", 4), QUIET, Verdict.SKIP, "exit status 4"),
    "exit-4-says-why": (
        output("exit", 4, "| 1..0 # SKIP - Requirement not met: kvm_has_cap(KVM_CAP_X86_FOO)\n"),
        QUIET,
        Verdict.SKIP,
        "Requirement not met: kvm_has_cap(KVM_CAP_X86_FOO)",
    ),
    "assertion": (
        output("exit", 254, ASSERT),
        QUIET,
        Verdict.FAIL,
        "set_memory_region_test.c:411: KVM_SET_USER_MEMORY_REGION should have failed on flag 0x8",
    ),
    "exit-0-but-not-ok": (
        output("exit", 0, "| ok 1 one\n| not ok 2 two\n"),
        QUIET,
        Verdict.FAIL,
        "exit status 0, but not ok: two",
    ),
    "exit-4-says-why-in-its-own-words": (
        output("exit", 4, "| Random seed: 0x1\n| HUGETLB is not enabled\n"),
        QUIET,
        Verdict.SKIP,
        "HUGETLB is not enabled",
    ),
    "killed-for-its-memory": (
        output("signal", 9),
        QUIET.replace("begin 0\n", "begin 0\n[    0.9] Out of memory: Killed process 44 (a)\n"),
        Verdict.INFRA,
        "the guest's memory is too small for it",
    ),
    "abort": (output("signal", 6), QUIET, Verdict.FAIL, "ended by SIGABRT"),
    "unnamed-signal": (output("signal", 99), QUIET, Verdict.FAIL, "ended by signal 99"),
    "timeout": (output("timeout", 9), QUIET, Verdict.FAIL, "stopped after 60 s"),
    "stuck": (
        output("stuck"),
        QUIET,
        Verdict.FAIL,
        "stopped after 60 s, and could not be killed",
    ),
    "missing": (
        output("missing", 2),
        QUIET,
        Verdict.INFRA,
        "the program is not in the guest or cannot be run",
    ),
    "warn-of-a-passing-test": (
        output("exit"),
        WARN,
        Verdict.CRASH,
        "the kernel says: WARNING: CPU: 1 PID: 44 at arch/x86/kvm/mmu/mmu.c:7023 f+0x1/0x2",
    ),
    "warn-of-a-skipping-test": (
        output("exit", 4),
        WARN_NEWER,
        Verdict.CRASH,
        "the kernel says: WARNING: arch/x86/kvm/x86.c:123 at kvm_foo+0x1/0x2, CPU#1: a_test/44",
    ),
    "warn-before-the-test": (output("exit"), WARN_BEFORE, Verdict.PASS, ""),
    "trap-of-the-test-itself": (
        output("signal", 11),
        USER_TRAP,
        Verdict.FAIL,
        "ended by SIGSEGV",
    ),
    "test-speaks-as-init": (
        output("exit", 1, "| @gen end 0 exit 0 1\n"),
        QUIET,
        Verdict.FAIL,
        "exit status 1",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_verdict_on_a_test_that_ended(case: str) -> None:
    text, console, verdict, reason = CASES[case]
    (run,) = runs(text)
    result = judge("some_test", run, console, 60)
    assert (result.verdict, result.reason) == (verdict, reason)
    assert result.seconds == 1.5


BEGUN = "@gen guest kvm=1\n@gen begin 0\n| half a li"
UNFINISHED = {
    "panic": (BEGUN, PANIC, Ending.RESET, Verdict.CRASH),
    "panic-and-a-hang": (BEGUN, PANIC, Ending.SILENT, Verdict.CRASH),
    "hang": (BEGUN, QUIET, Ending.SILENT, Verdict.FAIL),
    "triple-fault": (BEGUN, QUIET, Ending.RESET, Verdict.CRASH),
    "qemu-killed": (BEGUN, QUIET, Ending.QEMU, Verdict.INFRA),
    "panic-at-boot": ("", PANIC.partition("\n")[2], Ending.RESET, Verdict.CRASH),
    "never-answers": ("", "", Ending.SILENT, Verdict.INFRA),
    "resets-at-boot": ("", "", Ending.RESET, Verdict.INFRA),
    "qemu-dies": ("", "", Ending.QEMU, Verdict.INFRA),
}


@pytest.mark.parametrize("case", UNFINISHED)
def test_verdict_on_a_boot_that_ended(case: str) -> None:
    text, console, ending, verdict = UNFINISHED[case]
    run = next(iter(runs(text)), None)
    log = BootLog(console, text, ending, "what QEMU did", 1.0, "tcg")
    result = judge_unfinished("some_test", run, log)
    assert result.verdict is verdict
    assert result.reason


def test_crash_keeps_the_lines_of_the_kernel_up_to_the_end_of_the_trace() -> None:
    (run,) = runs(output("exit"))
    log = judge("t", run, WARN, 60).log
    assert log[0].startswith("WARNING: CPU: 1")
    assert log[-1] == "---[ end trace 0000000000000000 ]---"


def test_only_a_panic_is_the_end_of_a_kernel() -> None:
    assert is_dead(PANIC)
    assert not is_dead(WARN)


def test_boot_lines_end_where_tests_begin() -> None:
    assert defects(boot_lines(WARN_BEFORE))
    assert not defects(boot_lines(WARN))


def test_subtests_of_tap_and_of_nested_kselftest_output() -> None:
    lines = [
        "TAP version 13",
        "1..4",
        "ok 1 first one",
        "# ok 2 - nested",
        "not ok 3 third",
        "ok 4 fourth # SKIP no such capability",
        "not ok 5 fifth # TODO later",
        "ok 6",
        "# Totals: pass:1 fail:0",
        "it is ok 7 times",
    ]
    found = [(point.name, point.verdict.value, point.detail) for point in subtests(lines)]
    assert found == [
        ("first one", "pass", ""),
        ("nested", "pass", ""),
        ("third", "fail", ""),
        ("fourth", "skip", "no such capability"),
        ("fifth", "pass", "later"),
        ("test 6", "pass", ""),
    ]


def test_guest_facts() -> None:
    assert guest_facts("@gen guest kvm=1 npt=Y\n") == {"kvm": "1", "npt": "Y"}
    assert guest_facts("") == {}


@pytest.mark.parametrize(
    ("wanted", "now", "found"),
    [
        ("kvm_amd.npt=0", "kvm_amd.npt=N", ()),
        ("kvm.halt_poll_ns=5", "kvm.halt_poll_ns=5", ()),
        ("kvm_amd.npt=0", "kvm_amd.npt=Y", ("kvm_amd.npt=0: it is Y",)),
        ("kvm.gone=0", "kvm.gone=", ("kvm.gone=0: the kernel has no such parameter",)),
        ("hugepages=4", "", ()),
    ],
)
def test_refused_params(wanted: str, now: str, found: tuple[str, ...]) -> None:
    assert refused_params([wanted], f"@gen guest kvm=1\n@gen param {now}\n") == found


def test_two_tests_in_one_log() -> None:
    text = output("exit") + "@gen begin 1\n| hello\n@gen end 1 exit 4 20\n@gen done\n"
    assert [(run.index, run.number, run.output) for run in runs(text)] == [
        (0, 0, ()),
        (1, 4, ("hello",)),
    ]
