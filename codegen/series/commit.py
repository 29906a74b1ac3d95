# SPDX-License-Identifier: GPL-2.0-only
"""A plan as commits: straight into git objects, in a scratch repository that borrows the tree's.

`git fast-import` makes them all in one process, in whatever format the tree's repository has its
objects: no index, no working tree, and nothing of the user's repository is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from codegen.base.errors import EnvironmentFailure
from codegen.plan.make import Plan, PlannedPatch
from codegen.sites.edit import Changed
from codegen.tree.git import git_environment
from codegen.tree.plumbing import complaint, git, git_command, no_git, quoted
from codegen.tree.reader import Tree, read_or_none

NAME, MAIL = "gen", "gen@localhost"
_EPOCH = 1715644800  # 14 May 2024, the day of the discussion; for folders, which have no date
_REF = "refs/gen/series"


@dataclass(frozen=True, slots=True)
class Person:
    """Who a commit is from."""

    name: str
    mail: str

    @classmethod
    def of(cls, text: str | None) -> Person:
        """`Name <mail>`, or gen itself."""
        if not text:
            return cls(NAME, MAIL)
        name, _, mail = text.partition(" <")
        return cls(name, mail.rstrip(">"))


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits of a series, oldest first, in a scratch repository; `base` is below them.

    `date` is that of all of them, in seconds since 1970: the base's own.
    """

    git_dir: Path
    base: str
    commits: tuple[str, ...]
    trees: tuple[str, ...]
    date: int


def make_commits(
    plan: Plan, tree: Tree, git_dir: Path, base: str | None, signer: Person | None
) -> Commits:
    """Write a plan's patches as commits on `base`.

    Without a base (the tree is a folder) the base is a commit of the files that the series
    changes, so that the patches have something to differ from.  The same plan gives the same
    ids on any machine: identity and dates are fixed, the dates being the base's.  Raises
    EnvironmentFailure where git fails, a full disk included.
    """
    if base is None:
        first = PlannedPatch("base", "The files that the series changes", "", (), _old(plan, tree))
        (base,) = _written(git_dir, [first], "", {}, _EPOCH, None)
    date = int(git(git_dir, "show", "-s", "--format=%ct", base))
    modes = _modes(git_dir, base, plan.files)
    commits = _written(git_dir, plan.patches, base, modes, date, signer)
    trees = git(git_dir, "rev-parse", *(f"{commit}^{{tree}}" for commit in commits)).split()
    return Commits(git_dir, base, commits, tuple(trees), date)


def _old(plan: Plan, tree: Tree) -> dict[str, Changed]:
    found = {path: read_or_none(tree, path) for path in plan.files}
    return {path: Changed(data) for path, data in found.items() if data is not None}


def _modes(git_dir: Path, commit: str, paths: Mapping[str, bytes]) -> dict[str, str]:
    """The modes of those files that a commit has."""
    listed = git(git_dir, "ls-tree", "--full-tree", "-r", "-z", commit, "--", *paths)
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {path: what.split()[0] for what, _, path in entries}


def _written(
    git_dir: Path,
    patches: Iterable[PlannedPatch],
    base: str,
    modes: Mapping[str, str],
    date: int,
    signer: Person | None,
) -> tuple[str, ...]:
    """The ids of the commits that the patches become."""
    command = git_command(git_dir, "fast-import", "--quiet", "--force", "--date-format=raw")
    with TemporaryFile() as stream:
        stream.writelines(_stream(patches, base, modes, date, signer))
        stream.seek(0)
        return tuple(_run(command, stream).split())


def _run(command: Sequence[str], stdin: BinaryIO) -> str:
    """What git says, run by GitPython; `env -i`, as GitPython hands on variables like GIT_TRACE."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git.cmd import Git
    from git.exc import GitCommandError, GitCommandNotFound

    alone = ["env", "-i", *(f"{name}={value}" for name, value in git_environment().items())]
    try:
        return str(Git().execute([*alone, *command], istream=stdin))
    except GitCommandNotFound:
        raise no_git() from None
    except GitCommandError as problem:
        told = complaint(str(problem.stderr).encode())
        raise EnvironmentFailure(f"writing the commits failed: {told}") from None


def _stream(
    patches: Iterable[PlannedPatch],
    base: str,
    modes: Mapping[str, str],
    date: int,
    signer: Person | None,
) -> Iterator[bytes]:
    """What git-fast-import(1) reads, which answers with the id of each commit."""
    yield f"reset {_REF}\n".encode() + (f"from {base}\n\n" if base else "\n").encode()
    for number, patch in enumerate(patches, 1):
        author = signer if signer and not patch.author else Person.of(patch.author)
        committer = signer or Person.of(None)
        message = f"{patch.subject}\n\n{patch.message}"
        if signer:
            message += f"\nSigned-off-by: {signer.name} <{signer.mail}>\n"
        yield f"commit {_REF}\nmark :{number}\n".encode()
        yield f"author {author.name} <{author.mail}> {date} +0000\n".encode()
        yield f"committer {committer.name} <{committer.mail}> {date} +0000\n".encode()
        yield _data(message.encode())
        for path, data in sorted(patch.files.items()):
            yield f"M {modes.get(path, '100644')} inline ".encode() + quoted(path) + b"\n"
            yield _data(data)
        yield f"\nget-mark :{number}\n".encode()


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
