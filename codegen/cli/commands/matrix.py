# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix`: kernel CI of series on trees, architectures, configurations and compilers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from codegen.base import unbroken, whole
from codegen.base.commandline import line, program
from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.progress import progress
from codegen.cli.commands import print_json
from codegen.cli.commands.matrix_bisect import bisect
from codegen.cli.commands.matrix_options import asked_of, command_of, pool_of
from codegen.cli.main import DONE, FAILED, FOUND
from codegen.cli.terminal import paste, put, say
from codegen.matrix import export
from codegen.matrix.board import Board, board
from codegen.matrix.drive import drive
from codegen.matrix.journal import JOBS, LAST, MatrixRun, journal, last_run, read_run, runs_of
from codegen.matrix.plan import Planned, plan
from codegen.matrix.show import formats, terminal
from codegen.run.guestlog import Verdict

FORMATS = {"ktap": formats.ktap, "junit": formats.junit, "kcidb": formats.kcidb_text}


def matrix(options: argparse.Namespace) -> int:
    """Run a matrix; the status says whether all cells are as they should be."""
    asked = asked_of(options)
    name, until = asked.asked.name, asked.asked.until
    before = _before(options, name)
    unbroken.note("what is known stays; the same command goes on from here")
    with progress(quiet=options.json) as report:
        planned = plan(asked, report=report)
        if options.bisect:
            return bisect(options, planned, name, report)
        if options.export:
            return _export(options, planned, name)
        with journal(name, until, planned) as told, pool_of(options) as pool:
            drive(planned, pool, told, report, before if options.since else None)
    made = _board(told.folder, planned, before)
    _show(options, made, planned)
    return _status(made)


def _export(options: argparse.Namespace, planned: Sequence[Planned], name: str) -> int:
    """Write the jobs, and what has another CI run them."""
    folder: Path = options.out
    made = export.files(planned, name, options.export, str(folder))
    try:
        for path, text in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            whole.write(folder / path, text)
    except OSError as problem:
        raise EnvironmentFailure(f"cannot write {folder}: {problem.strerror}") from None
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
        _write(options.html, made, f"gen matrix status {made.name}")
    if _machine(options, made):
        return DONE
    _say_board(made)
    for number, (worker, since) in sorted(told.running.items()):
        say(f"runs     {told.cells[number].name}, on {worker} for {_ago(since)}")
    state = "goes on" if told.alive else "has ended" if told.ended else "was ended before its time"
    say(f"{made.name}: {state}; {terminal.summary(made)}")
    return DONE


def _ago(since: float) -> str:
    import time

    return f"{max(0.0, time.time() - since):.0f} s"


def _before(options: argparse.Namespace, name: str) -> MatrixRun | None:
    if options.since in (None, LAST):
        found = last_run(name)
        if options.since and found is None:
            raise UsageError(f"--since {LAST}: no run of {name} has come to its end here")
        return found
    return read_run(Path(options.since))


def _board(folder: Path, planned: Sequence[Planned], before: MatrixRun | None) -> Board:
    """What the run's journal says, with the commands that run again what is wrong."""
    told = read_run(folder)
    again = {}
    for number, each in enumerate(planned):
        found = told.outcomes.get(number)
        if each.job and found and not found.verdict.good:
            path = folder / JOBS / f"{each.key[:16]}.json"
            path.parent.mkdir(exist_ok=True)
            whole.write(path, each.job.text())
            again[number] = f"{program()} {line(['job', 'run', '--again', path])}"
    return board(told, before, again)


def _show(options: argparse.Namespace, made: Board, planned: Sequence[Planned]) -> None:
    if options.html:
        _write(options.html, made, command_of(options))
    if not _machine(options, made):
        _say_board(made)
        for each in made.wrong:
            if each.again:
                say(f"\n{each.cell.name}, again:")
                paste(each.again)
        say(f"\n{terminal.summary(made)}")
    sys.stdout.flush()


def _machine(options: argparse.Namespace, made: Board) -> bool:
    """Print what programs read, if that is asked for."""
    if options.json:
        print_json(formats.as_json(made))
    elif options.format != "table":
        put(FORMATS[options.format](made).removesuffix("\n"))
    return bool(options.json or options.format != "table")


def _say_board(made: Board) -> None:
    for text in terminal.lines_of(made):
        say(text)


def _status(made: Board) -> int:
    if made.good:
        return DONE
    verdicts = {each.outcome.verdict for each in made.wrong if each.outcome}
    return FAILED if verdicts <= {Verdict.INFRA} else FOUND


def _write(path: Path, made: Board, command: str) -> None:
    from codegen.matrix.show import html

    try:
        whole.write(path, html.text(made, command))
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise EnvironmentFailure(f"cannot write {path}: {why}") from None
