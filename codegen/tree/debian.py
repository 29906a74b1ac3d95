# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernel source packages: from a name (debian:6.12) to a verified file in the cache."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codegen.base.errors import UsageError
from codegen.base.nearest import did_you_mean
from codegen.base.progress import Report
from codegen.tree.cache import Held, cache_path, locked, unwritable

if TYPE_CHECKING:
    from codegen.tree.fetch import Downloaded
    from codegen.tree.unpack import Package

PREFIX = "debian:"
SOURCE = "linux-source-"  # what its packages begin with
SERIES = ("6.1", "6.12", "7.2")  # those that the sites were seen in; others are taken too
_SERIES = r"\d{1,3}\.\d{1,3}"


@dataclass(frozen=True)
class Release:
    """Debian's kernel of a series: the newest that apt knows, or one version of it."""

    series: str  # "6.12"
    version: str | None = None  # Debian's, "6.12.113-1~deb12u1"

    @property
    def package(self) -> str:
        """The package's name."""
        return SOURCE + self.series

    @property
    def spec(self) -> str:
        """As `--tree` takes it."""
        return f"{PREFIX}{self.series}" + (f"={self.version}" if self.version else "")

    @property
    def tree(self) -> str:
        """The tree's name, a part of a path and of a git ref; `_` is in no Debian version."""
        return "debian-" + (self.version or self.series).replace("~", "_")


def release_of(spec: str) -> Release:
    """What `debian:6.12` or `debian:6.12=6.12.113-1` means; UsageError for other spellings."""
    match = re.fullmatch(rf"{PREFIX}({_SERIES})(?:=([^=]*))?", spec)
    if not match:
        known = [PREFIX + name for name in SERIES]
        raise UsageError(
            f"{spec!r}: no name of a Debian kernel source{did_you_mean(spec, known)}; such as "
            f"{', '.join(known)}, or one version of them, such as debian:6.12=6.12.113-1"
        )
    series, version = match.groups()
    # deb-version(7); kernels have no epoch, and a version begins with what its series is called
    if version is not None and not re.fullmatch(
        rf"{re.escape(series)}[.~-][A-Za-z0-9.+~-]{{1,60}}", version
    ):
        raise UsageError(
            f"{spec!r}: {version!r} is no version of {SOURCE}{series}; Debian's are like "
            f"{series}.113-1 or {series}.95-1~bpo12+1"
        )
    return Release(series, version)


def release_of_tree(name: str) -> Release | None:
    """What a tree is that `Release.tree` named; None if it is none of Debian's."""
    match = re.fullmatch(rf"debian-({_SERIES})([._-].+)?", name)
    if not match:
        return None
    series, rest = match.groups()
    return Release(series, (series + rest).replace("_", "~") if rest else None)


def fetch(release: Release, progress: Report) -> Package:
    """The package linux-source-<series>, from the cache or by apt.

    `progress` gets bytes. Raises EnvironmentFailure: no apt, no such package in any suite, no
    network, a full disk; UsageError where Debian has the series but not the pinned version.
    """
    name = release.package
    waiting = f"waiting for another download of {name}"
    # Asking apt is rare, and what it takes need not be imported by every run.
    from codegen.tree.fetch import download_package

    with locked(name, lambda: progress(0, None, waiting)) as held:
        if package := _cached(release, progress):
            return package
        with held.temp_dir() as scratch:
            try:
                return _store(release, download_package(release, scratch, progress), held)
            except OSError as error:
                raise unwritable(scratch, error) from error


def cached_files(release: Release) -> tuple[Path, ...]:
    """The files that the cache holds for this release and for no other."""
    folder, own = _folder(), _record(release)
    records = folder.glob(f"{release.package}[._]*.json")
    shared = {_noted(path).get("file") for path in records if path != own}
    debs = folder.glob(f"{release.package}_{release.version or '*'}.deb")
    found = [own, *(path for path in debs if path.name not in shared)]
    return tuple(sorted(path for path in found if path.is_file()))


def _folder() -> Path:
    return cache_path() / "debs"


def _record(release: Release) -> Path:
    pinned = f"_{release.version}" if release.version else ""
    return _folder() / f"{release.package}{pinned}.json"


def _noted(record: Path) -> dict[str, Any]:
    """What a record says; nothing where it is not there or damaged."""
    try:
        found = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _cached(release: Release, progress: Report) -> Package | None:
    """The package in the cache if it is what apt downloaded once, to the byte."""
    noted = _noted(_record(release))
    if not noted and release.version:
        noted = _noted(_record(Release(release.series)))
        if noted.get("version") != release.version:
            return None
    try:
        file, version = noted["file"], noted["version"]
        size, sha256 = noted["size"], noted["sha256"]
    except LookupError:
        return None
    if not isinstance(file, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+~_-]*\.deb", file):
        return None
    path = _folder() / file
    if not path.is_file() or path.stat().st_size != size or sha256_of(path) != sha256:
        progress(0, None, f"{file} in the cache is damaged; fetching it again")
        return None
    from codegen.tree.unpack import Package

    return Package(path, release.package, str(version))


def sha256_of(path: Path) -> str:
    import hashlib  # 3 ms that only a download needs

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _store(release: Release, got: Downloaded, held: Held) -> Package:
    """Move a verified download into the cache; the record goes last and makes it count."""
    what = got.what
    for old in cached_files(release):
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
    held.write(_record(release), json.dumps(fields, indent=1).encode() + b"\n")
    from codegen.tree.unpack import Package

    return Package(target, what.package, what.version, got.note)
