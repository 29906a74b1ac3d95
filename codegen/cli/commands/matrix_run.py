# SPDX-License-Identifier: GPL-2.0-only
"""A run of `gen matrix`: once, or whenever there is something new."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from codegen.base.errors import GenError
from codegen.base.progress import progress
from codegen.cli.commands.matrix_options import asked_of, pool_of
from codegen.cli.commands.matrix_show import board_of, show
from codegen.cli.main import tell
from codegen.matrix.asked import Request
from codegen.matrix.board import Board
from codegen.matrix.drive import drive
from codegen.matrix.journal import MatrixRun, journal, last_run
from codegen.matrix.plan import Planned, plan
from codegen.matrix.show.live import live
from codegen.matrix.watch import newest, news

_MAILS = "matrix-mails"


def run(
    options: argparse.Namespace,
    asked: Request,
    planned: Sequence[Planned],
    before: MatrixRun | None,
    *,
    since: bool,
) -> Board:
    """Run cells, with `since` only those that are made of something else than `before`."""
    name, until = asked.asked.name, asked.asked.until
    with (
        journal(name, until, planned) as told,
        pool_of(options) as pool,
        live(told.told, before, pool.workers, quiet=options.json),
    ):
        drive(planned, pool, told, before if since else None)
    return board_of(told.folder, planned, before)


def watch(options: argparse.Namespace) -> int:
    """Run what changed whenever something has, until it is ended.

    What it has found is a mail each time.  What cannot be looked up is told, and looked up again;
    the first time it is raised.
    """
    options.mail = options.mail or Path(_MAILS)
    first = True
    while True:
        try:
            _round(options)
        except GenError as problem:
            if first:
                raise
            tell(problem, options.json)
        first = False
        time.sleep(options.every)


def _round(options: argparse.Namespace) -> None:
    """Look once, and run and tell what is new."""
    asked = asked_of(options)
    with progress(quiet=options.json) as report:
        planned = plan(asked, report=report, newest=newest(asked.asked.trees, report))
    before = last_run(asked.asked.name)
    if news(planned, before):
        show(options, run(options, asked, planned, before, since=True))
