# SPDX-License-Identifier: GPL-2.0-only
"""How a variant ages: places that are others in the other trees, patches that git does not bring."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codegen.compare.ages import joined
from codegen.compare.drift import Drift, Move, Spot, moved
from codegen.compare.model import Figure, unknown
from tests.minitree import minitree, written
from tests.unit.kit import committed
from tests.unit.test_compare import Gen, figures

pytestmark = pytest.mark.programs

# What needs no build of `gen compare` without --quick.
_AGED = """
import sys
from codegen.base.progress import silent
from codegen.cli.commands import compare
from codegen.cli.main import main
there = compare.aged
compare.aged = lambda found, report: there(found, silent)
sys.exit(main(sys.argv[1:]))
"""
_MMU = "arch/x86/kvm/mmu/mmu.c"


def spot(function: str = "", signature: str = "", found: str = "here", path: str = _MMU) -> Spot:
    return Spot(path, 7, found, function, signature)


def test_moves_are_told_by_what_is_another_now() -> None:
    old = spot("kvm_old", "int kvm_old(void)")
    moves = (
        Move("a", old, old),
        Move("b", old, spot("kvm_new", "int kvm_new(void)", "there")),
        Move("c", old, spot("kvm_old", "int kvm_old(int)")),
        Move("d", spot(), spot(path="virt/kvm/kvm_main.c")),
        Move("e", spot(), spot("kvm_new")),
        Move("f", old, spot("kvm_old", "int kvm_old(void)", "elsewhere")),
        Move("g", old, None),
        Move("h", None, old),
        Move("i", None, old),
    )
    assert moved(Drift("quirk", "a", "b", moves)).split("; ") == [
        "9 places, 1 as they were",
        f"another file: {_MMU} to virt/kvm/kvm_main.c",
        f"another function: kvm_old() to kvm_new(), no function of {_MMU} to kvm_new()",
        "another signature: kvm_old()",
        "another neighbour: 1",
        "only here: 1",
        "only there: 2",
    ]


def test_a_tree_of_which_nothing_is_known_says_so() -> None:
    known, lost = Figure("applies", source="git"), unknown("not tried yet")
    assert joined({"a": known, "b": lost}) == Figure(
        "a: applies; b: not known: not tried yet", source="git"
    )
    assert joined({"a": lost, "b": lost}).missing == "not tried yet"
    assert joined({"a": lost, "b": unknown("git failed")}).missing == (
        "a: not tried yet; b: git failed"
    )


@pytest.fixture(scope="module")
def gen(tmp_path_factory: pytest.TempPathFactory) -> Gen:
    """Trees beside the first: one with another line where the text goes, one without the place."""
    gen = Gen(tmp_path_factory.mktemp("ages"))
    line = b"max_level = min("
    for name, old, new in (
        ("moved", line, b"kvm_note_level(kvm);\n\t" + line),
        ("bare", b"kvm_mmu_max_mapping_level", b"kvm_pick_level"),
    ):
        files = dict(minitree())
        assert old in files[_MMU]
        files[_MMU] = files[_MMU].replace(old, new)
        committed(written(files, gen.folder / name))
    return gen


def aged(gen: Gen, *trees: str) -> dict[str, Any]:
    """What is said on some trees of the quirk, with what needs no build."""
    words = [word for tree in trees for word in ("--tree", tree)]
    words = ["compare", "--abi", "knob.yaml", "--variants", "quirk", "--quick", "--json", *words]
    done = subprocess.run(
        [sys.executable, "-c", _AGED, *words],
        cwd=gen.folder,
        env=gen.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def rows(said: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = [row for part in said["sections"] for row in part["rows"] if row["key"] == key]
    figures: list[dict[str, Any]] = found[0]["figures"]
    return figures


def test_what_git_does_not_bring_is_made_anew(gen: Gen) -> None:
    said = aged(gen, "linux", "moved")
    first, second = rows(said, "brought")
    assert first["value"].startswith("moved-")
    assert f"stops at patch 1 of 3: {_MMU}; gen makes it anew" in first["value"]
    assert "git am -3 of the patches for linux-" in first["source"]
    assert second["value"].startswith("linux-")
    assert all(" places, " in each["value"] for each in rows(said, "moved"))


def test_it_is_known_the_next_time(gen: Gen) -> None:
    trees = ("--tree", "moved", "--variants", "quirk", "--json")
    said = aged(gen, "linux", "moved")
    again = json.loads(gen.compare(*trees))
    assert rows(again, "brought") == rows(said, "brought")
    assert rows(again, "moved") == rows(said, "moved")


def test_a_tree_that_has_none_says_so(gen: Gen) -> None:
    said = aged(gen, "linux", "bare")
    first, second = rows(said, "brought")
    assert "gen makes none there, see bare-" in first["value"]
    assert "is not made" in second["missing"]


def test_one_tree_has_no_other(gen: Gen) -> None:
    said = json.loads(gen.compare("--json"))
    assert "one tree" in figures(said, "brought")["quirk"]["missing"]


def test_a_place_that_is_not_found_is_a_failure_and_no_answer(gen: Gen, tmp_path: Path) -> None:
    said = json.loads(gen.compare("--json", "--tree", "bare", "--variants", "quirk"))
    assert [column["state"] for column in said["columns"]] == ["made", "failed"]
    assert said["columns"][1]["reason"]
    text = gen.compare("--tree", "bare", "--variants", "quirk")
    assert "failed: quirk: " in text
