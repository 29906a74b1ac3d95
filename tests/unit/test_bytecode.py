# SPDX-License-Identifier: GPL-2.0-only
"""A template is compiled once for the same text and the same filters."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2.environment import Environment

from codegen.base.errors import FindingsError
from codegen.plan import bytecode
from codegen.plan.templates import Renderer, environment
from codegen.store.store import store


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that Jinja compiled."""
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    names: list[str] = []
    whole = Environment.compile

    def counted(self: Environment, source: str, name: str, *more: object) -> object:
        names.append(name)
        return whole(self, source, name, *more)

    monkeypatch.setattr(Environment, "compile", counted)
    return names


def said(folder: Path, text: str) -> str:
    """What a process that has compiled nothing yet makes of a template."""
    (folder / "it.j2").write_text(text)
    environment.cache_clear()
    return Renderer(folder, {"name": "knob"}).render("it")


def test_the_same_text_is_compiled_once(compiled: list[str], tmp_path: Path) -> None:
    assert [said(tmp_path, "A {{ name }}.") for _ in range(2)] == ["A knob."] * 2
    assert compiled == ["it.j2"]


def test_another_text_or_another_filter_is_another_one(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(tmp_path, "A {{ name }}.") == "A knob."
    assert said(tmp_path, "The {{ name }}.") == "The knob."
    monkeypatch.setattr(bytecode.owncode, "code", lambda rooms: "other filters")
    assert said(tmp_path, "The {{ name }}.") == "The knob."
    assert compiled == ["it.j2"] * 3


def test_what_gen_ships_lies_beside_its_modules(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever cache there is, as soon as one could be written; also where the last one broke."""
    monkeypatch.setattr(bytecode, "resources", lambda name: tmp_path)
    monkeypatch.setattr(bytecode, "cache_from_source", lambda path: str(tmp_path / "it.pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert said(tmp_path, "A {{ name }}.") == "A knob." and not list(tmp_path.glob("*.j2c"))
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert said(tmp_path, "A {{ name }}.") == "A knob."
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "another"))
    assert said(tmp_path, "A {{ name }}.") == "A knob."
    assert compiled == ["it.j2"] * 2
    (beside,) = tmp_path.glob("*.j2c")
    for broken in (b"", beside.read_bytes()[:-40], beside.read_bytes()[:30], b"no code"):
        beside.write_bytes(broken)
        compiled.clear()
        assert said(tmp_path, "A {{ name }}.") == "A knob."
        assert compiled == ["it.j2"]


def test_what_is_damaged_is_compiled_again(compiled: list[str], tmp_path: Path) -> None:
    said(tmp_path, "A {{ name }}.")
    for kept in store().all("template"):
        kept.files["code"].write_bytes(b"no code")
    assert said(tmp_path, "A {{ name }}.") == "A knob."
    assert compiled == ["it.j2"] * 2


def test_without_a_store_templates_are_compiled(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEN_CACHE", "no absolute path")
    assert [said(tmp_path, "A {{ name }}.") for _ in range(2)] == ["A knob."] * 2
    assert compiled == ["it.j2"] * 2


def test_a_mistake_has_its_line_from_the_store_as_well(compiled: list[str], tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(FindingsError, match="nobody"):
            said(tmp_path, "A\n{{ nobody }}\n")
    assert compiled == ["it.j2"]
