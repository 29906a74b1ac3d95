# SPDX-License-Identifier: GPL-2.0-only
"""Which tests run again after a guest was lost, and what is kept of the others."""

from pathlib import Path

import pytest
from fake_qemu import GUEST as KVM
from fake_qemu import boots, fake_qemu

from codegen.run.initramfs import GuestTest
from codegen.run.report import read_results
from codegen.run.runner import Guest, run_tests
from codegen.run.verdict import TestResult

GUEST = KVM + 'say "@gen param kvm.tdp_mmu=N"\n'
ALL_PASS = GUEST + 'for i in 0 1 2; do begin $i; end $i exit 0; done\nsay "@gen done"\n'
# The first boot loses its guest in the second of three tests; the next one runs what is left.
SECOND_DIES = (
    GUEST + "if [ $n = 1 ]; then begin 0; end 0 exit 0; begin 1; {how}; fi\n"
    'begin 0; end 0 exit 4; say "@gen done"\n'
)


def run(
    tmp_path: Path, script: str, names: str = "abc", resume: bool = False
) -> tuple[TestResult, ...]:
    program = tmp_path / "program"
    program.touch()
    qemu = fake_qemu(tmp_path / "bin", script)
    guest = Guest(program, program, params=("kvm.tdp_mmu=0",), boot_s=0.5, qemu=qemu)
    tests = [GuestTest(name, program, limit_s=1) for name in names]
    return run_tests(guest, tests, tmp_path / "boots", results=tmp_path / "results", resume=resume)


def verdicts(results: tuple[TestResult, ...]) -> str:
    return " ".join(result.verdict.value for result in results)


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codegen.run.runner.GRACE_S", -0.5)


def test_one_boot_for_all(tmp_path: Path) -> None:
    results = run(tmp_path, ALL_PASS)
    assert verdicts(results) == "pass pass pass"
    assert boots(tmp_path / "boots") == 1
    assert {result.params for result in results} == {("kvm.tdp_mmu=0",)}
    assert read_results(tmp_path / "results") == results


@pytest.mark.parametrize(
    ("how", "second"),
    [
        ("exec sleep 60", "fail"),
        ('log "Kernel panic - not syncing: Fatal exception"; exit 0', "crash"),
        ("exit 0", "crash"),
        ("kill -9 $$", "infra"),
    ],
)
def test_the_tests_after_the_one_that_lost_the_guest_still_run(
    tmp_path: Path, how: str, second: str
) -> None:
    results = run(tmp_path, SECOND_DIES.format(how=how))
    assert verdicts(results) == f"pass {second} skip"
    assert boots(tmp_path / "boots") == 2


def test_kernel_that_panics_at_boot_is_a_crash_of_all_and_is_booted_once(tmp_path: Path) -> None:
    results = run(tmp_path, 'log "Kernel panic - not syncing: VFS"')
    assert verdicts(results) == "crash crash crash"
    assert boots(tmp_path / "boots") == 1
    assert results[0].reason.startswith("the kernel says before any test ran: Kernel panic")


@pytest.mark.parametrize(
    ("script", "reason"),
    [("exec sleep 60", "stopped answering"), ("exit 3", "status 3"), ("exit 0", "reset")],
)
def test_guest_that_never_answers_is_infra_after_some_tries(
    tmp_path: Path, script: str, reason: str
) -> None:
    results = run(tmp_path, script)
    assert verdicts(results) == "infra infra infra"
    assert boots(tmp_path / "boots") == 3
    assert reason in results[2].reason


def test_guest_without_kvm_is_infra(tmp_path: Path) -> None:
    results = run(tmp_path, 'say "@gen guest kvm=0"; say "@gen done"')
    assert verdicts(results) == "infra infra infra"
    assert results[0].reason.startswith("the guest has no /dev/kvm")


def test_guest_without_nested_paging_is_infra(tmp_path: Path) -> None:
    results = run(tmp_path, 'say "@gen guest kvm=1 svm=1 npt=N"; say "@gen done"')
    assert verdicts(results) == "infra infra infra"
    assert "no nested paging (npt)" in results[0].reason


def test_guest_without_a_clock_is_booted_again(tmp_path: Path) -> None:
    spoilt = 'if [ $n = 1 ]; then say "@gen guest kvm=1 clock=0"; else ' + KVM.strip() + "; fi\n"
    results = run(tmp_path, ALL_PASS.replace(KVM, spoilt))
    assert verdicts(results) == "pass pass pass"
    assert boots(tmp_path / "boots") == 2


def test_parameter_that_the_kernel_did_not_take_is_infra(tmp_path: Path) -> None:
    results = run(tmp_path, ALL_PASS.replace("tdp_mmu=N", "tdp_mmu=Y"))
    assert verdicts(results) == "infra infra infra"
    assert results[0].reason == "kvm.tdp_mmu=0: it is Y"
    assert boots(tmp_path / "boots") == 1


def test_resume_runs_only_what_has_no_verdict(tmp_path: Path) -> None:
    run(tmp_path, SECOND_DIES.format(how="kill -9 $$"))
    script = GUEST + 'begin 0; end 0 exit 0; begin 1; end 1 exit 1; say "@gen done"\n'
    results = run(tmp_path, script, names="abcd", resume=True)
    assert verdicts(results) == "pass pass skip fail"


def test_complaint_at_boot_is_a_result_of_its_own(tmp_path: Path) -> None:
    results = run(tmp_path, 'log "WARNING: CPU: 0 PID: 1 at init/main.c:1 f+0x1/0x2"\n' + ALL_PASS)
    assert verdicts(results) == "pass pass pass crash"
    assert results[3].name == "boot"


def test_no_tests_no_boot(tmp_path: Path) -> None:
    assert run(tmp_path, "exit 1", names="") == ()
