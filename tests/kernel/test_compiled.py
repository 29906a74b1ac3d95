# SPDX-License-Identifier: GPL-2.0-only
"""Architectures that gen compiles and does not boot: a knob of each is checked, patch by patch."""

from __future__ import annotations

import json

import pytest

from codegen.architectures import COMPILED, RUN
from codegen.cli.main import DONE, main
from tests.knobs import KNOBS

pytestmark = [pytest.mark.kernel, pytest.mark.long]

# Of each architecture a knob, its variant and a release; the compiler where gcc will not do.
TRIED = {
    "loongarch": ("pin-memslots", "vm-capability", "6.12", "clang-19"),
    "mips": ("pin-memslots", "vm-capability", "6.12", "gcc"),
    "powerpc": ("isa-levels", "new-ioctl", "7.2", "gcc"),
    "s390": ("user-operexec", "vm-capability", "6.12", "gcc"),
}


def test_a_knob_for_each() -> None:
    assert set(TRIED) == set(COMPILED) - set(RUN)


@pytest.mark.parametrize("arch", TRIED)
def test_every_patch_compiles(arch: str, capsys: pytest.CaptureFixture[str]) -> None:
    knob, variant, release, compiler = TRIED[arch]
    words = ["--abi", str(KNOBS / f"{knob}.yaml"), "--variant", variant]
    words += ["--tree", f"debian:{release}", "--arch", arch, "--compiler", compiler]
    status = main(["check", *words, "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (status, said["findings"]) == (DONE, []), said
    assert "bisect" in said["checks"]
