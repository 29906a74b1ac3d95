# SPDX-License-Identifier: GPL-2.0-only
"""Architectures that gen compiles and does not boot: a knob of each is checked, patch by patch."""

from __future__ import annotations

import json

import pytest

from codegen.architectures import COMPILED, RUN
from codegen.cli.main import DONE, main
from tests.knobs import KNOBS

pytestmark = [pytest.mark.kernel, pytest.mark.long]

KNOB = {"riscv": "mp-state-reset", "s390": "user-operexec"}


def test_a_knob_for_each() -> None:
    assert set(KNOB) == set(COMPILED) - set(RUN)


@pytest.mark.parametrize("arch", KNOB)
def test_every_patch_compiles(arch: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--abi", str(KNOBS / f"{KNOB[arch]}.yaml"), "--variant", "vm-capability"]
    status = main(["check", *words, "--tree", "debian:6.12", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (status, said["findings"]) == (DONE, []), said
    assert "bisect" in said["checks"]
