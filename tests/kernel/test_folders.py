# SPDX-License-Identifier: GPL-2.0-only
"""A real kernel in which a developer has renamed KVM's folders: the series stay what they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codegen.base.resources import resources
from codegen.description.load import load
from codegen.plan.variants import load_variant
from codegen.series.make import finish, open_tree, plan_for
from codegen.tree.git import git_environment
from codegen.tree.locate import Commit, TreeLocation
from codegen.tree.plumbing import git_command, run_git
from codegen.tree.scratch import scratch_repository

from .conftest import CELLS, location, made

pytestmark = pytest.mark.kernel

MOVES = {
    "6.12": {"arch/x86/kvm/": "arch/x86/kvm_x86/"},
    "6.1": {
        "arch/x86/kvm/": "arch/x86/hyp/",
        "virt/kvm/": "kernel/kvm/",
        "tools/testing/selftests/kvm/": "tools/testing/selftests/virt/",
        "Documentation/virt/kvm/": "Documentation/virtualization/",
    },
}


def there(release: str, path: str) -> str:
    """Where a path of the kernel is after the renames."""
    for old, new in MOVES[release].items():
        if path.startswith(old):
            return new + path[len(old) :]
    return path


@contextmanager
def renamed(release: str, folder: Path) -> Iterator[TreeLocation]:
    """Debian's kernel of a release with its folders renamed, as a commit."""
    where = location(release)
    assert where.git_dir and where.commit
    with scratch_repository(where.git_dir) as repository:
        environment = {**git_environment(), "GIT_INDEX_FILE": str(folder / "index")}

        def git(*arguments: str, stdin: bytes = b"") -> bytes:
            done = run_git(git_command(repository, *arguments), env=environment, stdin=stdin)
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout

        lines = git("ls-tree", "-r", "-z", where.commit).split(b"\0")[:-1]
        moved = []
        for line in lines:
            head, _, path = line.partition(b"\t")
            moved.append(head + b"\t" + os.fsencode(there(release, os.fsdecode(path))))
        git("update-index", "-z", "--index-info", stdin=b"\0".join(moved) + b"\0")
        tree = git("write-tree").decode().strip()
        commit = git("-c", "user.name=n", "-c", "user.email=e", "commit-tree", "-m", "x", tree)
        yield TreeLocation("renamed", Commit(repository, commit.decode().strip()))


@pytest.mark.parametrize("release", MOVES)
def test_every_series_has_the_same_edits(release: str, tmp_path: Path) -> None:
    templates = resources("templates")
    cells = [cell for cell in CELLS if cell[2] == release]
    assert len(cells) > 5
    with renamed(release, tmp_path) as where, open_tree(where) as tree:
        for knob, variant, _ in cells:
            usual = made(knob, variant, release)
            assert not isinstance(usual, str)
            description = load(templates.parent / "abi" / f"{knob}.yaml", f"abi/{knob}.yaml")
            plan = plan_for(description, load_variant(templates, variant), where, tree)
            assert plan.numbers == usual.plan.numbers
            for one, other in zip(plan.patches, usual.plan.patches, strict=True):
                assert one.message == other.message
                assert one.files == {there(release, p): d for p, d in other.files.items()}
            assert len(finish(plan, where).commits) == len(usual.commits)
