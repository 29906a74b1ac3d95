# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernel source packages: from a release such as 6.12 to a verified file in the cache."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from codegen.errors import UsageError
from codegen.tree.cache import Held, cache_path, locked, unwritable
from codegen.tree.store import Progress

if TYPE_CHECKING:
    from codegen.tree.fetch import Downloaded
    from codegen.tree.unpack import Package

PREFIX = "debian:"
RELEASES = ("6.1", "6.12", "7.2")  # those that the sites were seen in; others are taken too


def release_of(spec: str) -> str:
    """The release in `debian:6.12`; UsageError if it is not spelled like one."""
    release = spec.removeprefix(PREFIX)
    if not spec.startswith(PREFIX) or not re.fullmatch(r"\d{1,3}\.\d{1,3}", release):
        known = ", ".join(PREFIX + name for name in RELEASES)
        raise UsageError(f"{spec!r}: no name of a Debian kernel source; such as {known}")
    return release


def fetch(release: str, progress: Progress) -> Package:
    """The package linux-source-<release>, from the cache or by apt.

    `progress` gets bytes. Raises EnvironmentFailure: no apt, no such package in any suite, no
    network, a full disk.
    """
    name = f"linux-source-{release}"
    waiting = f"waiting for another download of {name}"
    # Asking apt is rare, and what it takes need not be imported by every run.
    from codegen.tree.fetch import download_package

    with locked(name, lambda: progress(0, None, waiting)) as held:
        if package := _cached(name, progress):
            return package
        with held.temp_dir() as scratch:
            try:
                return _store(download_package(name, scratch, progress), held)
            except OSError as error:
                raise unwritable(scratch, error) from error


def cached_files(release: str) -> tuple[Path, ...]:
    """The files that the cache holds of a release's package."""
    folder = _folder()
    return tuple(sorted(folder.glob(f"linux-source-{release}[._]*"))) if folder.is_dir() else ()


def _folder() -> Path:
    return cache_path() / "debs"


def _record(name: str) -> Path:
    return _folder() / f"{name}.json"


def _cached(name: str, progress: Progress) -> Package | None:
    """The package in the cache if it is what apt downloaded once, to the byte."""
    try:
        record = json.loads(_record(name).read_bytes())
        file, version = record["file"], record["version"]
        size, sha256 = record["size"], record["sha256"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    if not isinstance(file, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+~_-]*\.deb", file):
        return None
    path = _folder() / file
    if not path.is_file() or path.stat().st_size != size or sha256_of(path) != sha256:
        progress(0, None, f"{file} in the cache is damaged; fetching it again")
        return None
    from codegen.tree.unpack import Package

    return Package(path, name, str(version))


def sha256_of(path: Path) -> str:
    import hashlib  # 3 ms that only a download needs

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _store(got: Downloaded, held: Held) -> Package:
    """Move a verified download into the cache; the record goes last and makes it count."""
    what = got.what
    for old in cached_files(what.package.removeprefix("linux-source-")):
        old.unlink(missing_ok=True)
    _folder().mkdir(exist_ok=True)
    # apt writes an epoch's colon as %3a, which would be a surprise in a name.
    target = _folder() / f"{what.package}_{what.version.rpartition(':')[2]}.deb"
    os.replace(got.path, target)
    fields = {
        "file": target.name,
        "version": what.version,
        "size": what.size,
        "sha256": what.sha256,
    }
    held.write(_record(what.package), json.dumps(fields, indent=1).encode() + b"\n")
    from codegen.tree.unpack import Package

    return Package(target, what.package, what.version)
