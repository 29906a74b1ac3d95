# SPDX-License-Identifier: GPL-2.0-only
"""Whether KVM believes a series: its tests with it, without it, where its condition does not
hold, and on kernels that lack one of its checks.

Each row of the outcome says whether something is as it should be: the verdict `pass` of a row
"base: …" means that the test did not pass there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from codegen.applied import Applied
from codegen.run import accel
from codegen.run.bench import Bench
from codegen.run.build import KernelBuild
from codegen.run.guestlog import Verdict
from codegen.run.initramfs import GuestTest, build_init
from codegen.run.make import Progress
from codegen.run.mutation import Noticed, Strain, find_mutants, strains, try_strain
from codegen.run.runner import Guest, run_tests
from codegen.run.selftests import FOLDER, SelftestBuild, build_selftests, names_in
from codegen.run.verdict import TestResult
from codegen.tree.reader import GitTree

# MMU changes are to be run without TDP and without the TDP MMU as well
# (Documentation/process/maintainer-kvm-x86.rst, "Testing").
CONDITIONS = (("kvm_amd.npt=0", "kvm_intel.ept=0"), ("kvm.tdp_mmu=0",))
_GOOD = Verdict.PASS
_NOT_PASSED = (Verdict.FAIL, Verdict.SKIP)


@dataclass(frozen=True)
class Wishes:
    """What is to be run.  No `names`: the tests that the series adds or changes."""

    names: tuple[str, ...] = ()
    everything: bool = False
    accel: str = "auto"
    params: tuple[str, ...] = ()
    limit_s: int = 180
    baseline: bool = True
    mutants: bool = True
    resume: bool = False


Listener = Callable[[TestResult], None]


@dataclass(frozen=True)
class Round:
    """Some tests on one kernel under some parameters."""

    kernel: str
    params: tuple[str, ...]
    results: Mapping[str, TestResult]

    @property
    def name(self) -> str:
        """`series`, `base`, `series kvm.tdp_mmu=0`."""
        return " ".join([self.kernel, *self.params])


class Trial:
    """One run of `gen test`.  `rows` and `noticed` grow as it goes on, and stay if it is ended."""

    def __init__(
        self,
        bench: Bench,
        applied: Applied,
        wishes: Wishes,
        folder: Path,
        progress: Progress | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.bench, self.applied, self.wishes = bench, applied, wishes
        self.folder, self.progress, self.listener = folder, progress, listener
        self.rows: list[TestResult] = []
        self.noticed: list[Noticed] = []
        self.stillborn: list[Strain] = []
        self.rounds: list[Round] = []
        self.accel: accel.Accel | None = None
        self.kernel: KernelBuild | None = None
        self._init = build_init(bench.folder.parent)

    def run(self) -> None:
        """Build, boot and judge.  Raises what the build and the boot raise."""
        tip, base = self.applied.tip.commit, self.applied.base.commit
        assert tip is not None and base is not None
        images = {"base": self.bench.image(base, self.progress)} if self.wishes.baseline else {}
        self.kernel = kernel = self.bench.kernel(tip, self.progress)
        images["series"] = self.bench.keep(kernel, tip)
        tests, new = self._tests(kernel)
        memory = self.bench.folder.parent / "accel.json"
        self.accel = accel.choose(self.wishes.accel, images["series"], self._init, memory)
        conditions = [params for params in CONDITIONS if _has(kernel, params)]
        mutants = find_mutants(self.applied, kernel) if self.wishes.mutants and new else ()
        with ThreadPoolExecutor(1) as pool:
            booted = pool.submit(self._rounds, images, tests, new, conditions)
            own = [test for test in tests if test.name in new]
            if mutants:
                for strain in strains(self.bench, self.applied, mutants, self.progress):
                    booted.result()
                    self._strain(strain, own, [(), *conditions])
            booted.result()

    def _tests(self, kernel: KernelBuild) -> tuple[list[GuestTest], frozenset[str]]:
        """The tests to run, and those among them that the series adds."""
        known = names_in(kernel.source, kernel.out)
        touched = [name for name in known if f"{FOLDER}/{name}.c" in self.applied.paths]
        names: list[str] | None = list(self.wishes.names) or touched
        if self.wishes.everything:
            names = None
        new = frozenset(name for name in touched if not self._was_there(f"{FOLDER}/{name}.c"))
        built = (
            build_selftests(kernel, names, self.progress)
            if names is None or names
            else SelftestBuild(kernel.out, {}, (), 0, 0.0)
        )
        limit = self.wishes.limit_s
        tests = [GuestTest(name, path, (), limit) for name, path in built.programs.items()]
        return tests, new

    def _was_there(self, path: str) -> bool:
        assert self.applied.base.commit is not None
        with GitTree(self.bench.git_dir, self.applied.base.commit) as base:
            try:
                base.read(path)
            except FileNotFoundError:
                return False
        return True

    def _rounds(
        self,
        images: Mapping[str, Path],
        tests: Sequence[GuestTest],
        new: frozenset[str],
        conditions: Sequence[tuple[str, ...]],
    ) -> None:
        for params in ((), *conditions):
            series = self._round("series", images["series"], tests, params)
            # A new test is asked once what it says without the series, an old one where it matters.
            asked = [
                test
                for test in tests
                if (not params if test.name in new else series[test.name].verdict is not _GOOD)
            ]
            base: Mapping[str, TestResult] = {}
            if "base" in images and asked:
                base = self._round("base", images["base"], asked, params)
            for test in tests:
                result, before = series[test.name], base.get(test.name)
                if test.name not in new:
                    self._row("series", params, _judged_old(result, before))
                    continue
                self._row("series", params, _judged_new(result, bool(params)))
                if before is not None:
                    self._row("base", params, _judged_without(before))

    def _round(
        self, kernel: str, image: Path, tests: Sequence[GuestTest], params: tuple[str, ...]
    ) -> Mapping[str, TestResult]:
        results = self._boot(kernel, image, tests, params)
        self.rounds.append(Round(kernel, params, results))
        return results

    def _boot(
        self, kernel: str, image: Path, tests: Sequence[GuestTest], params: tuple[str, ...]
    ) -> Mapping[str, TestResult]:
        if not tests:
            return {}
        assert self.accel is not None
        params = (*self.wishes.params, *params)
        guest = Guest(image, self._init, self.accel.name, params)
        name = re.sub(r"[^A-Za-z0-9._=-]+", "-", "-".join([kernel, *params]))
        results = run_tests(
            guest,
            tests,
            self.folder / name,
            results=self.folder / f"{name}.jsonl",
            resume=self.wishes.resume,
        )
        return {result.name: result for result in results}

    def _row(self, kernel: str, params: tuple[str, ...], result: TestResult) -> None:
        name = " ".join([kernel, *params])
        row = replace(result, name=f"{name}: {result.name}")
        self.rows.append(row)
        if self.listener:
            self.listener(row)

    def _strain(
        self, strain: Strain, tests: Sequence[GuestTest], conditions: Sequence[tuple[str, ...]]
    ) -> None:
        if strain.image is None:
            self.stillborn.append(strain)
            return
        image = strain.image
        numbers = "-".join(str(m.number) for m in (strain.mutants[0], strain.mutants[-1]))

        def boot(rows: Sequence[GuestTest], params: tuple[str, ...]) -> Mapping[str, TestResult]:
            return self._boot(f"mutants-{numbers}", image, rows, params)

        for each in try_strain(strain, tests, conditions, boot):
            self.noticed.append(each)
            self._row("mutant", (), _judged_mutant(each))


def _has(kernel: KernelBuild, params: Sequence[str]) -> bool:
    """Whether the kernel has these module parameters, by what kbuild lists of built-in ones."""
    listed = kernel.out / "modules.builtin.modinfo"
    known = set(listed.read_bytes().decode("utf-8", "replace").split("\0"))
    types = {text.partition("parmtype=")[2].partition(":")[0] for text in known}
    return all(param.partition("=")[0].partition(".")[2] in types for param in params)


def _judged_new(result: TestResult, condition: bool) -> TestResult:
    """A new test must pass; where its condition does not hold, it may skip."""
    if result.verdict is Verdict.SKIP:
        if condition:
            return replace(result, verdict=Verdict.PASS, reason=f"skips: {result.reason}")
        return replace(result, verdict=Verdict.FAIL, reason=f"does not run: {result.reason}")
    return result


def _judged_without(result: TestResult) -> TestResult:
    """On the tree without the series, a new test must skip or fail."""
    if result.verdict in _NOT_PASSED:
        reason = f"as it must: {result.verdict.value}, {result.reason}"
        return replace(result, verdict=Verdict.PASS, reason=reason, log=(), subtests=())
    if result.verdict is Verdict.PASS:
        return replace(result, verdict=Verdict.FAIL, reason="passes without the series as well")
    return result


def _judged_old(result: TestResult, before: TestResult | None) -> TestResult:
    """A test that was there before must pass, or say what it says without the series."""
    if before is None or Verdict.INFRA in (result.verdict, before.verdict):
        return result
    if result.verdict is before.verdict:
        reason = f"{result.verdict.value} without the series as well: {result.reason}"
        return replace(result, verdict=Verdict.SKIP, reason=reason)
    verdict = Verdict.FAIL if result.verdict is Verdict.SKIP else result.verdict
    reason = f"{before.verdict.value} without the series, {result.verdict.value} with it"
    return replace(result, verdict=verdict, reason=f"{reason}: {result.reason}")


def _judged_mutant(noticed: Noticed) -> TestResult:
    """A mutant must be noticed."""
    mutant, by = noticed.mutant, noticed.by
    name, what = str(mutant.number), f"{mutant.where()}: {mutant.what}"
    if mutant.untested:
        return TestResult(name, Verdict.SKIP, reason=f"{what}; {mutant.untested}")
    if by is None:
        return TestResult(name, Verdict.FAIL, reason=f"{what}, and no test notices")
    where = f" with {' '.join(by.params)}" if by.params else ""
    reason = f"{what}; {by.verdict.value}{where}: {by.reason}"
    return TestResult(name, Verdict.PASS, by.seconds, reason)
