# SPDX-License-Identifier: GPL-2.0-only
"""Whether KVM believes a series: its tests with it, without it, where its condition does not
hold, and on kernels that lack one of its checks.

Each row of the outcome says whether something is as it should be: the verdict `pass` of a row
"base: …" means that the test did not pass there.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from codegen.base.errors import FindingsError, UsageError
from codegen.base.progress import Report, silent
from codegen.run import accel, expected
from codegen.run.bench import Bench
from codegen.run.boot import check_qemu
from codegen.run.boots import Lane, Round
from codegen.run.build import KernelBuild
from codegen.run.initramfs import GuestTest, build_init
from codegen.run.make import BuildFailed, Progress
from codegen.run.mutants import Mutant
from codegen.run.mutation import Noticed, Strain, find_mutants, strains, try_strain
from codegen.run.resumed import begin, digest
from codegen.run.runner import Guest, Listener, run_tests
from codegen.run.selftests import build_all, build_selftests
from codegen.run.touched import has_tests, touched
from codegen.run.verdict import Params, Results, TestResult
from codegen.sandbox import made
from codegen.sandbox.process import threads
from codegen.series.commit import Commits
from codegen.series.series import Series
from codegen.tree.opened import GitTree

BOOTS = 2  # at a time; each guest has two processors and 2 GiB
_SAFE = re.compile(r"[^A-Za-z0-9._=-]+")


@dataclass(frozen=True)
class Wishes:
    """What is to be run.  No `names`: the tests that the series adds or changes.

    `brief`: of these only those that it adds; others may take minutes.  `patches`: the kernel has
    that many of the series alone, its tests are those of all.
    """

    names: tuple[str, ...] = ()
    everything: bool = False
    accel: str = "auto"
    params: Params = ()
    limit_s: int = 180
    baseline: bool = True
    mutants: bool = True
    resume: bool = False
    brief: bool = False
    patches: int | None = None


class Trial:
    """One run of `gen test`.  `rows` and `noticed` grow as it goes on, and stay if it is ended."""

    def __init__(
        self,
        bench: Bench,
        series: Series,
        commits: Commits,
        wishes: Wishes,
        folder: Path,
        report: Report = silent,
        listener: Listener | None = None,
    ) -> None:
        self.bench, self.series, self.commits, self.wishes = bench, series, commits, wishes
        self.folder, self.listener = folder, listener
        self.report = report
        self.rows: list[TestResult] = []
        self.noticed: list[Noticed] = []
        self.stillborn: list[Strain] = []
        self.lanes: list[Lane] = []
        self.complete = False
        self.accel: accel.Accel | None = None
        self.kernel: KernelBuild | None = None
        self.seconds: list[tuple[str, float]] = []
        self.arch = bench.options.arch
        self._init = build_init(bench.folder.parent, arch=self.arch)

    def run(self) -> None:
        """Build, boot and judge.  Raises what the build and the boot raise."""
        tip, base = self.commits.tip, self.commits.base
        check_qemu(self.arch)
        if not (has_tests(self.series) or self.wishes.names or self.wishes.everything):
            raise UsageError(
                "the series adds and changes no KVM selftest: name some behind --, or say --all"
            )
        images: Mapping[str, Path] = {}
        if self.wishes.baseline:
            with self._spent("build base"):
                images = {"base": self._base(base)}
        if self.wishes.patches is not None:
            with self._spent("build some patches"):
                images = {"series": self._some(self.wishes.patches)}
        with self._spent("build series"):
            self.kernel = kernel = self.bench.kernel(tip, self._steps("the kernel"))
            images = {"series": self.bench.keep(kernel, tip), **images}
        with self._spent("build selftests"):
            new, old, changed = self._tests(kernel)
        canary = images.get("base", images["series"])
        self.accel = accel.choose(
            self.wishes.accel, canary, self._init, self.bench.memory, arch=self.arch
        )
        under = self.arch.machine.trial.conditions
        conditions = [(), *(params for params in under if _has(kernel, params))]
        mutants: Sequence[Mutant] = ()
        if self.wishes.mutants and new:
            mutants = find_mutants(self.series, kernel, self.accel.name)
        images = self._begin(images)
        some = self.wishes.patches is not None
        added = Lane(new, True, images, self._boot, self._row, some=some)
        others = Lane(old, False, images, self._boot, self._row, changed)
        self.lanes = [added, others]
        of_others = conditions[:1] if self.wishes.everything else conditions
        with threads(BOOTS) as pool:
            running = [pool.submit(added.run, params) for params in conditions]
            # Old tests may take minutes; the new ones and the mutants do not wait for them.
            waiting = pool.submit(others.run_all, of_others)
            if mutants:
                self._mutants(mutants, new, conditions, running)
            self._wait([*running, waiting])
        self.complete = True

    def _base(self, commit: str) -> Path:
        try:
            return self.bench.image(commit, self._steps("the kernel without the series"))
        except BuildFailed as problem:
            message = f"{self.series.tree.name} does not build without the series"
            raise FindingsError(message, (message, *problem.findings)) from None

    def _some(self, patches: int) -> Path:
        """The image of the tree with the first patches."""
        if not patches:
            return self.bench.image(self.commits.base, self._steps("the kernel without the series"))
        commit = self.commits.ids[patches - 1]
        what = f"the kernel of {self.series.patches[patches - 1].name}"
        return self.bench.keep(self.bench.kernel(commit, self._steps(what)), commit)

    def _begin(self, images: Mapping[str, Path]) -> Mapping[str, Path]:
        """Copies of the images, which lie beside the boots and stay as long as they do."""
        assert self.accel is not None
        asked = [image.name for image in images.values()]
        asked += [self.accel.name, str(self.wishes.limit_s), digest(self._init.read_bytes())]
        begin(self.folder, asked, self.wishes.resume)
        return {
            name: shutil.copyfile(image, self.folder / f"{name}.{self._suffix}")
            for name, image in images.items()
        }

    @property
    def _suffix(self) -> str:
        return self.arch.kernel.goal

    @property
    def rounds(self) -> list[Round]:
        """What each boot said, unjudged."""
        return [each for lane in self.lanes for each in lane.rounds]

    def _mutants(
        self,
        mutants: Sequence[Mutant],
        tests: Sequence[GuestTest],
        conditions: Sequence[Params],
        before: Sequence[Future[bool]],
    ) -> None:
        """Build the mutants while the series is booted, and boot them `before` that is done."""
        built = strains(self.bench, self.commits.tip, mutants, self._steps("the mutants"))
        while True:
            with self._spent("build mutants"):
                strain = next(built, None)
            if not self._wait(before) or strain is None:
                return  # to a test that fails anyway, mutants are nothing
            self._strain(strain, tests, conditions)

    def _steps(self, what: str) -> Progress:
        return lambda step: self.report(step.done, step.total, f"building {what}")

    def _wait(self, running: Sequence[Future[bool]]) -> bool:
        """Wait for boots, and show how far they are; whether all is as it should be."""
        left = set(running)
        while left:
            done, left = wait(left, timeout=0.2, return_when=FIRST_EXCEPTION)
            for each in done:
                each.result()  # or its exception, at once
            self.report(len(self.rows), None, "testing")
        return all(each.result() for each in running)

    @contextmanager
    def _spent(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds.append((what, time.monotonic() - start))

    def _tests(
        self, kernel: KernelBuild
    ) -> tuple[Sequence[GuestTest], Sequence[GuestTest], frozenset[str]]:
        """The tests to run: those that the series adds, others, and which of these it changes."""
        with GitTree(self.bench.git_dir, self.commits.base) as base:
            mine = touched(self.series, kernel, base)
        names = self.wishes.names or mine.names
        if self.wishes.brief:
            names = tuple(name for name in names if mine.adds(name))
        steps, jobs = self._steps("the selftests"), self.bench.options.jobs
        if self.wishes.everything:
            built = build_all(kernel, mine.names, steps, jobs=jobs)
        elif names:
            built = build_selftests(kernel, names, steps, jobs=jobs)
        else:
            return (), (), frozenset()
        limit = self.wishes.limit_s
        tests = [GuestTest(name, program, (), limit) for name, program in built.programs.items()]
        new = [test for test in tests if mine.adds(test.name)]
        old = [test for test in tests if not mine.adds(test.name)]
        return new, old, frozenset(test.name for test in old if mine.changes(test.name))

    def _boot(
        self,
        kernel: str,
        image: Path,
        tests: Sequence[GuestTest],
        params: Params,
        listener: Listener | None = None,
    ) -> Results:
        assert self.accel is not None
        params = (*self.wishes.params, *params)
        guest = Guest(image, self._init, self.accel.name, params, self.arch)
        name = _SAFE.sub("-", "-".join([image.stem, *params, tests[0].name]))
        with self._spent(f"boot {kernel}"):
            results = run_tests(
                guest,
                tests,
                self.folder / name,
                results=self.folder / f"{name}.jsonl",
                resume=self.wishes.resume,
                listener=listener,
            )
        return {result.name: result for result in results}

    def _row(self, kernel: str, params: Params, result: TestResult) -> bool:
        name = " ".join([kernel, *params])
        row = replace(result, name=f"{name}: {result.name}")
        self.rows.append(row)
        if self.listener:
            self.listener(row)
        return row.verdict.good

    def _strain(
        self, strain: Strain, tests: Sequence[GuestTest], conditions: Sequence[Params]
    ) -> None:
        if strain.image is None:
            self.stillborn.append(strain)
            for mutant in strain.mutants:
                self._row("mutant", (), expected.stillborn(mutant))
            return

        # What is built next must not change what qemu.sh boots, and boots of other mutants, by an
        # earlier gen, are none of these.
        these = digest(repr(strain.mutants).encode())
        image = self.folder / f"mutants-{these}.{self._suffix}"
        image.write_bytes(made.read(strain.image))

        def boot(rows: Sequence[GuestTest], params: Params) -> Results:
            return self._boot("mutants", image, rows, params)

        for each in try_strain(strain, tests, conditions, boot):
            self.noticed.append(each)
            self._row("mutant", (), expected.mutant(each))


def _has(kernel: KernelBuild, params: Sequence[str]) -> bool:
    """Whether the kernel has these module parameters, by what kbuild lists of built-in ones."""
    listed = kernel.out / "modules.builtin.modinfo"
    known = set(made.read(listed).decode("utf-8", "replace").split("\0"))
    types = {text.partition("parmtype=")[2].partition(":")[0] for text in known}
    return all(param.partition("=")[0].partition(".")[2] in types for param in params)
