# SPDX-License-Identifier: GPL-2.0-only
"""`gen compare` builds, boots and measures a variant on a real kernel, and knows it the next time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.cli.main import DONE, main
from codegen.compare import work

pytestmark = [pytest.mark.kernel, pytest.mark.boot]

ASKED = ["compare", "--abi", "small-pages-only", "--tree", "debian:6.12", "--json"]


def compared(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """What `gen compare` says of one variant."""
    assert main([*ASKED, "--variants", "vm-capability", *more]) == DONE
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def figure(said: dict[str, Any], key: str) -> Any:
    """The one figure of a question."""
    rows = [row for chapter in said["sections"] for row in chapter["rows"] if row["key"] == key]
    return rows[0]["figures"][0]


def test_a_variant_is_built_and_measured_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = compared(capsys)
    assert figure(said, "with")["value"] == "1 pass", figure(said, "with")
    assert "as it must" in figure(said, "without")["value"]
    assert figure(said, "findings")["value"] == 0
    assert figure(said, "text")["value"] > 0
    assert figure(said, "instructions")["value"] > 0
    assert figure(said, "kvm_arch")["value"] >= 0
    assert figure(said, "kvm_memory_slot")["value"] == 0
    plots = {plot["y"]: {c["name"]: c["points"] for c in plot["curves"]} for plot in said["plots"]}
    huge = plots["huge"]
    assert [x for x, _ in huge["vm-capability"]] == [2, 8, 32]
    assert all(y == 0 for _, y in huge["vm-capability"])
    assert all(y == x / 2 for x, y in huge["knob off"])

    def built_again(*_: Any) -> Any:
        raise AssertionError("all of it was built, booted and measured before")

    monkeypatch.setattr(work, "open_bench", built_again)
    again = compared(capsys)
    quick = compared(capsys, "--quick")
    for key in ("sections", "plots", "columns"):
        assert again[key] == said[key] == quick[key]
