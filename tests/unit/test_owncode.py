# SPDX-License-Identifier: GPL-2.0-only
"""Which of gen's own code takes part in a result."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegen.base.resources import resources
from codegen.plan.variants import load_variant
from codegen.series.identity import ROOMS, folders_of
from codegen.store import owncode
from tests.unit.kit import VARIANTS
from tests.unit.test_house import MODULES, _imports, _room

ROOT = Path(__file__).parents[2]


def test_every_room_that_makes_a_series_takes_part() -> None:
    left, found = ["codegen.series.make"], set[str]()
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += _imports(module, deep=True)
    rooms = {_room(module) for module in found} - {""}
    assert rooms <= set(ROOMS)
    assert {"run", "check", "compare", "cli"}.isdisjoint(ROOMS)


@pytest.mark.parametrize("start", ["codegen.run.trial", "codegen.run.objects", "codegen.check.run"])
def test_what_is_imported_takes_part(start: str) -> None:
    used = owncode._used(ROOT / "codegen", start)
    left, found = [start], set[str]()
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += _imports(module, deep=True)
    paths = (MODULES[module].relative_to(ROOT / "codegen") for module in found)
    assert {path.as_posix() for path in paths} <= used


def test_other_code_and_other_files_are_another_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "codegen", tmp_path / "codegen")
    monkeypatch.setattr(owncode, "files", lambda name: tmp_path / name)

    def code() -> str:
        owncode.code.cache_clear()
        owncode._imported.cache_clear()
        return owncode.code(("run",), "codegen.run.trial")

    before = code()
    assert code() == before
    (tmp_path / "codegen/run/doctor.py").write_text("# no part of a trial\n")
    assert code() == before
    with (tmp_path / "codegen/run/init.c").open("a") as stream:
        stream.write("/* more */\n")
    second = code()
    assert second != before
    with (tmp_path / "codegen/run/boot.py").open("a") as stream:
        stream.write("# more\n")
    assert code() not in (before, second)
    owncode.code.cache_clear()


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_made_of_its_folder_and_of_those_that_it_names(name: str) -> None:
    root = resources("templates")
    folders = folders_of(load_variant(root, name), root)
    assert {name, "common"} <= set(folders)
    assert len(folders) < len(VARIANTS)


def test_a_template_of_another_folder_takes_part(tmp_path: Path) -> None:
    root = tmp_path / "templates"
    shutil.copytree(resources("templates"), root)
    variant = load_variant(resources("templates"), "quirk")
    assert "vm-type" not in folders_of(variant, root)
    with (root / "quirk/selftest.j2").open("a") as stream:
        stream.write('{% include "vm-type/define-type.j2" %}\n')
    assert "vm-type" in folders_of(variant, root)
