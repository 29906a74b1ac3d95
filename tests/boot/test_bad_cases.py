# SPDX-License-Identifier: GPL-2.0-only
"""Series that go wrong on a real kernel, each in its own way, and what `gen test` makes of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codegen.architectures import DEFAULT
from codegen.cli.main import DONE, FAILED, FOUND, main
from codegen.series.commit import commit_files
from codegen.series.make import open_tree
from codegen.tree.plumbing import git
from codegen.tree.scratch import scratch_repository
from tests.kernel.conftest import location

pytestmark = [pytest.mark.kernel, pytest.mark.boot]

RELEASE = "6.12"
SELFTESTS = "tools/testing/selftests/kvm"
QUICK = "x86_64/fix_hypercall_test"
MAIN = "virt/kvm/kvm_main.c"
HANG = """\
// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

int main(void)
{
	for (;;)
		pause();
}
"""
FLOOD = """\
// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	if (fork())
		fork();
	for (;;)
		puts("\\033]0;title\\007\\033[2J");
}
"""
FORKS = """\
// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	for (;;) {
		fork();
		memset(malloc(1 << 20), 1, 1 << 20);
	}
}
"""
PANIC = """
static int __init no_kernel_today(void)
{
	panic("No kernel today\\n");
}
late_initcall(no_kernel_today);
"""


def by_hand(folder: Path, changes: Mapping[str, tuple[str, str]]) -> str:
    """A person's patch: in each file, one text instead of another (of none: at its end)."""
    where = location(RELEASE)
    assert where.commit is not None
    files = {}
    with open_tree(where) as tree:
        for path, (old, new) in changes.items():
            try:
                text = tree.read(path).decode()
            except FileNotFoundError:
                text = ""
            assert old in text
            files[path] = (text.replace(old, new, 1) if old else text + new).encode()
    with scratch_repository(where.git_dir) as git_dir:
        commit = commit_files(git_dir, where.commit, files, "KVM: Do something")
        git(git_dir, "format-patch", "-q", "-1", f"-o{folder}", commit)
    return str(folder)


def new_test(name: str, text: str) -> dict[str, tuple[str, str]]:
    """A selftest and its registration."""
    listed = f"TEST_GEN_PROGS_x86_64 += {QUICK}\n"
    return {
        f"{SELFTESTS}/{name}.c": ("", text),
        f"{SELFTESTS}/Makefile": (listed, f"{listed}TEST_GEN_PROGS_x86_64 += {name}\n"),
    }


def tried(
    capsys: pytest.CaptureFixture[str], series: str, *more: str
) -> tuple[int, dict[str, Any]]:
    """`gen test` on a series of somebody else, without what a bad one does not need."""
    asked = ["--tree", f"debian:{RELEASE}", "--accel", "tcg", "--no-baseline", "--no-mutants"]
    status = main(["test", series, "--json", *asked, *more])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, said


def test_a_kernel_that_panics_at_boot_is_a_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = by_hand(tmp_path / "s", {MAIN: ("", PANIC)})
    status, said = tried(capsys, series, "--", QUICK)
    assert status == FOUND, json.dumps(said, indent=1)
    first = said["results"][0]
    assert first["verdict"] == "crash"
    assert "No kernel today" in first["reason"]
    assert any("No kernel today" in line for line in first["log"])


OLD_QEMU = """\
#!/bin/sh
# QEMU as it was before it could emulate nested paging
n=$#
while [ $n -gt 0 ]; do
    word=$1
    shift
    [ "$word" != max ] || word=max,npt=off
    set -- "$@" "$word"
    n=$((n - 1))
done
exec {qemu} "$@"
"""


def test_a_qemu_that_is_too_old_is_the_machine_s_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = DEFAULT.machine.qemu.program
    qemu = tmp_path / "bin" / program
    qemu.parent.mkdir()
    qemu.write_text(OLD_QEMU.format(qemu=shutil.which(program)))
    qemu.chmod(0o755)
    monkeypatch.setenv("PATH", f"{qemu.parent}:{os.environ['PATH']}")
    series = by_hand(tmp_path / "s", {MAIN: ("", "\n")})
    status, said = tried(capsys, series, "--", QUICK)
    assert status == FAILED, json.dumps(said, indent=1)
    assert said["results"][0]["verdict"] == "infra"
    assert "too old" in said["results"][0]["reason"]


def test_a_test_that_hangs_is_stopped_and_the_next_one_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = by_hand(tmp_path / "s", new_test("a_hanging_test", HANG))
    status, said = tried(capsys, series, "--limit", "5", "--", "a_hanging_test", QUICK)
    assert status == FOUND, json.dumps(said, indent=1)
    found = {row["name"]: (row["verdict"], row["reason"]) for row in said["results"]}
    assert found["series: a_hanging_test"] == ("fail", "stopped after 5 s")
    assert found[f"series: {QUICK}"][0] == "pass"


def test_a_guest_program_harms_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One floods its console with what a terminal obeys, one takes all of its guest; the answer
    is text, and the test that follows runs."""
    tests = new_test("a_flooding_test", FLOOD)
    more = new_test("a_forking_test", FORKS)
    makefile = f"{SELFTESTS}/Makefile"
    old, new = tests[makefile]
    tests |= more | {makefile: (old, f"{new}TEST_GEN_PROGS_x86_64 += a_forking_test\n")}
    series = by_hand(tmp_path / "s", tests)
    names = ["a_flooding_test", "a_forking_test", QUICK]
    status, said = tried(capsys, series, "--limit", "5", "--", *names)
    assert status == FOUND, json.dumps(said, indent=1)
    found = {row["name"]: row["verdict"] for row in said["results"]}
    assert found["series: a_flooding_test"] == "fail"
    assert found["series: a_forking_test"] != "pass"
    assert found[f"series: {QUICK}"] == "pass"
    assert "title" in json.dumps(said)
    assert "\\u001b" not in json.dumps(said)


def test_a_selftest_that_does_not_compile_is_traced_to_its_patch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = by_hand(tmp_path / "s", new_test("a_broken_test", HANG.replace("pause()", "no pause")))
    status, said = tried(capsys, series)
    assert status == FOUND, json.dumps(said, indent=1)
    text = json.dumps(said["error"])
    assert "cannot build the selftests" in text
    assert "a_broken_test.c:7" in text
    assert "from 0001-KVM-Do-something.patch" in text


def test_a_kernel_that_does_not_compile_is_traced_to_its_patch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = by_hand(tmp_path / "s", {MAIN: ("", "\nint no_semicolon\n")})
    status, said = tried(capsys, series, "--", QUICK)
    assert status == FOUND, json.dumps(said, indent=1)
    assert "from 0001-KVM-Do-something.patch" in json.dumps(said["error"])


def test_a_configuration_that_cannot_have_kvm_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = {"arch/x86/kvm/Kconfig": ("config KVM\n", "config KVM\n\tdepends on BROKEN\n")}
    status, said = tried(capsys, by_hand(tmp_path / "s", change), "--", QUICK)
    assert status == FOUND, json.dumps(said, indent=1)
    assert "CONFIG_KVM" in json.dumps(said["error"])


def test_a_series_for_another_tree_does_not_apply(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = Path(by_hand(tmp_path / "s", {MAIN: ("", PANIC)}))
    (patch,) = series.iterdir()
    patch.write_text(patch.read_text().replace(" late_", " later_").replace("\n \t", "\n \tx"))
    status, said = tried(capsys, str(series), "--", QUICK)
    assert status == FOUND, json.dumps(said, indent=1)
    assert "does not apply" in said["error"]["message"]


def test_a_series_without_a_test_asks_for_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = by_hand(tmp_path / "s", {"Documentation/virt/kvm/api.rst": ("", "\n.. a comment\n")})
    status, said = tried(capsys, series)
    assert status == FAILED, json.dumps(said, indent=1)
    assert "name some behind --" in said["error"]["message"]


def test_a_full_disk_is_the_machine_s_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.geteuid():
        pytest.skip("only root may mount")
    out = tmp_path / "out"
    out.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(out)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        series = by_hand(tmp_path / "s", new_test("a_hanging_test", HANG))
        status, said = tried(capsys, series, "--out", str(out), "--", QUICK)
    finally:
        subprocess.run(["umount", "-l", str(out)], check=True)
    assert status == FAILED, json.dumps(said, indent=1)
    assert "No space left" in said["error"]["message"]


def test_two_at_once_wait_for_each_other(tmp_path: Path) -> None:
    series = by_hand(tmp_path / "s", new_test("a_quick_test", HANG.replace("pause()", "return 0")))
    command = [sys.executable, "-m", "codegen", "test", series, "--tree", f"debian:{RELEASE}"]
    command += ["--accel", "tcg", "--no-baseline", "--no-mutants", "--", QUICK]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=900) for process in running]
    assert [process.returncode for process in running] == [DONE, DONE], said
    assert sum("waiting for it" in errors for _, errors in said) == 1
