# SPDX-License-Identifier: GPL-2.0-only
"""Folders and repositories that go with the work they are for."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from codegen.base.errors import EnvironmentFailure
from codegen.tree import cache
from codegen.tree.plumbing import git, quoted

_PREFIX = "kvm-codegen."
_OURS = re.compile(re.escape(_PREFIX) + r"[a-z0-9_]{8}")


@contextmanager
def scratch_folder() -> Iterator[str]:
    """A temporary folder, for as long as it is used.

    A lock on it says that its process lives; what others left without one is removed.
    """
    _sweep_once()
    folder, lock = _made()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _made() -> tuple[str, int]:
    while True:
        folder = tempfile.mkdtemp(prefix=_PREFIX)
        lock = _lock(folder)
        if lock is not None:
            return folder, lock
        # another run took it for a leftover in the moment before it was locked


def _lock(folder: str) -> int | None:
    """The lock of a folder as a file descriptor; None where another one has it, or it is gone."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.stat(folder, follow_symlinks=False), os.fstat(lock)):
            return lock
    except OSError:
        pass
    os.close(lock)
    return None


def sweep() -> None:
    """Remove what runs that were killed left in the temporary folder and in the cache."""
    me = os.geteuid()
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if not _OURS.fullmatch(entry.name) or not entry.is_dir(follow_symlinks=False):
                continue
            lock = _lock(entry.path) if entry.stat(follow_symlinks=False).st_uid == me else None
            if lock is not None:
                shutil.rmtree(entry.path, ignore_errors=True)
                os.close(lock)
    cache.sweep()


@lru_cache(maxsize=1)
def _sweep_once() -> None:
    sweep()


@contextmanager
def scratch_repository(borrow: Path | None) -> Iterator[Path]:
    """A bare repository for as long as it is used, with the objects of another one at hand."""
    with scratch_folder() as folder:
        git_dir = make_repository(Path(folder) / "series.git", borrow)
        with open(git_dir / "config", "a") as config:
            config.write(_PASSING)
        yield git_dir


# What soon is gone is not compressed, and stays in the pack that git-fast-import(1) writes.
_PASSING = "[pack]\n\tcompression = 0\n[fastimport]\n\tunpackLimit = 1\n"

_CONFIG = {
    "sha1": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    "sha256": "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
    "[extensions]\n\tobjectFormat = sha256\n",
}


@lru_cache(maxsize=64)
def _format_of(git_dir: Path) -> str:
    """How a repository names its objects, which those of another one that borrows them must do."""
    name = git(git_dir, "rev-parse", "--show-object-format")
    if name not in _CONFIG:
        raise EnvironmentFailure(f"{git_dir}: objects in the format {name}, which gen cannot read")
    return name


def make_repository(git_dir: Path, borrow: Path | None) -> Path:
    """Make a bare repository, or keep the one that is there; returns its folder.

    The objects of `borrow` are at hand in it and never written.
    """
    for name in ("objects/info", "objects/pack", "refs/heads"):
        (git_dir / name).mkdir(parents=True, exist_ok=True)
    (git_dir / "HEAD").write_text("ref: refs/heads/series\n")
    (git_dir / "config").write_text(_CONFIG[_format_of(borrow) if borrow else "sha1"])
    if borrow is not None:
        objects = quoted(os.fspath(_objects_of(borrow)))
        (git_dir / "objects/info/alternates").write_bytes(objects + b"\n")
        shallow = borrow / "shallow"
        if shallow.is_file():
            (git_dir / "shallow").write_bytes(shallow.read_bytes())
    return git_dir


def _objects_of(git_dir: Path) -> Path:
    common = git_dir / "commondir"
    if common.is_file():
        git_dir = (git_dir / common.read_text().strip()).resolve()
    return git_dir / "objects"
