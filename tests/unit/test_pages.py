# SPDX-License-Identifier: GPL-2.0-only
"""The pages for people say what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.base.resources import resources
from codegen.description.model import Knob
from codegen.plan.sites import SITES
from codegen.plan.variants import variant_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("site", sorted(SITES))
def test_every_site_is_described(site: str) -> None:
    page = (ROOT / "docs/sites.md").read_text()
    takes = [f"`{name}`" + "?" * optional for name, optional in SITES[site].takes.items()]
    words = ", ".join([*(["per-arch"] if SITES[site].per_arch else []), *takes])
    assert f"| `{site}` | {words} | {SITES[site].about} |" in page


def test_every_key_of_a_description_is_described() -> None:
    page = (ROOT / "docs/describe-a-knob.md").read_text()
    schema = Knob.model_json_schema(by_alias=True)
    parts = [schema, *schema["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    assert not {key for key in keys if f"`{key}" not in page and f" {key}:" not in page}


def test_every_variant_is_described() -> None:
    pages = (ROOT / "docs/describe-a-knob.md").read_text() + (ROOT / "README.md").read_text()
    for name in variant_names(resources("templates")):
        assert f"`{name}`" in pages
