# SPDX-License-Identifier: GPL-2.0-only
"""Trees of a matrix: what `--tree` takes, and a branch of a git remote, as URL@REV.

A job names the commit.  A machine that does not have it gets it, once: a version of Debian's from
Debian, a remote's commit from the remote.
"""

from __future__ import annotations

import os
import re

from codegen.base.errors import EnvironmentFailure, GenError, UsageError
from codegen.base.progress import Report
from codegen.matrix.job import TreeWanted
from codegen.tree import resolve
from codegen.tree.cache import cache_dir, locked
from codegen.tree.debian import PREFIX
from codegen.tree.git import git_environment
from codegen.tree.kernel import version_at
from codegen.tree.locate import Commit, TreeLocation, safe_name
from codegen.tree.plumbing import commit_of, complaint, git, run_git
from codegen.tree.scratch import make_repository

_REMOTE = re.compile(r"((?:https|git|ssh|file)://[^\s@]+(?:@[^\s@/]+[^\s@]*)?)@([^\s@-][^\s@]*)")
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# How this user reaches remotes.
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_KEEP = (*_PROXIES, *map(str.upper, _PROXIES), "SSH_AUTH_SOCK", "GIT_SSL_CAINFO")


def looked_up(spec: str, report: Report) -> TreeLocation:
    """The tree that a matrix names, as it is now.  Raises what `codegen.tree.resolve` raises."""
    remote = _REMOTE.fullmatch(spec)
    if remote:
        return _of_remote(remote[1], remote[2], report)
    if "://" in spec:
        raise UsageError(f"tree {spec!r}: a remote is named with its branch, as {spec}@master")
    return resolve(spec, report)


def wanted(where: TreeLocation) -> TreeWanted:
    """A tree as a job names it."""
    assert isinstance(where.at, Commit)
    version = ""
    if where.spec.startswith(PREFIX) and "=" not in where.spec:
        subject = git(where.at.git_dir, "log", "-1", "--format=%s", where.at.commit)
        version = subject.strip().rpartition(" ")[2]
    return TreeWanted(where.name, where.spec, where.at.commit, version)


def located(tree: TreeWanted, report: Report) -> TreeLocation:
    """The tree of a job, fetched if need be.

    Raises EnvironmentFailure where its commit is not to be had.
    """
    specs = [tree.spec, *([f"{tree.spec}={tree.version}"] if tree.version else [])]
    here = ""
    for spec in specs:
        try:
            found = looked_up(spec, report)
        except GenError as problem:
            raise EnvironmentFailure(f"the tree {spec}: {problem}") from None
        if found.git_dir and commit_of(found.git_dir, tree.commit):
            return TreeLocation(tree.name, Commit(found.git_dir, tree.commit), tree.spec)
        here = (found.commit or "no commit")[:12]
    raise EnvironmentFailure(
        f"the tree {tree.spec}: this machine has {here}, the job is for {tree.commit[:12]}"
    )


def _of_remote(url: str, revision: str, report: Report) -> TreeLocation:
    """A commit of a remote, in a repository of gen's own; a branch is looked up each time."""
    git_dir = cache_dir() / "matrix" / "remotes.git"
    commit = commit_of(git_dir, revision) if _ID.fullmatch(revision) and git_dir.exists() else None
    if commit is None:
        report(0, None, f"fetching {revision} of {url}")
        with locked("matrix-remotes"):
            make_repository(git_dir, None)
            commit = _fetched(url, revision, str(git_dir))
    called = safe_name(url.rstrip("/").rpartition("/")[2].removesuffix(".git"))
    version_at(git_dir, commit, f"{url}@{revision}")
    return TreeLocation(f"{called}-{commit[:12]}", Commit(git_dir, commit), f"{url}@{commit}")


def _fetched(url: str, revision: str, git_dir: str) -> str:
    """Fetch one commit, without those before it, and keep it by a ref of its id."""
    more = {name: os.environ[name] for name in _KEEP if name in os.environ}
    env = git_environment(GIT_ALLOW_PROTOCOL="https:git:ssh:file", **more)
    command = ["git", f"--git-dir={git_dir}", "fetch", "--quiet", "--depth=1", "--no-tags"]
    done = run_git([*command, "--no-write-fetch-head", url, f"{revision}:refs/gen/new"], env=env)
    if done.returncode:
        raise EnvironmentFailure(f"git fetch {url} {revision}: {complaint(done.stderr)}")
    asked = run_git([*command[:2], "rev-parse", "refs/gen/new^{commit}"])
    commit = asked.stdout.decode("ascii", "replace").strip()
    for words in (
        ("update-ref", f"refs/gen/trees/{commit}", commit),
        ("update-ref", "-d", "refs/gen/new"),
    ):
        run_git([*command[:2], *words])
    return commit
