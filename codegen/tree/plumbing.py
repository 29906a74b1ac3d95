# SPDX-License-Identifier: GPL-2.0-only
"""Running git plumbing on a named repository, and reading what it says when it fails."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from codegen.base.errors import DamagedRepository, EnvironmentFailure
from codegen.tree.git import git_environment

# What git says of objects that it cannot read.
_DAMAGE = re.compile(
    "corrupt|inflate|bad object|unable to (read|unpack|find)|could not (read|parse)|packfile"
    "|not a git repository|missing (object|blob|tree|commit)|bad (tree|signature|config|ref)"
)


def git_command(git_dir: Path, *arguments: str) -> list[str]:
    """The argument list of a git command on the repository at `git_dir`."""
    return ["git", f"--git-dir={git_dir}", *arguments]


def run_git(
    arguments: Sequence[str], *, env: dict[str, str] | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run a git argument list and return what it wrote; its status is the caller's to judge.

    Raises EnvironmentFailure if there is no git.
    """
    try:
        return subprocess.run(
            arguments, env=env or git_environment(), input=stdin, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise no_git() from error


def no_git() -> EnvironmentFailure:
    """The error to raise where git is not installed."""
    return EnvironmentFailure("git: not found on PATH; install the package 'git'")


def complaint(stderr: bytes) -> str:
    """The telling line of a program's messages: the first fatal or error line, else the first."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    for line in lines:
        if line.startswith(("fatal: ", "error: ")):
            return line.split(": ", 1)[1]
    return lines[0] if lines else "no message"


def quoted(path: str) -> bytes:
    """A path as git reads it where it reads paths in quotes, whatever its characters are."""
    data = os.fsencode(path)
    for byte, escape in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        data = data.replace(byte, escape)
    return b'"' + data + b'"'


def git(git_dir: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """The output of a git command that must succeed, stripped; else EnvironmentFailure."""
    done = run_git(git_command(git_dir, *arguments), env=env)
    if done.returncode:
        said = f"git {arguments[0]}: {complaint(done.stderr)}"
        if _DAMAGE.search(said):
            raise DamagedRepository(git_dir, said)
        raise EnvironmentFailure(f"{git_dir}: {said}")
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def commit_of(git_dir: Path, revision: str) -> str | None:
    """The commit id that `revision` names in a repository, None if it names none.

    `revision` is data: it can never become an option (git-rev-parse, --end-of-options).
    """
    done = run_git(
        git_command(
            git_dir,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{revision}^{{commit}}",
        )
    )
    return done.stdout.decode("ascii").strip() if done.returncode == 0 else None
