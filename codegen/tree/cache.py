# SPDX-License-Identifier: GPL-2.0-only
"""The cache folder: where it is, who may write to it now, and how to write without halves."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from codegen.base import lock
from codegen.base.errors import EnvironmentFailure

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def cache_path() -> Path:
    """The cache folder's path; nothing is created or checked beyond the path's form.

    `$GEN_CACHE`, else `$XDG_CACHE_HOME/gen`, else `~/.cache/gen` (XDG Base Directory
    Specification). Raises EnvironmentFailure for a relative path or an unknown home.
    """
    for variable, below in (("GEN_CACHE", ""), ("XDG_CACHE_HOME", "gen")):
        value = os.environ.get(variable, "")
        if not value:
            continue
        if not os.path.isabs(value):
            raise EnvironmentFailure(
                f"${variable}: {value!r} is a relative path; it must be absolute, "
                "so that every run finds the same cache"
            )
        return Path(value, below)
    try:
        return Path.home() / ".cache" / "gen"
    except RuntimeError as error:
        raise EnvironmentFailure(
            f"cache: the home folder is unknown ({error}); set GEN_CACHE to an absolute path"
        ) from error


def cache_dir() -> Path:
    """The cache folder, created if need be and writable, or EnvironmentFailure."""
    path = cache_path()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise unwritable(path, None)
    return path


def unwritable(path: Path, error: OSError | None) -> EnvironmentFailure:
    """The error to raise when `path` in the cache could not be written."""
    if error is not None and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    why = error.strerror if error is not None else "no permission to write"
    return EnvironmentFailure(
        f"{path}: cannot write to the cache: {why}; "
        "set GEN_CACHE to a folder that this user can write to"
    )


def disk_full(path: Path) -> EnvironmentFailure:
    """The error to raise when the disk below `path` is full."""
    return EnvironmentFailure(
        f"{path}: no space left on the device; an imported tree takes about 0.5 GB: "
        "free some, or set GEN_CACHE to a folder on another disk"
    )


@dataclass(frozen=True)
class Held:
    """A lock that is held; temporary files belong to a lock, so that they can be cleaned."""

    name: str
    root: Path  # the cache folder

    @property
    def scratch(self) -> Path:
        """The folder for this lock's temporary files, on the cache's file system."""
        return self.root / "tmp" / self.name

    @contextmanager
    def temp_dir(self) -> Iterator[Path]:
        """A fresh folder, removed at the end; what shall stay is moved out before."""
        try:
            self.scratch.mkdir(parents=True, exist_ok=True)
            path = Path(tempfile.mkdtemp(dir=self.scratch))
        except OSError as error:
            raise unwritable(self.scratch, error) from error
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def write(self, path: Path, data: bytes) -> None:
        """Put `data` at `path` in the cache: other runs see the old file or the new, whole."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.scratch.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.scratch)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except OSError as error:
            raise unwritable(path, error) from error


@contextmanager
def locked(name: str, waiting: Callable[[], None] | None = None) -> Iterator[Held]:
    """Hold the cache's lock `name`; a second holder, in any process, waits for the first.

    `waiting` is called once if there is something to wait for. What killed holders left in
    the lock's scratch folder is removed. Locks are not re-entrant. Raises EnvironmentFailure
    if the cache cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"lock name {name!r}: only letters, digits, '.', '_' and '-'")
    root = cache_dir()
    path = root / "locks" / name
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.locked(path, waiting))
        except OSError as error:
            raise unwritable(path, error) from error
        held = Held(name, root)
        # A child of a killed run may still be writing there as it dies, hence no complaint.
        shutil.rmtree(held.scratch, ignore_errors=True)
        yield held


def sweep() -> None:
    """Remove the temporary files of all locks that nobody holds: those of runs that were killed."""
    try:
        root = cache_path()
        left = [path for path in (root / "tmp").iterdir() if any(path.iterdir())]
    except (OSError, EnvironmentFailure):
        return
    for scratch in left:
        with suppress(OSError, _Held), lock.locked(root / "locks" / scratch.name, _refuse):
            shutil.rmtree(scratch, ignore_errors=True)


class _Held(Exception):
    """Somebody has the lock."""


def _refuse() -> None:
    raise _Held
