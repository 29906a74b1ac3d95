# SPDX-License-Identifier: GPL-2.0-only
"""What `gen matrix` says to people and to programs, of a run that has everything that one can have."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from junitparser import JUnitXml
from kcidb_io.schema import LATEST

from codegen.matrix.board import Board, board
from codegen.matrix.cells import Cell
from codegen.matrix.journal import MatrixRun, journal, read_run
from codegen.matrix.outcome import Outcome
from codegen.matrix.plan import Planned
from codegen.matrix.show import formats, html, kcidb, terminal
from codegen.run.guestlog import Verdict
from codegen.store.store import store
from tests.unit.test_browser import judged, opened

_SHA = "1" * 64
STEPS = {"generate": 1.0, "check": 2.0, "build": 3.0}
OUTCOMES = (
    Outcome(Verdict.PASS, "test", seconds={**STEPS, "kselftest": 1.0, "boot": 1.0, "test": 9.0}),
    Outcome(
        Verdict.FAIL,
        "build",
        "0002-KVM-x86.patch",
        "the series <does> not build",
        ("a.c:1: error: no",),
        STEPS,
        patchset=_SHA,
    ),
    Outcome(
        Verdict.CRASH,
        "boot",
        reason="Oops: 0000",
        lines=("BUG:",),
        seconds={**STEPS, "kselftest": 1.0, "boot": 4.0},
    ),
    Outcome(Verdict.SKIP, "generate", reason="here already", seconds={"generate": 1.0}, kept=True),
    Outcome(Verdict.INFRA, reason="no clang\0 here"),
    Outcome(Verdict.SKIP, reason="not wanted"),
    None,
)


def made(*outcomes: Outcome | None) -> MatrixRun:
    """A run with these outcomes, on two trees."""
    cells = [
        Cell(f"knob{number // 2}", "quirk", ("debian:6.1", "debian:6.12")[number % 2], *_ON)
        for number in range(len(outcomes))
    ]
    keys = ["" if o and o.reason == "not wanted" else f"{n:064x}" for n, o in enumerate(outcomes)]
    told = MatrixRun(Path("run"), "nightly", "test", 1e9, cells, keys, ["2" * 40] * len(cells))
    told.outcomes = {number: each for number, each in enumerate(outcomes) if each}
    told.ended = told.started + 90
    return told


_ON = ("x86", "default", "gcc")


@pytest.fixture
def whole() -> Board:
    """A run with everything, after one where all passed."""
    kept = store().put("cell", "logs", {}, {"build.log": b"line\n" * 400 + b"\xff\x1b[31mlast\n"})
    assert kept
    logs = {name: path.name for name, path in kept.files.items()}
    outcomes = [replace(o, logs=logs) if o and o.verdict is Verdict.FAIL else o for o in OUTCOMES]
    before = made(*[Outcome(Verdict.PASS, "test")] * 4)
    return board(made(*outcomes), before, {1: "gen job run --again run/jobs/1.json"})


def test_nothing_that_did_not_run_is_a_pass(whole: Board) -> None:
    assert whole.counts == "1 pass, 1 fail, 1 crash, 2 skip, 1 infra, 1 waits"
    assert not whole.good and not board(made(None)).good
    assert board(made(OUTCOMES[0], OUTCOMES[3])).good
    said = json.loads(json.dumps(formats.as_json(whole)))
    assert [c["outcome"] and c["outcome"]["verdict"] for c in said["cells"]].count("pass") == 1
    suite = JUnitXml.fromstring(formats.junit(whole).encode())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (7, 1, 3, 2)
    ktap = formats.ktap(whole)
    assert len(re.findall(r"^ok \d+ [^#]*$", ktap, re.M)) == 1
    assert len(re.findall(r"^not ok ", ktap, re.M)) == 4


def test_the_terminal_says_which_patch_and_whose_lines(whole: Board) -> None:
    said = "\n".join(terminal.lines_of(whole))
    assert "knob0 quirk debian:6.12 x86 default gcc (build, 0002-KVM-x86.patch)" in said
    assert "\n  a.c:1: error: no\n" in said
    assert "  knob0 quirk debian:6.12 x86 default gcc: pass, now fail" in said


def test_kcidb_takes_it(whole: Board) -> None:
    said = kcidb.report(whole)
    assert LATEST.is_compatible(said) and LATEST.is_valid(LATEST.upgrade(said))
    jsonschema.validate(said, LATEST.json)
    builds = {each["id"][-1]: each["status"] for each in said["builds"]}
    tests = {each["id"].partition(":")[2][63:]: each["status"] for each in said["tests"]}
    assert builds == {"0": "PASS", "1": "FAIL", "2": "PASS", "4": "MISS"}
    assert tests["0-test"] == "PASS" and tests["2-boot"] == "FAIL" and "1-boot" not in tests
    assert [
        each for each in said["tests"] if each["status"] == "PASS" and "-test" in each["id"]
    ] == [each for each in said["tests"] if each["id"].endswith("0-test")]
    valid = [each.get("valid") for each in said["checkouts"]]
    assert valid.count(False) == 1  # here already: no series was made


def test_kcidb_would_refuse_what_is_wrong(whole: Board) -> None:
    said = kcidb.report(whole)
    said["builds"][0]["status"] = "passed"
    assert not LATEST.is_valid(said)


@pytest.mark.programs
def test_the_page_opens_and_axe_finds_nothing(whole: Board, tmp_path: Path) -> None:
    page = html.text(whole, "gen matrix nightly.yaml")
    (tmp_path / "page.html").write_text(page)
    dom, complaints = opened(tmp_path / "page.html")
    assert complaints == [] and "</html>" in dom
    for scheme in ((), ("--blink-settings=preferredColorScheme=0",)):
        for text in (page, html.text(board(made(OUTCOMES[0])), "gen matrix")):
            passes, violations = judged(text, tmp_path, *scheme)
            assert violations == [] and passes > 10


@pytest.mark.programs
def test_a_log_is_a_click_away(whole: Board, tmp_path: Path) -> None:
    page = html.text(whole, "gen matrix nightly.yaml")
    links = re.findall(r'href="#([\w-]+)"', page)
    assert "log-1" in links and all(f'id="{each}"' in page for each in links)
    assert "the series &lt;does&gt; not build" in page and "… 101 lines before" in page
    # the browser unfolds what a link leads to
    watched = """<script>addEventListener("load", () => {
	location.hash = "#log-1";
	setTimeout(() => console.error("open:" + document.querySelector("details").open), 200);
})</script>"""
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    (tmp_path / "page.html").write_text(
        policy.sub("", page).replace("</body>", f"{watched}</body>")
    )
    _, complaints = opened(tmp_path / "page.html")
    assert any("open:true" in each for each in complaints)


def test_a_cell_that_runs_says_where_and_since_when() -> None:
    told = made(None, None)
    told.alive, told.ended = True, None
    told.started = time.time() - 90
    told.running = {1: ("w1", time.time() - 30)}
    shown = board(told)
    assert shown.counts == "1 runs, 1 waits"
    first, second = terminal.lines_of(shown)
    assert first.startswith("waits ") and re.match(r"runs +3\d s .*, on w1$", second)
    told.alive = False  # whoever had begun it is gone
    assert board(told).counts == "2 waits"


def test_a_run_that_was_ended_took_until_it_told_something_the_last_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planned = [Planned(cell, None) for cell in made(None, None).cells]
    started = time.time()
    with suppress(KeyboardInterrupt), journal("broken", "test", planned) as told:
        monkeypatch.setattr(time, "time", lambda: started + 60)
        told.begin(0, "w1")
        raise KeyboardInterrupt
    monkeypatch.undo()
    found = board(read_run(told.folder))
    assert not found.alive and 55 < found.seconds <= 60
    assert read_run(told.folder).ended is None
