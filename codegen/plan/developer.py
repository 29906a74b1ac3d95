# SPDX-License-Identifier: GPL-2.0-only
"""A mechanism that the developer wrote: patch files or commits, which keep their author.

They are read with git in a scratch repository and become the first patches of the series, as
plain changes of files like all others.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codegen.base.errors import EnvironmentFailure, FindingsError, UsageError
from codegen.base.files import read_file
from codegen.base.findings import error
from codegen.base.printable import forging
from codegen.description.load import Description
from codegen.mail.mbox import NOBODY, Mail, apply_diff, read_mail
from codegen.tree.git import git_environment
from codegen.tree.locate import TreeLocation
from codegen.tree.plumbing import git_command, run_git
from codegen.tree.reader import GitTree
from codegen.tree.scratch import scratch_repository
from codegen.vocabulary.characters import short

_MAX_MAIL = 4 << 20
_MODES = {"120000": "a symbolic link", "160000": "a submodule", "100755": "executable"}


@dataclass(frozen=True, slots=True)
class DeveloperPatch:
    """One patch of the developer's: message, author, and the files as they are behind it."""

    subject: str
    message: str
    author: str
    files: dict[str, bytes]


def given_patches(
    description: Description, location: TreeLocation, folder: Path
) -> tuple[DeveloperPatch, ...]:
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
            yield where, read_file(place, _MAX_MAIL)
        except OSError as problem:
            raise error(description.finding(where, f"{name}: {problem.strerror}")) from None
        except UsageError as problem:
            raise error(description.finding(where, str(problem))) from None
    for index, commit in enumerate(mechanism.commits):
        where = ("mechanism", "commits", index)
        done = _git(git_dir, "format-patch", "-1", "--stdout", "--no-signature", commit)
        if done.returncode:
            raise error(description.finding(where, f"{location.name} has no commit {commit}"))
        yield where, done.stdout


def _git(
    git_dir: Path, *arguments: str, index: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    env = git_environment(**({"GIT_INDEX_FILE": str(index)} if index else {}))
    return run_git(git_command(git_dir, *arguments), env=env)


def _apply(
    description: Description,
    git_dir: Path,
    base: str,
    mails: list[tuple[tuple[str | int, ...], bytes]],
) -> Iterator[DeveloperPatch]:
    index = git_dir / "index.gen"
    if _git(git_dir, "read-tree", base, index=index).returncode:
        raise EnvironmentFailure(f"git cannot read {base}")
    before = base
    for where, raw in mails:
        mail = _mail(description, where, raw)
        said = apply_diff(git_dir, index, mail.diff)
        if said:
            what = f"{mail.name}: the patch does not apply: {said}"
            raise error(description.finding(where, what))
        after = _git(git_dir, "write-tree", index=index).stdout.decode().strip()
        files = _changed(description, where, git_dir, before, after)
        yield DeveloperPatch(mail.subject, mail.message, mail.author, files)
        before = after


def _mail(description: Description, where: tuple[str | int, ...], raw: bytes) -> Mail:
    mechanism = description.knob.mechanism
    assert mechanism is not None
    kind, index = where[-2:]
    named = mechanism.patches if kind == "patches" else mechanism.commits
    name = named[int(index)]
    try:
        mail = read_mail(name, raw)
    except FindingsError as problem:
        raise error(
            *(
                description.finding(
                    where,
                    f"{f.path}:{f.line}: {f.message}" if f.line else f"{f.path}: {f.message}",
                    f.hint,
                )
                for f in problem.findings
            )
        ) from None
    if mail is None or mail.author == NOBODY:
        hint = "it must be a patch as `git format-patch` writes it"
        raise error(description.finding(where, f"{name}: no mail with a patch", hint))
    char = forging(f"{mail.author}{mail.subject}{mail.message}")
    if char:
        what = f"{name}: its message has the character {char}, which no mail may have"
        raise error(description.finding(where, what))
    return mail


def _changed(
    description: Description, where: tuple[str | int, ...], git_dir: Path, before: str, after: str
) -> dict[str, bytes]:
    done = _git(git_dir, "diff-tree", "-r", "-z", "--raw", "--no-renames", before, after)
    parts = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    if not parts:
        raise error(description.finding(where, "the patch changes nothing"))
    files = {}
    with GitTree(git_dir, after) as tree:
        for entry, path in zip(parts[::2], parts[1::2], strict=True):
            old, new, _, _, status = entry.lstrip(":").split()
            shown = short(path)
            if status == "D":
                raise error(description.finding(where, f"the patch removes {shown}"))
            if not path.isprintable():
                raise error(description.finding(where, f"no name for a file: {shown}"))
            if new != (old if status == "M" else "100644"):
                what = _MODES.get(new, f"a file of mode {new}")
                raise error(description.finding(where, f"the patch makes {shown} {what}"))
            files[path] = tree.read(path)
    return files
