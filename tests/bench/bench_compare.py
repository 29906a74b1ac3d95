# SPDX-License-Identifier: GPL-2.0-only
"""How long `gen compare` takes beside one build of the kernel by make: ratios.

    python tests/bench/bench_compare.py [RELEASE]

All variants of the reference knob, redundant ones too, from a cache that has the tree and nothing
that was built: to the page, to the same page again, and without building.  Some ten minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.tree import resolve
from codegen.tree.cache import cache_dir
from tests.bench.bench_test import ROOT, Hand, line
from tests.caches import linked

KNOB = "zap-leafs-only"


def page(cache: Path, release: str, *more: str) -> float:
    """Seconds until gen has written the page."""
    html = cache.with_suffix(".html")
    command = [sys.executable, "-m", "codegen", "compare", "--redundant", "--abi", KNOB]
    start = time.monotonic()
    done = subprocess.run(
        [*command, "--tree", f"debian:{release}", "--html", str(html), *more],
        cwd=ROOT,
        env={**os.environ, "GEN_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.monotonic() - start
    assert done.returncode == 0 and html.stat().st_size, done.stdout[-4000:] + done.stderr
    return spent


def main() -> None:
    """Print the ratios."""
    release = sys.argv[1] if len(sys.argv) > 1 else "6.12"
    location = resolve(f"debian:{release}")
    with tempfile.TemporaryDirectory(prefix="gen-bench-", dir=cache_dir()) as name:
        folder = Path(name)
        print(f"{'':34} {'gen':>9}  {'one make':>9}")
        make = Hand(folder / "hand", location).kernel()
        cache = linked(folder / "cache")
        line("empty cache to the page", page(cache, release), make, 2.2)
        print(f"{'the same page again':34} {page(cache, release):7.1f} s")
        quick = page(linked(folder / "quick"), release, "--quick")
        print(f"{'nothing built, --quick':34} {quick:7.1f} s")


if __name__ == "__main__":
    main()
