# SPDX-License-Identifier: GPL-2.0-only
"""A series is believed when KVM has run it: real kernels, real KVM, under emulation.

Each patch is built by itself. The generated selftest passes on the patched kernel, and does not
pass on the kernel without the series. With nested paging off, it passes or says what is missing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegen.run.guestlog import Verdict
from codegen.run.verdict import TestResult
from tests.kernel.conftest import CELLS, location

from .conftest import applied, bench, programs, run

pytestmark = [pytest.mark.kernel, pytest.mark.boot]

RELEASES = ("6.12", "6.1")
CELLS_HERE = [cell for cell in CELLS if cell[2] in RELEASES]


def explained(result: TestResult) -> str:
    """A verdict with its reason and log, for the report."""
    return "\n".join([f"{result.name}: {result.verdict.value} {result.reason}", *result.log])


def base_kernel(release: str) -> Path:
    """The kernel of the release without any series, kept beside the bench's own."""
    place = bench(release).folder / "base.bzImage"
    stamp = place.with_suffix(".commit")
    commit = location(release).commit
    assert commit is not None
    if not stamp.exists() or stamp.read_text() != commit:
        shutil.copyfile(bench(release).kernel(commit).bzimage, place)
        stamp.write_text(commit)
    return place


@pytest.mark.parametrize("cell", CELLS_HERE, ids="-".join)
def test_series_on_real_kvm(cell: tuple[str, str, str]) -> None:
    knob, variant, release = cell
    series, commits = applied(knob, variant, release)
    place = bench(release)
    without = base_kernel(release)
    for commit in commits[:-1]:
        kernel = place.kernel(commit)
    kernel = place.kernel(commits[-1])
    name = series.plan.description.knob.test.name
    tests = programs(kernel, name)

    patched = run(kernel.bzimage, place.folder, tests)[name]
    assert patched.verdict is Verdict.PASS, explained(patched)
    assert all(point.verdict is Verdict.PASS for point in patched.subtests)

    unpatched = run(without, place.folder, tests)[name]
    assert unpatched.verdict in (Verdict.SKIP, Verdict.FAIL), explained(unpatched)

    no_paging = run(kernel.bzimage, place.folder, tests, "kvm_amd.npt=0")[name]
    assert no_paging.verdict in (Verdict.PASS, Verdict.SKIP), explained(no_paging)


@pytest.mark.parametrize("release", ["6.12"])  # 6.1 has no test of invalid memslot flags
def test_existing_test_knows_the_flag(release: str) -> None:
    """The test of invalid memslot flags passes with the new flag."""
    _, commits = applied("zap-leafs-only", "memslot-flag", release)
    place = bench(release)
    kernel = place.kernel(commits[-1])
    tests = programs(kernel, "set_memory_region_test")
    result = run(kernel.bzimage, place.folder, tests)["set_memory_region_test"]
    assert result.verdict is Verdict.PASS, explained(result)
