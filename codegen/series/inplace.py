# SPDX-License-Identifier: GPL-2.0-only
"""A series into a folder that is no repository: all of it or nothing, also if it is killed.

Every new file and every original lies in `.gen-apply/` before the first file is replaced.  Where
that folder is found later, a run was killed in between, and the originals are put back first.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.lock import locked
from codegen.base.unbroken import done, unbroken

JOURNAL = ".gen-apply"
_STAGING = ".gen-staging-"


def apply_in_place(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Write files into a folder, all or nothing; returns their paths.

    Raises UsageError where a path leads out of the folder or another run is at work in it,
    EnvironmentFailure where the disk refuses: then the folder is as it was.
    """
    folder = folder.resolve()
    for path in files:
        if not (folder / path).parent.resolve().is_relative_to(folder):
            raise UsageError(f"{path} leads out of {folder}")
    with _alone(folder), unbroken():
        try:
            _recover(folder)
            _stage(files, folder)
            try:
                for path in files:
                    target = folder / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(folder / JOURNAL / "new" / path, target)
                _drop(folder)
            except BaseException:
                _recover(folder)
                raise
            done()
        except OSError as problem:
            what = problem.strerror or str(problem)
            raise EnvironmentFailure(f"{folder}: {what}; the folder is as it was") from None
    return sorted(files)


def restore(folder: Path) -> None:
    """Put back the originals of a run that was killed; UsageError if it still runs."""
    with _alone(folder):
        _recover(folder)


def interrupted(folder: Path) -> bool:
    """Whether a run that was killed left the folder half changed."""
    return (folder / JOURNAL).is_dir()


def _recover(folder: Path) -> None:
    """Put back the originals that a killed run left behind, and remove what it left."""
    for leftover in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if not interrupted(folder):
        return
    journal = folder / JOURNAL
    existed: dict[str, bool] = json.loads((journal / "files.json").read_text())
    for path, was_there in existed.items():
        if was_there:
            copy = journal / "copy"
            shutil.copy2(journal / "old" / path, copy)
            os.replace(copy, folder / path)
        else:
            (folder / path).unlink(missing_ok=True)
    _drop(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other run works in the folder meanwhile; the lock goes with the process."""

    def refuse() -> None:
        raise UsageError(f"another gen apply is at work in {folder}")

    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, refuse))
        except OSError as problem:
            raise EnvironmentFailure(f"{folder}: {problem.strerror}") from None
        yield


def _stage(files: Mapping[str, bytes], folder: Path) -> None:
    """New files, originals and the list of them, complete on disk when the journal appears."""
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
    try:
        existed = {}
        for path, data in files.items():
            old, new = folder / path, staging / "new" / path
            _write(new, data)
            existed[path] = old.exists()
            if existed[path]:
                backup = staging / "old" / path
                backup.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(old, backup)
                shutil.copymode(old, new)
        _write(staging / "files.json", json.dumps(existed).encode())
        os.rename(staging, folder / JOURNAL)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _drop(folder: Path) -> None:
    """Remove the journal: by a rename first, so that half a journal is never taken for one."""
    gone = folder / f"{_STAGING}gone"
    shutil.rmtree(gone, ignore_errors=True)
    os.rename(folder / JOURNAL, gone)
    shutil.rmtree(gone, ignore_errors=True)
