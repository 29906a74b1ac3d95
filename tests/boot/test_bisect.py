# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix --bisect` on kernels that boot: a mistake that only a test sees is found in its patch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from codegen.base.resources import resources
from codegen.cli.main import DONE, main

pytestmark = [pytest.mark.kernel, pytest.mark.boot, pytest.mark.long]

SHIPPED = resources("patches") / "debian-6.12" / "zap-leafs-only" / "memslot-flag"
RIGHT = "+\treturn slot->flags & KVM_MEM_ZAP_LEAFS_ONLY;"
WRONG = "+\treturn slot->flags & KVM_MEM_READONLY;"


def test_the_patch_with_a_mistake_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = tmp_path / "mine"
    shutil.copytree(SHIPPED, series, ignore=shutil.ignore_patterns(".gen"))
    (broken,) = (each for each in series.glob("*.patch") if RIGHT in each.read_text())
    broken.write_text(broken.read_text().replace(RIGHT, WRONG))
    asked = tmp_path / "mistake.yaml"
    asked.write_text("series: [mine]\ntrees: [debian:6.12]\nuntil: test\n")
    status = main(["matrix", str(asked), "--bisect", "mine", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert status == DONE, json.dumps(said, indent=1)
    assert said["patch"] == broken.name, json.dumps(said, indent=1)
    # The first ones have no test to run yet: that is no failure of theirs.
    number = int(broken.name[:4])
    tried = {each["patches"]: each["verdict"] for each in said["tried"]}
    assert tried[number] == "fail" and tried[number - 1] != "fail"
