# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix`: kernel CI of series on trees, architectures, configurations and compilers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from codegen.base import unbroken, whole
from codegen.base.errors import UsageError
from codegen.base.progress import progress
from codegen.cli.commands import print_json, writing
from codegen.cli.commands.matrix_bisect import bisect
from codegen.cli.commands.matrix_options import asked_of
from codegen.cli.commands.matrix_run import run, watch
from codegen.cli.commands.matrix_show import for_programs, say_board, show, status_of, write_page
from codegen.cli.main import DONE
from codegen.cli.terminal import say
from codegen.matrix import export
from codegen.matrix.board import board
from codegen.matrix.journal import JOBS, LAST, MatrixRun, last_run, read_run, runs_of
from codegen.matrix.plan import Planned, plan
from codegen.matrix.show import terminal


def matrix(options: argparse.Namespace) -> int:
    """Run a matrix; the status says whether all cells are as they should be."""
    unbroken.note("what is known stays; the same command goes on from here")
    if options.watch:
        return watch(options)
    asked = asked_of(options)
    name = asked.asked.name
    before = _before(options, name)
    with progress(quiet=options.json) as report:
        planned = plan(asked, report=report)
    if options.bisect:
        return bisect(options, planned, name)
    if options.export:
        return _export(options, planned, name)
    made = run(options, asked, planned, before, since=bool(options.since))
    show(options, made)
    return status_of(made)


def _export(options: argparse.Namespace, planned: Sequence[Planned], name: str) -> int:
    """Write the jobs, and what has another CI run them."""
    folder: Path = options.out
    made = export.files(planned, name, options.export, str(folder))
    with writing(folder):
        for path, text in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            whole.write(folder / path, text)
    paths = [str(folder / path) for path in made]
    if options.json:
        print_json({"ok": True, "files": paths})
    else:
        say(f"{paths[0]}, and {len(paths) - 1} jobs in {folder / JOBS}")
    return DONE


def status(options: argparse.Namespace) -> int:
    """Show the last run of a matrix, also while it goes on."""
    runs = runs_of(options.name)
    if not runs:
        raise UsageError(f"no matrix {options.name!r} has run here")
    told = read_run(runs[-1])
    made = board(told, last_run(options.name, other_than=told.folder))
    if options.html:
        write_page(options.html, made, f"gen matrix status {made.name}")
    if for_programs(options, made):
        return DONE
    say_board(made)
    state = "goes on" if told.alive else "has ended" if told.ended else "was ended before its time"
    say(f"{made.name}: {state}; {terminal.summary(made)}")
    return DONE


def _before(options: argparse.Namespace, name: str) -> MatrixRun | None:
    if options.since in (None, LAST):
        found = last_run(name)
        if options.since and found is None:
            raise UsageError(f"--since {LAST}: no run of {name} has come to its end here")
        return found
    return read_run(Path(options.since))
