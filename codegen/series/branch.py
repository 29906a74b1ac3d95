# SPDX-License-Identifier: GPL-2.0-only
"""A series into the user's own repository: as a new branch, by one ref update at the end."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.unbroken import done, unbroken
from codegen.plan.make import Plan
from codegen.series.commit import Person, make_commits
from codegen.tree.git import git_environment
from codegen.tree.locate import TreeLocation
from codegen.tree.plumbing import commit_of
from codegen.tree.reader import Tree
from codegen.tree.scratch import scratch_repository

_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,120}")


def apply_branch(
    plan: Plan, location: TreeLocation, tree: Tree, branch: str, signer: Person | None = None
) -> str:
    """The series as commits on a new branch of the repository; returns the last commit's id.

    Objects are written first, into a scratch repository, then packed into the user's; the branch
    appears by one ref update at the end.  Working tree, index, HEAD and config stay as they are.
    Raises UsageError for a branch that exists or is no name for one.
    """
    assert location.git_dir is not None and location.commit is not None
    if not _BRANCH.fullmatch(branch) or _git(location, "check-ref-format", f"refs/heads/{branch}"):
        raise UsageError(f"`{branch}` is no name for a branch")
    if not _git(location, "show-ref", "--verify", "--quiet", f"refs/heads/{branch}"):
        raise UsageError(f"the branch {branch} exists; name another by --branch")
    with scratch_repository(location.git_dir) as scratch:
        commits = make_commits(plan, tree, scratch, location.commit, signer)
        _hand_over(scratch, location, commits.commits[-1], commits.base)
    tip = commits.commits[-1]
    with unbroken():
        _make_branch(location, branch, tip)
        done()
    return tip


def _make_branch(location: TreeLocation, branch: str, tip: str) -> None:
    """The one step that shows; what git says of it counts only as long as the branch is not there.

    In a session of its own, since what kills this process and those that belong to it must not
    leave a lock of git's behind.
    """
    ref, zero = f"refs/heads/{branch}", "0" * len(tip)
    if not _git(location, "update-ref", "-m", "gen: apply", ref, tip, zero, alone=True):
        return
    if commit_of(location.git_dir or Path(), ref) != tip:
        raise EnvironmentFailure(f"git could not create the branch {branch} in {location.git_dir}")


def _git(location: TreeLocation, *arguments: str, alone: bool = False) -> int:
    ended = subprocess.run(
        ["git", f"--git-dir={location.git_dir}", *arguments],
        env=git_environment(),
        capture_output=True,
        check=False,
        start_new_session=alone,
    )
    return ended.returncode


def _hand_over(scratch: Path, location: TreeLocation, tip: str, base: str) -> None:
    """The new objects as one pack, from the scratch repository into the user's."""
    pack = subprocess.Popen(
        ["git", f"--git-dir={scratch}", "pack-objects", "--revs", "--stdout", "-q"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=git_environment(),
    )
    assert pack.stdin and pack.stdout
    unpack = subprocess.Popen(
        ["git", f"--git-dir={location.git_dir}", "unpack-objects", "-q"],
        stdin=pack.stdout,
        stderr=subprocess.PIPE,
        env=git_environment(),
    )
    pack.stdout.close()
    pack.stdin.write(f"{tip}\n^{base}\n".encode())
    pack.stdin.close()
    said = unpack.communicate()[1].decode("utf-8", "replace").strip()
    if pack.wait() or unpack.returncode:
        raise EnvironmentFailure(f"git could not store the series in {location.git_dir}: {said}")
