# SPDX-License-Identifier: GPL-2.0-only
"""From arguments to a series and its tree: one that is there, or one that gen makes for it."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.errors import UsageError
from codegen.subject import series_or_arguments, subject
from codegen.tree import add, remove
from tests.minitree import written
from tests.unit.kit import git, knob_text


def parsed(*arguments: object) -> argparse.Namespace:
    """Arguments as a command on one series takes them."""
    parser = argparse.ArgumentParser()
    series_or_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


@pytest.fixture
def made(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A series that gen wrote for the small tree, which then goes on."""
    (tmp_path / "knob.yaml").write_text(knob_text())
    monkeypatch.delenv("GEN_CACHE", raising=False)
    add("small-linux", str(repository))
    options = parsed("--variant", "quirk", "--abi", tmp_path / "knob.yaml", "--tree", "small-linux")
    files, location = subject(options)
    assert location.commit == git(repository, "rev-parse", "HEAD")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Go on")
    yield written(files, tmp_path / "series")
    remove("small-linux")


def test_the_manifest_names_tree_and_commit(made: Path, repository: Path) -> None:
    files, location = subject(parsed(made))
    base = json.loads(files["manifest.json"])["tree"]["base"]
    assert location.commit == base == git(repository, "rev-parse", "HEAD~")


def test_tree_goes_before_the_manifest(made: Path, repository: Path) -> None:
    _, location = subject(parsed(made, "--tree", repository))
    assert location.commit == git(repository, "rev-parse", "HEAD")


def test_a_tree_that_is_not_to_be_had_is_named(made: Path, repository: Path) -> None:
    shutil.rmtree(repository)
    with pytest.raises(UsageError, match="name the tree by --tree"):
        subject(parsed(made))


@pytest.mark.parametrize(
    "manifest",
    ["[]", "{", '{"command": "\'", "tree": 3}', '{"command": "gen --tree"}', '{"tree": {"base": "\\u0000"}}'],
)  # fmt: skip
def test_a_manifest_of_nobody_s_is_none(made: Path, repository: Path, manifest: str) -> None:
    (made / "manifest.json").write_text(manifest)
    _, location = subject(parsed(made, "--tree", repository))
    assert location.commit == git(repository, "rev-parse", "HEAD")
