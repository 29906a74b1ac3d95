# SPDX-License-Identifier: GPL-2.0-only
"""gen matrix on real kernels: four cells, and a person's series of which one patch does not build."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import KEPT, made

pytestmark = pytest.mark.kernel


def matrix(folder: Path, *words: str) -> dict[str, Any]:
    """What gen matrix says, for a program."""
    command = [sys.executable, "-m", "codegen", "matrix", "--json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert "cells" in found, found
    return found


def test_four_cells(tmp_path: Path) -> None:
    (tmp_path / "four.yaml").write_text(
        "descriptions: [small-pages-only]\nvariants: [memslot-flag, quirk]\nuntil: check\n"
        f"trees: [{', '.join(f'debian:{each}' for each in KEPT)}]\n"
    )
    said = matrix(tmp_path, "four.yaml")
    assert [each["outcome"]["verdict"] for each in said["cells"]] == ["pass"] * 4
    assert matrix(tmp_path, "four.yaml")["known_already"] == 4


def test_the_patch_that_does_not_build_is_named(tmp_path: Path) -> None:
    series = made("small-pages-only", "quirk", "6.12")
    names = [patch.name for patch in series.patches]
    for name in names:
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / name).write_bytes(series.files[name])
    wrong = next(each for each in series.patches if "arch/x86/kvm/mmu/mmu.c" in each.changes)
    path = tmp_path / "mine" / wrong.name
    text = path.read_text()
    assert text.count("return PG_LEVEL_4K;") == 1
    path.write_text(text.replace("return PG_LEVEL_4K;", "return PG_LEVEL_4KB;"))
    words = ("--series", "mine", "--tree", "debian:6.12", "--until", "build")
    (cell,) = matrix(tmp_path, *words)["cells"]
    outcome = cell["outcome"]
    assert (outcome["verdict"], outcome["step"]) == ("fail", "build")
    assert outcome["patch"] == wrong.name and "PG_LEVEL_4KB" in "\n".join(outcome["lines"])
    assert cell["again"].startswith(sys.executable) and set(outcome["logs"]) == {
        "build.log",
        "check.log",
    }
