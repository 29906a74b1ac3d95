# SPDX-License-Identifier: GPL-2.0-only
"""The mutants of a series, and those of which its description says that no test can see them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from codegen.architectures import DEFAULT
from codegen.run.mutation import find_mutants
from codegen.series.manifest import sites
from codegen.series.series import Series
from tests.unit import kit

WHY = "No selftest has such a memslot."


def of_knob(out: Path, *, untested: str = "", edited: bool = False) -> list[tuple[str, str]]:
    """What is mutated of the mechanism, and why that is untested; all files are built."""
    edit = kit.BASE["mechanism"]["alternatives"][0]["edits"][0]
    edits = [{**edit, "untested": untested} if untested else edit]
    alternatives = [{"tree": "this one", "edits": edits}]
    mechanism = {**kit.BASE["mechanism"], "alternatives": alternatives}
    made = kit.plan(kit.knob("vm-capability", mechanism=mechanism), "vm-capability")
    listed = [{"file": p.part, "part": p.part, "sites": sites(p)} for p in made.patches]
    if edited:
        for each in (site for patch in listed for site in cast(Any, patch["sites"])):
            each["text"] = f"{each.get('text', '')}\n/* as it was */"
    predicate = {"name": "kvm_small_maps", "off": "false", "returns": "bool"}
    told = {"predicates": [predicate], "patches": listed}
    series = Series(cast(Any, None), cast(Any, made.patches), {}, "", told)
    for path in series.paths:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).with_suffix(".o").touch()
    kernel = cast(Any, SimpleNamespace(arch=DEFAULT, out=out))
    return [
        (each.what, each.untested)
        for each in find_mutants(series, kernel, "kvm")
        if each.what.startswith("`kvm_small_maps(") and "always false" in each.what
    ]


def test_what_no_selftest_sees_is_said(tmp_path: Path) -> None:
    (asked,) = of_knob(tmp_path, untested=WHY)
    assert asked[1] == WHY
    assert [why for _, why in of_knob(tmp_path)] == [""]


def test_but_for_text_that_somebody_has_edited(tmp_path: Path) -> None:
    assert [why for _, why in of_knob(tmp_path, untested=WHY, edited=True)] == [""]
