# SPDX-License-Identifier: GPL-2.0-only
"""Some tests on the kernels of a series: with it, without it, and under each condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codegen.run import expected
from codegen.run.guestlog import Verdict
from codegen.run.initramfs import GuestTest
from codegen.run.runner import BOOT, Listener
from codegen.run.verdict import Params, Results, TestResult

# Boot a kernel (its name, its image) with tests and parameters; results are told as they come.
Boot = Callable[[str, Path, Sequence[GuestTest], Params, Listener], Results]
# Tell a row, on a kernel under parameters; returns whether it is as it should be.
Row = Callable[[str, Params, TestResult], bool]


@dataclass(frozen=True)
class Round:
    """Some tests on one kernel under some parameters."""

    kernel: str
    params: Params
    results: Results

    @property
    def name(self) -> str:
        """`series`, `base`, `series kvm.tdp_mmu=0`."""
        return " ".join([self.kernel, *self.params])


@dataclass
class Lane:
    """Tests that the series adds (`new`), or others, and what became of them so far.

    `images` are the kernels by name: `series`, and `base` where that is to be asked.  A test in
    `changed` is the series' own work: that it fails without the series as well is no excuse.
    """

    tests: Sequence[GuestTest]
    new: bool
    images: Mapping[str, Path]
    boot: Boot
    row: Row
    changed: frozenset[str] = frozenset()
    some: bool = False  # of the patches: a new test skips where its subject is not there yet
    rounds: list[Round] = field(default_factory=list)

    def run_all(self, conditions: Sequence[Params]) -> bool:
        """Boot under one condition after the other."""
        good = [self.run(params) for params in conditions]
        return all(good)

    def run(self, params: Params) -> bool:
        """Boot under the condition that `params` make; whether all is as it should be."""
        if not self.tests:
            return True
        told: set[str] = set()

        def tell(result: TestResult) -> None:
            told.add(result.name)
            self.row("series", params, result)

        series = self._round("series", self.tests, params, tell)
        base: Results = {}
        asked = self._asked(series, params)
        if asked and "base" in self.images:
            try:
                base = self._round("base", asked, params, lambda result: None)
            except BaseException:
                for name in series:
                    if name not in told:
                        tell(series[name])
                raise
        good = True
        for test in self.tests:
            result, before = series[test.name], base.get(test.name)
            if self.new and before is not None:
                good &= self.row("base", params, expected.without(before))
            if test.name in told:
                continue
            if self.new:
                good &= self.row("series", params, expected.new(result, self.some or bool(params)))
            else:
                if test.name in self.changed and result.verdict is not Verdict.SKIP:
                    before = None
                good &= self.row("series", params, expected.old(result, before))
        if BOOT in series:
            good &= self.row("series", params, expected.old(series[BOOT], base.get(BOOT)))
        return good

    def _asked(self, series: Results, params: Params) -> Sequence[GuestTest]:
        """What the kernel without the series is asked: a new test once, an old one where it
        matters."""
        if BOOT in series:
            return self.tests
        if self.new:
            return [] if params else self.tests
        return [test for test in self.tests if series[test.name].verdict is not Verdict.PASS]

    def _round(
        self, kernel: str, tests: Sequence[GuestTest], params: Params, tell: Listener
    ) -> Results:
        """One boot, or more: what passes is told at once, the rest where the run is ended."""
        heard: list[TestResult] = []

        def hear(result: TestResult) -> None:
            if result.verdict is Verdict.PASS:
                tell(result)
            else:
                heard.append(result)

        try:
            results = self.boot(kernel, self.images[kernel], tests, params, hear)
        except BaseException:
            for result in heard:
                tell(result)
            raise
        self.rounds.append(Round(kernel, params, results))
        return results
