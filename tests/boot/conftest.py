# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that are built, booted and asked, each series on top of its release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from codegen.apply import apply_branch
from codegen.run.build import KernelBuild, Options, build
from codegen.run.checkout import sync
from codegen.run.initramfs import GuestTest, build_init
from codegen.run.runner import Guest, run_tests
from codegen.run.selftests import build_selftests
from codegen.run.verdict import TestResult
from codegen.series import Series, open_tree
from codegen.tree import TreeLocation
from codegen.tree.cache import cache_dir
from tests.kernel.conftest import location, made


@dataclass(frozen=True)
class Bench:
    """One release: a repository for its series, and folders that are kept between builds."""

    release: str
    folder: Path
    location: TreeLocation

    @property
    def repository(self) -> TreeLocation:
        """A repository of the test's own, with the objects of gen's at hand."""
        return replace(self.location, git_dir=self.folder / "series.git")

    def kernel(self, commit: str) -> KernelBuild:
        """The kernel of a commit; only what changed since the last one is compiled."""
        git_dir = self.folder / "series.git"
        source = sync(git_dir, commit, self.folder / "source")
        options = Options(ccache=self.folder.parent / "ccache")
        return build(source.path, self.folder / "kernel", None, options)


@cache
def bench(release: str) -> Bench:
    """The bench of a release; its folders lie in gen's cache."""
    where = location(release)
    assert where.git_dir is not None
    folder = cache_dir() / "bench" / release
    objects = folder / "series.git/objects"
    for name in ("info", "pack"):
        (objects / name).mkdir(parents=True, exist_ok=True)
    (folder / "series.git/refs/heads").mkdir(parents=True, exist_ok=True)
    (folder / "series.git/HEAD").write_text("ref: refs/heads/none\n")
    (folder / "series.git/config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
    )
    (objects / "info/alternates").write_text(f"{where.git_dir / 'objects'}\n")
    return Bench(release, folder, where)


@cache
def applied(knob: str, variant: str, release: str) -> tuple[Series, tuple[str, ...]]:
    """A series as commits in the bench's repository, by `gen apply`'s own code."""
    series = made(knob, variant, release)
    assert not isinstance(series, str), series
    repository = bench(release).repository
    ref = repository.git_dir / "refs/heads" / "test" if repository.git_dir else Path()
    ref.unlink(missing_ok=True)
    with open_tree(repository) as tree:
        tip = apply_branch(series.plan, repository, tree, "test")
    assert tip == series.commits[-1]
    return series, series.commits


def run(
    kernel: Path, folder: Path, programs: Sequence[GuestTest], *params: str
) -> dict[str, TestResult]:
    """Boot a kernel and run programs in it, by the last part of their names."""
    guest = Guest(kernel, build_init(folder), "tcg", tuple(params))
    results = run_tests(guest, list(programs), folder / "boot")
    return {result.name.rpartition("/")[2]: result for result in results}


def programs(kernel: KernelBuild, *names: str) -> list[GuestTest]:
    """Selftests of the built tree."""
    built = build_selftests(kernel, list(names), None)
    return [GuestTest(name, program, (), 180) for name, program in built.programs.items()]
