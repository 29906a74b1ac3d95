# SPDX-License-Identifier: GPL-2.0-only
"""What the parser and docutils said of the same bytes is not asked again, and is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error
from codegen.c import remembered as room
from codegen.c.apart import apart
from codegen.c.remembered import remembered
from codegen.check import docs
from codegen.store.store import store
from codegen.uapi import trees
from codegen.uapi.trees import differences
from tests.unit.test_abi import READONLY, changed, small

CLANG, EVALUATE = "codegen.c.clang", "codegen.c.evaluate"
LARGE = b"#define A 1\nenum { B };\nstatic int f(void)\n{\n\treturn A;\n}\n" + b"\n" * 9000


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions that the parser's process was asked for."""
    calls: list[str] = []

    def counted(module: str, function: str, *arguments: Any) -> Any:
        calls.append(function)
        return apart(module, function, *arguments)

    monkeypatch.setattr(room, "apart", counted)
    return calls


def test_a_large_file_is_parsed_once_and_its_answer_is_as_it_was(asked: list[str]) -> None:
    first = remembered(CLANG, "extents", "one.c", LARGE)
    again = remembered(CLANG, "extents", "another.c", LARGE)
    assert asked == ["extents"]
    assert [tuple(each) for each in again] == [tuple(each) for each in first]
    assert ("function", "f") in [(kind, name) for kind, name, _, _ in again]


def test_other_bytes_names_or_functions_are_another_question(asked: list[str]) -> None:
    remembered(CLANG, "extents", "one.c", LARGE)
    remembered(CLANG, "extents", "one.c", LARGE + b"\n")
    for names in (["A"], ["B"], ["A"]):
        values, lines = remembered(EVALUATE, "constants_of", "one.c", LARGE, names, ())
        assert values.get("A") == (1 if names == ["A"] else None)
        assert lines == {"B": 2}
    assert asked == ["extents"] * 2 + ["constants_of"] * 2


def test_a_small_file_is_not_kept(asked: list[str]) -> None:
    for _ in range(2):
        remembered(CLANG, "extents", "one.c", b"int a;\n")
    assert asked == ["extents"] * 2
    assert not list(store().all("parsed"))


def test_what_the_parser_gave_up_on_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*arguments: Any) -> Any:
        raise error(Finding("it takes more than 3 s"))

    monkeypatch.setattr(room, "apart", ended)
    with pytest.raises(FindingsError):
        remembered(CLANG, "extents", "one.c", LARGE)
    monkeypatch.setattr(room, "apart", apart)
    assert remembered(CLANG, "extents", "one.c", LARGE)


def test_another_parser_is_asked_anew(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    remembered(CLANG, "extents", "one.c", LARGE)
    monkeypatch.setattr(room, "parser", lambda module: b"a newer one")
    remembered(CLANG, "extents", "one.c", LARGE)
    assert asked == ["extents"] * 2


def test_two_trees_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The headers count, and in which tree they are."""
    old, new = small(), small(changed(READONLY, READONLY.replace("1)", "2)")), arm64="")
    first = differences(old, new)
    back = differences(new, old)
    assert [each.breaks for each in first].count(True) and first != back
    monkeypatch.setattr(trees, "read_abi", lambda headers: pytest.fail("read again"))
    assert differences(old, new) == first
    assert differences(new, old) == back
    with pytest.raises(pytest.fail.Exception, match="read again"):
        differences(old, small(changed(READONLY, "")))


@pytest.mark.parametrize("text", ["A `word\n", "Nothing.\n"])
def test_docutils_reads_a_text_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = docs.complaints(text)
    assert bool(first) == ("`" in text)
    monkeypatch.setattr(docs.rst, "doctree", lambda text: pytest.fail("read again"))
    assert docs.complaints(text) == first
