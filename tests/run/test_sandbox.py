# SPDX-License-Identifier: GPL-2.0-only
"""Hostile programs in the real sandbox, as root and as a user, however the machine counts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codegen.sandbox import group, made, sandbox
from codegen.sandbox.limits import MIB, LimitHit, Limits
from codegen.sandbox.view import Room
from tests.unprivileged import NOBODY, somebody

pytestmark = pytest.mark.programs

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(seconds=60, memory=200 * MIB, processes=40, written=64 * MIB, told=MIB)
ENV = {"PATH": "/usr/bin:/bin"}
WAYS = ["root", "root without groups", "user"] if os.geteuid() == 0 else ["user"]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that users can get to, and that may hold anything at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gen-test-"))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["rm", "-rf", "--", folder], check=True)


@pytest.fixture(params=WAYS)
def way(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Root with what the machine has for counting, root without, and a user."""
    sandbox.tried.cache_clear()
    if request.param == "user":
        (tmp_path / "out").mkdir()
        os.chown(tmp_path / "out", NOBODY, NOBODY)
        with somebody(tmp_path):
            yield request.param
    else:
        (tmp_path / "out").mkdir()
        if "without" in request.param:
            monkeypatch.setattr(group, "makers", lambda: iter(()))
            assert sandbox.found().another
        yield request.param
    monkeypatch.undo()
    sandbox.tried.cache_clear()


def run(script: str, *write: Path, limits: Limits = LIMITS) -> sandbox.Done:
    command = ["sh", "-c", script]
    return sandbox.run(command, Room(write=write), "the script", env=ENV, limits=limits)


def said(script: str, *write: Path) -> str:
    done = run(script, *write)
    return (done.stdout + done.stderr).decode()


def test_there_is_one(way: str) -> None:
    found = sandbox.found()
    assert found.path, f"{found}: without it none of these tests says anything"
    assert run("exit 7").status == 7
    assert run("kill -9 $$").status == -9


def test_nothing_private_is_seen(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent-of-the-user")
    key = tmp_path / "home/.ssh/id"
    if os.geteuid() == 0:
        key.parent.mkdir(parents=True)
        key.write_text("the key")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert "the key" not in said(f"cat {key}")
    assert said("ls -A ~") == ""
    seen = said("ls -d /root /home /run /var /sys /etc/passwd /etc/shadow /etc/ssh /boot /mnt")
    assert not [line for line in seen.splitlines() if "No such file" not in line]
    for pid in ("1", "self"):
        assert "agent-of-the-user" not in said(f"cat /proc/{pid}/environ")
    processes = said("cd /proc; echo [0-9]*").split()
    assert len(processes) < 10
    assert not [
        line for line in said("grep Cap /proc/self/status").splitlines() if "000" not in line
    ]
    assert "\t000000000000000" in said("grep CapBnd /proc/self/status")


def test_nothing_outside_is_written(way: str, tmp_path: Path) -> None:
    for place in (
        "/usr/x",
        "/x",
        "/dev/x",
        "/etc/x",
        "/proc/sys/vm/panic_on_oom",
        "/proc/self/comm",
    ):
        assert run(f"echo 1 >{place}", tmp_path / "out").status != 0
    assert run("mknod /tmp/disk b 8 0").status != 0
    assert run("mount -t tmpfs none /tmp || unshare -Ur true").status != 0
    run(f"echo 1 >{tmp_path}/x; rm -rf {tmp_path}")  # of the sandbox's own /tmp
    assert run(f"echo 1 >{tmp_path}/out/mine", tmp_path / "out").status == 0
    assert (tmp_path / "out/mine").read_text() == "1\n"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["out"]


def test_no_socket_is_reached(way: str, tmp_path: Path) -> None:
    connect = (
        "perl -MIO::Socket::INET -MIO::Socket::UNIX -e '"
        'print "tcp " if IO::Socket::INET->new(PeerAddr => "127.0.0.1:{port}");'
        'print "unix " if IO::Socket::UNIX->new(Peer => "{path}");'
        'print "abstract " if IO::Socket::UNIX->new(Peer => "\\0gen-test-{port}");'
        'print "done"\''
    )
    path = tmp_path / "out/socket"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        port = tcp.getsockname()[1]
        unix.bind(str(path))
        unix.listen()
        with socket.socket(socket.AF_UNIX) as abstract:
            abstract.bind(f"\0gen-test-{port}")
            abstract.listen()
            script = connect.format(port=port, path=path)
            outside = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
            assert outside.stdout == "tcp unix abstract done"
            assert said(script) == "done"
    assert "lo" in said("cat /proc/net/dev")
    assert "eth" not in said("cat /proc/net/dev")


BOMBS = {
    "fork": ("f() { f | f & }; f; sleep 60", "started more than 40 processes"),
    "patient fork": (
        "while :; do setsid sleep 60 & done",
        "started more than 40 processes",
    ),
    "memory": ("perl -e '$x = q(a) x 2e9; sleep 60'", "needed more than 200 MiB of memory"),
    "memory of many": (
        "for i in 1 2 3 4 5 6; do perl -e '$x = q(a) x 6e7; sleep 60' & done; wait",
        "needed more than 200 MiB of memory",
    ),
    "words": ("yes", "said more than 1 MiB"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_limits_of_all_together(way: str, bomb: str) -> None:
    script, words = BOMBS[bomb]
    start = time.monotonic()
    with pytest.raises(LimitHit, match=f"the script {words}, and was ended"):
        run(script)
    assert time.monotonic() - start < 50
    assert run("true").status == 0


def test_sleep_is_ended_whatever_it_ignores(way: str) -> None:
    with pytest.raises(LimitHit, match=r"the script ran for 0\.5 s"):
        run("trap '' TERM INT HUP; sleep 60 & sleep 60", limits=replace(LIMITS, seconds=0.5))


def test_a_file_has_its_limit_and_a_folder_too(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run(f"head -c 100M /dev/zero >{out}/one", out).status != 0
    assert (out / "one").stat().st_size == LIMITS.written
    assert run("head -c 1500M /dev/zero >/tmp/scratch").status != 0
    (out / "one").unlink()
    many = f"for i in 1 2 3 4 5 6; do head -c 20M /dev/urandom >{out}/$i; done; sync; sleep 20"
    with pytest.raises(LimitHit, match="wrote more than 64 MiB"):
        run(many, out)


def test_nobody_is_left_behind(way: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = f"setsid sh -c 'while :; do date >{out}/alive; done' & sleep 0.2"
    assert run(script, out).status == 0
    (out / "alive").unlink()
    time.sleep(0.3)
    assert not (out / "alive").exists()


ENDED = """
import sys, time, subprocess
from pathlib import Path
from codegen.sandbox import sandbox
from codegen.sandbox.limits import SCRIPT
out = Path(sys.argv[1])
script = f"trap '' TERM INT; setsid sh -c 'while :; do echo >{out}/alive; done' & sleep 60"
room = sandbox.Room(write=(out,))
env = {"PATH": "/usr/bin:/bin"}
with sandbox.foreign(["sh", "-c", script], room, SCRIPT, subprocess.DEVNULL, env=env) as running:
    while not (out / "alive").exists():
        time.sleep(0.01)
    print("running", flush=True)
    running.status
"""


@pytest.mark.parametrize("number", [2, 9, 15])
def test_all_end_with_gen(tmp_path: Path, number: int) -> None:
    """By Ctrl-C, SIGTERM, and when nothing can be done any more, within a second."""
    command = [sys.executable, "-c", ENDED, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as starter:
        assert starter.stdout
        assert starter.stdout.readline() == b"running\n"
        starter.send_signal(number)
        start = time.monotonic()
        starter.wait(10)
    while time.monotonic() - start < 10:
        (tmp_path / "alive").unlink(missing_ok=True)
        time.sleep(0.1)
        if not (tmp_path / "alive").exists():
            break
    assert time.monotonic() - start < 2


def test_two_at_once_do_not_count_together(way: str) -> None:
    script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1 & done; wait"
    failed: list[BaseException] = []

    def one() -> None:
        try:
            assert run(script).status == 0
        except BaseException as problem:
            failed.append(problem)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_traps_in_a_folder_are_taken_out(way: str, tmp_path: Path) -> None:
    out, source = tmp_path / "out", tmp_path / "source"
    if os.geteuid() == 0:
        source.mkdir()
    script = f"""
    cd {out} && mkdir -p deep/er locked && echo text >file
    ln -s file inside; ln -s {source} source; ln -s . itself
    ln -s /etc outside; ln -s ../../../etc deep/er/outside; ln -s {tmp_path}/new dangling
    ln -s source/../.. through; mkfifo fifo; chmod 000 locked
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1)'
    """
    assert run(script, out).status == 0
    made.tidy(out, [source])
    left = {str(path.relative_to(out)) for path in out.rglob("*")}
    assert left == {"deep", "deep/er", "locked", "file", "inside", "source", "itself"}
    assert made.text(out / "file") == "text\n"
    with pytest.raises(made.Unreadable, match="no file"):
        made.read(out / "deep")
    with pytest.raises(made.Unreadable, match="too large to be true"):
        made.read(out / "file", 3)
    nest = "perl -e 'chdir shift; for (1..1200) { mkdir q(d); chdir q(d) }'"
    assert run(f"{nest} {out}", out).status == 0
    with pytest.raises(made.Unreadable, match="nested too deeply"):
        made.tidy(out, [])
    made.remove(out / "d")
    assert not (out / "d").exists()


def test_a_compiler_of_the_users_own_is_seen_and_the_home_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    for folder in ("cross/bin", "cross/lib", "bin", "lib"):
        (home / folder).mkdir(parents=True)
    (home / "secret").write_text("the key")
    (home / "cross/lib/part").write_text("a part")
    tool = f"#!/bin/sh\ncat {home}/cross/lib/part {home}/secret\n"
    for name in ("cross/bin/cross-gcc", "bin/my-gcc"):
        (home / name).write_text(tool)
        (home / name).chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{home}/bin:{home}/cross/bin:{os.environ['PATH']}")
    env = {"PATH": os.environ["PATH"]}
    seen = sandbox.run(["cross-gcc"], Room(), "gcc", env=env)
    assert seen.stdout == b"a part"
    seen = sandbox.run(["my-gcc"], Room(), "gcc", env=env)
    assert seen.stdout == b""
    assert b"No such file" in seen.stderr


def test_what_a_killed_run_had_lent_is_taken_back(way: str, tmp_path: Path) -> None:
    if way == "user":  # who has no other users to lend to
        return
    inner = tmp_path / "out/inner"
    inner.mkdir(mode=0o755)
    for place in (inner, tmp_path / "out"):
        os.chown(place, 61190, 61190)
    assert run(f"echo 1 > {inner}/new", tmp_path / "out").status == 0
    owners = {place.stat().st_uid for place in (inner, inner / "new", tmp_path / "out")}
    assert owners == {0}
