# SPDX-License-Identifier: GPL-2.0-only
"""From a path that somebody typed to the tree that it means."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from codegen.base.errors import UsageError
from codegen.base.nearest import did_you_mean
from codegen.tree.git import git_environment
from codegen.tree.kernel import version_at, version_in
from codegen.tree.plumbing import commit_of, complaint, run_git


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the repository `git_dir`."""

    git_dir: Path
    commit: str


@dataclass(frozen=True, slots=True)
class Folder:
    """An unpacked kernel, which is no repository."""

    folder: Path


@dataclass(frozen=True)
class TreeLocation:
    """Where a tree's files are.  `spec` is what `--tree` takes for it, from whichever folder."""

    name: str  # safe as a folder's name, "debian-6.12"
    at: Commit | Folder
    spec: str = field(default="", compare=False)
    note: str = field(default="", compare=False)  # what the user should know of how it was got

    @property
    def git_dir(self) -> Path | None:
        """The repository whose objects are at hand, where there is one."""
        return self.at.git_dir if isinstance(self.at, Commit) else None

    @property
    def commit(self) -> str | None:
        """The commit, where there is one."""
        return self.at.commit if isinstance(self.at, Commit) else None


@dataclass(frozen=True)
class PathSpec:
    """A path, and the revision that was named with it, if one was."""

    path: Path
    revision: str | None

    def __str__(self) -> str:
        return str(self.path) + (f"@{self.revision}" if self.revision else "")


def parse_path(spec: str, names: Iterable[str] = ()) -> PathSpec:
    """Take PATH[@REV] apart; the path is made absolute and must exist, else UsageError.

    `names` are those of trees, one of which may have been meant.
    Both parts may hold an `@` themselves: the longest part that exists is the path.
    """
    if "\0" in spec or not spec:
        raise UsageError(f"tree {spec!r}: no path")
    if _exists(spec):
        return PathSpec(_absolute(spec), None)
    at = len(spec)
    while (at := spec.rfind("@", 0, at)) > 0:
        if _exists(spec[:at]):
            if not spec[at + 1 :]:
                raise UsageError(f"tree {spec!r}: no revision after '@'; such as {spec}HEAD")
            return PathSpec(_absolute(spec[:at]), spec[at + 1 :])
    raise UsageError(
        f"tree {spec!r}: no such path, and no name of a tree{did_you_mean(spec, names)}; give "
        "debian:6.12, a registered name, or the path of a git repository (PATH or PATH@REV) or "
        "of an unpacked kernel"
    )


def locate(spec: PathSpec, name: str | None = None) -> tuple[TreeLocation, str]:
    """The tree at a path, and its version; UsageError if there is no kernel.

    `name` overrides the name that is made of the path's last part.
    """
    path = spec.path
    if not path.is_dir():
        raise UsageError(f"{path}: no folder; a tree is a git repository or an unpacked kernel")
    repository = repository_at(path)
    if repository is None:
        if spec.revision is not None:
            raise UsageError(f"{path}: no git repository, so it has no revision {spec.revision!r}")
        version = version_in(path)
        called = name or safe_name(path.name)
        return TreeLocation(called, Folder(path), name or str(spec)), version
    revision = spec.revision or "HEAD"
    commit = commit_of(repository.head, revision)
    if commit is None:
        raise UsageError(
            f"{path}: revision {revision!r} names no commit of this repository; "
            f"try: git -C {path} rev-parse {revision}"
        )
    version = version_at(repository.objects, commit, f"{path}@{revision}")
    folder = path.parent if path.name == ".git" else path
    made = f"{safe_name(folder.name.removesuffix('.git'))}-{commit[:12]}"
    at = Commit(repository.objects, commit)
    return TreeLocation(name or made, at, name or str(spec)), version


@dataclass(frozen=True)
class Repository:
    """A repository's folder; a linked worktree has its HEAD in one of its own."""

    objects: Path
    head: Path


def repository_at(path: Path) -> Repository | None:
    """The repository whose top is `path` (work tree, linked worktree, bare), None if none is.

    A folder somewhere within a work tree is not that repository. Raises UsageError for a
    repository that git refuses to read.
    """
    real = os.path.realpath(path)
    # Never look further up than here: GIT_CEILING_DIRECTORIES in git(1).
    env = git_environment(GIT_CEILING_DIRECTORIES=os.path.dirname(real))
    done = run_git(
        ["git", "-C", real, "rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir"],
        env=env,
    )
    if done.returncode == 0:
        common, head = done.stdout.decode("utf-8", "surrogateescape").splitlines()
        return Repository(Path(common), Path(head))
    if os.path.lexists(f"{real}/.git") or os.path.isdir(f"{real}/objects/pack"):
        raise UsageError(f"{path}: git cannot read this repository: {complaint(done.stderr)}")
    return None


def checked_out(where: TreeLocation) -> Path | None:
    """The work tree that a location by path names, where just that commit is checked out in it."""
    if isinstance(where.at, Folder) or not os.path.isdir(where.spec):
        return None
    done = run_git(["git", "-C", where.spec, "rev-parse", "--is-inside-work-tree", "HEAD"])
    said = done.stdout.decode("ascii", "replace").split()
    return Path(where.spec) if not done.returncode and said == ["true", where.at.commit] else None


def safe_name(text: str) -> str:
    """`text` as one part of a path: letters, digits, '.', '_', '-', no dot or dash in front."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:80] or "tree"


def _exists(text: str) -> bool:
    try:
        return Path(text).expanduser().exists()
    except (OSError, RuntimeError):
        return False


def _absolute(text: str) -> Path:
    return Path(os.path.realpath(Path(text).expanduser()))
