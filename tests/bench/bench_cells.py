# SPDX-License-Identifier: GPL-2.0-only
"""How long `gen matrix` takes for eight cells of a tree, beside a loop in a shell: one ratio.

    python tests/bench/bench_cells.py [RELEASE [build]]

The loop runs `gen check`, `gen build` and `gen test` of each series, one after the other, in one
cache; with `build`, which boots nothing, `gen check` alone.  Both begin with a store that is empty
and with what this machine has compiled before, which a loop that is not measured has made sure of.
Some 35 minutes, nine with `build`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.tree.cache import cache_dir
from tests.bench.bench_test import ROOT, line
from tests.caches import OBJECTS, linked

KNOBS = ("small-pages-only", "zap-leafs-only")
VARIANTS = ("hardcoded", "memslot-flag", "quirk", "vm-capability")
LOOP = """
set -e
gen=$1 tree=$2 knobs=$3 variants=$4 until=$5
for knob in $knobs; do
	for variant in $variants; do
		$gen check --abi $knob --variant $variant --tree $tree
		[ $until = build ] && continue
		$gen build --abi $knob --variant $variant --tree $tree
		$gen test --abi $knob --variant $variant --tree $tree
	done
done
"""


def seconds(command: Sequence[str], cache: Path) -> float:
    """How long a command takes, with a cache that has the user's trees and objects."""
    env = {**os.environ, "GEN_CACHE": str(linked(cache, OBJECTS))}
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return time.monotonic() - start


def main() -> None:
    """Print the ratio."""
    release, until = [*sys.argv[1:], *("6.1", "test")[len(sys.argv) - 1 :]]
    tree = f"debian:{release}"
    gen = [sys.executable, "-m", "codegen"]
    knobs = [word for knob in KNOBS for word in ("--abi", knob)]
    cells = [*gen, "matrix", *knobs, "--variants", ",".join(VARIANTS), "--tree", tree]
    words = [" ".join(gen), tree, " ".join(KNOBS), " ".join(VARIANTS), until]
    with tempfile.TemporaryDirectory(prefix="gen-bench-", dir=cache_dir()) as name:
        loop = ["sh", "-c", LOOP, "loop", *words]
        seconds(loop, Path(name) / "before")
        ours = seconds([*cells, "--until", until], Path(name) / "matrix")
        theirs = seconds(loop, Path(name) / "loop")
    print(f"{'':34} {'gen':>9}  {'loop':>9}")
    line(f"{len(KNOBS) * len(VARIANTS)} cells of {tree}, to {until}", ours, theirs, 1.1)


if __name__ == "__main__":
    main()
