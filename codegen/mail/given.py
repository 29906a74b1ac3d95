# SPDX-License-Identifier: GPL-2.0-only
"""A series as it is named: a path, `-` for the standard input, or commits of a repository."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codegen.base.errors import UsageError
from codegen.mail.mbox import MOST_BYTES, MOST_MAILS, read_files, split
from codegen.tree.locate import repository_at
from codegen.tree.plumbing import commit_of, complaint, git, git_command, run_git
from codegen.tree.scratch import make_repository, scratch_folder

STDIN = "-"
_RANGE = re.compile(r"(.+)@([^@]+?)\.\.([^.@][^@]*)?")


@dataclass(frozen=True, slots=True)
class Given:
    """The files of a series, `codegen.mail.mbox.read_files`; `tree` is what `--tree` takes for the
    commit below them, of commits of a repository, else empty."""

    files: Mapping[str, bytes]
    tree: str = ""


def read_given(spec: Path) -> Given:
    """The series that a path, `-` or `DIR@BASE..BRANCH` names.

    Raises UsageError where there is none, FindingsError where a mail cannot be told from the next.
    """
    if str(spec) == STDIN:
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UsageError(f"-: more than {MOST_BYTES >> 20} MiB, no series that a person reads")
        return Given(split("stdin", data))
    named = _RANGE.fullmatch(str(spec))
    if named and not spec.exists() and Path(named[1]).expanduser().is_dir():
        return _commits(Path(named[1]).expanduser(), named[2], named[3] or "HEAD")
    return Given(read_files(spec))


def _commits(folder: Path, base: str, tip: str) -> Given:
    """The commits of `tip` that `base` does not have, on the last one that both have."""
    repository = repository_at(folder)
    if repository is None:
        raise UsageError(f"{folder}: no git repository, so it has no commits {base}..{tip}")
    ids = []
    for revision in (base, tip):
        found = commit_of(repository.head, revision)
        if found is None:
            raise UsageError(f"{folder}: revision {revision!r} names no commit of this repository")
        ids.append(found)
    done = run_git(git_command(repository.objects, "merge-base", *ids))
    if done.returncode:
        raise UsageError(f"{folder}: {base} and {tip} have no commit in common")
    below = done.stdout.decode("ascii").strip()
    commits = f"{below}..{ids[1]}"
    count = int(git(repository.objects, "rev-list", "--count", "--no-merges", commits))
    if not 0 < count <= MOST_MAILS:
        raise UsageError(
            f"{folder}: {base}..{tip} is {count} commits; a series has 1 to {MOST_MAILS}"
        )
    asked = ["format-patch", "--stdout", "--no-signature", f"--base={below}", commits]
    with scratch_folder() as scratch:
        # in a repository of gen's own: how the other one is configured shapes no mail
        own = make_repository(Path(scratch) / "commits.git", repository.objects)
        done = run_git(git_command(own, *asked))
    if done.returncode:
        raise UsageError(f"{folder}: git format-patch: {complaint(done.stderr)}")
    return Given(split(f"{base}..{tip}", done.stdout), f"{folder}@{below}")
