# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix --bisect`: the first patch of a series that breaks a cell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from codegen.cli.commands import print_json
from codegen.cli.commands.matrix_options import pool_of
from codegen.cli.main import DONE
from codegen.cli.terminal import put, say
from codegen.matrix import bisect as search
from codegen.matrix.bisect import Bisected
from codegen.matrix.drive import drive
from codegen.matrix.journal import journal
from codegen.matrix.outcome import Outcome
from codegen.matrix.plan import Planned
from codegen.matrix.show.live import live


def bisect(options: argparse.Namespace, planned: Sequence[Planned], name: str) -> int:
    """Name the patch, or why there is none; each of its cells is a run `NAME.bisect`."""
    cell = search.chosen(planned, options.bisect)
    with pool_of(options) as pool:

        def run(one: Planned) -> Outcome:
            assert one.job is not None
            with (
                journal(f"{name}.bisect", one.job.until, [one]) as told,
                live(told.told, None, pool.workers, quiet=options.json),
            ):
                return drive([one], pool, told)[0]

        found = search.bisect(cell, run)
    if options.json:
        print_json(_as_json(found))
    else:
        _say(found)
    sys.stdout.flush()
    return DONE


def _as_json(found: Bisected) -> dict[str, object]:
    return {
        "ok": True,
        "cell": found.cell.name,
        "patch": found.patch,
        "why": found.why,
        "tried": [
            {"patches": number, "verdict": verdict.value} for number, verdict in found.tried.items()
        ],
        "outcome": found.outcome.as_json(),
    }


def _say(found: Bisected) -> None:
    outcome = found.outcome
    say(f"{found.cell.name}: {outcome.verdict.value} ({outcome.step}): {outcome.reason}")
    for line in outcome.lines:
        put(f"  {line}")
    for number, verdict in found.tried.items():
        say(f"the first {number} patches: {verdict.value}")
    say(f"first broken by {found.patch}" if found.patch else f"no patch: {found.why}")
