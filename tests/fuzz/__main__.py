# SPDX-License-Identifier: GPL-2.0-only
"""`python -m tests.fuzz SEED [COUNT]`: what becomes of the mutants from a seed on."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.mutate import mutant
from tests.fuzz.oracle import outcome


def main(first: int, count: int) -> int:
    """Print what is wrong, and figures; a single mutant is printed itself. Returns the status."""
    start, accepted, series, wrong = time.monotonic(), 0, 0, 0
    if count == 1:
        print(mutant(first).decode("utf-8", "replace"))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + count):
            found = outcome(mutant(number), Path(folder), twice=number % 10 == 0)
            accepted += found.accepted
            series += found.made
            wrong += bool(found.wrong)
            for said in found.wrong:
                print(f"{number}: {said}", flush=True)
    rate = count / (time.monotonic() - start)
    print(
        f"{count} from {first} on: {accepted} accepted, {series} series, {wrong} wrong, {rate:.0f}/s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
