# SPDX-License-Identifier: GPL-2.0-only
"""Golden cases: `bad/<what>.yaml` with what is said of it, `good/<what>.yaml` with its model.

The names of the files are the specification of the loader.  `UPDATE_GOLDENS=1 pytest
tests/description/test_goldens.py` writes the expectations anew; read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError
from codegen.description.load import parse

_HERE = Path(__file__).parent
_UPDATE = bool(os.environ.get("UPDATE_GOLDENS"))


def _cases(kind: str) -> list[str]:
    return sorted(path.stem for path in (_HERE / kind).glob("*.yaml"))


def _compare(kind: str, name: str, said: str) -> None:
    expected = _HERE / kind / f"{name}.expected"
    if _UPDATE:
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")


def rendered(data: bytes, path: str) -> str:
    """Everything that is said of a bad description."""
    with pytest.raises(FindingsError) as caught:
        parse(data, path)
    return "".join(f"{finding.render()}\n" for finding in caught.value.findings)


@pytest.mark.parametrize("name", _cases("bad"))
def test_bad(name: str) -> None:
    data = (_HERE / "bad" / f"{name}.yaml").read_bytes()
    _compare("bad", name, rendered(data, f"{name}.yaml"))


@pytest.mark.parametrize("name", _cases("good"))
def test_good(name: str) -> None:
    data = (_HERE / "good" / f"{name}.yaml").read_bytes()
    knob = parse(data, f"{name}.yaml").knob
    model = knob.model_dump(by_alias=True, exclude_defaults=True)
    _compare("good", name, json.dumps(model, indent=2, ensure_ascii=False) + "\n")


def test_no_expectation_without_a_case() -> None:
    for kind in ("bad", "good"):
        expected = sorted(path.stem for path in (_HERE / kind).glob("*.expected"))
        assert expected == _cases(kind)


def test_there_are_enough() -> None:
    assert len(_cases("bad")) >= 80


@pytest.mark.parametrize("name", _cases("bad"))
def test_findings_are_in_order_and_plain(name: str) -> None:
    """Sorted by position; nothing of it moves a terminal; the caret is below the line shown."""
    with pytest.raises(FindingsError) as caught:
        parse((_HERE / "bad" / f"{name}.yaml").read_bytes(), "x.yaml")
    places = [(f.line, f.column) for f in caught.value.findings if f.line]
    assert places == sorted(places)
    for finding in caught.value.findings:
        text = finding.render().replace("\n", "").replace("\t", "")
        assert text.isprintable()
        assert finding.column <= len(finding.source) + 1 or not finding.source
