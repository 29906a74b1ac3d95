# SPDX-License-Identifier: GPL-2.0-only
"""`gen abi-diff A B`: what a tree or a series changes for userspace."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codegen.base.progress import progress
from codegen.cli.commands import print_json
from codegen.cli.main import DONE, FOUND
from codegen.cli.target import location
from codegen.cli.terminal import say
from codegen.mail.mbox import read_files
from codegen.series.make import open_tree
from codegen.series.read import read_series
from codegen.tree.locate import TreeLocation, repository_at
from codegen.tree.reader import Overlay, Tree
from codegen.uapi.table import table
from codegen.uapi.trees import differences


def abi_diff(options: argparse.Namespace) -> int:
    """Compare two trees, or a tree with itself behind a series."""
    base = location(options.first, options.json)
    with (
        progress(quiet=options.json) as report,
        open_tree(base) as old,
        _second(options.second, base, old, options.json) as new,
    ):
        found = differences(old, new, report)
    broken = any(each.breaks for each in found)
    if options.json:
        said = {"ok": not broken, "differences": [each.as_json() for each in found]}
        print_json(said)
    else:
        say(table(found))
    return FOUND if broken else DONE


@contextmanager
def _second(spec: str, base: TreeLocation, first: Tree, quiet: bool) -> Iterator[Tree]:
    """A tree, or the first one behind the patches that `spec` names."""
    if not _is_series(Path(spec).expanduser()):
        with open_tree(location(spec, quiet)) as tree:
            yield tree
        return
    files = read_files(Path(spec).expanduser())
    with progress(quiet=quiet) as shown:
        series = read_series(files, base, shown)
    yield Overlay(first, series.behind)


def _is_series(place: Path) -> bool:
    """Whether a path is a file, or a folder in which there is no kernel."""
    if not place.is_dir():
        return place.is_file()
    return not (place / "Makefile").is_file() and repository_at(place) is None
