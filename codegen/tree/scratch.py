# SPDX-License-Identifier: GPL-2.0-only
"""Folders and repositories that go with the work they are for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder, as a context manager."""
    return tempfile.TemporaryDirectory(prefix="gen-")


@contextmanager
def scratch_repository(borrow: Path | None) -> Iterator[Path]:
    """A bare repository for as long as it is used, with the objects of another one at hand."""
    with scratch_folder() as folder:
        yield make_repository(Path(folder) / "series.git", borrow)


def make_repository(git_dir: Path, borrow: Path | None) -> Path:
    """Make a bare repository, or keep the one that is there; returns its folder.

    The objects of `borrow` are at hand in it and never written.
    """
    for name in ("objects/info", "objects/pack", "refs/heads"):
        (git_dir / name).mkdir(parents=True, exist_ok=True)
    (git_dir / "HEAD").write_text("ref: refs/heads/series\n")
    (git_dir / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    if borrow is not None:
        objects = _objects_of(borrow)
        (git_dir / "objects/info/alternates").write_text(f"{objects}\n")
        shallow = borrow / "shallow"
        if shallow.is_file():
            (git_dir / "shallow").write_bytes(shallow.read_bytes())
    return git_dir


def _objects_of(git_dir: Path) -> Path:
    common = git_dir / "commondir"
    if common.is_file():
        git_dir = (git_dir / common.read_text().strip()).resolve()
    return git_dir / "objects"
