# SPDX-License-Identifier: GPL-2.0-only
"""A mechanism that the developer wrote: patch files or commits, which keep their author.

They are read with git in a scratch repository and become the first patches of the series, as
plain changes of files like all others.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codegen.description.load import Description
from codegen.errors import EnvironmentFailure
from codegen.findings import error
from codegen.tree.git import git_environment
from codegen.tree.locate import TreeLocation
from codegen.tree.reader import GitTree
from codegen.tree.scratch import scratch_folder, scratch_repository

_PREFIX = re.compile(r"^\[[^\]]*\]\s*")
_MAX_MAIL = 4 << 20


@dataclass(frozen=True, slots=True)
class GivenPatch:
    """One patch of the developer's: message, author, and the files as they are behind it."""

    subject: str
    message: str
    author: str
    files: dict[str, bytes]


def given_patches(
    description: Description, location: TreeLocation, folder: Path
) -> tuple[GivenPatch, ...]:
    """The patches that a description names, applied to the tree one after the other.

    Files are looked for below `folder`, commits in the tree's own repository.  Raises
    FindingsError where one is missing or does not apply.
    """
    mechanism = description.knob.mechanism
    if mechanism is None or not (mechanism.patches or mechanism.commits):
        return ()
    if location.git_dir is None or location.commit is None:
        where = ("mechanism",)
        hint = "name a repository by --tree, or give the mechanism as edits"
        raise error(
            description.finding(where, "own patches need a tree that is a repository", hint)
        )
    with scratch_repository(location.git_dir) as git_dir:
        mails = list(_mails(description, location, folder, git_dir))
        return tuple(_apply(description, git_dir, location.commit, mails))


def _mails(
    description: Description, location: TreeLocation, folder: Path, git_dir: Path
) -> Iterator[tuple[tuple[str | int, ...], bytes]]:
    mechanism = description.knob.mechanism
    assert mechanism is not None
    for index, name in enumerate(mechanism.patches):
        where = ("mechanism", "patches", index)
        place = (folder / name).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise error(
                description.finding(where, f"{name} is outside of the description's folder")
            )
        try:
            with place.open("rb") as stream:
                yield where, stream.read(_MAX_MAIL)
        except OSError as problem:
            raise error(description.finding(where, f"{name}: {problem.strerror}")) from None
    for index, commit in enumerate(mechanism.commits):
        where = ("mechanism", "commits", index)
        done = _git(git_dir, "format-patch", "-1", "--stdout", "--no-signature", commit)
        if done.returncode:
            raise error(description.finding(where, f"{location.name} has no commit {commit}"))
        yield where, done.stdout


def _git(
    git_dir: Path, *arguments: str, data: bytes = b"", index: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", f"--git-dir={git_dir}", *arguments],
        input=data,
        env=git_environment(**({"GIT_INDEX_FILE": str(index)} if index else {})),
        capture_output=True,
        check=False,
    )


def _apply(
    description: Description,
    git_dir: Path,
    base: str,
    mails: list[tuple[tuple[str | int, ...], bytes]],
) -> Iterator[GivenPatch]:
    index = git_dir / "index.gen"
    if _git(git_dir, "read-tree", base, index=index).returncode:
        raise EnvironmentFailure(f"git cannot read {base}")
    before = base
    for where, mail in mails:
        subject, message, author, patch = _mailinfo(description, where, git_dir, mail)
        done = _git(git_dir, "apply", "--cached", "--whitespace=nowarn", data=patch, index=index)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise error(description.finding(where, f"the patch does not apply: {said}"))
        after = _git(git_dir, "write-tree", index=index).stdout.decode().strip()
        yield GivenPatch(
            subject, message, author, _changed(description, where, git_dir, before, after)
        )
        before = after


def _mailinfo(
    description: Description, where: tuple[str | int, ...], git_dir: Path, mail: bytes
) -> tuple[str, str, str, bytes]:
    with scratch_folder() as name:
        folder = Path(name)
        done = _git(git_dir, "mailinfo", "-k", f"{folder}/msg", f"{folder}/patch", data=mail)
        patch = (folder / "patch").read_bytes() if not done.returncode else b""
        message = (folder / "msg").read_text("utf-8", "replace") if not done.returncode else ""
    head = dict(
        line.split(": ", 1)
        for line in done.stdout.decode("utf-8", "replace").splitlines()
        if ": " in line
    )
    if done.returncode or not patch.strip() or not {"Author", "Email", "Subject"} <= set(head):
        hint = "it must be a patch as `git format-patch` writes it"
        raise error(description.finding(where, "no mail with a patch", hint))
    subject = _PREFIX.sub("", head["Subject"])
    return subject, message.strip() + "\n", f"{head['Author']} <{head['Email']}>", patch


def _changed(
    description: Description, where: tuple[str | int, ...], git_dir: Path, before: str, after: str
) -> dict[str, bytes]:
    done = _git(git_dir, "diff-tree", "-r", "-z", "--name-status", "--no-renames", before, after)
    parts = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    files = {}
    with GitTree(git_dir, after) as tree:
        for status, path in zip(parts[::2], parts[1::2], strict=True):
            if status == "D":
                raise error(description.finding(where, f"the patch removes {path}"))
            files[path] = tree.read(path)
    return files
