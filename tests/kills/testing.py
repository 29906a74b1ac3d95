# SPDX-License-Identifier: GPL-2.0-only
"""Killing `gen test`: kernels that are being built, guests that are running."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from codegen.tree.cache import cache_path
from tests.kills.victim import ROOT, Left, Patience, Place, killed

_SERIES = ("memslot-flag", "vm-capability")  # one after the other: there is something to build
_KNOB = ("--abi", "small-pages-only", "--tree", "debian:6.12")


class _InTheCache(Place):
    """With the user's own cache: it has the tree, and building starts from what is built."""

    @property
    def cache(self) -> Path:
        return cache_path()


class Testing:
    """A test that was killed is tested again, with the same verdicts."""

    __test__ = False  # no class of tests

    def __init__(self, root: Path) -> None:
        self.place = _InTheCache(root)
        self.number = 0
        self.expected = []
        for name in _SERIES:
            status, verdicts, seconds = self._in_peace(name)
            assert status == 0 and verdicts, (name, status, verdicts)
            self.expected.append(verdicts)
        self.patience = Patience(seconds)

    def _arguments(self, name: str) -> list[str]:
        return [
            "test",
            "--variant",
            name,
            *_KNOB,
            "--no-mutants",
            "--no-baseline",
            "--json",
        ]

    def _in_peace(self, name: str) -> tuple[int, list[str], float]:
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "codegen", *self._arguments(name)],
            env=self.place.environment("none"),
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        said = json.loads(done.stdout) if done.stdout else {}
        rows = said.get("results", said.get("tests", []))
        verdicts = sorted(f"{row['name']} {row['verdict']}" for row in rows)
        return done.returncode, verdicts, time.monotonic() - start

    def kill(self, chance: random.Random) -> tuple[Left, list[str]]:
        """Test one of two series, be killed; then, now and then, test it in peace."""
        which = self.number = (self.number + 1) % 2
        left = killed(self.place, self._arguments(_SERIES[which]), self.patience, chance)
        wrong = []
        if chance.random() < 0.2 or left.wrong:
            status, verdicts, _ = self._in_peace(_SERIES[which])
            if (status, verdicts) != (0, self.expected[which]):
                wrong.append(f"the next run: {status}, {verdicts}")
            wrong += [f"left behind: {path}" for path in self.place.temporary.iterdir()]
        return left, wrong
