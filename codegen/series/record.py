# SPDX-License-Identifier: GPL-2.0-only
"""gen's own record of the series that it made: by their bytes, and outside of their folders.

What lies in a series' folder is whoever's, its manifest included: it says neither which tree is to
be used nor that gen made it.  The cache tells that, and for the reference series the list that lies
beside them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codegen.base import whole
from codegen.base.resources import resources
from codegen.mail.mbox import MANIFEST, ORDER
from codegen.tree.cache import cache_path

_KEPT = 1000  # records; the oldest go first
_LARGE = 1 << 20  # bytes; no record is that large


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """What is known of a series that gen made.

    `tree` is what `--tree` takes, from any folder, and `commit` the one that it was then, None for
    a folder; `abi` is what `--abi` takes; `files` has the SHA-256 of each file by its name.
    """

    tree: str
    commit: str | None
    abi: str
    variant: str
    files: Mapping[str, str]


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of a series: names and bytes of its files, in the order of its patches."""
    return _of(_digests(files))


def remember(
    files: Mapping[str, bytes], *, tree: str, commit: str | None, abi: str, variant: str
) -> SeriesRecord:
    """Keep a record of a series that gen has just made, whole or not at all.

    A cache that cannot be written is no reason to fail: the series is then as a stranger's.
    """
    made = SeriesRecord(tree, commit, abi, variant, _digests(files))
    place = _folder() / f"{_of(made.files)}.json"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        whole.write(place, json.dumps(asdict(made)))
        _forget_old(place.parent)
    except OSError:
        pass
    return made


def recall(files: Mapping[str, bytes]) -> SeriesRecord | None:
    """The record of a series as it was read or made; None where gen did not make these bytes."""
    mine = _digests(files)
    name = _of(mine)
    for made in (_read(_folder() / f"{name}.json"), _shipped().get(name)):
        if made is not None and all(made.files.get(key) == value for key, value in mine.items()):
            return made
    return None


def unknown(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The names of files that are not as gen wrote them, in one series; none where all are."""
    was = recall(files) or nearest(files)
    kept = was.files if was else {}
    return tuple(name for name, each in _digests(files).items() if kept.get(name) != each)


def nearest(files: Mapping[str, bytes]) -> SeriesRecord | None:
    """The record that has the most of some files, for what to say of a series that was changed."""
    mine = _digests(files).items()
    records = [*_all(), *_shipped().values()]
    shared = [(len(mine & made.files.items()), made) for made in records]
    most, found = max(shared, key=lambda each: each[0], default=(0, None))
    return found if most else None


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def _of(digests: Mapping[str, str]) -> str:
    # quilt's file is not read as part of a series: the order of the mails tells what is in it
    mails = [[name, each] for name, each in digests.items() if name not in (ORDER, MANIFEST)]
    return hashlib.sha256(json.dumps([mails, digests.get(MANIFEST)]).encode()).hexdigest()


def _folder() -> Path:
    return cache_path() / "series"


def _read(place: Path) -> SeriesRecord | None:
    """A record, None where there is none that gen wrote for this user."""
    try:
        with place.open("rb") as stream:
            if os.fstat(stream.fileno()).st_uid not in (0, os.geteuid()):
                return None
            return _record(json.loads(stream.read(_LARGE)))
    except (OSError, ValueError, RecursionError):
        return None


def _record(entry: Any) -> SeriesRecord | None:
    try:
        made = SeriesRecord(**entry)
        texts = [made.tree, made.abi, made.variant, *made.files, *made.files.values()]
        texts += [] if made.commit is None else [made.commit]
    except (TypeError, AttributeError):
        return None
    return made if all(isinstance(text, str) for text in texts) else None


def _all() -> Iterator[SeriesRecord]:
    for place in _newest(_folder()):
        made = _read(place)
        if made is not None:
            yield made


def _newest(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            aged = [(-entry.stat().st_mtime, entry.path) for entry in entries]
    except OSError:
        return []
    return [Path(path) for _, path in sorted(aged)]


def _forget_old(folder: Path) -> None:
    for place in _newest(folder)[_KEPT:]:
        place.unlink(missing_ok=True)


def reference_list() -> Path:
    """The file that says which series of the checkout's `patches/` gen made, and on what."""
    return resources("templates").parent / "patches" / "records.json"


def _shipped() -> Mapping[str, SeriesRecord]:
    try:
        entries = json.loads(reference_list().read_text())
    except (OSError, ValueError):
        return {}
    records = (_record(entry) for entry in entries)
    return {_of(made.files): made for made in records if made is not None}
