# SPDX-License-Identifier: GPL-2.0-only
"""The store of results: records and files by the digest of their bytes, and an index of them.

A result has a kind and a key, which is the digest of all that it was made of: who asks for other
inputs asks for another key.  A store that cannot be read or written is no reason to fail: then a
result is found out again; `notes` say what was wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure
from codegen.store.index import Index, IndexEntry, Unusable
from codegen.tree.cache import cache_path

_KEPT = 2000  # results of each kind; those that nobody asked for the longest go first
_ASKED_S = 3600.0  # how exactly is known when a result was last asked for
_LARGE = 64 << 20  # bytes; no record or file of a result is that large
_RECORDS, _FILES = "records", "files"


@dataclass(frozen=True, slots=True)
class Kept:
    """A result: what was `said`, as JSON has it, and its files by name, as paths of the store."""

    kind: str
    key: str
    said: Any
    files: Mapping[str, Path]
    made: float  # seconds since 1970

    def where(self, name: str) -> str:
        """A file's path in gen's cache folder, short, for a shell; the same on any machine."""
        folder, part, digest = self.files[name].parts[-3:]
        return f"store/{folder}/{part}/{digest[:16]}*"

    def read(self, name: str) -> bytes:
        """A file's bytes.  Raises FileNotFoundError where it is gone or not what it was."""
        path = self.files[name]
        data = _own(path)
        if data is None or _digest(data) != path.name:
            raise FileNotFoundError(path)
        return data


def key(*parts: object) -> str:
    """The key of what is made of some parts: JSON, with bytes by their digests."""
    text = json.dumps(parts, sort_keys=True, default=_plain, separators=(",", ":"))
    return _digest(text.encode())


def _plain(part: object) -> object:
    if isinstance(part, bytes):
        return f"sha256:{_digest(part)}"
    raise TypeError(f"{type(part).__name__} is no part of a key")


class Store:
    """A store in a folder, which is made when something is kept.  May be used by many threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._index = Index(folder / "index.db", self._entries, self._note)

    def get(self, kind: str, key: str) -> Kept | None:
        """The result that was kept; None where there is none that this user wrote, whole."""
        try:
            row = self._index.find(kind, key)
            found = self._read(row[0]) if row else None
            if row is None or found is None or (found.kind, found.key) != (kind, key):
                return None
            if time.time() - row[1] > _ASKED_S:
                self._index.enter((kind, key, row[0], time.time()))
        except Unusable as problem:
            self._note(f"{self.folder}: {problem}")
            return None
        return found

    def put(
        self,
        kind: str,
        key: str,
        said: Any,
        files: Mapping[str, bytes] = {},
        most: int = 0,
    ) -> Kept | None:
        """Keep a result, whole or not at all, None where it could not be kept.

        `most` is how many of its kind are kept, where it is not as for all.
        """
        made = time.time()
        try:
            digests = {name: self._write(_FILES, data) for name, data in files.items()}
            told = {"kind": kind, "key": key, "said": said, "files": digests, "made": made}
            record = self._write(_RECORDS, json.dumps(told).encode())
            count = self._index.enter((kind, key, record, made))
            most = most or _KEPT
            if count > most:
                self._forget(kind, count - most * 9 // 10)
        except (OSError, Unusable) as problem:
            why = getattr(problem, "strerror", None) or problem
            self._note(f"{self.folder}: {why}; results are not kept")
            return None
        return Kept(kind, key, said, self._paths(digests), made)

    def file(self, digest: str) -> bytes:
        """The bytes of a file by their digest.  Raises FileNotFoundError where they are gone."""
        path = self._place(_FILES, digest)
        data = _own(path)
        if data is None or _digest(data) != digest:
            raise FileNotFoundError(path)
        return data

    def all(self, kind: str) -> Iterator[Kept]:
        """Every result of a kind, the latest first."""
        records: list[str] = []
        with suppress(Unusable):
            records = self._index.records(kind)
        found = (self._read(record) for record in records)
        yield from sorted((each for each in found if each), key=lambda each: -each.made)

    def keys(self, kind: str) -> frozenset[str]:
        """The keys of all results of a kind, as far as the index knows."""
        with suppress(Unusable):
            return frozenset(self._index.keys(kind))
        return frozenset()

    def _forget(self, kind: str, many: int) -> None:
        """Remove results of a kind, and the files that only they had.

        Who keeps the same bytes in this moment may lose them: then they are found out again.
        """
        gone, left = self._index.forget(kind, many)
        names = self._files_of(gone)
        names -= self._files_of(left) if names else set()
        for record in gone:
            self._place(_RECORDS, record).unlink(missing_ok=True)
        for name in names:
            self._place(_FILES, name).unlink(missing_ok=True)

    def _files_of(self, records: list[str]) -> set[str]:
        found = (self._read(record) for record in records)
        return {path.name for each in found if each for path in each.files.values()}

    def _entries(self) -> Iterator[IndexEntry]:
        """Every record that is whole, the oldest first."""
        paths = (self.folder / _RECORDS).glob("*/*")
        read = ((path.name, self._read(path.name)) for path in paths)
        for record, each in sorted(((r, k) for r, k in read if k), key=lambda pair: pair[1].made):
            yield each.kind, each.key, record, each.made

    def _read(self, record: str) -> Kept | None:
        data = _own(self._place(_RECORDS, record))
        if data is None or _digest(data) != record:
            return None
        try:
            told = json.loads(data)
            kind, key, made = str(told["kind"]), str(told["key"]), float(told["made"])
            return Kept(kind, key, told["said"], self._paths(told["files"]), made)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None

    def _paths(self, digests: Mapping[str, str]) -> Mapping[str, Path]:
        return {name: self._place(_FILES, each) for name, each in digests.items()}

    def _place(self, kind: str, digest: str) -> Path:
        return self.folder / kind / digest[:2] / digest

    def _write(self, kind: str, data: bytes) -> str:
        """The digest of bytes that are in the store now.  Raises OSError."""
        digest = _digest(data)
        path = self._place(kind, digest)
        if _own(path) == data:
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, new = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with open(handle, "wb") as stream:
                stream.write(data)
            os.replace(new, path)
        except OSError:
            Path(new).unlink(missing_ok=True)
            raise
        return digest

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@lru_cache(maxsize=4)
def _store_in(folder: Path) -> Store:
    return Store(folder)


def store() -> Store:
    """gen's own store, in its cache folder.  Raises EnvironmentFailure where that has no path."""
    return _store_in(cache_path() / "store")


def notes() -> list[str]:
    """What was wrong with gen's own store in this run."""
    try:
        return store().notes
    except EnvironmentFailure:
        return []


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _own(path: Path) -> bytes | None:
    """A file's bytes; None where there is none, or where another user may have written it."""
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_uid not in (0, os.geteuid()):
                return None
            return stream.read(_LARGE)
    except OSError:
        return None
