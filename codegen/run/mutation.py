# SPDX-License-Identifier: GPL-2.0-only
"""From a series to a kernel that holds all of its mutants, and which of them its test notices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from codegen.run.bench import Bench
from codegen.run.build import KernelBuild
from codegen.run.guestlog import Verdict
from codegen.run.handwritten import without_own
from codegen.run.initramfs import GuestTest
from codegen.run.make import BuildFailed, Progress
from codegen.run.mutants import AskedPredicate, Mutant, mutants_of, numbered
from codegen.run.preprocessed import preprocessed
from codegen.run.verdict import Params, Results, TestResult
from codegen.run.weave import PARAMETER, fixed, mutants_in, woven
from codegen.series.commit import commit_files
from codegen.series.series import Series
from codegen.tree.opened import GitTree

_SWITCH = f"/sys/module/kernel/parameters/{PARAMETER}"
# Headers of the uAPI are compiled into the tests as well, tools/ is no kernel.
_KERNEL_C = r"(?!tools/|samples/|.*/uapi/|arch/(?!{}/)).*\.[ch]"
_DEFINER = "kernel/params.c"  # where the kernel has its own parameters
_MACRO = re.compile(r"\bKVM_[A-Z0-9_]+")
_LEFT_OUT = "the configuration leaves it out"
# Of the developer's code, only the question is a check of gen's.
_DEVELOPERS = ("given", "mechanism")


@dataclass(frozen=True)
class Noticed:
    """What became of a mutant: the first result that gave it away, or None if it survived.

    `unknown` is why nothing can be said of it, where that is so.
    """

    mutant: Mutant
    by: TestResult | None
    unknown: TestResult | None = None


@dataclass(frozen=True)
class Strain:
    """A kernel and the mutants in it.  Those of a `switched` one sleep until they are woken."""

    image: Path | None
    mutants: tuple[Mutant, ...]
    switched: bool


Runner = Callable[[Sequence[GuestTest], Params], Results]


def find_mutants(series: Series, kernel: KernelBuild, accel: str) -> tuple[Mutant, ...]:
    """The mutants of what a series adds to the kernel that was built.

    Of a series of gen's own, the mechanism is the developer's: there, only the calls of the
    predicate are mutated.  Files that the kernel's configuration leaves out have none.
    """
    known = {field.name for field in fields(AskedPredicate)}
    predicates = [
        AskedPredicate(**{key: text for key, text in said.items() if key in known})
        for said in series.manifest.get("predicates", [])
    ]
    kernel_c = re.compile(_KERNEL_C.format(kernel.arch.name))
    unemulated = kernel.arch.machine.trial.unemulated if accel == "tcg" else ()
    found: list[Mutant] = []
    for path in series.paths:
        after = series.behind[path]
        if after is None or not kernel_c.fullmatch(path) or not _is_built(path, kernel):
            continue
        own = (
            (p.changes[path], p.part not in _DEVELOPERS)
            for p in series.patches
            if path in p.changes
        )
        before = without_own(own)
        why = next((why for folder, why in unemulated if path.startswith(folder)), "")
        unseen = _unseen(series, path, after)
        for mutant in mutants_of(path, before, after, predicates):
            said = next((why for at, why in unseen if mutant.start in at), why)
            found.append(replace(mutant, untested=mutant.untested or said))
    return numbered(found)


def _unseen(series: Series, path: str, after: bytes) -> list[tuple[range, str]]:
    """Where in a file the edits stand of which no selftest can see anything, and why."""
    found = []
    for site in (each for patch in series.manifest.get("patches", []) for each in patch["sites"]):
        text = site.get("text", "").encode()
        if site.get("untested") and site["file"] == path and after.count(text) == 1:
            start = after.index(text)
            found.append((range(start, start + len(text)), site["untested"]))
    return found


def _is_built(path: str, kernel: KernelBuild) -> bool:
    return path.endswith(".h") or (kernel.out / path).with_suffix(".o").exists()


def strains(
    bench: Bench, tip: str, mutants: Sequence[Mutant], progress: Progress | None = None
) -> Iterator[Strain]:
    """Kernels that hold the mutants between them, as few as can be built; mostly one.

    They differ from the commit `tip`, and the next one is built where the last one was.  A mutant
    in an expression that has to be constant gets a kernel of its own, in which it is always alive;
    one that does not even compile so gives a strain without an image.
    """
    alone = len(mutants) == 1
    try:
        kernel = _build(bench, tip, mutants, progress, switched=True)
        yield Strain(kernel.image, _compiled(kernel, mutants), True)
    except BuildFailed:
        if alone:
            try:
                image = _build(bench, tip, mutants, progress, switched=False).image
            except BuildFailed:
                image = None
            yield Strain(image, tuple(mutants), False)
            return
        half = len(mutants) // 2
        yield from strains(bench, tip, mutants[:half], progress)
        yield from strains(bench, tip, mutants[half:], progress)


def _build(
    bench: Bench,
    tip: str,
    mutants: Sequence[Mutant],
    progress: Progress | None,
    *,
    switched: bool,
) -> KernelBuild:
    by_path: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_path.setdefault(mutant.path, []).append(mutant)
    with GitTree(bench.git_dir, tip) as tree:
        if switched:
            by_path.setdefault(_DEFINER, [])
            files = {
                path: woven(tree.read(path), found, define=path == _DEFINER)
                for path, found in by_path.items()
            }
        else:
            files = {path: fixed(tree.read(path), found[0]) for path, found in by_path.items()}
    commit = commit_files(bench.git_dir, tip, files, "Mutants")
    return bench.kernel(commit, progress)


def _compiled(kernel: KernelBuild, mutants: Sequence[Mutant]) -> tuple[Mutant, ...]:
    """The mutants of a kernel; of those that the preprocessor has dropped, none can be noticed."""
    left_out: set[int] = set()
    for path in {mutant.path for mutant in mutants if not mutant.path.endswith(".h")}:
        text = preprocessed(kernel, path)
        if text is not None:
            left_out |= {mutant.number for mutant in mutants if mutant.path == path}
            left_out -= mutants_in(text)
    return tuple(
        replace(mutant, untested=_LEFT_OUT) if mutant.number in left_out else mutant
        for mutant in mutants
    )


def try_strain(
    strain: Strain, tests: Sequence[GuestTest], conditions: Sequence[Params], run: Runner
) -> Iterator[Noticed]:
    """Which mutants some test notices, by what `gen test` takes for a failure of a new test.

    `run` boots the strain under some parameters.  Under each condition, one boot wakes one mutant
    after the other; those left are then woken from boot on, a boot each.  Before each mutant the
    tests run with all asleep: where they do not pass, an earlier one has left something behind,
    and what follows says nothing.  What is left and is about nothing but what the tests, asleep,
    have skipped for want of it, is not testable on this kernel.
    """
    left = {mutant.number: mutant for mutant in strain.mutants if not mutant.untested}
    yield from (Noticed(mutant, None) for mutant in strain.mutants if mutant.untested)
    unknown: dict[int, TestResult] = {}
    wanting: set[str] = set()
    for params in conditions if strain.switched else ():
        if not left:
            return
        rows = [row for n in left for row in (*_asleep(tests, n), *_woken(tests, n))]
        results = run(rows, params)
        first = results[rows[0].name]
        if not _good(first, params):
            yield from (Noticed(mutant, None, first) for mutant in left.values())
            return  # a kernel that fails with all asleep shows nothing
        if not params:
            wanting = _wanting(results[row.name] for row in _asleep(tests, min(left)))
        for n in list(left):
            if all(_good(results[row.name], params) for row in _asleep(tests, n)):
                by = _given_away(results, _woken(tests, n), params)
                if by:
                    yield Noticed(left.pop(n), by)
    for params in conditions:
        for n in list(left):
            boot = [replace(test, name=f"{n}-from-boot:{test.name}") for test in tests]
            woken = (f"{PARAMETER}={n}",) if strain.switched else ()
            results = run(boot, (*params, *woken))
            by = _given_away(results, boot, params)
            if by:
                yield Noticed(left.pop(n), by)
            for test in boot:
                if results[test.name].verdict is Verdict.INFRA:
                    unknown[n] = results[test.name]
    for n, mutant in left.items():
        about = set(_MACRO.findall(mutant.what))
        if about and about <= wanting:
            why = f"the test skips it, as this kernel has no {' and no '.join(sorted(about))}"
            mutant = replace(mutant, untested=why)
        yield Noticed(mutant, None, unknown.get(n))


def _wanting(results: Iterable[TestResult]) -> set[str]:
    """The macros for want of which cases of tests were skipped, as they say."""
    skips = (p for r in results for p in r.subtests if p.verdict is Verdict.SKIP)
    return {name for point in skips for name in _MACRO.findall(point.detail)}


def _woken(tests: Sequence[GuestTest], number: int, more: str = "") -> list[GuestTest]:
    setting = ((_SWITCH, "0" if more else str(number)),)
    return [replace(t, name=f"{number}{more}:{t.name}", settings=setting) for t in tests]


def _asleep(tests: Sequence[GuestTest], number: int) -> list[GuestTest]:
    """The tests as they run before a mutant is woken."""
    return _woken(tests, number, "-asleep")


def _good(result: TestResult, params: Params) -> bool:
    """Where a condition does not hold, a test may skip."""
    return result.verdict.good if params else result.verdict is Verdict.PASS


def _given_away(results: Results, tests: Sequence[GuestTest], params: Params) -> TestResult | None:
    """The first result that is bad, and not for want of a guest."""
    for test in tests:
        result = results[test.name]
        if result.verdict is not Verdict.INFRA and not _good(result, params):
            return result
    return None
