# SPDX-License-Identifier: GPL-2.0-only
"""An architecture that has a record is one that gen builds, checks and boots: all but the default
one, on which everything else here runs."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from codegen.architectures import DEFAULT, RUN
from codegen.cli.main import DONE, main
from codegen.description.load import load
from tests.knobs import KNOBS

pytestmark = [pytest.mark.kernel, pytest.mark.boot]

# A knob that only the architecture has, and its variant: nothing names it, the series tells.
TRIED = {
    "arm64": (Path(__file__).with_name("no-instructions.yaml"), "memslot-flag"),
    "riscv": (KNOBS / "mp-state-reset.yaml", "vm-capability"),
}
# A cold kernel and its emulation take some minutes, so that chance says when one of them runs.
CHANCE = random.Random(int(os.environ["GEN_SEED"]))
DRAWN = CHANCE.choice(sorted(TRIED)) if CHANCE.random() < 1 / 3 else None


def said(
    capsys: pytest.CaptureFixture[str], command: str, arch: str, *more: str
) -> tuple[int, dict[str, Any]]:
    knob, variant = TRIED[arch]
    asked = ["--variant", variant, "--abi", str(knob), "--tree", "debian:6.12"]
    status = main([command, "--json", *asked, *more])
    return status, json.loads(capsys.readouterr().out)


def test_each_has_a_knob_to_be_tried_with() -> None:
    assert {*TRIED, DEFAULT.name} == set(RUN)


@pytest.mark.parametrize(
    "arch",
    [pytest.param(name, marks=() if name == DRAWN else pytest.mark.long) for name in TRIED],
)
def test_a_series_of_another_architecture(arch: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, checked = said(capsys, "check", arch)
    assert status == DONE, json.dumps(checked, indent=1)
    assert not [f for f in checked["findings"] if "not compiled here" in f["message"]]

    status, built = said(capsys, "build", arch)
    assert (status, built["arch"]) == (DONE, arch)
    assert built["selftests"]["programs"] > 10

    # The old test that the series touches as well fills all memslots: emulated, that takes minutes.
    knob, _ = TRIED[arch]
    name = load(knob, knob.name).knob.test.name
    status, tried = said(capsys, "test", arch, "--accel", "tcg", "--", name)
    assert status == DONE, json.dumps(tried, indent=1)
    assert (tried["arch"], tried["ok"]) == (arch, True)
    rows = {row["name"]: row for row in tried["results"]}
    (own,) = (row for row in rows if row.startswith("series: "))
    assert own.endswith(f"/{name}") and rows[own]["verdict"] == "pass"
    assert "as it must" in rows[own.replace("series", "base", 1)]["reason"]
    assert tried["mutants"]["made"] >= 3
    assert tried["mutants"]["noticed"] == tried["mutants"]["made"]
