# SPDX-License-Identifier: GPL-2.0-only
"""What is started does not outlive its starter, nor a lock its holder."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from codegen.base.lock import locked
from codegen.sandbox.process import child, threads

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import subprocess, time
from codegen.sandbox.process import child
with child(["sleep", "60"], subprocess.DEVNULL) as process:
    time.sleep(0.3)  # setpriv must have come to run
    print(process.pid, flush=True)
    process.wait()
"""
HOLDER = """
import sys, time
from pathlib import Path
from codegen.base.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


KILLED = """
import os, signal, subprocess, sys, threading
from codegen.sandbox.process import child
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
with child(["touch", sys.argv[1]], subprocess.DEVNULL) as process:
    process.wait()
"""


def gone(pid: int) -> bool:
    for _ in range(40):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def start(script: str, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *args]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
def test_child_of_a_killed_process_is_killed() -> None:
    with start(STARTER) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
    assert gone(pid)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
def test_child_of_a_process_that_is_killed_while_it_starts_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "setpriv"
    real = shutil.which("setpriv")
    slow.write_text(f'#!/bin/sh\necho $$ >{tmp_path}/pid\nsleep 1\nexec {real} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert start(KILLED, str(tmp_path / "begun")).wait() == -signal.SIGKILL
    assert gone(int((tmp_path / "pid").read_text()))
    assert not (tmp_path / "begun").exists()


def test_child_is_killed_with_its_own_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with child(["sh", "-c", f"sleep 60 & echo $! >{pids}; wait"], subprocess.DEVNULL):
        while not pids.exists() or not pids.read_text().strip():
            time.sleep(0.01)
    assert gone(int(pids.read_text()))


def test_an_exception_ends_what_other_threads_run() -> None:
    running: list[Future[None]] = []

    def sleep() -> None:
        with child(["sleep", "60"], subprocess.DEVNULL) as process:
            process.wait()

    def interrupted() -> None:
        with threads(1) as pool:
            running.extend(pool.submit(sleep) for _ in range(2))
            time.sleep(0.3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert [type(each.exception()) for each in running] == [KeyboardInterrupt] * 2
    with child(["true"], subprocess.DEVNULL) as process:
        assert process.wait() == 0


def test_second_waits_and_says_so_and_a_killed_holder_is_no_obstacle(tmp_path: Path) -> None:
    said: list[str] = []
    with start(HOLDER, str(tmp_path / "lock")) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"

        def waiting() -> None:
            said.append("waiting")
            holder.kill()

        with locked(tmp_path / "lock", waiting):
            assert said == ["waiting"]
    with locked(tmp_path / "lock", waiting):
        assert said == ["waiting"]
