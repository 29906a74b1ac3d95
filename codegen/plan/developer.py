# SPDX-License-Identifier: GPL-2.0-only
"""A mechanism that the developer wrote: patch files or commits, which keep their author.

They are read with git in a scratch repository and become the first patches of the series, as
plain changes of files like all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from codegen.base.errors import FindingsError, UsageError
from codegen.base.files import read_file
from codegen.base.findings import error
from codegen.base.printable import forging
from codegen.description.load import Description
from codegen.description.mechanism import Mechanism
from codegen.mail.diff import applied
from codegen.mail.mbox import read_mail
from codegen.mail.patch import NOBODY, Patch, Posted
from codegen.tree.changed import Changed
from codegen.tree.locate import Folder, TreeLocation
from codegen.tree.plumbing import git_command, run_git
from codegen.tree.scratch import scratch_repository
from codegen.vocabulary.characters import short
from codegen.vocabulary.part import Where

_MAX_MAIL = 4 << 20
_MODES = {"120000": "a symbolic link", "160000": "a submodule", "100755": "executable"}


def given_patches(
    description: Description, location: TreeLocation, folder: Path
) -> tuple[Patch, ...]:
    """The patches that a description names, applied to the tree one after the other.

    Files are looked for below `folder`, commits in the tree's own repository.  Raises
    FindingsError where one is missing or does not apply.
    """
    mechanism = description.knob.mechanism
    if mechanism is None or not (mechanism.patches or mechanism.commits):
        return ()
    if isinstance(location.at, Folder):
        where = ("mechanism",)
        hint = "name a repository by --tree, or give the mechanism as edits"
        raise error(
            description.finding(where, "own patches need a tree that is a repository", hint)
        )
    with scratch_repository(location.at.git_dir) as git_dir:
        mails = list(_mails(description, mechanism, location, folder, git_dir))
        return tuple(_apply(description, mechanism, git_dir, location.at.commit, mails))


def _mails(
    description: Description,
    mechanism: Mechanism,
    location: TreeLocation,
    folder: Path,
    git_dir: Path,
) -> Iterator[tuple[Where, bytes]]:
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
        options = ("format-patch", "-1", "--stdout", "--no-signature")
        done = run_git(git_command(git_dir, *options, commit))
        if done.returncode:
            raise error(description.finding(where, f"{location.name} has no commit {commit}"))
        yield where, done.stdout


def _apply(
    description: Description,
    mechanism: Mechanism,
    git_dir: Path,
    base: str,
    mails: list[tuple[Where, bytes]],
) -> Iterator[Patch]:
    sent = [_mail(description, mechanism, where, raw) for where, raw in mails]
    for (where, _), mail, made in zip(mails, sent, applied(git_dir, base, sent), strict=False):
        if isinstance(made, str):
            what = f"{mail.name}: the patch does not apply: {made}"
            raise error(description.finding(where, what))
        wrong = next(_refused(made.changes), "")
        if wrong:
            raise error(description.finding(where, wrong))
        yield replace(made, date="", part="given")


def _mail(description: Description, mechanism: Mechanism, where: Where, raw: bytes) -> Posted:
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


def _refused(changes: Mapping[str, Changed]) -> Iterator[str]:
    """What a patch does that no patch of a series may."""
    if not changes:
        yield "the patch changes nothing"
    for path, made in changes.items():
        shown = short(path)
        if made.after is None:
            yield f"the patch removes {shown}"
        if not path.isprintable():
            yield f"no name for a file: {shown}"
        if made.mode:
            yield f"the patch makes {shown} {_MODES.get(made.mode, f'a file of mode {made.mode}')}"
