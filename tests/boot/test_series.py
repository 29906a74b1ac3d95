# SPDX-License-Identifier: GPL-2.0-only
"""A series is believed when KVM has run it: `gen test` on real kernels, under emulation.

The generated selftest passes with the series, does not pass without it, passes or skips with TDP
off, and notices every kernel that lacks one of the series' checks.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.base.resources import resources
from codegen.cli.main import DONE, main
from codegen.description.load import load
from codegen.run.bench import open_bench
from codegen.run.build import Options
from tests.kernel.conftest import CELLS, Cell, location, made, sampled
from tests.kernel.test_archive import released

from .conftest import MUTANTS, SERIES

pytestmark = [pytest.mark.kernel, pytest.mark.boot]

RELEASES = ("6.12", "6.1")
# Without a mechanism there is nothing to run.
ACTING = {
    path.stem for path in resources("abi").glob("*.yaml") if load(path).knob.mechanism is not None
}
CELLS_HERE = [cell for cell in CELLS if cell[2] in RELEASES and cell[0] in ACTING]
# The one cell that runs the old test which it touches as well; that takes minutes.
WITH_OLD = ("zap-leafs-only", "memslot-flag", "6.12")


def tried(
    capsys: pytest.CaptureFixture[str], knob: str, variant: str, release: str, *more: str
) -> tuple[int, dict[str, Any]]:
    """What `gen test` says of a series, and its exit status."""
    asked = ["--variant", variant, "--abi", knob, "--tree", f"debian:{release}"]
    status = main(["test", "--json", "--accel", "tcg", *asked, *more])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, said


def verdicts(said: dict[str, Any], kernel: str) -> dict[str, str]:
    """The verdicts of some rows, by what stands behind the colon."""
    rows = (result for result in said["results"] if result["name"].startswith(f"{kernel}: "))
    return {result["name"].partition(": ")[2]: result["verdict"] for result in rows}


def test_a_series_that_clang_has_built(capsys: pytest.CaptureFixture[str]) -> None:
    cell = ("small-pages-only", "vm-capability", "6.1")
    status, said = tried(capsys, *cell, "--compiler", "clang", "--no-baseline", "--no-mutants")
    assert status == DONE, json.dumps(said, indent=1)
    assert "pass" in verdicts(said, "series").values()
    with open_bench(location("6.1"), Options(compiler="clang")) as bench:
        assert b"clang version" in (bench.folder / "kernel-clang/vmlinux").read_bytes()


@pytest.mark.parametrize("cell", sampled(CELLS_HERE, [WITH_OLD]))
def test_series_on_real_kvm(cell: Cell, capsys: pytest.CaptureFixture[str]) -> None:
    series = made(*cell)
    assert not isinstance(series, str)
    name = series.plan.description.knob.test.name
    status, said = tried(capsys, *cell, *([] if cell == WITH_OLD else ["--", name]))

    bad = [row for row in said["results"] if row["verdict"] not in ("pass", "skip")]
    assert not bad, json.dumps(bad, indent=1)
    assert status == DONE
    assert said["ok"]
    (own,) = (test for test in verdicts(said, "series") if test.rpartition("/")[2] == name)
    assert verdicts(said, "series")[own] == "pass"
    assert verdicts(said, "base")[own] == "pass"
    assert verdicts(said, "series kvm_amd.npt=0 kvm_intel.ept=0")[own] == "pass"
    assert verdicts(said, "series kvm.tdp_mmu=0")[own] == "pass"
    if cell == WITH_OLD:
        assert verdicts(said, "series")["set_memory_region_test"] == "pass"

    mutants = said["mutants"]
    MUTANTS.update({SERIES: 1, **mutants})
    assert mutants["made"] >= 3
    assert mutants["survived"] == 0
    assert mutants["not_compiling"] == 0
    assert mutants["noticed"] + mutants["not_testable"] == mutants["made"]
    assert mutants["noticed"] >= 2


@pytest.mark.long
def test_a_series_on_every_other_kernel_of_the_archive(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One of each series of kernels that Debian has: what comes next boots as well."""
    others = sorted({release.series for release in released()} - set(RELEASES))
    for release in others:
        status, said = tried(capsys, "zap-leafs-only", "memslot-flag", release)
        assert status == DONE, (release, json.dumps(said, indent=1))
        passed = [name for name, verdict in verdicts(said, "series").items() if verdict == "pass"]
        assert any(name.endswith("zap_leafs_only_test") for name in passed), release
        assert said["mutants"]["survived"] == 0, release
    assert others
