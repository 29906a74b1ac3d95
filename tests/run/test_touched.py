# SPDX-License-Identifier: GPL-2.0-only
"""Which tests a series adds and which it changes, and what is left of an earlier trial."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codegen.run import touched as room
from codegen.run.resumed import begin
from codegen.run.selftests import FOLDER
from codegen.run.touched import Touched, has_tests, touched

NEW, OLD, OTHER = "x86/new_test", "x86/old_test", "x86/other_test"


@dataclass(frozen=True)
class Paths:
    """What is asked of a series."""

    paths: tuple[str, ...]


class Before:
    """A tree that has one test."""

    def read(self, path: str) -> bytes:
        if path != f"{FOLDER}/{OLD}.c":
            raise FileNotFoundError(path)
        return b"int main(void);\n"


def of(monkeypatch: pytest.MonkeyPatch, *paths: str) -> Touched:
    monkeypatch.setattr(room, "names_in", lambda kernel, out: (NEW, OLD, OTHER))
    kernel: Any = type("Kernel", (), {"out": Path()})
    series: Any = Paths(tuple(f"{FOLDER}/{path}" for path in paths))
    before: Any = Before()
    return touched(series, kernel, before)


def test_what_the_tree_has_already_is_changed_and_not_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = of(monkeypatch, f"{NEW}.c", f"{OLD}.c", "Makefile.kvm")
    assert mine.names == (NEW, OLD)
    assert [name for name in (NEW, OLD, OTHER) if mine.adds(name)] == [NEW]
    assert [name for name in (NEW, OLD, OTHER) if mine.changes(name)] == [NEW, OLD]


@pytest.mark.parametrize("path", ["lib/kvm_util.c", "include/x86/processor.h"])
def test_what_all_tests_are_made_of_changes_all(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    mine = of(monkeypatch, path)
    assert mine.names == ()
    assert mine.changes(OTHER) and not mine.adds(OTHER)


def test_a_makefile_is_no_test() -> None:
    asked: list[Any] = [Paths((f"{FOLDER}/{name}",)) for name in ("Makefile.kvm", f"{NEW}.c")]
    assert [has_tests(series) for series in asked] == [False, True]
    elsewhere: Any = Paths(("arch/x86/kvm/x86.c",))
    assert not has_tests(elsewhere)


@pytest.mark.parametrize(
    ("asked", "resume", "stays"),
    [(["a"], True, True), (["a"], False, False), (["b"], True, False)],
)
def test_only_the_same_trial_goes_on(
    asked: list[str], resume: bool, stays: bool, tmp_path: Path
) -> None:
    begin(tmp_path, ["a"], resume=False)
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot.jsonl").write_text("")
    (tmp_path / "series.bzImage").write_text("")
    begin(tmp_path, asked, resume)
    assert (tmp_path / "boot").exists() == (tmp_path / "boot.jsonl").exists() == stays
    assert (tmp_path / "series.bzImage").exists()
    (tmp_path / "boot").mkdir(exist_ok=True)
    begin(tmp_path, asked, resume=True)
    assert (tmp_path / "boot").exists()
