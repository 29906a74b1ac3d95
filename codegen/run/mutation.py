# SPDX-License-Identifier: GPL-2.0-only
"""From a series to a kernel that holds all of its mutants, and which of them its test notices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from codegen.applied import Applied, commit_files
from codegen.mutants import PARAMETER, Mutant, Predicate, fixed, mutants_of, numbered, woven
from codegen.run.bench import Bench
from codegen.run.build import KernelBuild
from codegen.run.guestlog import Verdict
from codegen.run.initramfs import GuestTest
from codegen.run.make import BuildFailed, Progress
from codegen.run.verdict import TestResult
from codegen.tree.reader import GitTree

_SWITCH = f"/sys/module/kernel/parameters/{PARAMETER}"
# Headers of the uAPI are compiled into the tests as well, tools/ is no kernel.
_KERNEL_C = re.compile(r"(?!tools/|samples/|.*/uapi/|arch/(?!x86/)).*\.[ch]")
_OWN = ("given", "mechanism")  # the developer's code: of it, only the question is a check of gen's


@dataclass(frozen=True)
class Noticed:
    """What became of a mutant: the first result that gave it away, or None if it survived."""

    mutant: Mutant
    by: TestResult | None


@dataclass(frozen=True)
class Strain:
    """A kernel and the mutants in it.  Those of a `switched` one sleep until they are woken."""

    image: Path | None
    mutants: tuple[Mutant, ...]
    switched: bool


Runner = Callable[[Sequence[GuestTest], tuple[str, ...]], Mapping[str, TestResult]]


def find_mutants(applied: Applied, kernel: KernelBuild) -> tuple[Mutant, ...]:
    """The mutants of what a series adds to the kernel that was built.

    Of a series of gen's own, the mechanism is the developer's: there, only the calls of the
    predicate are mutated.  Files that the kernel's configuration leaves out have none.
    """
    said = applied.manifest.get("predicate")
    predicate = None
    if said:
        known = {field.name for field in fields(Predicate)}
        predicate = Predicate(**{key: text for key, text in said.items() if key in known})
    parts = {each.get("file"): each.get("part") for each in applied.manifest.get("patches", ())}
    before = applied.base.commit
    for patch in applied.patches:
        if parts.get(patch.mail.name) in _OWN:
            before = patch.commit
    git_dir, tip = applied.base.git_dir, applied.tip.commit
    assert git_dir is not None and before is not None and tip is not None
    found: list[Mutant] = []
    with GitTree(git_dir, before) as old, GitTree(git_dir, tip) as new:
        for path in applied.paths:
            if not _KERNEL_C.fullmatch(path) or not _is_built(path, kernel):
                continue
            try:
                after = new.read(path)
            except FileNotFoundError:
                continue
            try:
                data = old.read(path)
            except FileNotFoundError:
                data = b""
            found += mutants_of(path, data, after, predicate)
    return numbered(found)


def _is_built(path: str, kernel: KernelBuild) -> bool:
    return path.endswith(".h") or (kernel.out / path).with_suffix(".o").exists()


def strains(
    bench: Bench, applied: Applied, mutants: Sequence[Mutant], progress: Progress | None = None
) -> Iterator[Strain]:
    """Kernels that hold the mutants between them, as few as can be built; mostly one.

    The next one is built where the last one was.  A mutant in an expression that has to be
    constant gets a kernel of its own, in which it is always alive; one that does not even
    compile so gives a strain without an image.
    """
    alone = len(mutants) == 1
    try:
        yield Strain(_build(bench, applied, mutants, progress, switched=True), tuple(mutants), True)
    except BuildFailed:
        if alone:
            try:
                image = _build(bench, applied, mutants, progress, switched=False)
            except BuildFailed:
                image = None
            yield Strain(image, tuple(mutants), False)
            return
        half = len(mutants) // 2
        yield from strains(bench, applied, mutants[:half], progress)
        yield from strains(bench, applied, mutants[half:], progress)


def _build(
    bench: Bench,
    applied: Applied,
    mutants: Sequence[Mutant],
    progress: Progress | None,
    *,
    switched: bool,
) -> Path:
    by_path: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_path.setdefault(mutant.path, []).append(mutant)
    tip = applied.tip.commit
    assert tip is not None
    c_files = [path for path in applied.paths if path.endswith(".c") and path in by_path]
    definer = c_files[0] if c_files else None
    with GitTree(bench.git_dir, tip) as tree:
        files = {
            path: (
                woven(tree.read(path), found, define=path == definer)
                if switched
                else fixed(tree.read(path), found[0])
            )
            for path, found in by_path.items()
        }
    commit = commit_files(bench.git_dir, tip, files, "Mutants")
    return bench.kernel(commit, progress).bzimage


def try_strain(
    strain: Strain,
    tests: Sequence[GuestTest],
    conditions: Sequence[tuple[str, ...]],
    run: Runner,
) -> list[Noticed]:
    """Which mutants some test notices, by what `gen test` takes for a failure of a new test.

    `run` boots the strain under some parameters.  Under each condition, one boot wakes one
    mutant after the other; those left are then woken from boot on, a boot each.  What the first
    shows of a mutant counts only if the tests say at its end, with all mutants asleep again,
    what they said at its start.
    """
    numbers = [mutant.number for mutant in strain.mutants if not mutant.untested]
    noticed: dict[int, TestResult] = {}
    if strain.image is None:
        return []
    for params in conditions if strain.switched else ():
        left = [n for n in numbers if n not in noticed]
        if not left:
            break
        asleep, again = [_row(t, 0) for t in tests], [_row(t, 0, "-again") for t in tests]
        rows = {n: [_row(test, n) for test in tests] for n in left}
        results = run([*asleep, *(row for n in left for row in rows[n]), *again], params)
        pairs = list(zip(asleep, again, strict=True))
        if all(results[a.name].verdict is results[b.name].verdict for a, b in pairs):
            for n in left:
                for control, row in zip(asleep, rows[n], strict=True):
                    if results[row.name].verdict is not results[control.name].verdict:
                        _note(noticed, n, results[row.name], bool(params))
    for params in conditions:
        for n in [n for n in numbers if n not in noticed]:
            boot = [replace(test, name=f"{n}-from-boot:{test.name}") for test in tests]
            woken = (f"{PARAMETER}={n}",) if strain.switched else ()
            results = run(boot, (*params, *woken))
            for test in boot:
                _note(noticed, n, results[test.name], bool(params))
    return [Noticed(mutant, noticed.get(mutant.number)) for mutant in strain.mutants]


def _row(test: GuestTest, number: int, more: str = "") -> GuestTest:
    name = f"{number}{more}:{test.name}"
    return replace(test, name=name, settings=((_SWITCH, str(number)),))


def _note(noticed: dict[int, TestResult], number: int, result: TestResult, condition: bool) -> None:
    """A skip gives a mutant away as well, but where a condition allows one."""
    bad = (
        (Verdict.FAIL, Verdict.CRASH) if condition else (Verdict.FAIL, Verdict.CRASH, Verdict.SKIP)
    )
    if result.verdict in bad:
        noticed.setdefault(number, result)
