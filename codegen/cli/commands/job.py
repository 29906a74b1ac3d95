# SPDX-License-Identifier: GPL-2.0-only
"""`gen job run`: one cell of a matrix, from a file, on this machine."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from codegen.base.progress import progress
from codegen.cli.commands import print_json
from codegen.cli.main import DONE, FOUND
from codegen.cli.terminal import put, say
from codegen.matrix.job import read_job
from codegen.matrix.once import once
from codegen.matrix.outcome import Outcome
from codegen.store.store import store


def run(options: argparse.Namespace) -> int:
    """Do a job, or say what came of it before; the status says whether that is good."""
    job = read_job(Path(options.job))
    with progress(quiet=options.json) as report:
        outcome = once(job, report, again=options.again)
    if options.json:
        good = outcome.verdict.good
        print_json({"ok": good, "key": job.key, "cell": job.cell.name, **outcome.as_json()})
    else:
        say(text(job.cell.name, outcome))
        for line in outcome.lines:
            put(f"  {line}")
        for name, digest in outcome.logs.items():
            with suppress(OSError):
                say(f"log {name}: {store().folder / 'files' / digest[:2] / digest}")
    sys.stdout.flush()
    return DONE if outcome.verdict.good else FOUND


def text(name: str, outcome: Outcome) -> str:
    """A cell in a line."""
    where = " in ".join(part for part in (outcome.step, outcome.patch) if part)
    why = f": {outcome.reason}" if outcome.reason else ""
    known = ", known already" if outcome.kept else f", {outcome.spent:.1f} s"
    return f"{outcome.verdict.value:5}  {name}  ({where}{known}){why}"
