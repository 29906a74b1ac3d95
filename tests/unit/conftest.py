# SPDX-License-Identifier: GPL-2.0-only
"""What tests of whole runs share: the small tree as repository and as folder, its own cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.minitree import minitree, written
from tests.unit.kit import committed, git


@pytest.fixture(scope="session")
def _repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "linux"
    committed(written(minitree(), folder))
    git(folder, "repack", "-a", "-d", "-q")  # to be copied as one file, not as one for each object
    return folder


@pytest.fixture
def repository(_repository: Path, tmp_path: Path) -> Path:
    """A repository of its own with the small tree."""
    folder = tmp_path / "linux"
    shutil.copytree(_repository, folder, symlinks=True)
    return folder


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The small tree in a folder that is no repository."""
    return written(minitree(), tmp_path / "unpacked")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's cache is read or written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
