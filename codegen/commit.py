# SPDX-License-Identifier: GPL-2.0-only
"""A plan as commits: straight into git objects, in a scratch repository that borrows the tree's.

No index, no working tree, no ref, and nothing of the user's repository is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from codegen.errors import EnvironmentFailure
from codegen.plan import Plan, PlannedPatch
from codegen.tree.reader import Tree

if TYPE_CHECKING:
    from git import Repo

NAME, MAIL = "gen", "gen@localhost"
_EPOCH = 1715644800  # 14 May 2024, the day of the discussion; for folders, which have no date
Entry = tuple[bytes, int, str]
_ENVIRONMENT = RLock()


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
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git import Repo
    from git.exc import GitError

    try:
        with _no_git_variables():
            repo = Repo(git_dir, odbt=_database())
            if base is None:
                base = _folder_base(repo, plan, tree)
            return _write(repo, plan, base, signer)
    except (GitError, OSError, ValueError) as problem:
        raise EnvironmentFailure(f"writing the commits failed: {problem}") from None


@contextmanager
def _no_git_variables() -> Iterator[None]:
    """GitPython hands the whole environment to git, $GIT_OBJECT_DIRECTORY for one: not here."""
    with _ENVIRONMENT:
        kept = {name: os.environ.pop(name) for name in list(os.environ) if _hinders(name)}
        try:
            yield
        finally:
            os.environ.update(kept)


def _hinders(name: str) -> bool:
    return name.startswith("GIT_") and not name.startswith("GIT_PYTHON_")


def _database() -> type:
    from git.db import GitCmdObjectDB

    return GitCmdObjectDB


def _write(repo: Repo, plan: Plan, base: str, signer: Person | None) -> Commits:
    date = _date_of(repo, base)
    parent, tree_id = base, _tree_of(repo, base)
    commits, trees = [], []
    for patch in plan.patches:
        tree_id = _with_files(repo, tree_id, _blobs(repo, patch.files))
        parent = _commit(repo, patch, tree_id, parent, date, signer)
        commits.append(parent)
        trees.append(tree_id)
    return Commits(Path(repo.git_dir), base, tuple(commits), tuple(trees), date)


def _date_of(repo: Repo, commit: str) -> int:
    return int(repo.commit(commit).committed_date)


def _tree_of(repo: Repo, commit: str) -> str:
    return str(repo.commit(commit).tree.hexsha)


def _store(repo: Repo, kind: bytes, data: bytes) -> str:
    from gitdb import IStream

    stream = repo.odb.store(IStream(kind, len(data), BytesIO(data)))
    return str(stream.hexsha.decode())


def _blobs(repo: Repo, files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: _store(repo, b"blob", data) for path, data in files.items()}


def _entries(repo: Repo, tree_id: str) -> list[Entry]:
    from git.objects.fun import tree_entries_from_data

    data = repo.odb.stream(bytes.fromhex(tree_id)).read()
    return [(binsha, mode, str(name)) for binsha, mode, name in tree_entries_from_data(data)]


def _with_files(repo: Repo, tree_id: str | None, blobs: Mapping[str, str]) -> str:
    """A tree with some files replaced or added: only the folders on their way are rewritten."""
    from git.objects.fun import tree_to_stream

    entries = (
        {name: (binsha, mode, name) for binsha, mode, name in _entries(repo, tree_id)}
        if tree_id
        else {}
    )
    folders: dict[str, dict[str, str]] = {}
    for path, blob in blobs.items():
        first, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = blob
        else:
            mode = entries[first][1] if first in entries else 0o100644
            entries[first] = (bytes.fromhex(blob), mode, first)
    for name, inner in folders.items():
        old = entries[name][0].hex() if name in entries else None
        entries[name] = (bytes.fromhex(_with_files(repo, old, inner)), 0o040000, name)
    # git sorts folders as if their names ended with a slash
    ordered = sorted(
        entries.values(), key=lambda e: (e[2] + "/" if e[1] == 0o040000 else e[2]).encode()
    )
    out = BytesIO()
    tree_to_stream(ordered, out.write)
    return _store(repo, b"tree", out.getvalue())


def _commit(
    repo: Repo, patch: PlannedPatch, tree_id: str, parent: str, date: int, signer: Person | None
) -> str:
    author = signer if signer and not patch.author else Person.of(patch.author)
    committer = signer or Person.of(None)
    message = f"{patch.subject}\n\n{patch.message}"
    if signer:
        message += f"\nSigned-off-by: {signer.name} <{signer.mail}>\n"
    lines = [f"tree {tree_id}", f"parent {parent}"] if parent else [f"tree {tree_id}"]
    lines.append(f"author {author.name} <{author.mail}> {date} +0000")
    lines.append(f"committer {committer.name} <{committer.mail}> {date} +0000")
    return _store(repo, b"commit", ("\n".join(lines) + f"\n\n{message}").encode())


def _folder_base(repo: Repo, plan: Plan, tree: Tree) -> str:
    blobs = {}
    for path in plan.files:
        try:
            blobs[path] = _store(repo, b"blob", tree.read(path))
        except FileNotFoundError:
            continue
    tree_id = _with_files(repo, None, blobs)
    base = PlannedPatch("base", "The files that the series changes", "", (), {})
    return _commit(repo, base, tree_id, "", _EPOCH, None)
