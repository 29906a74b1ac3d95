# SPDX-License-Identifier: GPL-2.0-only
"""File names whose bytes are no UTF-8: worked with, or refused in words; never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.kit import knob_text

pytestmark = pytest.mark.programs

ODD = os.fsdecode(b"x\xff")


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """gen in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "codegen", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd(), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stdout + done.stderr
    return done


def test_description_tree_and_folders(repository: Path, tmp_path: Path) -> None:
    tree = tmp_path / f"{ODD}-linux"
    shutil.copytree(repository, tree, symlinks=True)
    description = tmp_path / f"{ODD}.yaml"
    description.write_text(knob_text("quirk"))
    assert ran(tmp_path, "lint", description.name).returncode == 0
    made = ("--variant", "quirk", "--abi", description.name, "--tree", tree.name, "--out", ODD)
    assert ran(tmp_path, *made).returncode == 0
    (cover,) = (tmp_path / ODD).rglob("0000-*")
    assert b"x\\xff.yaml" in cover.read_bytes()
    assert ran(tmp_path, "apply", *made[:-2], "--branch", "mine").returncode == 0
    first = next((tmp_path / ODD).rglob("0001-*"))
    first.rename(first.with_name(f"0001-{ODD}.patch"))
    (first.parent / f"0002-{ODD}.patch").write_bytes(b"no patch")
    shutil.rmtree(first.parent / ".gen")
    done = ran(tmp_path, "check", "--no-build", str(first.parent), "--tree", tree.name, "--json")
    assert done.returncode == 1
    assert b"no mail with a patch" in done.stdout
    description.write_text("name: 1\n")
    assert ran(tmp_path, "lint", "--json", description.name).returncode == 1
