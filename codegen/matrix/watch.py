# SPDX-License-Identifier: GPL-2.0-only
"""Whether a matrix has something new to run: a tree's branch that moved, Debian's newer package, a
description or a series that somebody edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from codegen.base.errors import UsageError
from codegen.base.progress import Report
from codegen.matrix.journal import MatrixRun
from codegen.matrix.plan import Planned, changed
from codegen.tree.debian import PREFIX, release_of
from codegen.tree.fetch import available
from codegen.tree.scratch import scratch_folder


def newest(trees: Sequence[str], report: Report) -> Mapping[str, str]:
    """The newest version that Debian has of each tree of its that names none: as `--tree` takes it.

    A tree that is in the cache stays what it is, so that it is asked for by its version.  Raises
    EnvironmentFailure where there is no apt.
    """
    asked = [tree for tree in trees if tree.startswith(PREFIX) and "=" not in tree]
    if not asked:
        return {}
    with scratch_folder() as folder:
        there = available(Path(folder), report)
    found = {}
    for tree in asked:
        series = release_of(tree).series
        first = next((each for each in there if each.series == series), None)
        if first is None:
            raise UsageError(f"{tree}: none of Debian's suites has it any more")
        found[tree] = first.spec
    return found


def news(planned: Sequence[Planned], before: MatrixRun | None) -> Sequence[Planned]:
    """The cells that are to be run: made of something else than in a run, or not known there,
    be it that the machine could not."""
    keys = {name: key for name, (key, _) in before.settled.items()} if before else {}
    return [each for each in planned if each.job and changed(each, keys)]
