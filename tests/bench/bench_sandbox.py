#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the sandbox costs: a build of KVM and a boot, in it and without it, in turn.

    python tests/bench/bench_sandbox.py [--tree TREE] [--pairs N]

Prints the seconds of each pair, and the median of the ratios.  The tree's kernel is built first,
where `gen build` has not done it yet.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from unittest import mock

from codegen.run.bench import Bench, open_bench
from codegen.run.boot import Ending, boot
from codegen.run.initramfs import build_init, write_initramfs
from codegen.sandbox import sandbox
from codegen.sandbox.confined import Sandbox
from codegen.tree import resolve

NONE = Sandbox(None, "none, to compare with")


def kvm(bench: Bench, commit: str) -> None:
    """Compile and link KVM again, without the compiler's cache."""
    bench = Bench(bench.folder, bench.location, bench.options)
    out = bench.kernel(commit).out
    for path in (out / "arch/x86/kvm", out / "virt/kvm"):
        shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(bench.folder / "ccache", ignore_errors=True)
    bench.kernel(commit)


def guest(bench: Bench, commit: str) -> None:
    """Boot to init, which has nothing to do."""
    folder = bench.folder / "bench-sandbox"
    folder.mkdir(exist_ok=True)
    initramfs = write_initramfs(folder / "initramfs", build_init(bench.folder.parent), [])
    log = boot(bench.image(commit), initramfs, folder)
    assert log.ending is Ending.DONE, log.detail


def seconds(work: Callable[[Bench, str], None], bench: Bench, commit: str) -> float:
    start = time.monotonic()
    work(bench, commit)
    return time.monotonic() - start


def compare(what: str, work: Callable[[Bench, str], None], bench: Bench, pairs: int) -> None:
    commit = bench.location.commit
    assert commit
    work(bench, commit)  # warm
    ratios = []
    for number in range(pairs):
        # who goes first finds the caches as the other has left them: in turn
        spent = {}
        for inside in (True, False) if number % 2 else (False, True):
            with (
                nullcontext() if inside else mock.patch.object(sandbox, "found", return_value=NONE)
            ):
                spent[inside] = seconds(work, bench, commit)
        ratios.append(spent[True] / spent[False])
        print(
            f"{what}: {spent[True]:.2f} s in the sandbox, {spent[False]:.2f} s without", flush=True
        )
    print(
        f"{what}: {statistics.median(ratios):.3f} times, from {min(ratios):.3f} to {max(ratios):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tree", default=None)
    parser.add_argument("--pairs", type=int, default=4)
    options = parser.parse_args()
    print(f"sandbox: {sandbox.found()}")
    with open_bench(resolve(options.tree)) as bench:
        compare("KVM's objects", kvm, bench, options.pairs)
        compare("a boot", guest, bench, 3 * options.pairs)


if __name__ == "__main__":
    main()
