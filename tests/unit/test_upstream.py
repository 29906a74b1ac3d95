# SPDX-License-Identifier: GPL-2.0-only
"""The table of knobs that Linux has: each is described, or the table says why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from codegen.base.resources import resources
from codegen.plan.variants import described
from codegen.vocabulary.part import attribute
from tests.knobs import Upstream, description, ours, upstream

TABLE = upstream()
SAID = [row for row in TABLE if row.said_by]


def test_the_table_is_complete() -> None:
    names = [row.name for row in TABLE]
    assert len(names) == len(set(names)) == 54
    page = (Path(__file__).parents[2] / "README.md").read_text()
    assert f"Of {len(TABLE)} knobs that Linux merged since 5.16, {len(SAID)} are described" in page


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_it_is_described_or_the_reason_is_said(row: Upstream) -> None:
    assert bool(row.said_by) != bool(row.why_not)
    assert bool(row.made or row.there) == bool(row.said_by)
    assert not set(row.made) & set(row.there) and not set(row.not_here) & {*row.made, *row.there}


def texts(said: Any) -> Iterator[str]:
    """All texts of a section, at any depth."""
    if isinstance(said, BaseModel):
        yield from texts(dict(said))
    elif isinstance(said, dict):
        yield from texts(list(said.values()))
    elif isinstance(said, list | tuple):
        for each in said:
            yield from texts(each)
    elif isinstance(said, str):
        yield said


@pytest.mark.parametrize("row", SAID, ids=lambda row: row.name)
def test_descriptions_name_its_symbols(row: Upstream) -> None:
    said = {text for name in row.said_by for text in texts(description(name).knob)}
    assert set(row.named) <= said


def test_what_is_ours_is_in_no_kernel() -> None:
    assert "pin-memslots" in ours()
    for name in ours():
        knob = description(name).knob
        brought = {
            getattr(knob.section(variant.section), attribute(key))
            for variant in described(resources("templates"), knob)
            for key in (*variant.names, *variant.numbers)
        }
        assert brought and not [row.name for row in TABLE if set(row.named) <= brought]
