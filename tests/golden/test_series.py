# SPDX-License-Identifier: GPL-2.0-only
"""Whole series as diffs: every shipped description, and one with every section, on small trees.

`templates/VARIANT/goldens/TREE/KNOB.diff` has each patch's subject, message and changes, or the
answer why there is no series.  `UPDATE_GOLDENS=1 pytest tests/golden` writes them anew; read the
difference.
"""

from __future__ import annotations

import os
from itertools import product

import pytest

from codegen.base.errors import FindingsError
from codegen.description.load import Description
from tests.minitree import Change, new, old
from tests.unit import kit

_UPDATE = bool(os.environ.get("UPDATE_GOLDENS"))
_TREES: dict[str, tuple[Change, ...]] = {"middle": (), "old": (old,), "new": (new,)}
_EVERY_SECTION = "small-maps"
_KNOBS = {
    "middle": (*kit.SHIPPED, _EVERY_SECTION),
    "old": (*kit.SHIPPED, _EVERY_SECTION),
    "new": ("zap-leafs-only",),  # differs in its selftests alone
}
_CASES = [
    (tree, knob, variant)
    for tree in _TREES
    for knob, variant in product(_KNOBS[tree], kit.VARIANTS)
    if knob == _EVERY_SECTION or getattr(kit.shipped(knob).knob, variant.replace("-", "_"))
]


def _description(name: str) -> Description:
    return kit.knob() if name == _EVERY_SECTION else kit.shipped(name)


def _text(tree: str, knob: str, variant: str) -> str:
    changes = _TREES[tree]
    try:
        return kit.diff(kit.plan(_description(knob), variant, *changes), *changes)
    except FindingsError as answer:
        return "".join(f"{finding.render()}\n" for finding in answer.findings)


@pytest.mark.parametrize(("tree", "knob", "variant"), _CASES)
def test_golden(tree: str, knob: str, variant: str) -> None:
    golden = kit.TEMPLATES / variant / "goldens" / tree / f"{knob}.diff"
    text = _text(tree, knob, variant)
    if _UPDATE:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_no_golden_without_a_case() -> None:
    found = {
        (path.parent.name, path.stem, path.parents[2].name)
        for path in kit.TEMPLATES.glob("*/goldens/*/*")
    }
    assert found == set(_CASES)
