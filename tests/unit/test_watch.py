# SPDX-License-Identifier: GPL-2.0-only
"""Signals to the real program: what it says, how it ends, and that nothing goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]


def program(body: str, folder: Path) -> subprocess.Popen[bytes]:
    """gen, whose command line is a text of Python; `ready` appears when it may be ended."""
    script = folder / "program.py"
    script.write_text(
        "import os, subprocess, sys, threading, time\n"
        "from codegen.base.unbroken import done, unbroken\n"
        "from codegen.cli import main as cli, watch\n"
        "from codegen.tree.scratch import scratch_folder\n"
        f"def ready():\n    open({str(folder / 'ready')!r}, 'w').close()\n"
        "def work():\n" + textwrap.indent(textwrap.dedent(body), "    ") + "\n    return 0\n"
        "cli.main = work\n"
        "watch.run()\n"
    )
    (folder / "tmp").mkdir(exist_ok=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")}
    env["GEN_CACHE"] = str(folder / "cache")
    process = subprocess.Popen(
        [sys.executable, str(script)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not (folder / "ready").exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    return process


def ended(process: subprocess.Popen[bytes], *signals: signal.Signals) -> tuple[int, str]:
    """Send signals; returns status and complaints."""
    for each in signals:
        process.send_signal(each)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.decode()


BUSY = {
    "Python": "ready()\nwhile True: pass",
    "a regular expression": "import re\nready()\nre.match('(a*)*b', 'a' * 60)",
    "a callback": "import ctypes\n"
    "f = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: time.sleep(60))\nready()\nf()",
    "threads": "for _ in range(4): threading.Thread(target=time.sleep, args=(60,)).start()\nready()",
    "a clean-up": "import atexit\natexit.register(lambda: (ready(), time.sleep(60)))",
    "a tool": "ready()\nsubprocess.run(['sleep', '60'])",
    "a deaf tool": "ready()\nsubprocess.run(['sh', '-c', 'exec 2>/dev/null; trap : TERM INT; sleep 60; sleep 60'])",
}


@pytest.mark.parametrize(
    "sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name
)
@pytest.mark.parametrize("body", BUSY.values(), ids=BUSY)
def test_a_signal_ends_it_and_is_said(body: str, sent: signal.Signals, tmp_path: Path) -> None:
    process = program("with scratch_folder():\n" + textwrap.indent(body, "    "), tmp_path)
    status, said = ended(process, sent)
    assert status == 128 + sent
    assert said == f"gen: ended by {sent.name}; nothing half-written is left\n"
    assert not any((tmp_path / "tmp").iterdir())


def test_a_second_signal_during_the_clean_up_changes_nothing(tmp_path: Path) -> None:
    body = """
    with scratch_folder() as folder:
        for n in range(3000):
            open(f"{folder}/{n}", "w").close()
        ready()
        time.sleep(60)
    """
    process = program(body, tmp_path)
    status, said = ended(process, *[signal.SIGTERM, signal.SIGINT, signal.SIGTERM] * 5)
    assert status in (130, 143)
    assert said.count("\n") == 1 and "Traceback" not in said
    assert not any((tmp_path / "tmp").iterdir())


def test_what_must_not_be_broken_off_is_not(tmp_path: Path) -> None:
    body = """
    with unbroken():
        ready()
        time.sleep(0.2)
        print("whole", flush=True)
    time.sleep(60)
    """
    process = program(body, tmp_path)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == (b"whole\n", 143)


def test_what_is_done_is_no_failure(tmp_path: Path) -> None:
    body = """
    with unbroken():
        ready()
        time.sleep(0.1)
        done()
    time.sleep(0.1)
    print("made", flush=True)
    """
    process = program(body, tmp_path)
    process.send_signal(signal.SIGTERM)
    out, said = process.communicate(timeout=60)
    assert (out, said, process.returncode) == (b"made\n", b"", 0)


def test_a_crash_is_said(tmp_path: Path) -> None:
    process = program("with scratch_folder():\n    ready()\n    os.kill(os.getpid(), 11)", tmp_path)
    status, said = ended(process)
    assert (status, "SIGSEGV" in said) == (2, True)
    assert not any((tmp_path / "tmp").iterdir())


def test_what_a_killed_run_left_goes_with_the_next_and_a_living_one_is_left_alone(
    tmp_path: Path,
) -> None:
    process = program("with scratch_folder():\n    ready()\n    time.sleep(60)", tmp_path)
    try:
        (left,) = (tmp_path / "tmp").iterdir()
        for name in ("kvm-codegen.k_3x9a0b", "kvm-codegen.notes"):
            (tmp_path / "tmp" / name).mkdir()
        env = {"TMPDIR": str(tmp_path / "tmp"), "GEN_CACHE": str(tmp_path / "cache")}
        code = "from codegen.tree.scratch import scratch_folder as f\nwith f(): pass"
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **env}, cwd=ROOT, check=True
        )
        assert {p.name for p in (tmp_path / "tmp").iterdir()} == {left.name, "kvm-codegen.notes"}
    finally:
        process.kill()
        process.communicate()
    for _ in range(500):
        if not left.exists() or _unlocked(left):
            break
        time.sleep(0.01)
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **env}, cwd=ROOT, check=True)
    assert {p.name for p in (tmp_path / "tmp").iterdir()} == {"kvm-codegen.notes"}


def _unlocked(folder: Path) -> bool:
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
