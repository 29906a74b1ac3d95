# SPDX-License-Identifier: GPL-2.0-only
"""The cache: where it is, its locks, and that nothing is ever half written."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.base.errors import EnvironmentFailure
from codegen.tree.cache import cache_dir, cache_path, locked
from tests.unprivileged import read_only


def test_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEN_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_path() == tmp_path / ".cache" / "gen"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_path() == tmp_path / "xdg" / "gen"
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own" and (tmp_path / "own").is_dir()


def test_relative_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_CACHE", "some/where")
    with pytest.raises(EnvironmentFailure, match=r"\$GEN_CACHE: 'some/where' is a relative path"):
        cache_path()


def test_a_file_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(EnvironmentFailure, match="set GEN_CACHE"):
        cache_dir()


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path))
    with (
        read_only(tmp_path),
        pytest.raises(EnvironmentFailure, match="no permission to write"),
    ):
        cache_dir()


def test_second_waits(cache: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked("x", lambda: order.append("waits")):
            order.append("second")

    with locked("x"):
        thread = threading.Thread(target=second)
        thread.start()
        while not order:
            time.sleep(0.01)
        order.append("first ends")
    thread.join()
    assert order == ["waits", "first ends", "second"]


def test_other_names_do_not_wait(cache: Path) -> None:
    with locked("x"), locked("y"):
        pass


def test_killed_holder(cache: Path, program: Callable[[str], list[str]]) -> None:
    text = """
import time
from codegen.tree.cache import locked
with locked("x") as held, held.temp_dir() as folder:
    (folder / "half").write_text("half")
    print("in", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(program(text), stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"in\n"
        assert list((cache / "tmp" / "x").rglob("half"))
        process.send_signal(signal.SIGKILL)
    with locked("x", lambda: pytest.fail("a dead holder holds")):
        assert not list(cache.rglob("half"))


def test_write_replaces_whole(cache: Path) -> None:
    with locked("x") as held:
        held.write(cache / "a" / "file", b"1")
        held.write(cache / "a" / "file", b"22")
    assert (cache / "a" / "file").read_bytes() == b"22"
    assert not [path for path in (cache / "tmp").rglob("*") if path.is_file()]


def test_bad_lock_name(cache: Path) -> None:
    with pytest.raises(ValueError, match="lock name"), locked("../x"):
        pass
