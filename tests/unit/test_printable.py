# SPDX-License-Identifier: GPL-2.0-only
"""What trees, patches and file names hold reaches terminals and mails as printable text."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from codegen.base.printable import forging, one_line, printable, printable_json
from codegen.cli.main import main
from codegen.run import report
from codegen.run.guestlog import Verdict
from codegen.run.verdict import TestResult
from tests.minitree import minitree, written
from tests.unit.kit import committed, git, knob_text

# A title, a clear screen, C1's CSI, a right-to-left override, a line that is none of ours, no UTF-8.
BAIT = "\x1b]0;t\x07\x1b[2J\x9b31m\u202egnp.x\x85---\u2028\r"
TEXTS = st.text(st.characters(), max_size=30)


@given(TEXTS)
def test_any_text_is_printable_in_the_end(text: str) -> None:
    for shown in (one_line(text), printable(text)):
        odd = [
            c
            for c in shown
            if not c.isprintable() and unicodedata.category(c) != "Zs" and c not in "\n\t"
        ]
        assert odd == []
    assert "\n" not in one_line(text)
    assert one_line(one_line(text)) == one_line(text)


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS)))
def test_json_has_the_same_meaning(value: object) -> None:
    text = printable_json(value)
    assert json.loads(text) == value
    assert all(c.isprintable() or unicodedata.category(c) == "Zs" or c == "\n" for c in text)


def test_what_may_stand_in_a_mail() -> None:
    assert forging("Zoë\u00a0Müller \u200c\u200d\n\t") == ""
    for char in BAIT.replace("]0;t", "").replace("[2J", "").replace("31mgnp.x---", ""):
        assert bool(forging(char)) == (not char.isprintable())
    assert forging(os.fsdecode(b"\xff")) == "U+DCFF"


def clean(text: str) -> None:
    """Nothing but lines of printable characters."""
    assert text
    odd = sorted({f"U+{ord(c):04X}" for c in text if not c.isprintable() and c not in "\n\t"})
    assert odd == []


@pytest.fixture
def odd_name(tmp_path: Path) -> Path:
    """A description whose file name begins a mail's diff, and more."""
    path = tmp_path / "x\n---\n\x1b[31m\u202e'y\n.yaml"
    path.write_text(knob_text())
    return path


def test_the_name_of_a_description_breaks_no_cover_letter(
    odd_name: Path, repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--variant", "quirk", "--abi", str(odd_name), "--tree", str(repository)]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    clean(said.out)
    (folder,) = (tmp_path / "out").glob("*/*/*")
    cover = (folder / "0000-cover-letter.patch").read_text()
    clean(cover)
    assert "---" not in cover.split("\n")
    for mail in folder.glob("*.patch"):
        clean(mail.read_text())
    # the line of the cover letter is one line, and a shell reads the name from it
    (again,) = re.findall(r"(?m)^  (gen --variant .*)$", cover)
    words = (
        subprocess.run(
            ["bash", "-c", again.replace("gen", "printf '%s\\0'", 1)],
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .split("\0")
    )
    assert odd_name.name in words
    for command in (
        ["lint", str(odd_name)],
        ["explain", *arguments],
        ["check", str(folder), "--no-build"],
    ):
        main(command)
        said = capsys.readouterr()
        clean(said.out + said.err)
    for command in (["lint", str(tmp_path / f"no{BAIT}")], ["check", str(tmp_path / f"no{BAIT}")],
                    ["explain", *arguments[:-1], str(tmp_path / f"no{BAIT}")], [f"co{BAIT}"], [f"--{BAIT}"]):  # fmt: skip
        assert main(command) == 2
        said = capsys.readouterr()
        assert said.out == ""
        clean(said.err)


def test_a_person_s_patch_is_shown_without_its_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Subject, author, message, file names and lines of a patch, on a tree with odd names too."""
    linux = committed(written(minitree(), tmp_path / "linux"))
    odd = "arch/x86/kvm/a\x1b[31m\u202eb\n---\nc.c"
    (linux / odd).write_text("int i;\n")
    git(linux, "add", "-A")
    git(linux, "commit", "-q", "-m", "An odd name")
    base = git(linux, "rev-parse", "HEAD")
    (linux / odd).write_text("int i;\nint \x1b[2J;\n")
    uapi = linux / "include/uapi/linux/kvm.h"
    uapi.write_text(uapi.read_text() + f"#define KVM_CAP_ODD 7 /* {BAIT.strip()} */\n")
    git(linux, "commit", "-q", "-a", "-m", f"kvm: {BAIT}subject\n\nWe {BAIT} do.\n")
    git(linux, "format-patch", "-q", "-1", "-o", str(tmp_path / "series"))
    (mail,) = (tmp_path / "series").iterdir()
    mail = mail.rename(tmp_path / "series" / "1\x1b[31m\n\u202e.patch")
    arguments = [str(tmp_path / "series"), "--tree", f"{linux}@{base}"]
    for command in (["check", "--no-build", *arguments], ["check", "--no-build", "--json", *arguments],
                    ["check", *arguments[:1]], ["abi-diff", arguments[2], arguments[0]]):  # fmt: skip
        main(command)
        said = capsys.readouterr()
        clean(said.out + said.err)
        assert "\n---\n" not in said.out + said.err


def test_the_developer_s_own_patch_with_an_escape_is_refused(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "virt/kvm/kvm_main.c").open("a").write("\nint own;\n")
    git(repository, "commit", "-q", "-a", "-m", "KVM: Own\n\nDo \x1b[31mit\u202e.")
    git(repository, "format-patch", "-q", "-1", "-o", str(tmp_path))
    text = yaml.safe_load(knob_text())
    del text["mechanism"]["alternatives"]
    text["mechanism"]["patches"] = ["0001-KVM-Own.patch"]
    (tmp_path / "knob.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    arguments = [
        "--variant",
        "quirk",
        "--abi",
        str(tmp_path / "knob.yaml"),
        "--tree",
        f"{repository}@HEAD~1",
    ]
    assert main(arguments) == 1
    assert "0001-KVM-Own.patch: its message has the character U+001B" in capsys.readouterr().err


def test_a_tree_s_maintainers_and_version_are_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    linux = written(minitree(), tmp_path / "linux")
    listed = (linux / "MAINTAINERS").read_text()
    (linux / "MAINTAINERS").write_text(
        listed.replace("M:\t", "M:\tEve\x1b[31m\u202e <mallory@example.org>\nM:\t", 1)
    )
    makefile = (linux / "Makefile").read_text()
    (linux / "Makefile").write_text(
        re.sub(r"(?m)^EXTRAVERSION.*", "EXTRAVERSION = -\x1b[31m\u202e", makefile)
    )
    (tmp_path / "knob.yaml").write_text(knob_text())
    arguments = ["--variant", "quirk", "--abi", str(tmp_path / "knob.yaml"), "--tree", str(linux)]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    clean(capsys.readouterr().out)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            clean(path.read_text())
            assert b"mallory@example.org" not in path.read_bytes()


@pytest.mark.parametrize("form", [report.ktap, report.junit, report.table])
def test_a_kernel_s_log_is_shown_without_its_control_characters(form, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    from codegen.cli.terminal import put

    row = TestResult(
        f"series: {BAIT}test", Verdict.FAIL, 1.0, f"why {BAIT}", (f"[ 1.0] log {BAIT}",)
    )
    put(form([row]))
    clean(capsys.readouterr().out)
