# SPDX-License-Identifier: GPL-2.0-only
"""How long `gen test` takes beside make and QEMU, which users would run by hand: ratios.

    python tests/bench/bench_test.py [RELEASE]

From a fresh cache: one variant, a second variant, and all mutants of that one.  By hand it is the
same kernel, selftest and boots, in a checkout that is there already; half an hour, all in all.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.architectures import DEFAULT
from codegen.run import config, make
from codegen.run.checkout import sync
from codegen.series.commit import commits_of
from codegen.series.make import generate
from codegen.tree import TreeLocation, resolve
from codegen.tree.cache import cache_dir
from codegen.tree.scratch import make_repository

ROOT = Path(__file__).resolve().parents[2]
KNOB = "small-pages-only"
FIRST, SECOND = "vm-capability", "hardcoded"


def gen(cache: Path, variant: str, release: str, *more: str) -> tuple[float, dict[str, Any]]:
    """Run gen test with a cache of its own; seconds, and what it says."""
    command = [sys.executable, "-m", "codegen", "test", "--json", "--variant", variant]
    command += ["--abi", KNOB, "--tree", f"debian:{release}", "--accel", "tcg", *more]
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "GEN_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.monotonic() - start
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return spent, said


class Hand:
    """The same by hand: make in a checkout, and QEMU by the scripts that gen left."""

    def __init__(self, folder: Path, location: TreeLocation) -> None:
        self.folder, self.location = folder, location
        self.git_dir = make_repository(folder / "series.git", location.git_dir)
        assert location.commit is not None
        self.source = sync(self.git_dir, location.commit, folder / "source").path
        self.kernel_args = ["-C", str(self.source), f"O={folder / 'kernel'}", "ARCH=x86_64"]

    def _make(self, *args: str) -> float:
        start = time.monotonic()
        subprocess.run(
            ["make", f"-j{make.jobs_default()}", *args],
            env=make.environment(None),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.monotonic() - start

    def kernel(self) -> float:
        """Seconds for the kernel of what is checked out."""
        spent = 0.0
        dotconfig = self.folder / "kernel/.config"
        if not dotconfig.exists():
            spent += self._make(*self.kernel_args, "tinyconfig")
            wants = config.parse_fragment(DEFAULT.machine.run_config.read_text())
            with dotconfig.open("a") as stream:
                stream.write(config.render_fragment(wants))
            spent += self._make(*self.kernel_args, "olddefconfig")
        return spent + self._make(*self.kernel_args, "bzImage", "headers")

    def selftest(self, path: str) -> float:
        """Seconds for one selftest."""
        usr, out = self.folder / "kernel/usr", self.folder / "selftests"
        out.mkdir(exist_ok=True)
        name = path.removeprefix("tools/testing/selftests/kvm/").removesuffix(".c")
        return self._make(
            *("-C", str(self.source / "tools/testing/selftests/kvm"), f"OUTPUT={out}"),
            *(f"KHDR_INCLUDES=-isystem {usr / 'include'}", f"INSTALL_HDR_PATH={usr}"),
            *("USERLDFLAGS=-static -Wl,-S", str(out / name)),
        )

    def apply(self, variant: str) -> str:
        """Check a series out; returns the path of its new test."""
        series = generate(KNOB, variant, self.location)
        sync(self.git_dir, commits_of(series, self.git_dir).tip, self.source)
        return next(path for path in series.paths if path.endswith("_test.c"))


def qemu(results: Path) -> float:
    """Seconds for the boots that a `gen test` did, each done again by its own script."""
    spent = 0.0
    for script in sorted(results.glob("*/boot*/qemu.sh")):
        words = shlex.split(script.read_text().partition("\n")[2])
        if "mutants" in str(script) or not all(Path(w).exists() for w in words[-1:] if "/" in w):
            continue
        start = time.monotonic()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        spent += time.monotonic() - start
    return spent


def line(what: str, ours: float, theirs: float, most: float) -> None:
    """One ratio and the most it may be."""
    print(f"{what:34} {ours:7.1f} s  {theirs:7.1f} s  {ours / theirs:5.2f} (at most {most})")


def main() -> None:
    """Print the ratios."""
    release = sys.argv[1] if len(sys.argv) > 1 else "6.12"
    location = resolve(f"debian:{release}")
    with tempfile.TemporaryDirectory(prefix="gen-bench-", dir=cache_dir()) as name:
        cache, folder = Path(name) / "cache", Path(name) / "hand"
        cache.mkdir()
        for each in cache_dir().iterdir():
            if each.name not in ("bench", Path(name).name):
                (cache / each.name).symlink_to(each)
        print(f"{'':34} {'gen':>9}  {'by hand':>9}")

        hand = Hand(folder, location)
        by_hand = hand.kernel()
        by_hand += (test := hand.apply(FIRST)) and hand.kernel()
        by_hand += hand.selftest(test)
        ours, said = gen(cache, FIRST, release, "--no-mutants")
        by_hand += qemu(Path(said["folder"]))
        line("fresh cache to verdict", ours, by_hand, 1.15)

        test = hand.apply(SECOND)
        increment = hand.kernel() + hand.selftest(test)
        ours, said = gen(cache, SECOND, release, "--no-mutants")
        second = increment + qemu(Path(said["folder"]))
        line("second variant", ours, second, 1.15)

        ours, said = gen(cache, SECOND, release, "--resume")
        seconds = said["seconds"]
        mutants = sum(spent for what, spent in seconds.items() if "mutants" in what)
        line(f"all {said['mutants']['made']} mutants of it", mutants, 1.15 * increment, 3)

        boots = [
            result["seconds"]
            for each in said["rounds"]
            for result in each["results"]
            if each["name"] == "series"
        ]
        print(f"the selftest itself: {max(boots):.1f} s")
        shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    main()
