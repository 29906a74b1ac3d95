# SPDX-License-Identifier: GPL-2.0-only
"""Patches as commits: straight into git objects, in a repository of gen's that borrows the tree's.

`git fast-import` makes them all in one process, in whatever format the tree's repository has its
objects: no index, no working tree, and nothing of the user's repository is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from codegen import __version__
from codegen.base.errors import EnvironmentFailure
from codegen.mail.diff import SUBMODULE
from codegen.mail.patch import NOBODY, Patch
from codegen.series.series import Series
from codegen.tree.changed import Changed
from codegen.tree.git import git_environment
from codegen.tree.locate import Commit, TreeLocation
from codegen.tree.plumbing import complaint, git, git_command, no_git, quoted, run_git
from codegen.tree.reader import Tree, read_or_none

NAME, MAIL = "gen", "gen@localhost"
_SUBMITTING = "Documentation/process/submitting-patches.rst"
_EPOCH = 1715644800  # 14 May 2024, the day of the discussion; for folders, which have no date
_REF = "refs/gen/series"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who a commit is from."""

    name: str
    mail: str


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits of a series, oldest first, in the repository `git_dir`; `base` is below them.

    `date` is that of all of them, in seconds since 1970: the base's own.
    """

    git_dir: Path
    base: str
    ids: tuple[str, ...]
    date: int

    @property
    def tip(self) -> str:
        """The last one; the base where there is none."""
        return (self.base, *self.ids)[-1]

    def trees(self) -> tuple[str, ...]:
        """The ids of the trees behind the patches."""
        asked = (f"{commit}^{{tree}}" for commit in self.ids)
        return tuple(git(self.git_dir, "rev-parse", *asked).split())


def assisted_by(tree: Tree) -> str:
    """The tag of what gen wrote, where the tree's own documents ask for one; else nothing.

    Documentation/process/submitting-patches.rst, "Using Assisted-by:", and the form of the tag in
    coding-assistants.rst beside it: the tool's name, a colon, its version.
    """
    said = read_or_none(tree, _SUBMITTING) or b""
    return f"Assisted-by: {NAME}:{__version__}" if b"Assisted-by:" in said else ""


def signed(patch: Patch, signer: Signer | None, tag: str = "") -> Patch:
    """A patch as it is sent: by its author, tagged if gen wrote it, signed off if somebody does."""
    who = signer or Signer(NAME, MAIL)
    trailers = [*patch.tags]
    trailers += [tag] if tag and patch.edits else []  # without edits it is a developer's own
    trailers += [f"Signed-off-by: {who.name} <{who.mail}>"] if signer else []
    by = "".join(f"{line}\n" for line in ("", *trailers)) if trailers else ""
    author = patch.author or f"{who.name} <{who.mail}>"
    return replace(patch, author=author, message=patch.message + by)


def commits_of(series: Series, git_dir: Path) -> Commits:
    """Write a series as commits on its tree, to a repository that has or borrows its objects."""
    return make_commits(series.patches, git_dir, base_commit(series.tree, git_dir))


def make_commits(
    patches: Sequence[Patch], git_dir: Path, base: str, signer: Signer | None = None
) -> Commits:
    """Write patches as commits on `base`, which the repository has or borrows.

    The same patches give the same ids on any machine: the committer is gen where nobody signs, and
    the dates are the base's where a patch has none.  Raises EnvironmentFailure where git fails, a
    full disk included.
    """
    date = int(git(git_dir, "log", "-1", "--format=%ct", base))
    modes = _modes(git_dir, base, {path for patch in patches for path in patch.changes})
    return Commits(git_dir, base, _written(git_dir, patches, base, modes, date, signer), date)


def commit_files(git_dir: Path, parent: str, files: Mapping[str, bytes], subject: str) -> str:
    """A commit on another one with some of its files replaced; returns its id."""
    changes = {path: Changed(path, None, data) for path, data in files.items()}
    patch = Patch(subject=subject, message="", author=NOBODY, changes=changes)
    return make_commits([patch], git_dir, parent).tip


def bare_base(git_dir: Path, patches: Sequence[Patch]) -> str:
    """A commit of the files that patches change and of nothing else, so that they differ from it.

    For patches on a folder, as far as only their text is wanted.
    """
    before: dict[str, Changed] = {}
    for change in (each for patch in patches for each in patch.changes.values()):
        if change.before is not None and change.path not in before:
            before[change.path] = Changed(change.path, None, change.before)
    first = Patch(subject="The files that the series changes", message="", changes=before)
    first = signed(first, None)
    return _written(git_dir, [first], "", {}, _EPOCH, None)[0]


def base_commit(location: TreeLocation, git_dir: Path) -> str:
    """The tree's commit; an unpacked folder becomes one in `git_dir`, the folder only read."""
    if isinstance(location.at, Commit):
        return location.at.commit
    folder = location.at.folder
    who = {"NAME": NAME, "EMAIL": MAIL}
    env = git_environment(
        GIT_INDEX_FILE=str(git_dir / "index.folder"),
        GIT_WORK_TREE=str(folder),
        GIT_AUTHOR_DATE="@0 +0000",
        GIT_COMMITTER_DATE="@0 +0000",
        **{
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in who.items()
        },
    )
    options = ("-c", "core.bare=false", "-c", "core.autocrlf=false", "-c", "core.excludesFile=")
    done = run_git(git_command(git_dir, *options, "add", "--all", "--force", "."), env=env)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EnvironmentFailure(f"git cannot read {folder}: {said}")
    tree = git(git_dir, "write-tree", env=env)
    return git(git_dir, "commit-tree", tree, "-m", "the folder's files", env=env)


def _modes(git_dir: Path, commit: str, paths: Iterable[str]) -> dict[str, str]:
    """The modes of those files that a commit has."""
    env = git_environment(GIT_LITERAL_PATHSPECS="1")
    listed = git(git_dir, "ls-tree", "--full-tree", "-r", "-z", commit, "--", *paths, env=env)
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {path: what.split()[0] for what, _, path in entries}


def _written(
    git_dir: Path,
    patches: Iterable[Patch],
    base: str,
    modes: Mapping[str, str],
    date: int,
    signer: Signer | None,
) -> tuple[str, ...]:
    """The ids of the commits that the patches become."""
    # objects of a series are read a few times: to compress them well takes longer than all else
    command = git_command(git_dir, "-c", "core.compression=1", "fast-import", "--quiet", "--force")
    command.append("--date-format=raw-permissive")  # a person's clock may be in any zone
    with TemporaryFile() as stream:
        stream.writelines(_stream(patches, base, modes, date, signer))
        stream.seek(0)
        return tuple(_run(command, stream).split())


def _run(command: Sequence[str], stdin: BinaryIO) -> str:
    """What git says, run by GitPython; `env -i`, as GitPython hands on variables like GIT_TRACE."""
    try:
        from git.cmd import Git
        from git.exc import GitCommandError, GitCommandNotFound
    except ImportError:  # it looks for git when it is imported
        raise no_git() from None

    alone = ["env", "-i", *(f"{name}={value}" for name, value in git_environment().items())]
    try:
        return str(Git().execute([*alone, *command], istream=stdin))
    except GitCommandNotFound:
        raise no_git() from None
    except GitCommandError as problem:
        told = complaint(str(problem.stderr).encode())
        raise EnvironmentFailure(f"writing the commits failed: {told}") from None


def _stream(
    patches: Iterable[Patch],
    base: str,
    modes: Mapping[str, str],
    date: int,
    signer: Signer | None,
) -> Iterator[bytes]:
    """What git-fast-import(1) reads, which answers with the id of each commit."""
    yield f"reset {_REF}\n".encode() + (f"from {base}\n\n" if base else "\n").encode()
    now = dict(modes)
    for number, patch in enumerate(patches, 1):
        committer = signer or Signer(NAME, MAIL)
        when = f"{date} +0000"
        message = f"{patch.subject}\n\n{patch.message}"
        yield f"commit {_REF}\nmark :{number}\n".encode()
        yield f"author {patch.author} {patch.date.lstrip('@') or when}\n".encode()
        yield f"committer {committer.name} <{committer.mail}> {when}\n".encode()
        yield _data(message.encode())
        for path, change in sorted(patch.changes.items()):
            now[path] = change.mode or now.get(path, "100644")
            yield from _file(path, now[path], change.after)
        yield f"\nget-mark :{number}\n".encode()


def _file(path: str, mode: str, data: bytes | None) -> Iterator[bytes]:
    if data is None:
        yield b"D " + quoted(path) + b"\n"
    elif mode == SUBMODULE:
        yield f"M {mode} ".encode() + data + b" " + quoted(path) + b"\n"
    else:
        yield f"M {mode} inline ".encode() + quoted(path) + b"\n"
        yield _data(data)


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
