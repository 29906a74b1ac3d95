# SPDX-License-Identifier: GPL-2.0-only
"""A series on its tree: whoever wrote the patches, each becomes a commit that can be tried."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure, FindingsError, UsageError
from codegen.base.findings import Finding, error
from codegen.base.progress import Report, silent
from codegen.mail.mbox import MANIFEST, NOBODY, ORDER, Mail, apply_diff, read_mail
from codegen.series.commit import MAIL, NAME
from codegen.tree.git import git_environment
from codegen.tree.locate import TreeLocation
from codegen.tree.plumbing import git, git_command, run_git

_WHO = {"NAME": NAME, "EMAIL": MAIL}


@dataclass(frozen=True, slots=True)
class AppliedPatch:
    """One patch and its commit; `paths` are the files that it changes."""

    mail: Mail
    commit: str
    parent: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A series as commits on `base`, a tree in a repository that holds all of them.

    `cover` is the cover letter where there is one; `manifest` what gen wrote beside its own
    series, else empty.
    """

    base: TreeLocation
    patches: tuple[AppliedPatch, ...]
    cover: bytes | None
    manifest: Mapping[str, Any]

    @property
    def tip(self) -> TreeLocation:
        """The tree behind the last patch."""
        return replace(self.base, commit=self.patches[-1].commit)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that the series changes, sorted."""
        return tuple(sorted({path for patch in self.patches for path in patch.paths}))


def apply_series(
    files: Mapping[str, bytes],
    location: TreeLocation,
    git_dir: Path,
    progress: Report = silent,
) -> Applied:
    """Apply a series' files, `codegen.mail.mbox.read_series` or a Series', to a tree.

    Objects go to the repository `git_dir`, which has those of the tree at hand; no working tree
    is touched.  The same patches on the same tree give the same commits.  Raises FindingsError
    with the patch that does not apply, EnvironmentFailure where git fails.
    """
    if location.commit is None:
        progress(0, None, f"reading {location.folder}")
    base = base_commit(location, git_dir)
    mails = list(_mails(files))
    if not any(mail for _, mail in mails):
        raise UsageError("there is no patch in this series")
    date = git(git_dir, "show", "-s", "--format=%ct", base)
    index = git_dir / "index.gen"
    env = git_environment(GIT_INDEX_FILE=str(index))
    git(git_dir, "read-tree", base, env=env)
    parent, patches = base, []
    for mail in (mail for _, mail in mails if mail):
        said = apply_diff(git_dir, index, mail.diff)
        if said:
            hint = f"the tree is {location.name}; another one is named by --tree"
            if b"\r\n" in mail.diff:
                hint += "\nlines of the patch end in CR LF"
            what = f"the patch does not apply: {said}"
            raise error(Finding(what, mail.name, _line_in(mail, said), hint=hint))
        tree = git(git_dir, "write-tree", env=env)
        commit = _commit(git_dir, tree, parent, mail, date)
        changed = git(
            git_dir, "diff-tree", "-r", "--no-commit-id", "--name-only", "-z", parent, commit
        )
        paths = tuple(path for path in changed.split("\0") if path)
        patches.append(AppliedPatch(mail, commit, parent, paths))
        parent = commit
    cover = next((files[name] for name, mail in mails if mail is None), None)
    where = TreeLocation(location.name, git_dir, base, None, location.spec)
    return Applied(where, tuple(patches), cover, manifest(files))


def _line_in(mail: Mail, said: str) -> int:
    """The line of a patch's file that git means, which counts from the diff; 0 for none."""
    found = re.search(r"\b(?:at|on) line (\d+)", said)
    at = mail.raw.find(mail.diff[:4096])
    return mail.raw.count(b"\n", 0, at) + int(found[1]) if found and at >= 0 else 0


def manifest(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    """What gen wrote beside its own series; empty where a person wrote it, or wrote in it."""
    try:
        said = json.loads(files.get(MANIFEST, b"{}"))
        if said.get("predicate"):
            _texts(said["predicate"], "name", "off", "returns")
        for patch in said.get("patches", []):
            _texts({"part": "", **patch}, "file", "part")
            for site in patch["sites"]:
                _texts(site, "file", "template")
                if not isinstance(site["line"], int):
                    return {}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return dict(said)


def _texts(said: Mapping[str, Any], *keys: str) -> None:
    """ValueError where a value is no text, KeyError where it is not there."""
    if any(not isinstance(said[key], str) for key in keys):
        raise ValueError


def _mails(files: Mapping[str, bytes]) -> Iterable[tuple[str, Mail | None]]:
    problems: list[FindingsError] = []
    for name, raw in files.items():
        if name in (ORDER, MANIFEST):
            continue
        try:
            yield name, read_mail(name, raw)
        except FindingsError as problem:
            problems.append(problem)
    if problems:
        raise error(*(finding for problem in problems for finding in problem.findings))


def _commit(git_dir: Path, tree: str, parent: str, mail: Mail, date: str) -> str:
    name, _, address = mail.author.rpartition(" <")
    who = {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": address.rstrip(">"),
        "GIT_AUTHOR_DATE": mail.date or f"@{date} +0000",
        "GIT_COMMITTER_DATE": f"@{date} +0000",
        **{f"GIT_COMMITTER_{key}": value for key, value in _WHO.items()},
    }
    text = f"{mail.subject}\n\n{mail.message}".encode()
    command = git_command(git_dir, "commit-tree", tree, "-p", parent)
    done = run_git(command, env=git_environment(**who), stdin=text)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EnvironmentFailure(f"git commit-tree in {git_dir}: {said}")
    return done.stdout.decode().strip()


def commit_files(git_dir: Path, parent: str, files: Mapping[str, bytes], subject: str) -> str:
    """A commit on another one with some of its files replaced; returns its id."""
    date = git(git_dir, "show", "-s", "--format=%ct", parent)
    index = git_dir / "index.gen"
    env = git_environment(GIT_INDEX_FILE=str(index))
    git(git_dir, "read-tree", parent, env=env)
    for path, data in files.items():
        done = run_git(git_command(git_dir, "hash-object", "-w", "--stdin"), stdin=data)
        blob = done.stdout.decode().strip()
        git(git_dir, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
    tree = git(git_dir, "write-tree", env=env)
    return _commit(git_dir, tree, parent, Mail("", b"", subject, "", NOBODY, "", b""), date)


def base_commit(location: TreeLocation, git_dir: Path) -> str:
    """The tree's commit; an unpacked folder becomes one in `git_dir`, the folder only read."""
    if location.commit is not None:
        return location.commit
    assert location.folder is not None
    env = git_environment(
        GIT_INDEX_FILE=str(git_dir / "index.folder"),
        GIT_WORK_TREE=str(location.folder),
        GIT_AUTHOR_DATE="@0 +0000",
        GIT_COMMITTER_DATE="@0 +0000",
        **{
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in _WHO.items()
        },
    )
    options = ("-c", "core.bare=false", "-c", "core.autocrlf=false", "-c", "core.excludesFile=")
    done = run_git(git_command(git_dir, *options, "add", "--all", "--force", "."), env=env)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EnvironmentFailure(f"git cannot read {location.folder}: {said}")
    tree = git(git_dir, "write-tree", env=env)
    return git(git_dir, "commit-tree", tree, "-m", "the folder's files", env=env)
