# SPDX-License-Identifier: GPL-2.0-only
"""A series on disk: complete or not at all, and nothing that is not gen's own is replaced."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from codegen.errors import EnvironmentFailure, UsageError
from codegen.lock import locked
from codegen.record import remember
from codegen.series import Series

_PREFIX = ".gen-"
_STALE = 3600  # seconds: older leftovers are those of runs that were killed


def write(series: Series, out: Path) -> Path:
    """Write a series below `out` and return its folder.

    The files are written beside their place and moved there by a rename.  A folder with files
    that gen did not write is left alone: UsageError.  EnvironmentFailure where the disk refuses.
    """
    target = out / series.folder
    remember(
        series.files,
        tree=series.tree.spec,
        commit=series.tree.commit,
        abi=series.abi,
        variant=series.plan.variant.name,
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent):
            if not same(target, series.files):
                _own(target)
                _clean(target.parent)
                _replace(target, series.files)
    except OSError as problem:
        what = problem.strerror or str(problem)
        raise EnvironmentFailure(f"cannot write the series to {target}: {what}") from None
    return target


def same(target: Path, files: Mapping[str, bytes]) -> bool:
    """Whether the folder holds exactly these files already."""
    if not target.is_dir() or {p.name for p in target.iterdir()} != set(files):
        return False
    return all((target / name).read_bytes() == data for name, data in files.items())


def _own(target: Path) -> None:
    if not target.exists():
        return
    try:
        said = json.loads((target / "manifest.json").read_text())
        known = {patch["file"] for patch in said["patches"]}
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{target} exists and is no series of gen: name another --out, or remove it"
        ) from None
    known |= {"series", "manifest.json", "0000-cover-letter.patch"}
    foreign = sorted({p.name for p in target.iterdir()} - known)
    if foreign:
        raise UsageError(f"{target} holds {foreign[0]}, which gen did not write: move it away")


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, data in files.items():
        with (folder / name).open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


def _replace(target: Path, files: Mapping[str, bytes]) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=target.parent))
    try:
        _fill(scratch / "new", files)
        if target.exists():
            os.rename(target, scratch / "old")
        try:
            os.rename(scratch / "new", target)
        except OSError:
            if (scratch / "old").exists():
                os.rename(scratch / "old", target)
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _clean(parent: Path) -> None:
    """Remove what killed runs left, after an hour, so that no running one is disturbed."""
    import time

    for path in parent.glob(f"{_PREFIX}*"):
        try:
            if time.time() - path.stat().st_mtime > _STALE:
                shutil.rmtree(path, ignore_errors=True)
        except FileNotFoundError:
            continue
