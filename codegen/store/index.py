# SPDX-License-Identifier: GPL-2.0-only
"""The store's index in SQLite: which record has the result of a kind and a key.

It holds nothing that the records do not say, so one that is damaged is moved aside and made again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from codegen.base.lock import locked

_WAIT_S = 20.0  # for other processes
_SCHEMA = """
CREATE TABLE IF NOT EXISTS result (
    kind TEXT, key TEXT, record TEXT NOT NULL, asked REAL NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
"""
IndexEntry = tuple[str, str, str, float]  # a kind, a key, a record, and when it was last asked for
_Value = TypeVar("_Value")


class Unusable(Exception):
    """The index cannot be used now, and why."""


class Index:
    """The index at a path.  `records` tells what is to be in it where it has to be made again, and
    `note` is told of that."""

    def __init__(
        self, path: Path, records: Callable[[], Iterable[IndexEntry]], note: Callable[[str], None]
    ) -> None:
        self._path, self._records, self._note = path, records, note
        self._local = threading.local()

    def find(self, kind: str, key: str) -> tuple[str, float] | None:
        """The record of a result, and when it was last asked for.  Raises Unusable."""
        if not self._path.exists():
            return None
        asked = "SELECT record, asked FROM result WHERE kind = ? AND key = ?"
        row: tuple[str, float] | None
        row = self._with(lambda index: index.execute(asked, (kind, key)).fetchone())
        return row

    def records(self, kind: str) -> list[str]:
        """The records of a kind.  Raises Unusable."""
        if not self._path.exists():
            return []
        asked = "SELECT record FROM result WHERE kind = ?"
        return self._with(lambda index: [row for (row,) in index.execute(asked, (kind,))])

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind.  Raises Unusable."""
        if not self._path.exists():
            return []
        asked = "SELECT key FROM result WHERE kind = ?"
        return self._with(lambda index: [key for (key,) in index.execute(asked, (kind,))])

    def enter(self, entry: IndexEntry) -> int:
        """Enter a result, and say how many of its kind there are.  Raises Unusable."""

        def entered(index: sqlite3.Connection) -> int:
            _enter(index, entry)
            asked = "SELECT count(*) FROM result WHERE kind = ?"
            return int(index.execute(asked, entry[:1]).fetchone()[0])

        return self._with(entered)

    def forget(self, kind: str, many: int) -> tuple[list[str], list[str]]:
        """Take out the results that nobody asked for the longest; their records, and all others.

        Raises Unusable.
        """

        def forgotten(index: sqlite3.Connection) -> tuple[list[str], list[str]]:
            asked = "SELECT key, record FROM result WHERE kind = ? ORDER BY asked LIMIT ?"
            old = index.execute(asked, (kind, many)).fetchall()
            gone = [(kind, key) for key, _ in old]
            index.executemany("DELETE FROM result WHERE kind = ? AND key = ?", gone)
            left = index.execute("SELECT record FROM result").fetchall()
            return [record for _, record in old], [record for (record,) in left]

        return self._with(forgotten)

    def _with(self, ask: Callable[[sqlite3.Connection], _Value]) -> _Value:
        """What the index answers; a damaged one is made again, once."""
        for again in (False, True):
            try:
                with self._connection() as index:
                    return ask(index)
            except sqlite3.OperationalError as problem:  # full, read-only, held for long
                raise Unusable(str(problem)) from None
            except sqlite3.DatabaseError as problem:
                self._close()
                if again:
                    raise Unusable(str(problem)) from None
                self._mend(str(problem))
            except OSError as problem:
                raise Unusable(problem.strerror or str(problem)) from None
        raise AssertionError

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """The thread's own connection, in a transaction."""
        index = getattr(self._local, "index", None)
        if index is None or self._local.process != os.getpid():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.parent.stat().st_uid not in (0, os.geteuid()):
                raise PermissionError(1, "it is another user's")
            index = _connected(self._path)
            self._local.index, self._local.process = index, os.getpid()
        with index:
            yield index

    def _close(self) -> None:
        index = getattr(self._local, "index", None)
        self._local.index = None
        if index is not None:
            with suppress(sqlite3.Error):
                index.close()

    def _mend(self, why: str) -> None:
        """Move a damaged index aside and make it again, unless another process was faster."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(time.time())}")
        try:
            with locked(self._path.with_name("lock")):
                if _sound(self._path):
                    return
                for end in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        self._path.with_name(f"{self._path.name}{end}").rename(f"{aside}{end}")
                with closing(_connected(self._path)) as index, index:
                    count = sum(_enter(index, entry) for entry in self._records())
        except (OSError, sqlite3.Error) as problem:
            raise Unusable(str(problem)) from None
        self._note(
            f"{self._path} was damaged ({why}): it is {aside.name} now, and made again from "
            f"{count} records"
        )


def _connected(path: Path) -> sqlite3.Connection:
    index = sqlite3.connect(path, timeout=_WAIT_S, check_same_thread=False)
    with suppress(sqlite3.OperationalError):  # some file systems have no shared memory
        index.execute("PRAGMA journal_mode=WAL")
    index.execute("PRAGMA synchronous=NORMAL")
    index.executescript(_SCHEMA)
    return index


def _sound(path: Path) -> bool:
    try:
        with closing(_connected(path)) as index:
            return bool(index.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.Error:
        return False


def _enter(index: sqlite3.Connection, entry: IndexEntry) -> int:
    return index.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)", entry).rowcount
