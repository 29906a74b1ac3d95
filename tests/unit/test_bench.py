# SPDX-License-Identifier: GPL-2.0-only
"""Where a tree's objects are: at one path, by whatever links a cache comes there."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.run.bench import open_bench
from codegen.tree import TreeLocation
from tests.unit.test_check import linux as linux
from tests.unit.test_check import tree as tree


def test_caches_that_share_a_bench_call_the_compiler_by_one_path(
    tree: TreeLocation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    found = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bench").symlink_to(shared)
        monkeypatch.setenv("GEN_CACHE", str(tmp_path / name))
        with open_bench(tree) as bench:
            found.add((bench.folder.parent, bench.options.scripts, bench.options.ccache))
    ((folder, scripts, ccache),) = found
    assert folder == scripts == shared.resolve() and ccache and ccache.is_relative_to(shared)
