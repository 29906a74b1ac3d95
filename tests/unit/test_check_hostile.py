# SPDX-License-Identifier: GPL-2.0-only
"""Patches that nobody should send: an answer in words, or no finding, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError, GenError, UsageError
from codegen.check.registry import CHECKS
from codegen.check.run import Checked, check
from codegen.check.uapi import has_section as documented_by
from codegen.cli.main import main
from codegen.mail.mbox import read_files
from codegen.series.read import read_series
from codegen.tree import resolve
from tests.minitree import API, MMU, SELFTESTS, UAPI, X86, minitree, written
from tests.unit.kit import committed, git
from tests.unit.test_check import COMPLETE

pytestmark = pytest.mark.programs

MAIL = b"From: Ada <ada@example.org>\nSubject: [PATCH] KVM: x86: Do it\n\nDo it.\n---\n"


@pytest.fixture(scope="module")
def linux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small tree as a repository, with headers that parse and a checkpatch.pl."""
    return committed(written(minitree(*COMPLETE), tmp_path_factory.mktemp("check") / "linux"))


@pytest.fixture
def work(linux: Path, tmp_path: Path) -> Path:
    """A repository of one's own at the small tree."""
    git(tmp_path, "clone", "-q", "--shared", str(linux), "work")
    return tmp_path / "work"


def checked(work: Path, linux: Path) -> Checked:
    """What is said of the repository's last commit as a patch."""
    git(work, "add", "-f", "-A")
    git(work, "commit", "-q", "-m", "KVM: x86: Do it\n\nDo it.", "--allow-empty-message")
    out = work.parent / "out"
    git(work, "format-patch", "-q", "--binary", "-1", "-o", str(out))
    return check(read_series(read_files(out), resolve(str(linux))), compiler=None)


def test_bytes_of_every_kind_in_every_kind_of_file(work: Path, linux: Path) -> None:
    texts = {
        MMU: b"\0\xff\xfe#if\n{{{{((((\n\x1b[31m",
        UAPI: b"#define KVM_MEM_\xff (1 << \0)\n#define KVM_CAP_NEW\nstruct {{{ int\n#endif\n#endif\n",
        API: b"\n.. include:: /etc/passwd\n\n.. raw:: html\n   :file: /etc/passwd\n\n`` ** |x|_\n====\n\0\xff\n",
        X86: b"case KVM_CAP_NEW\ncase KVM_CAP_NEW:",
        f"{SELFTESTS}set_memory_region_test.c": b"#else\n#endif\n#elif\n#if\n\xff\0",
        f"{SELFTESTS}Makefile": b"\xffTEST_GEN_PROGS_x86 += \0\n",
        f"{SELFTESTS}new_test.c": b"int main(\0",
    }
    for path, more in texts.items():
        place = work / path
        place.write_bytes((place.read_bytes() if place.exists() else b"") + more)
    found = checked(work, linux)
    assert found.patches == 1
    assert "passwd" not in json.dumps([r.as_json() for r in found.remarks if "root:" in r.message])


def test_scripts_of_a_patch_do_not_run(work: Path, linux: Path, tmp_path: Path) -> None:
    """A patch may say who maintains its files, as data; the scripts are the base tree's."""
    for name in ("checkpatch.pl", "get_maintainer.pl", "spelling.txt", "const_structs.checkpatch"):
        text = f"#!/bin/sh\nBEGIN {{ system('touch {tmp_path}/{name}'); }}\n"
        (work / "scripts" / name).write_text(text)
    (work / "virt/kvm/new.c").write_text("int new_one;\n")
    with (work / "MAINTAINERS").open("a") as listed:
        listed.write(
            "\nNEW THING\nM:\tEve <eve@example.org>\nL:\tnew@example.org\nF:\tvirt/kvm/new.c\n"
        )
    found = checked(work, linux)
    assert "eve@example.org" in str([remark.hint for remark in found.remarks])
    assert {path.name for path in tmp_path.iterdir()} == {"work", "out"}


def test_a_patch_that_brings_the_first_scripts(work: Path, tmp_path: Path) -> None:
    """Where the base has none, nothing runs."""
    git(work, "rm", "-q", "-r", "scripts")
    git(work, "commit", "-q", "-m", "No scripts")
    git(tmp_path, "clone", "-q", "work", "base")
    (work / "scripts").mkdir()
    for name in ("checkpatch.pl", "get_maintainer.pl"):
        (work / "scripts" / name).write_text(f"system('touch {tmp_path}/{name}');\n")
    found = checked(work, tmp_path / "base")
    assert {"the tree has no scripts/checkpatch.pl"} <= {remark.message for remark in found.remarks}
    assert {path.name for path in tmp_path.iterdir()} == {"work", "base", "out"}


def test_a_line_of_a_megabyte(work: Path, linux: Path) -> None:
    for path, more in ((X86, "x"), (API, "word "), (UAPI, "#define KVM_" + "A" * 99)):
        text = (work / path).read_bytes()
        (work / path).write_bytes(text + more.encode() * (1_000_000 // len(more)) + b"\n")
    assert checked(work, linux).patches == 1


def test_files_that_go_move_change_their_mode_or_are_no_text(work: Path, linux: Path) -> None:
    (work / MMU).unlink()
    (work / API).rename(work / "Documentation/virt/kvm/new.rst")
    (work / X86).chmod(0o755)
    (work / UAPI).unlink()
    os.symlink("/etc/passwd", work / UAPI)
    (work / "arch/x86/kvm/blob.bin").write_bytes(bytes(range(256)) * 64)
    (work / "arch/x86/kvm/a b\n'\"c.c").write_text("int i;\n")
    (work / "arch/x86/kvm" / os.fsdecode(b"\xff\xfe.c")).write_text("int i;\n")
    found = checked(work, linux)
    assert found.patches == 1


@pytest.mark.parametrize(
    "diff",
    [
        b"--- a/../../outside\n+++ b/../../outside\n@@ -0,0 +1 @@\n+x\n",
        b"--- /dev/null\n+++ b//etc/passwd\n@@ -0,0 +1 @@\n+x\n",
        b"diff --git a/.git/config b/.git/config\nnew file mode 100644\n--- /dev/null\n+++ b/.git/config\n@@ -0,0 +1 @@\n+x\n",
        b"--- a/virt/kvm/none.c\n+++ b/virt/kvm/none.c\n@@ -1 +1 @@\n-x\n+y\n",
        b"--- a/virt/kvm/kvm_main.c\n+++ b/virt/kvm/kvm_main.c\n@@ -1,9999 +1 @@\n-x\n+y\n",
        b"--- a/virt/kvm/kvm_main.c\n",
        b"diff --git a/x b/x\n",
    ],
    ids=["outside", "absolute", "git", "missing", "short", "head", "nothing"],
)
def test_what_cannot_be_applied_is_named(linux: Path, diff: bytes) -> None:
    with pytest.raises(GenError) as caught:
        check(read_series({"bad.patch": MAIL + diff}, resolve(str(linux))), compiler=None)
    assert str(caught.value)
    if isinstance(caught.value, FindingsError):
        assert caught.value.findings[0].path == "bad.patch"


def test_a_folder_without_patches_and_no_folder_at_all(linux: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in ("empty", "absent"):
        assert main(["check", str(tmp_path / place), "--tree", str(linux), "--no-build"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a series"),
        (["--variant", "all"], "--variant all is many series"),
        (["x.patch", "--variant", "quirk"], "not both"),
        (["--variant", "none"], "there is no variant"),
    ],
)
def test_wrong_arguments(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["check", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_without_perl_the_package_is_named(
    work: Path, linux: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (work / X86).write_bytes((work / X86).read_bytes() + b"int i;\n")
    found = checked(work, linux)
    assert found.patches == 1
    few = tmp_path / "bin"
    few.mkdir()
    for name in ("git", "setpriv"):
        path = subprocess.run(["which", name], capture_output=True, text=True, check=False)
        if path.stdout.strip():
            (few / name).symlink_to(path.stdout.strip())
    monkeypatch.setenv("PATH", str(few))
    with pytest.raises(GenError, match="apt-get install perl"):
        check(read_series(read_files(work.parent / "out"), resolve(str(linux))), compiler=None)


def test_the_command_prints_a_compiler_s_lines_and_one_object(
    work: Path, linux: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / UAPI).write_bytes(
        (work / UAPI).read_bytes().replace(b"KVM_CAP_HLT	  1", b"KVM_CAP_HLT	  2")
    )
    checked(work, linux)
    arguments = ["check", str(work.parent / "out"), "--tree", str(linux), "--no-build"]
    assert main(arguments) == 1
    said = capsys.readouterr()
    read = [each for each in CHECKS if each.run]
    assert said.err == ""
    assert "0001-KVM-x86-Do-it.patch:" in said.out and ": error: [abi] KVM_CAP_HLT is" in said.out
    assert said.out.splitlines()[-1].startswith(f"1 patch, {len(read)} checks, ")
    assert main([*arguments, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False and len(told["checks"]) == len(read)
    assert any(
        f["rule"] == "abi" and f["severity"] == "error" and f["reason"] for f in told["findings"]
    )


def test_a_tree_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "a.patch").write_bytes(MAIL)
    with pytest.raises(UsageError):
        read_series(read_files(tmp_path / "a.patch"), resolve(str(tmp_path / "none")))


def test_a_field_of_many_lines_is_read_in_one_way() -> None:
    """Ten lines took longer than anybody waits, where blanks could be told apart in many ways."""
    field = ":Capability: KVM_CAP_ONE\n" + "        and more of it\n" * 500
    assert not documented_by(field, "KVM_CAP_OTHER")
    assert documented_by(f"{field}        KVM_CAP_OTHER\n", "KVM_CAP_OTHER")
    assert not documented_by(f"{field}KVM_CAP_OTHER\n", "KVM_CAP_OTHER")
