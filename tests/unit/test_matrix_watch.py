# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix --watch`: what is new is run and told by a mail, and nothing else is; the live table."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from codegen.base.errors import UsageError
from codegen.base.progress import silent
from codegen.matrix import watch
from codegen.matrix.asked import MatrixFile, Request
from codegen.matrix.board import board
from codegen.matrix.outcome import Outcome
from codegen.matrix.plan import Planned, plan
from codegen.matrix.show import live, mail
from codegen.matrix.watch import newest, news
from codegen.run.guestlog import Verdict
from codegen.tree.debian import Release
from tests.minitree import minitree, written
from tests.unit.kit import committed, git, knob_text
from tests.unit.test_matrix_pages import OUTCOMES, made
from tests.unit.test_matrix_runs import MATRIX, Ci, until

DEBIAN = (
    Release("6.12", "6.12.120-1"),
    Release("6.12", "6.12.117-1"),
    Release("6.1", "6.1.192-1"),
)


def test_the_newest_package_of_debian_s_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "available", lambda scratch, progress: DEBIAN)
    trees = ["debian:6.12", "debian:6.1=6.1.100-1", "../linux", "https://localhost/linux.git@next"]
    assert newest(trees, silent) == {"debian:6.12": "debian:6.12=6.12.120-1"}
    with pytest.raises(UsageError, match=r"debian:5\.10: none of Debian's suites"):
        newest(["debian:5.10"], silent)


def test_debian_is_not_asked_for_what_is_not_debian_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "available", None)
    assert newest(["debian:6.1=6.1.100-1", "../linux"], silent) == {}


def test_a_cell_of_a_newer_package_is_the_same_cell(tmp_path: Path) -> None:
    """By its name, so that what changed is seen; its job is for the newer commit."""
    linux = committed(written(minitree(), tmp_path / "linux"))
    (tmp_path / "knob.yaml").write_text(knob_text())
    asked = MatrixFile(descriptions=["./knob.yaml"], variants=["quirk"], until="generate")
    found = plan(Request(asked, tmp_path), report=silent, newest={"debian:6.12": str(linux)})
    (cell,) = found
    assert cell.cell.tree == "debian:6.12"
    assert cell.job and cell.job.tree.commit == git(linux, "rev-parse", "HEAD").strip()


def test_news_is_what_is_made_of_something_else_and_what_no_machine_could_do() -> None:
    before = made(*OUTCOMES)
    jobs = [Planned(cell, object(), key=key) for cell, key in zip(before.cells, before.keys, strict=True)]  # type: ignore[arg-type]
    assert [each.key for each in news(jobs, None)] == before.keys
    infra, waits = before.keys[4], before.keys[6]
    assert [each.key for each in news(jobs, before)] == [infra, waits]
    jobs[0] = replace(jobs[0], key="f" * 64)
    assert [each.key for each in news(jobs, before)] == ["f" * 64, infra, waits]
    assert list(news([replace(jobs[0], job=None)], before)) == []


@pytest.mark.programs
def test_a_branch_that_moves_is_run_and_told_by_a_mail(tmp_path: Path) -> None:
    ci = Ci(tmp_path)
    remote = f"file://{tmp_path / 'linux'}"
    (tmp_path / "nightly.yaml").write_text(MATRIX.replace("./linux", f"'{remote}@HEAD'"))
    watching = ci.start("matrix", "nightly.yaml", "--watch", "--every", "1", "--variants", "quirk")
    try:
        mails = tmp_path / "matrix-mails"
        until(lambda: len(list(mails.glob("nightly-*.eml"))) == 1)
        source = tmp_path / "linux/arch/x86/kvm/x86.c"
        source.write_text(f"{source.read_text()}/* moved */\n")
        git(tmp_path / "linux", "commit", "-qam", "KVM: move")
        until(lambda: len(list(mails.glob("nightly-*.eml"))) == 2)
        tip = git(tmp_path / "linux", "rev-parse", "--short=12", "HEAD").strip()
        told = [path.read_text() for path in sorted(mails.iterdir())]
        assert tip in told[1] and tip not in told[0] and "1 pass" in told[1]
        # a file that is wrong is told, and looked at again
        (tmp_path / "knob.yaml").write_text("name: [\n")
        threading.Event().wait(3)
        assert watching.poll() is None and len(ci.runs) == 2
    finally:
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=60)
    assert out.count("git send-email --to=LIST") == 2, out + err
    assert "knob.yaml" in err and "Traceback" not in err


@pytest.mark.programs
def test_git_would_send_the_mail(tmp_path: Path) -> None:
    told = made(*OUTCOMES)
    told.cells = [replace(cell, subject=f"{cell.subject}-Ä") for cell in told.cells]
    before = made(*[Outcome(Verdict.PASS, "test")] * 4)
    before.cells = told.cells[:4]
    text = mail.text(board(told, before), "gen matrix nightly.yaml")
    (tmp_path / "report.eml").write_text(text)
    who = ("-c", "user.name=A Developer", "-c", "user.email=dev@example.org")
    words = ("send-email", "--dry-run", "--confirm=never", "--to=list@example.org", "report.eml")
    env = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *who, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "Result: OK" in done.stdout, done.stdout + done.stderr
    said = message_from_bytes((tmp_path / "report.eml").read_bytes(), policy=default)
    assert said["Subject"] == f"[gen matrix] nightly: {board(told).counts}, 3 changed"
    body = str(said.get_content())
    assert "knob0-Ä quirk debian:6.12 x86 default gcc: pass, now fail" in body
    assert "0002-KVM-x86.patch" in body and "    a.c:1: error: no\n" in body
    assert "\n  222222222222 debian:6.1\n" in body
    assert max(map(len, body.splitlines())) <= 76


def test_the_time_left_is_what_the_cells_took_before() -> None:
    told = made(OUTCOMES[0], None, None, None)
    took = [Outcome(Verdict.PASS, "test", seconds={"test": 100.0})] * 4
    assert live.seconds_left(told, made(*took), 0) == 300
    assert live.seconds_left(told, None, 0) == 3 * 17  # as those of this run
    assert live.seconds_left(made(None), None, 0) is None
    told.running = {1: ("w0", 10.0), 2: ("w1", 60.0)}
    assert live.seconds_left(told, made(*took), 110) == (0 + 50 + 100) / 2


def test_the_table_shows_who_does_what_and_fits() -> None:
    told = made(OUTCOMES[0], OUTCOMES[1], *[None] * 30)
    told.running = {n: (f"worker{n}", told.started + 40 - n) for n in range(2, 30)}
    said = live.lines(told, None, 500, told.started + 100, rows=10)
    assert len(said) <= 10
    assert said[0].split("  ")[-2:] == ["worker29", told.cells[29].name]  # the longest first
    assert said[0].lstrip().startswith("1:29 min") and "… and 21 more that run" in said[-2]
    assert said[-1].startswith("2 of 32 cells; 1 pass, 1 fail; 500 workers; 1:40 min, ")
    assert said[-1].endswith(" left")


@pytest.mark.programs
def test_a_terminal_sees_the_table_while_cells_run(tmp_path: Path) -> None:
    ci = Ci(tmp_path)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "codegen", "matrix", "nightly.yaml"]
    env = {**os.environ, **ci.env, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    client = subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 4096)
        except OSError:  # nobody writes there any more
            break
    out, _ = client.communicate(timeout=60)
    os.close(ours)
    assert client.returncode == 0 and "3 pass; 0 known already" in out
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen).decode()
    assert re.search(r"\d s  \S+  \./knob.yaml quirk ./linux x86 default gcc", text)
    assert re.search(r"[12] of 3 cells; [12] pass; 1 worker; .* left", text)
