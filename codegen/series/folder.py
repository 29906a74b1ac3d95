# SPDX-License-Identifier: GPL-2.0-only
"""A series on disk: complete or not at all, and only what is gen's own is replaced unasked."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.exchange import exchange
from codegen.base.lock import locked
from codegen.base.unbroken import unbroken
from codegen.mail.mbox import ORDER
from codegen.series.make import Generated
from codegen.series.record import remember, unknown

_PREFIX = ".gen-"
_NAMED = 4  # files, of those that are in the way
_LARGE = 64 << 20  # bytes; no file of a series is that large


def write(series: Generated, out: Path, force: bool = False) -> Path:
    """Write a series below `out` and return its folder.

    The files are written beside their place and moved there by a rename.  A folder with anything
    that is not as gen wrote it, by gen's own record, is replaced by `force` only: else UsageError.
    EnvironmentFailure where the disk refuses.
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
        with locked(target.parent), unbroken():
            _clean(target.parent)
            if not same(target, series.files):
                _check(target, series.files, force)
                _replace(target, series.files)
    except OSError as problem:
        what = problem.strerror or str(problem)
        raise EnvironmentFailure(f"cannot write the series to {target}: {what}") from None
    return target


def same(target: Path, files: Mapping[str, bytes]) -> bool:
    """Whether the folder holds exactly these files already."""
    if target.is_symlink() or not target.is_dir():
        return False
    kept, others = _contents(target)
    return not others and kept == files


def _check(target: Path, files: Mapping[str, bytes], force: bool) -> None:
    """UsageError where something would be lost that is not gen's."""
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise UsageError(f"{target} is no folder: move it away, or name another --out")
    if force:
        return
    kept, others = _contents(target)
    lost = {name: data for name, data in kept.items() if files.get(name) != data}
    foreign = sorted([*others, *unknown(lost)])
    if foreign:
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        raise UsageError(
            f"{target} holds what gen did not write, or what was edited since: "
            f"{', '.join(foreign[:_NAMED])}{more}; move it away, name another --out, "
            "or have all of it replaced by --force"
        )


def _contents(target: Path) -> tuple[dict[str, bytes], list[str]]:
    """The files of a series' folder by their paths, and what can be no part of a series."""
    kept: dict[str, bytes] = {}
    others: list[str] = []
    for path in sorted(target.rglob("*")):
        name, status = str(path.relative_to(target)), path.lstat()
        if S_ISREG(status.st_mode) and status.st_size <= _LARGE:
            kept[name] = path.read_bytes()
        elif not (S_ISDIR(status.st_mode) and name == os.path.dirname(ORDER)):
            others.append(name)
    return kept, others


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        with (folder / name).open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


def _replace(target: Path, files: Mapping[str, bytes]) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=target.parent))
    try:
        _fill(scratch / "new", files)
        if target.exists():
            exchange(scratch / "new", target)
        else:
            os.rename(scratch / "new", target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _clean(parent: Path) -> None:
    """Remove what killed runs left: whoever has the lock is alone here."""
    for path in parent.glob(f"{_PREFIX}????????"):
        with suppress(OSError):
            if {each.name for each in path.iterdir()} <= {"new", "new.old"}:
                shutil.rmtree(path, ignore_errors=True)
