# SPDX-License-Identifier: GPL-2.0-only
"""Knobs that stand alone, one of each kind at least, run on the oldest kernel that can be had.

What only hardware can show is not here: SNP, and external aborts of arm64.
"""

from __future__ import annotations

import json

import pytest

from codegen.base.resources import resources
from codegen.cli.main import DONE
from codegen.description.load import load
from codegen.plan.variants import described
from tests.kernel.test_knobs import KNOBS, MADE

from .test_series import tried, verdicts

pytestmark = [pytest.mark.kernel, pytest.mark.boot, pytest.mark.long]

RELEASE = "6.1"
HERE = sorted(knob for knob in MADE if RELEASE in MADE[knob] and knob != "arm-sea")
# What has no condition of its own, in the code that gen writes: nothing there can be left out.
PLAIN = {"memory-fault-info", "paging-attribute"}


@pytest.mark.parametrize("knob", HERE)
def test_a_knob_on_real_kvm(knob: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = KNOBS / f"{knob}.yaml"
    (variant,) = described(resources("templates"), load(path, path.name).knob)
    status, said = tried(capsys, str(path), variant.name, RELEASE)
    bad = [row for row in said["results"] if row["verdict"] not in ("pass", "skip")]
    assert not bad, json.dumps(bad, indent=1)
    assert status == DONE
    assert "pass" in verdicts(said, "series").values()
    mutants = said["mutants"]
    assert mutants["survived"] == 0 and mutants["not_compiling"] == 0
    assert mutants["noticed"] >= (0 if knob in PLAIN else 3)
