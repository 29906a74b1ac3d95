# SPDX-License-Identifier: GPL-2.0-only
"""What a reader of a comparison sees: every figure or why it is not there, in each of its forms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codegen.compare import measuring, userspace
from codegen.compare.contender import Contender
from codegen.compare.evidence import Evidence, sections
from codegen.compare.kernel import section
from codegen.compare.measures import Measure
from codegen.compare.model import (
    Chapter,
    Column,
    Curve,
    Figure,
    Page,
    Plot,
    Question,
    Worst,
    unknown,
)
from codegen.compare.show import html, markdown, plots, terminal
from codegen.plan.variants import load_variant
from codegen.series.identity import Known
from codegen.tree.locate import Folder, TreeLocation
from tests.golden.test_kinds import KNOBS_FOLDER
from tests.minitree import X86, edited, minitree, written
from tests.unit.kit import TEMPLATES, knob

LOST = "nobody looked"


def page(
    *rows: Question, plots: Sequence[Plot] = (), states: Sequence[str] = ("made",) * 2
) -> Page:
    """A page with two variants on a tree, or on two."""
    columns = (
        Column(
            f"tree-{at // 2}" if len(states) > 2 else "tree", "6.12", name, "s", state, "a reason"
        )
        for at, (name, state) in enumerate(zip(("one", "two") * 2, states, strict=False))
    )
    return Page(
        knob="knob",
        title="Let userspace have it",
        contract="guarantee (KVM does so)",
        background="Why it is\nso.\n\nAnd more.\n",
        command="gen compare",
        columns=tuple(columns),
        sections=(Chapter("Evidence", rows),),
        plots=tuple(plots),
        said=(),
        prior_art=(),
        snippets=(),
        patches=(),
    )


def shown(made: Page) -> Mapping[str, str]:
    """All forms, with every white space alike."""
    forms = {"terminal": terminal.text(made), "mail": markdown.text(made), "html": html.text(made)}
    return {name: " ".join(text.split()) for name, text in forms.items()}


@pytest.mark.parametrize("prose", [True, False])
def test_what_is_not_known_says_why_in_each_form(prose: bool) -> None:
    nowhere = Question("a", "nowhere known", (unknown(LOST),) * 2, prose=prose)
    partly = Question("b", "partly known", (Figure("yes"), unknown("no log")), prose=prose)
    for text in shown(page(nowhere, partly)).values():
        assert LOST in text and "no log" in text


def test_what_is_measured_is_in_each_form() -> None:
    curves = tuple(Curve(name, ((1, 5), (256, 4077)), "log") for name in ("one", "knob off"))
    plot = Plot("pages left", "memslots", "kept", curves, (("two", "no guest"),))
    for text in shown(page(plots=[plot])).values():
        assert "pages left" in text and "memslots" in text and text.count("4077") == 2
        assert "two: not known: no guest" in text or "not known: two: no guest" in text


def test_a_figure_that_a_curve_lacks_stands_for_no_other() -> None:
    curves = (Curve("one", ((1, 5), (16, 9)), "log"), Curve("two", ((16, 7),), "log"))
    plot = Plot("t", "x", "y", curves, ())
    assert plot.xs == [1, 16]
    assert [list(plot.cells(each)) for each in curves] == [["5", "9"], ["not said", "7"]]
    for text in shown(page(plots=[plot])).values():
        assert "not said" in text


def test_what_was_measured_at_many_values_fits() -> None:
    points = tuple((float(1 << at), 1e5 + at) for at in range(16))
    plot = Plot("t", "x", "y", (Curve("one", points, "log"),), ())
    made = page(plots=[plot])
    for text, wide in ((terminal.text(made), 100), (markdown.text(made), 72)):
        assert max(map(len, text.split("\n"))) <= wide
        assert "100003 at 8, 100004 at 16" in " ".join(text.split())


def test_curves_that_are_the_same_are_one_with_all_names() -> None:
    points = ((1.0, 5.0), (16.0, 9.0))
    same = tuple(Curve(name, points, "log") for name in ("one", "two"))
    drawn = plots.drawn(Plot("t", "x", "y", (*same, Curve("off", ((1, 1),), "log")), ()))
    assert "one, two" in drawn and drawn.count('id="legend_') == 1


def test_where_a_variant_is_the_worst_is_told() -> None:
    rows = (
        Question("code", "lines of code", (Figure(3), Figure(9)), Worst.MOST),
        Question("left", "numbers left", (Figure(3), Figure(9)), Worst.LEAST),
        Question("tests", "lines of tests", (Figure(3), Figure(9))),
    )
    made = page(*rows)
    assert list(made.worst("tree")) == [(0, ["numbers left"]), (1, ["lines of code"])]
    texts = shown(made)
    assert "one: numbers left" in texts["terminal"] and "* two: lines of code" in texts["mail"]
    assert [row.key for row in made.short] == ["code"]
    assert "In short" in texts["html"] and "<td>numbers left</td>" in texts["html"]


def test_the_same_words_stand_once_on_the_page_and_numbers_beside_each_variant() -> None:
    said = (Figure("by KVM_RUN"), Figure("by KVM_RUN"))
    made = page(Question("hot", "asked", said), Question("code", "lines", (Figure(1),) * 2))
    text = shown(made)["html"]
    assert text.count("by KVM_<wbr>RUN") == 1 and text.count('colspan="2"') == 1
    rows = Question("a", "b", (Figure("x"), Figure("y"), Figure("y"), unknown("y")))
    assert rows.runs([0, 1, 2]) == [(0, 1), (1, 2)]
    assert rows.runs([1, 3]) == [(1, 1), (3, 1)]


def test_the_contract_is_told() -> None:
    for text in shown(page()).values():
        assert "guarantee (KVM does so)" in text
    assert '<p class="lead">Why it is so.</p>' in shown(page())["html"]
    assert "Why it is so. And more." in shown(page())["mail"]


def test_what_a_tree_has_already_is_no_other_answer() -> None:
    states = ("here already", "failed", "not here", "redundant")
    for name, text in shown(page(states=states)).items():
        assert all(state in text for state in states), name
        assert "failed: <strong>two" in text or "failed: two: a reason" in text


@pytest.mark.parametrize("room", [10, 14, 30])
def test_names_end_a_line_behind_a_part(room: int) -> None:
    row = Question("a", "call", (Figure("KVM_SET_USER_MEMORY_REGION"), Figure("none")))
    made = replace(page(row), contract="")
    lines = terminal.text(made, room * 2 + 20).split("\n")
    parts = [found for line in lines for found in re.findall(r"[A-Z_]{2,}", line)]
    assert "".join(parts) == "KVM_SET_USER_MEMORY_REGION"
    assert all(part.endswith("_") for part in parts[:-1])
    assert "KVM_<wbr>SET_<wbr>USER_<wbr>" in html.text(made)


def contender(series: Known | None = None, **changes: Any) -> Contender:
    """A variant of the small tree's knob."""
    variant = cast(Any, SimpleNamespace(name="quirk", summary="s", names={"name": "X"}))
    where = TreeLocation("tree", Folder(Path("tree")))
    made = series or Known({"0001-a.patch": b""}, {"patches": [{"file": "0001-a.patch"}]})
    return replace(Contender(knob(), variant, where, "6.12", made), **changes)


def figure(chapter: Chapter, key: str) -> Figure:
    return next(row for row in chapter.rows if row.key == key).figures[0]


def known(
    *patches: Mapping[str, Any], files: Mapping[str, bytes] | None = None, **said: Any
) -> Known:
    """A series of which only this is known."""
    told = [{"file": f"{at:04}-a.patch", "sites": [], **each} for at, each in enumerate(patches, 1)]
    own = {each["file"]: b"" for each in told}
    return Known({**own, **(files or {})}, {"patches": told, **said})


def test_who_is_asked_is_counted_once_and_not_known_where_nobody_is_named() -> None:
    cover = b"From: me\nTo: A B <a@x>, A B <b@x>\nCc: kvm@vger.kernel.org\n\nHi\n"
    patch = {"part": "uapi"}
    series = known(patch, files={"0000-cover-letter.patch": cover})
    made = section([contender(series)])
    assert figure(made, "people").value == 2
    assert figure(made, "who").value == "A B, kvm@vger.kernel.org"
    made = section([contender(known(patch))])
    for key in ("people", "who"):
        assert "names nobody" in figure(made, key).missing


def test_what_a_knob_brings_along_is_told() -> None:
    from codegen.description.load import load

    description = load(KNOBS_FOLDER / "write-ahead.yaml", "write-ahead.yaml")
    given = {"part": "given", "subject": "KVM: Do it"}
    first = known(given, brought=[{"knob": "map-ahead", "variant": "new-ioctl"}])
    made = section([contender(first, description=description)])
    assert figure(made, "brings").value == (
        "map-ahead as new-ioctl, which the tree lacks; a patch that the description names: KVM: Do it"
    )
    made = section([contender(known({"part": "uapi"}), description=description)])
    assert figure(made, "brings").value == "nothing: the tree has map-ahead, which it needs"
    assert figure(section([contender(known({"part": "uapi"}))]), "brings").value == "nothing"


def test_where_the_mechanism_acts_is_told() -> None:
    sites = [
        {"file": "a.c", "found": "kvm_one(): before `x`"},
        {"file": "a.c", "found": "before function kvm_two()"},
        {"file": "b.c", "found": "kvm_three(): instead of `y`"},
    ]
    made = section([contender(known({"part": "mechanism", "sites": sites}))])
    assert figure(made, "asked-in").value == "kvm_one() in a.c; kvm_three() in b.c"
    made = section([contender(known({"part": "uapi", "sites": sites}))])
    assert "no text of it" in figure(made, "asked-in").missing


ADDS = "kvm->arch.disabled_quirks |= cap->args[0];"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        (ADDS, "once: KVM adds to the mask"),
        ("kvm->arch.quirks = kvm->arch.quirks | (cap->args[0] & ~1);", "once: KVM adds"),
        ("kvm->arch.disabled_quirks = cap->args[0];", "yes, both ways: KVM takes a new mask"),
        ("kvm_disable_quirks(kvm, cap);", "unknown"),
    ],
)
def test_whether_a_quirk_may_change_is_decided_by_the_tree(
    does: str, said: str, tmp_path: Path
) -> None:
    where = TreeLocation("tree", Folder(written(minitree(edited(X86, (ADDS, does))), tmp_path)))
    series = known({"part": "uapi"}, numbers={})
    one = contender(series, location=where, variant=load_variant(TEMPLATES, "quirk"))
    made = userspace.section([one], [userspace.facts_of(one, TEMPLATES)], TEMPLATES)
    changes = figure(made, "changes")
    if said == "unknown":
        assert changes.value is None and changes.missing.startswith("the case of KVM_CAP_DISABLE")
    else:
        assert str(changes.value).startswith(said)


def kept(log: str = "", **said: Any) -> Any:
    """A result of the store."""
    files = {"output.log": log}
    return SimpleNamespace(
        said=said, files=files, read=lambda name: files[name].encode(), where=lambda name: name
    )


def test_no_mutant_is_no_figure() -> None:
    def asked(noticed: int) -> Figure:
        found = Evidence(mutants=kept(noticed=noticed, survived=0, results=[]))
        return figure(sections([contender(known({"part": "uapi"}))], [found])[1], "mutants")

    assert asked(3).value == "3 of 3"
    assert "no mutant" in asked(0).missing


MEASURE = Measure.model_construct(x="memslots", at=[1, 2], figures={"kept": "pages"}, code="")


def measured(log: str, **failed: str) -> Plot:
    (plot,) = measuring.plots([contender()], [Evidence(measured=kept(log, failed=failed))], MEASURE)
    return plot


def test_a_program_that_did_not_end_says_so_beside_its_figures() -> None:
    plot = measured("| figure on kept 1 7\n", on="FAIL: it died", off="TIMEOUT: 180 s")
    assert [(each.name, each.points) for each in plot.curves] == [("quirk", ((1.0, 7.0),))]
    assert plot.missing == (("quirk", "FAIL: it died"), ("knob off", "TIMEOUT: 180 s"))
    plot = measured("| figure on kept 1 7\n| figure off kept 1 3\n")
    assert [each.name for each in plot.curves] == ["quirk", "knob off"] and not plot.missing
    assert measured("").missing == tuple(
        (name, "it said no such figure") for name in ("quirk", "knob off")
    )


def test_what_was_not_measured_says_so() -> None:
    (plot,) = measuring.plots([contender()], [Evidence()], MEASURE)
    assert not plot.curves
    assert [(why, list(names)) for why, names in plot.lost] == [
        ("not measured yet: gen compare without --quick does so", ["quirk", "knob off"])
    ]
