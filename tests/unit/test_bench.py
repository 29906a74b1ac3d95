# SPDX-License-Identifier: GPL-2.0-only
"""Where a tree's objects are: at one path, by whatever links a cache comes there."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.run.bench import open_bench
from codegen.series.commit import commit_files
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


def test_a_kernel_is_made_again_only_behind_another(
    tree: TreeLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[bytes] = []

    def build(source: Path, *_: object) -> object:
        built.append((source / "README").read_bytes())
        return object()

    monkeypatch.setattr("codegen.run.bench.build", build)
    with open_bench(tree) as bench:
        tip = commit_files(bench.git_dir, tree.commit or "", {"README": b"tip"}, "Tip")
        other = commit_files(bench.git_dir, tip, {"README": b"other"}, "Other")
        first = bench.kernel(tip)
        assert bench.kernel(tip) is first
        assert bench.kernel(other) is not first
        assert bench.kernel(tip) is not first
        bench.source(other)
        bench.kernel(tip)
    assert built == [b"tip", b"other", b"tip", b"tip"]
