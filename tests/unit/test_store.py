# SPDX-License-Identifier: GPL-2.0-only
"""The store of results: found again by its key, whole or not at all, whatever happens to it."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codegen.store import index as index_room
from codegen.store import store as store_room
from codegen.store.store import Store, key


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    """A store with one result."""
    made = Store(tmp_path / "store")
    assert made.put("kind", "a", {"said": 1}, {"log": b"what was seen\n"})
    return made


def again(kept: Store) -> Store:
    """The same store, as another run sees it."""
    return Store(kept.folder)


def records(kept: Store) -> list[Path]:
    return list((kept.folder / "records").glob("*/*"))


def test_a_result_is_found_again_with_its_files(kept: Store) -> None:
    found = again(kept).get("kind", "a")
    assert found and found.said == {"said": 1} and found.read("log") == b"what was seen\n"
    assert again(kept).get("kind", "b") is None
    assert again(kept).get("other", "a") is None


def test_what_is_kept_later_counts(kept: Store) -> None:
    kept.put("kind", "a", {"said": 2})
    found = again(kept).get("kind", "a")
    assert found and found.said == {"said": 2}


def test_the_keys_of_a_kind_are_told(kept: Store) -> None:
    assert kept.keys("row") == frozenset()
    for kind, name in (("row", "a"), ("row", "b"), ("column", "c")):
        kept.put(kind, name, 1)
    assert kept.keys("row") == {"a", "b"}


def test_the_same_bytes_are_kept_once(kept: Store) -> None:
    kept.put("kind", "b", {}, {"another name": b"what was seen\n"})
    assert len(list((kept.folder / "files").glob("*/*"))) == 1


def test_a_key_is_the_whole_of_its_parts() -> None:
    keys = {key("a", "b"), key("ab"), key("a", ["b"]), key("a", b"b"), key("b", "a"), key()}
    assert len(keys) == 6
    assert key({"x": 1, "y": 2}) == key({"y": 2, "x": 1})
    with pytest.raises(TypeError):
        key(object())


@pytest.mark.parametrize("damage", [b"", b"{}", b"what was seem\n"])
def test_a_damaged_file_is_none(kept: Store, damage: bytes) -> None:
    (path,) = (kept.folder / "files").glob("*/*")
    path.write_bytes(damage)
    found = again(kept).get("kind", "a")
    assert found
    with pytest.raises(FileNotFoundError):
        found.read("log")
    kept.put("kind", "a", {"said": 1}, {"log": b"what was seen\n"})
    found = again(kept).get("kind", "a")
    assert found and found.read("log") == b"what was seen\n"


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b"[" * 100_000, b"null"])
def test_a_damaged_record_is_none(kept: Store, damage: bytes) -> None:
    (path,) = records(kept)
    path.write_bytes(damage)
    assert again(kept).get("kind", "a") is None
    kept.put("kind", "a", {"said": 1})
    assert again(kept).get("kind", "a")


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_index_is_moved_aside_and_made_again(kept: Store, damage: bytes) -> None:
    kept.put("kind", "b", "more")
    for path in kept.folder.glob("index.db-*"):
        path.unlink()
    (kept.folder / "index.db").write_bytes(damage)
    other = again(kept)
    found = other.get("kind", "a")
    assert found and found.said == {"said": 1}
    assert len(other.notes) == 1 and "made again from 2 records" in other.notes[0]
    (aside,) = kept.folder.glob("index.db.damaged-*")
    assert aside.read_bytes() == damage
    assert not Store(kept.folder).notes and again(kept).get("kind", "b")


def test_a_page_in_the_middle_is_damaged(kept: Store) -> None:
    for number in range(300):
        kept.put("kind", f"{number}", number)
    with sqlite3.connect(kept.folder / "index.db") as index:
        index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((kept.folder / "index.db").read_bytes())
    assert len(data) > 3 * 4096
    data[4096:] = b"\x5a" * (len(data) - 4096)
    (kept.folder / "index.db").write_bytes(bytes(data))
    other = again(kept)
    found = other.get("kind", "7")
    assert found and found.said == 7 and other.notes


def test_a_store_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    made = Store(tmp_path / "store")
    assert made.put("kind", "a", 1) is None
    assert made.get("kind", "a") is None
    assert made.notes


def test_a_full_disk_keeps_what_was(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    assert kept.put("kind", "a", {"said": 2}) is None
    assert "No space left" in kept.notes[0]
    monkeypatch.undo()
    found = again(kept).get("kind", "a")
    assert found and found.said == {"said": 1}
    assert not list((kept.folder / "records").glob("*/.*"))


def test_an_index_that_is_full_keeps_what_was(kept: Store) -> None:
    def refuse(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(index_room.Unusable, match="full"):
        kept._index._with(refuse)  # type: ignore[arg-type]
    assert again(kept).get("kind", "a")


def test_those_that_nobody_asked_for_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_room, "_KEPT", 10)
    made = Store(tmp_path)
    for number in range(10):
        made.put("kind", f"{number}", number, {"own": b"%d" % number, "shared": b"same"})
    made.put("other", "0", 0, {"own": b"1"})
    with sqlite3.connect(tmp_path / "index.db") as index:
        index.execute("UPDATE result SET asked = 1 WHERE kind = 'kind' AND key != '3'")
    made.put("kind", "10", 10)
    assert made.get("kind", "3") and made.get("kind", "10") and made.get("other", "0")
    left = [number for number in range(10) if made.get("kind", f"{number}")]
    assert len(left) == 8
    files = {path.read_bytes() for path in (tmp_path / "files").glob("*/*")}
    assert files == {b"same", b"1", *(b"%d" % number for number in left)}


def test_many_threads_keep_and_find(kept: Store) -> None:
    def work(number: int) -> bool:
        kept.put("kind", f"{number % 20}", number % 20, {"log": b"x" * 5000})
        found = kept.get("kind", f"{number % 20}")
        return found is not None and found.said == number % 20 and len(found.read("log")) == 5000

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert not kept.notes


_WRITER = """
import sys
from pathlib import Path
from codegen.store.store import Store
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), 1 << 30):
    store.put("kind", str(number % 50), {"n": number}, {"log": b"%d" % (number % 7) * 3000})
    print(number, flush=True)
"""


@pytest.mark.programs
def test_killed_writers_leave_a_store_that_is_whole(tmp_path: Path) -> None:
    """Several at once, each killed in the midst of its work, ten times."""
    for attempt in range(10):
        running = [
            subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(tmp_path), str(attempt * 1000 + at)],
                stdout=subprocess.PIPE,
            )
            for at in range(3)
        ]
        for each in running:
            assert each.stdout
            each.stdout.readline()
        time.sleep(0.05 * attempt / 3)
        for each in running:
            each.send_signal(signal.SIGKILL)
            each.wait()
            assert each.stdout
            each.stdout.close()
        made = Store(tmp_path)
        found = [each for each in (made.get("kind", f"{n}") for n in range(50)) if each]
        assert found and all(each.read("log") for each in found)
        assert not made.notes
