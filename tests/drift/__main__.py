# SPDX-License-Identifier: GPL-2.0-only
"""python -m tests.drift: drift a tree in every way, and count what comes of the series on it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.drift import drifts
from tests.drift.drift import DRIFTS
from tests.drift.judge import VERDICTS, NotApplicable, Outcome, Spoilt, drifted, outcomes
from tests.drift.trees import base

assert drifts


def main() -> int:
    """Print the outcomes and the table; 1 if something is silently wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift", description=__doc__)
    parser.add_argument("--tree", default="minitree", help="minitree, debian:6.12, a folder, …")
    parser.add_argument("--only", metavar="NAME", help="drifts whose name or class holds this")
    parser.add_argument("--why", action="store_true", help="say why, of all that is not right")
    chosen = parser.parse_args()
    found: list[Outcome] = []
    spoilt = False
    with base(chosen.tree) as tree:
        for drift in DRIFTS.values():
            if chosen.only and chosen.only not in f"{drift.name} {drift.group}":
                continue
            try:
                draft = drifted(drift, tree)
            except NotApplicable as reason:
                print(f"{drift.name}: does not apply: {reason}", flush=True)
                continue
            except Spoilt as problem:
                print(f"{drift.name}: no refactoring: {problem}", flush=True)
                spoilt = True
                continue
            for outcome in outcomes(drift, tree, draft):
                found.append(outcome)
                print(f"{drift.name}, {outcome.cell}: {outcome.verdict}", flush=True)
                if chosen.why and outcome.why:
                    print("\n".join(f"        {line}" for line in outcome.why.splitlines()))
    print()
    print(table(found))
    return int(spoilt or any(outcome.verdict == "wrong" for outcome in found))


def table(found: list[Outcome]) -> str:
    """How many of each class ended how."""
    counts = Counter((outcome.group, outcome.verdict) for outcome in found)
    groups = sorted({outcome.group for outcome in found})
    rows = [[group, *(str(counts[group, verdict]) for verdict in VERDICTS)] for group in groups]
    rows.append(["all", *(str(sum(counts[g, v] for g in groups)) for v in VERDICTS)])
    wide = max(len(row[0]) for row in rows)
    lines = [" " * wide + "".join(verdict.rjust(12) for verdict in VERDICTS)]
    lines += [row[0].ljust(wide) + "".join(cell.rjust(12) for cell in row[1:]) for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
