# SPDX-License-Identifier: GPL-2.0-only
"""The parts of `gen matrix`: what is asked for, its cells, and jobs as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from codegen.base.errors import EnvironmentFailure, FindingsError, UsageError
from codegen.base.progress import silent
from codegen.matrix import outcome
from codegen.matrix.asked import MatrixFile, Request, Until, request
from codegen.matrix.cells import Cell, Tried, expand
from codegen.matrix.job import Job, TreeWanted, from_text, own_code, programs, verify
from codegen.matrix.outcome import Outcome
from codegen.matrix.plan import plan
from codegen.run.guestlog import Verdict
from codegen.store.store import store
from tests.minitree import minitree, written
from tests.unit.kit import committed, knob_text

CELL = Cell("knob", "quirk", "debian:6.12", "x86", "default", "gcc")


def job(**more: object) -> Job:
    """A job that nobody runs."""
    made = Job(
        cell=CELL,
        path="abi/knob.yaml",
        files={"knob.yaml": "name: knob\n", "0001.patch": "\udcff"},
        tree=TreeWanted("debian-6.12", "debian:6.12", "1" * 40),
        config="",
        until="test",
        limit=60,
        redundant=False,
        made_of={"gen": "a", "series": "b", "compiler": "gcc 12", "qemu": "7.2"},
    )
    return replace(made, **more)  # type: ignore[arg-type]


def asked(text: str, folder: Path, **flags: object) -> MatrixFile:
    """What a file asks for."""
    (folder / "nightly.yaml").write_text(text)
    return request(folder / "nightly.yaml", flags).asked


def test_a_file_says_what_is_wanted(tmp_path: Path) -> None:
    found = asked("descriptions: [all]\ntrees: [debian:6.1]\nuntil: boot\n", tmp_path)
    assert (found.name, found.trees, found.until) == ("nightly", ["debian:6.1"], "boot")
    assert (found.architectures, found.compilers) == (["x86"], ["gcc"])


def test_the_page_shows_a_file_that_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/ci.md").read_text()
    found = asked(page.split("```yaml\n")[1].split("```")[0], tmp_path)
    keys = set(MatrixFile.model_fields) - {"name"}
    assert found.model_fields_set >= keys


def test_an_option_replaces_what_the_file_says(tmp_path: Path) -> None:
    text = "descriptions: [all, ./own.yaml]\ntrees: [debian:6.1]\nuntil: boot\n"
    found = asked(text, tmp_path, trees=["debian:6.12"], until="check")
    assert (found.trees, found.until) == (["debian:6.12"], "check")
    assert found.descriptions == ["all", str(tmp_path / "own.yaml")]


WRONG = {
    "descriptions: all\n": (1, "`descriptions` is a list", "write descriptions: ["),
    "descriptions: [all]\ntree: [debian:6.1]\n": (
        2,
        "unknown key `tree` (did you mean trees?)",
        "",
    ),
    "descriptions: [all]\nuntil: bot\n": (2, "no step 'bot' (did you mean boot?)", ""),
    "descriptions: [all]\narchitectures: [vax]\n": (2, "no architecture to build and boot", ""),
    "descriptions: [all]\ncompilers: ['gcc -O3']\n": (2, "is no compiler, such as gcc", ""),
    "descriptions: [all]\nlimit: soon\n": (2, "`limit` is a whole number", ""),
    "descriptions: [all]\nlimit: 0\n": (2, "`limit`: ", ""),
    "descriptions: [all]\nredundant: 1\n": (2, "`redundant` is true or false", ""),
    "descriptions: [all]\nskip: [{tree: a}]\n": (2, "`why` is missing", "why these are left out"),
    "descriptions: [all]\nskip: [{why: a, arch: x}]\n": (2, "unknown key `arch`", ""),
    "trees: [debian:6.1]\n": (1, "neither `descriptions` nor `series`", "descriptions: [all]"),
    "- all\n": (1, "a matrix is a mapping", "`name: …`"),
    "": (1, "the matrix is empty", ""),
    "descriptions: [all\n": (1, "not closed", "close it"),
    "name: ../x\ndescriptions: [all]\n": (1, "`name`: ", ""),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_with_its_place(text: str, tmp_path: Path) -> None:
    line, message, hint = WRONG[text]
    with pytest.raises(FindingsError) as problem:
        asked(text, tmp_path)
    (found,) = problem.value.findings
    assert message in found.message and hint in found.hint
    assert (found.path, found.line) == (str(tmp_path / "nightly.yaml"), line)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        request(tmp_path / "none.yaml", {})


@pytest.mark.parametrize(
    ("asked", "cells"),
    [
        (["all"], {"memslot-flag": ""}),
        (["quirk"], {"quirk": "./flag.yaml says nothing of quirk"}),
    ],
)
def test_all_variants_are_those_that_a_knob_describes(
    asked: list[str], cells: Mapping[str, str], tmp_path: Path
) -> None:
    committed(written(minitree(), tmp_path / "linux"))
    (tmp_path / "flag.yaml").write_text(knob_text("memslot-flag"))
    said = {"descriptions": ["./flag.yaml"], "variants": asked, "trees": ["./linux"]}
    wanted = MatrixFile.model_validate({**said, "until": "generate"})
    found = plan(Request(wanted, tmp_path), report=silent)
    assert {each.cell.variant: each.why for each in found} == cells


KNOB = Tried("knob", ("one", "two"), ("x86",), {"two": "knob says nothing of two"})


def cells(subject: Tried = KNOB, **said: object) -> Mapping[str, str]:
    """The cells of a matrix by name, with why they are not run."""
    made = MatrixFile.model_validate({"descriptions": ["knob"], **said})
    return {cell.name: cell.skip for cell in expand(made, [subject])}


def test_every_combination_is_a_cell() -> None:
    found = cells(trees=["a", "b", "a"], compilers=["gcc", "clang"], configurations=["c", "d"])
    assert len(found) == 2 * 2 * 2 * 2
    assert found["knob one a x86 c gcc"] == ""


def test_a_cell_that_cannot_be_says_why() -> None:
    found = cells(architectures=["x86", "arm64"])
    assert found["knob one debian:6.12 arm64 default gcc"] == "knob is for x86"
    assert found["knob two debian:6.12 x86 default gcc"] == "knob says nothing of two"
    only = Tried("knob", ("one",), only_on={"one": "arm64"})
    found = cells(only, architectures=["x86", "arm64"])
    assert list(found.values()) == ["one is only on arm64", ""]


def test_a_cell_that_is_not_wanted_says_why() -> None:
    rule = {"variant": "one", "compiler": "clang", "why": "too old"}
    found = cells(compilers=["gcc", "clang"], skip=[rule])
    assert found["knob one debian:6.12 x86 default clang"] == "too old"
    assert found["knob one debian:6.12 x86 default gcc"] == ""
    of_series = cells(Tried("mine/"), skip=[{"description": "mine/", "why": "no"}])
    assert list(of_series.values()) == [""]
    of_series = cells(Tried("mine/"), skip=[{"series": "mine/", "why": "no"}])
    assert list(of_series.values()) == ["no"]


def test_cells_that_share_objects_follow_each_other() -> None:
    found = list(cells(trees=["a", "b"], compilers=["gcc", "clang"]))
    places = [name.split()[2::3] for name in found]
    assert places == sorted(
        places, key=[p for n, p in enumerate(places) if p not in places[:n]].index
    )


def test_a_job_is_the_same_when_it_is_read() -> None:
    assert from_text(job().text()) == job()
    assert from_text(job().text()).key == job().key


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"job": 1}', '{"job": 2}', job().text().replace('"test"', '"tset"')),
        *(job(files={name: ""}).text() for name in ("/etc/passwd", "a/../../b", "..")),
    ],
)
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"x\.json: is no job"):
        from_text(text, "x.json")


def test_a_job_is_named_by_all_that_counts_for_it() -> None:
    others = [
        job(until="boot"),
        job(config="CONFIG_LOCKDEP=y\n"),
        job(tree=replace(job().tree, commit="2" * 40)),
        job(cell=replace(CELL, architecture="arm64")),
        *(job(made_of={**job().made_of, name: "another"}) for name in job().made_of),
    ]
    assert len({each.key for each in (job(), *others)}) == 1 + len(others)


def test_what_is_not_built_is_the_same_for_all_compilers() -> None:
    read = job(until="check", made_of={"gen": "a", "series": "b"})
    cell = replace(CELL, architecture="arm64", compiler="clang")
    assert replace(read, cell=cell, config="CONFIG_LOCKDEP=y\n", limit=1).key == read.key


def test_a_machine_with_another_compiler_does_not_answer() -> None:
    here = {"gen": own_code(), "series": "b", **programs(CELL, Until.BUILD)}
    verify(job(until="build", made_of=here))
    for name in ("gen", "compiler"):
        with pytest.raises(
            EnvironmentFailure, match=f"^{name}: this machine has .*, the job is for"
        ):
            verify(job(until="build", made_of={**here, name: "another"}))


def test_a_result_is_of_its_job_alone() -> None:
    found = Outcome(Verdict.FAIL, "build", "0001.patch", "no", ("a.c:1",), {"build": 1.5})
    outcome.keep("one", found, {"build.log": b"log"})
    kept = outcome.recall("one")
    assert kept and replace(kept, logs={}, kept=False) == found
    assert list(kept.logs) == ["build.log"] and outcome.recall("two") is None
    store().put(outcome.KIND, "two", outcome.said_of("one", found))
    assert outcome.recall("two") is None


def test_what_the_machine_could_not_do_is_not_kept() -> None:
    outcome.keep("infra", Outcome(Verdict.INFRA, reason="no disk"), {})
    assert outcome.recall("infra") is None


@pytest.mark.parametrize(
    "said", [{}, [], {"of": "odd"}, {"of": "odd", "verdict": "passed"}, "pass"]
)
def test_a_record_that_is_no_result_is_none(said: object) -> None:
    store().put(outcome.KIND, "odd", said)
    assert outcome.recall("odd") is None


def test_a_damaged_result_is_none() -> None:
    outcome.keep("damaged", Outcome(Verdict.PASS, "check"), {})
    assert outcome.recall("damaged")
    for path in (store().folder / "records").rglob("*"):
        if path.is_file() and json.loads(path.read_bytes()).get("key") == "damaged":
            path.write_bytes(path.read_bytes().replace(b'"check"', b'"chec_"'))
    assert outcome.recall("damaged") is None
