# SPDX-License-Identifier: GPL-2.0-only
"""Knobs that stand alone, of each kind at least one that QEMU can show, run on a kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.base.resources import resources
from codegen.cli.main import DONE
from codegen.description.load import load
from codegen.plan.variants import described
from tests.kernel.test_knobs import AGAIN, MADE
from tests.knobs import KNOBS, again

from .test_series import tried, verdicts

pytestmark = [pytest.mark.kernel, pytest.mark.boot, pytest.mark.long]

HERE = {
    "clock-boottime": "6.12",
    "cpuid-exits": "6.12",
    "drop-mappings": "6.12",
    "exit-on-bad-page": "6.1",
    "first-user-hypercall": "6.12",
    "guest-memfd-keep": "6.12",
    "guest-memfd-mmap": "6.12",
    "limit-vcpus": "6.12",
    "memory-attributes": "6.1",  # with memory-fault-info
    "memory-fault-info": "6.1",
    "nested-own-pat": "6.12",
    "no-pre-fault-vm": "6.12",
    "paging-attribute": "6.1",
    "pin-memslots": "6.12",
    "pre-fault-write": "6.1",  # with pre-fault-memory
    "run-guest-mode": "6.1",
    "stuff-feature-msrs": "6.1",
    "suppress-eoi-off": "6.12",
    "suppress-eoi-on": "6.12",
    "user-hypercalls": "6.12",
    "user-memory-region2": "6.1",
    "userfault-attribute": "6.12",
}
# What is made, and lacks something here: a processor's, or a machine that gen boots.
NOT_EMULATED = {
    "arm-sea": "a memory whose errors abort an access",
    "disable-exits-aperfmperf": "APERF and MPERF",
    "freeze-in-smm": "VMX",
    "ignore-guest-pat": "VMX, whose page tables it is about",
    "isa-levels": "powerpc",
    "keyop": "s390",
    "sev-vmsa-features": "SEV-ES",
    "snp-policy-bits": "SEV-SNP",
    "user-operexec": "s390",
    "vsie-esamode": "s390",
}
# Knobs that the tree has already, under another name.
RENAMED = {"dirty-ring-acq-rel": "6.1"}
# How many mutants there are at least, where the code that gen writes has few conditions of its own.
LEAST = {
    "dirty-ring-acq-rel": 0,
    "limit-vcpus": 1,
    "memory-fault-info": 0,
    "paging-attribute": 0,
    "user-memory-region2": 2,
}


def test_there_are_such_series() -> None:
    assert set(HERE.items()) <= set(MADE)
    assert set(RENAMED.items()) <= {(name, release) for _, name, release in AGAIN}
    assert set(NOT_EMULATED) <= {name for name, _ in MADE} - set(HERE)


@pytest.mark.parametrize("knob", [*HERE, *RENAMED])
def test_a_knob_on_real_kvm(knob: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = KNOBS / f"{knob}.yaml"
    if knob in RENAMED:
        (row,) = (row for row, name, _ in AGAIN if name == knob)
        path = tmp_path / path.name
        path.write_bytes(again(row, knob))
    (variant,) = described(resources("templates"), load(path, path.name).knob)
    status, said = tried(capsys, str(path), variant.name, {**HERE, **RENAMED}[knob])
    bad = [row for row in said["results"] if row["verdict"] not in ("pass", "skip")]
    assert not bad, json.dumps(bad, indent=1)
    assert status == DONE
    assert "pass" in verdicts(said, "series").values()
    mutants = said["mutants"]
    assert mutants["survived"] == 0 and mutants["not_compiling"] == 0
    assert mutants["noticed"] >= LEAST.get(knob, 3)
