# SPDX-License-Identifier: GPL-2.0-only
"""How a run of `gen matrix` is shown: to people, to programs, as a page, as a mail."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from codegen.base import whole
from codegen.base.commandline import line, program
from codegen.cli.commands import print_json, writing
from codegen.cli.commands.matrix_options import command_of
from codegen.cli.main import DONE, FAILED, FOUND
from codegen.cli.terminal import paste, put, say
from codegen.matrix.board import Board, board
from codegen.matrix.journal import JOBS, MatrixRun, read_run
from codegen.matrix.plan import Planned
from codegen.matrix.show import formats, terminal
from codegen.run.guestlog import Verdict

FORMATS = {"ktap": formats.ktap, "junit": formats.junit, "kcidb": formats.kcidb_text}


def board_of(folder: Path, planned: Sequence[Planned], before: MatrixRun | None) -> Board:
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


def show(options: argparse.Namespace, made: Board) -> None:
    """Show a run as the options ask for it."""
    if options.html:
        write_page(options.html, made, command_of(options))
    if options.mail:
        write_mail(options.mail, made, command_of(options), quiet=options.json)
    if not for_programs(options, made):
        say_board(made)
        for each in made.wrong:
            if each.again:
                say(f"\n{each.cell.name}, again:")
                paste(each.again)
        say(f"\n{terminal.summary(made)}")
    sys.stdout.flush()


def for_programs(options: argparse.Namespace, made: Board) -> bool:
    """Print what programs read, if that is asked for."""
    if options.json:
        print_json(formats.as_json(made))
    elif options.format != "table":
        put(FORMATS[options.format](made).removesuffix("\n"))
    return bool(options.json or options.format != "table")


def say_board(made: Board) -> None:
    """Tell people."""
    for text in terminal.lines_of(made):
        say(text)


def status_of(made: Board) -> int:
    """The exit status of a run."""
    if made.good:
        return DONE
    verdicts = {each.outcome.verdict for each in made.wrong if each.outcome}
    return FAILED if verdicts <= {Verdict.INFRA} else FOUND


def write_page(path: Path, made: Board, command: str) -> None:
    """Write the page for a browser."""
    from codegen.matrix.show import html

    with writing(path):
        whole.write(path, html.text(made, command))


def write_mail(folder: Path, made: Board, command: str, *, quiet: bool) -> None:
    """Write the mail into a folder, and say how it is sent."""
    from codegen.matrix.show import mail

    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(made.started))
    path = folder / f"{made.name}-{stamp}.eml"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        whole.write(path, mail.text(made, command))
    if not quiet:
        say("a mail, which nobody has sent:")
        paste(line(["git", "send-email", "--to=LIST", path]))
