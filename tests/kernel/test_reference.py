# SPDX-License-Identifier: GPL-2.0-only
"""The reference series that the repository holds are what gen makes today."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from codegen.mail.mbox import MANIFEST

from .conftest import made

pytestmark = pytest.mark.kernel

PATCHES = Path(__file__).resolve().parents[2] / "patches"
FOLDERS = sorted(path.parents[1] for path in PATCHES.glob("debian-*/*/*/.gen/manifest.json"))


def changes(patch: str) -> list[str]:
    """What a patch adds and removes, without what depends on the lines around."""
    diff = patch.partition("\ndiff --git ")[2]
    return [line for line in diff.splitlines() if re.match(r"[+-](?![+-]{2} )", line)]


def test_there_are_reference_series() -> None:
    assert len(FOLDERS) >= 4


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: "-".join(path.parts[-3:]))
def test_reference_is_regenerated(folder: Path) -> None:
    release = folder.parts[-3].removeprefix("debian-")
    series = made(folder.parts[-2], folder.parts[-1], release)
    assert not isinstance(series, str), series
    kept = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    if json.loads(kept[MANIFEST])["tree"]["base"] == series.tree.commit:
        assert kept == series.files, "run tools/reference.py"
        return
    # Debian has a newer package: lines moved, but what is changed is the same
    assert kept.keys() == series.files.keys()
    for name in kept:
        if name.endswith(".patch"):
            assert changes(kept[name].decode()) == changes(series.files[name].decode())
