# SPDX-License-Identifier: GPL-2.0-only
"""The tree of a job on this machine: the commit that the job names, wherever it is to be had."""

from __future__ import annotations

from codegen.base.errors import EnvironmentFailure, GenError
from codegen.base.progress import Report
from codegen.matrix.job import TreeWanted
from codegen.tree import resolve
from codegen.tree.locate import Commit, TreeLocation
from codegen.tree.plumbing import commit_of


def located(wanted: TreeWanted, report: Report) -> TreeLocation:
    """The tree, fetched if need be.  Raises EnvironmentFailure where its commit is not there."""
    try:
        found = resolve(wanted.spec, report)
    except GenError as problem:
        raise EnvironmentFailure(f"the tree {wanted.spec}: {problem}") from None
    git_dir = found.git_dir
    if git_dir is None or commit_of(git_dir, wanted.commit) is None:
        here = (found.commit or "no commit")[:12]
        raise EnvironmentFailure(
            f"the tree {wanted.spec}: this machine has {here}, the job is for {wanted.commit[:12]}"
        )
    return TreeLocation(wanted.name, Commit(git_dir, wanted.commit), wanted.spec)
