# SPDX-License-Identifier: GPL-2.0-only
"""A commit as files, in a folder that is kept and that git alone writes to.

Only files whose content differs are rewritten, so that make sees by their
times what has changed.  The repository is only read: the index lies in the
folder, and nobody's working tree is touched.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.lock import locked

STATE = ".gen-checkout.json"
INDEX = ".gen-index"


@dataclass(frozen=True)
class Checkout:
    """`path` holds exactly the files of `commit` (its full id)."""

    path: Path
    commit: str
    changed: bool


def _git(git_dir: Path, dest: Path, *args: str) -> str:
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_DIR": str(git_dir),
        "GIT_WORK_TREE": str(dest),
        "GIT_INDEX_FILE": str(dest / INDEX),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
    }
    # What a repository's own configuration could do to the files.
    options = (
        *("-c", "core.autocrlf=false", "-c", "core.sparseCheckout=false"),
        *("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"),
        *("-c", "core.hooksPath=/dev/null", "-c", "core.splitIndex=false"),
    )
    command = ["git", *options, *args]
    done = subprocess.run(command, env=env, cwd=dest, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFailure(f"git {args[0]} in {git_dir}: {done.stderr.strip()}")
    return done.stdout


def _write_state(dest: Path, **state: str) -> None:
    new = dest / f"{STATE}.new"
    new.write_text(json.dumps(state))
    new.replace(dest / STATE)


def _read_state(dest: Path) -> dict[str, str]:
    try:
        state = json.loads((dest / STATE).read_text())
        return dict(state) if isinstance(state, dict) else {}
    except (OSError, ValueError):
        return {}


def sync(git_dir: Path, commit: str, dest: Path) -> Checkout:
    """Make the folder `dest` hold the files of `commit` of the repository `git_dir`.

    `dest` is created, or must have been made by this function.  Files that
    somebody changed in it are put back.  A run that was killed half-way is
    completed by the next.
    Raises UsageError for a commit that is not there or a folder that is not
    ours, EnvironmentFailure where git fails (a full disk, say).
    """
    git_dir, dest = git_dir.resolve(), dest.resolve()
    if not (git_dir / "HEAD").exists():
        raise UsageError(f"{git_dir} is not a git repository (of a clone, give its .git)")
    if dest.exists() and any(dest.iterdir()) and not (dest / STATE).exists():
        raise UsageError(f"{dest} is not empty and was not made by gen; name another folder")
    dest.mkdir(parents=True, exist_ok=True)
    with locked(dest.with_name(f"{dest.name}.lock")):
        try:
            wanted = _git(
                git_dir, dest, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}"
            )
        except EnvironmentFailure as error:
            raise UsageError(f"no commit {commit!r} in {git_dir}") from error
        wanted = wanted.strip()
        state = _read_state(dest)
        interrupted = state.get("status") != "at"
        before = state.get("commit", "")
        # "to" first: whoever is killed after this line has left a folder to be cleaned.
        _write_state(dest, status="to", commit=wanted)
        if interrupted:
            (dest / f"{INDEX}.lock").unlink(missing_ok=True)
        _git(git_dir, dest, "read-tree", "--reset", "-u", wanted)
        if interrupted:
            _remove_strays(git_dir, dest)
        _write_state(dest, status="at", commit=wanted)
    return Checkout(dest, wanted, before != wanted or interrupted)


def _remove_strays(git_dir: Path, dest: Path) -> None:
    """Remove what an interrupted run wrote of another commit."""
    listed = _git(git_dir, dest, "ls-files", "--others", "--directory", "-z")
    for name in filter(None, listed.split("\0")):
        path = dest / name
        if name in (STATE, INDEX, f"{STATE}.new"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
