# SPDX-License-Identifier: GPL-2.0-only
"""Whether patches for one tree can be brought to another one by `git am -3`, and become what gen
makes there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from codegen.series.commit import MAIL, NAME, Commits, commits_of
from codegen.series.series import Series
from codegen.tree.git import git_environment
from codegen.tree.plumbing import git, git_command, run_git
from codegen.tree.scratch import make_repository, scratch_folder

_MERGED = "Falling back to patching base and 3-way merge"
_CONFLICT = re.compile(r"^CONFLICT \([^)]*\): (?:Merge conflict in )?(\S+)", re.M)
_LACKS = re.compile(r"^error: (\S+): does not (?:exist|match) ", re.M)


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the patches: how many of them git took, by a merge or not, and which files
    stopped it (`stopped`) or are others than gen makes (`others`)."""

    taken: int
    patches: int
    merged: bool
    stopped: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.taken < self.patches:
            where = f": {', '.join(self.stopped)}" if self.stopped else ""
            return f"stops at patch {self.taken + 1} of {self.patches}{where}"
        how = "takes all patches" + (", some by a merge" if self.merged else "")
        if self.others:
            return f"{how}, but not as gen makes them there: {', '.join(self.others)}"
        return f"{how}, and makes what gen makes there"


def brought(series: Series, there: Series) -> Brought:
    """Bring a series to the tree of another one, which is what gen makes of it there.

    Nothing is touched but a folder that goes again.  Raises EnvironmentFailure where git fails.
    """
    with scratch_folder() as folder:
        git_dir = make_repository(Path(folder) / "series.git", there.tree.git_dir)
        commits = commits_of(there, git_dir)
        if (own := series.tree.git_dir) and own != there.tree.git_dir:
            objects = make_repository(Path(folder) / "other.git", own) / "objects/info/alternates"
            with (git_dir / "objects/info/alternates").open("ab") as stream:
                stream.write(objects.read_bytes())
        commits_of(series, git_dir)  # the bytes that its patches are for are at hand
        return _applied(Path(folder), git_dir, series, commits)


def _applied(folder: Path, git_dir: Path, series: Series, there: Commits) -> Brought:
    work = folder / "work"
    work.mkdir()
    env = git_environment(
        {"core.bare": "false", "user.name": NAME, "user.email": MAIL, "gc.auto": "0"},
        GIT_WORK_TREE=str(work),
        GIT_INDEX_FILE=str(folder / "index"),
    )
    base = there.base
    git(git_dir, "update-ref", "HEAD", base, env=env)
    git(git_dir, "read-tree", base, env=env)
    # Only what the patches change is checked out: the rest of the tree is not looked for.
    listed = run_git(git_command(git_dir, "ls-files", "-z"), env=env).stdout.split(b"\0")
    wanted = {os.fsencode(path) for path in series.paths}
    rest = b"".join(path + b"\0" for path in listed if path and path not in wanted)
    skip = git_command(git_dir, "update-index", "--skip-worktree", "-z", "--stdin")
    run_git(skip, env=env, stdin=rest)
    here = b"".join(path + b"\0" for path in listed if path in wanted)
    run_git(git_command(git_dir, "checkout-index", "-z", "--stdin"), env=env, stdin=here)
    said, taken = "", 0
    for patch in series.patches:
        command = git_command(git_dir, "am", "-3", "--no-gpg-sign")
        done = run_git(command, env=env, stdin=patch.raw)
        told = (done.stdout + done.stderr).decode("utf-8", "replace")
        said += told
        if done.returncode:
            stopped = tuple(dict.fromkeys([*_CONFLICT.findall(told), *_LACKS.findall(told)]))
            return Brought(taken, len(series.patches), _MERGED in said, stopped)
        taken += 1
    names = git(git_dir, "diff", "--name-only", "HEAD", there.tip, env=env).split("\n")
    return Brought(taken, taken, _MERGED in said, others=tuple(filter(None, names)))
