# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of trees start from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from treekit import Archive, Machine, run, write_kernel


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, which `$GEN_CACHE` names."""
    path = tmp_path / "cache"
    monkeypatch.setenv("GEN_CACHE", str(path))
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose apt has no sources yet, and hooks that must not run."""
    made = Machine(tmp_path / "machine")
    for name in ("lists/partial", "cache/archives/partial", "sources.list.d", "etc"):
        (made.root / name).mkdir(parents=True)
    (made.root / "status").write_text("")
    configuration = made.root / "apt.conf"
    configuration.write_text(
        f'Dir::State "{made.root}";\nDir::State::lists "{made.root}/lists";\n'
        f'Dir::State::status "{made.root}/status";\nDir::Cache "{made.root}/cache";\n'
        f'Dir::Etc::sourcelist "{made.root}/sources.list";\n'
        f'Dir::Etc::sourceparts "{made.parts}";\nDir::Etc::preferencesparts "{made.root}/etc";\n'
        f'Dir::Etc::preferences "{made.root}/none";\n'
        'APT::Sandbox::User "root";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    return made


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An empty Debian archive."""
    return Archive(tmp_path / "archive")


@pytest.fixture
def kernel_repository(tmp_path: Path) -> Path:
    """A work tree with one commit and the tag v1."""
    path = tmp_path / "linux"
    write_kernel(path)
    run("git", "init", "-q", "-b", "main", path)
    run("git", "-C", path, "add", ".")
    commit = ["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "-m", "kernel"]
    run("git", "-C", path, *commit)
    run("git", "-C", path, "tag", "v1")
    return path


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    """Turns Python text into the argument list of a process that has this checkout's modules."""
    root = Path(__file__).resolve().parents[2]

    def make(text: str) -> list[str]:
        path = tmp_path / f"program-{hashlib.sha256(text.encode()).hexdigest()[:8]}.py"
        path.write_text(f"import sys\nsys.path.insert(0, {os.fspath(root)!r})\n{text}")
        return ["python3", str(path)]

    return make
