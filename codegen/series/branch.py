# SPDX-License-Identifier: GPL-2.0-only
"""A series into the user's own repository: as a new branch, by one ref update at the end."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.unbroken import done, unbroken
from codegen.mail.patch import Patch
from codegen.series.commit import Signer, assisted_by, make_commits, signed
from codegen.tree.git import git_environment
from codegen.tree.locate import Commit
from codegen.tree.opened import GitTree
from codegen.tree.plumbing import commit_of, git_command, run_git
from codegen.tree.scratch import scratch_repository

_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,120}")


def apply_branch(
    patches: Sequence[Patch], at: Commit, branch: str, signer: Signer | None = None
) -> str:
    """Patches as commits on a new branch of the repository `at`; returns the last commit's id.

    Objects are written first, into a scratch repository, then packed into the user's; the branch
    appears by one ref update at the end.  Working tree, index, HEAD and config stay as they are.
    Raises UsageError for a branch that exists or is no name for one.
    """
    if not _BRANCH.fullmatch(branch) or _git(at, "check-ref-format", f"refs/heads/{branch}"):
        raise UsageError(f"`{branch}` is no name for a branch")
    if not _git(at, "show-ref", "--verify", "--quiet", f"refs/heads/{branch}"):
        raise UsageError(f"the branch {branch} exists; name another by --branch")
    with scratch_repository(at.git_dir) as scratch:
        with GitTree(at.git_dir, at.commit) as tree:
            tag = assisted_by(tree)
        sent = [signed(patch, signer, tag) for patch in patches]
        commits = make_commits(sent, scratch, at.commit, signer)
        _hand_over(scratch, at, commits.tip, commits.base)
    with unbroken():
        _make_branch(at, branch, commits.tip)
        done()
    return commits.tip


def _make_branch(at: Commit, branch: str, tip: str) -> None:
    """The one step that shows; what git says of it counts only as long as the branch is not there.

    In a session of its own, since what kills this process and those that belong to it must not
    leave a lock of git's behind.
    """
    ref, zero = f"refs/heads/{branch}", "0" * len(tip)
    if not _git(at, "update-ref", "-m", "gen: apply", ref, tip, zero, alone=True):
        return
    if commit_of(at.git_dir, ref) != tip:
        raise EnvironmentFailure(f"git could not create the branch {branch} in {at.git_dir}")


def _git(at: Commit, *arguments: str, alone: bool = False) -> int:
    ended = subprocess.run(
        ["git", f"--git-dir={at.git_dir}", *arguments],
        env=git_environment(),
        capture_output=True,
        check=False,
        start_new_session=alone,
    )
    return ended.returncode


def _hand_over(scratch: Path, at: Commit, tip: str, base: str) -> None:
    """The new objects as one pack, from the scratch repository into the user's."""
    wanted = f"{tip}\n^{base}\n".encode()
    packed = run_git(git_command(scratch, "pack-objects", "--revs", "--stdout", "-q"), stdin=wanted)
    stored = run_git(git_command(at.git_dir, "unpack-objects", "-q"), stdin=packed.stdout)
    if packed.returncode or stored.returncode:
        said = stored.stderr.decode("utf-8", "replace").strip()
        raise EnvironmentFailure(f"git could not store the series in {at.git_dir}: {said}")
