# SPDX-License-Identifier: GPL-2.0-only
"""The same results in every form, none of which mixes up two verdicts."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

from codegen.run import report
from codegen.run.guestlog import Subtest, Verdict
from codegen.run.report import append_result, counts, json_text, junit, ktap, read_results, table
from codegen.run.verdict import TestResult

RESULTS = (
    TestResult("a", Verdict.PASS, 1.5, subtests=(Subtest("one", Verdict.PASS),)),
    TestResult("b", Verdict.FAIL, 0.5, "exit status 1", ("line <&> \x1b[0m",)),
    TestResult("c", Verdict.CRASH, 0, "the kernel says: BUG: x", ("BUG: x",)),
    TestResult("d", Verdict.SKIP, 0, "no capability", params=("kvm_amd.npt=0",), accel="tcg"),
    TestResult("e", Verdict.INFRA, 0, "QEMU ended", subtests=(Subtest("s", Verdict.SKIP, "why"),)),
)


def test_table() -> None:
    assert table(RESULTS).splitlines()[1:3] == [
        "fail      0.50 s  b  exit status 1",
        "crash     0.00 s  c  the kernel says: BUG: x",
    ]
    assert counts(RESULTS) == "1 pass, 1 fail, 1 crash, 1 skip, 1 infra"
    assert counts(()) == "no tests"


def test_ktap() -> None:
    assert ktap(RESULTS) == (
        "KTAP version 1\n1..5\n"
        "  KTAP version 1\n  1..1\n  ok 1 one\nok 1 a\n"
        "# fail: exit status 1\n# line <&> \x1b[0m\nnot ok 2 b\n"
        "# crash: the kernel says: BUG: x\n# BUG: x\nnot ok 3 c\n"
        "ok 4 d # SKIP no capability\n"
        "  KTAP version 1\n  1..1\n  ok 1 s # SKIP why\n# infra: QEMU ended\nnot ok 5 e\n"
    )


def test_junit_is_xml_and_keeps_the_verdicts_apart() -> None:
    root = ET.fromstring(junit(RESULTS))
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "2",
        "skipped": "1",
    }
    kinds = [[(child.tag, child.get("type")) for child in case] for case in root]
    assert kinds[0] == [("system-out", None)]
    assert ("failure", "fail") in kinds[1]
    assert ("error", "crash") in kinds[2]
    assert kinds[3] == [("skipped", None)]
    assert ("error", "infra") in kinds[4]


def test_json() -> None:
    found = [result["verdict"] for result in json.loads(json_text(RESULTS))]
    assert found == ["pass", "fail", "crash", "skip", "infra"]


def test_lines_survive_a_kill_in_the_middle_of_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results"
    assert read_results(path) == ()
    append_result(path, RESULTS[0])
    with path.open("a") as file:
        file.write('{"name": "cut sho')
    append_result(path, RESULTS[3])
    assert read_results(path) == (RESULTS[0], RESULTS[3])


def test_what_a_cover_letter_says_was_tested() -> None:
    rows = (
        TestResult("series: x86_64/a_test", Verdict.PASS),
        TestResult("base: x86_64/a_test", Verdict.PASS, reason="as it must: skip, " + "why " * 30),
        TestResult("series kvm.tdp_mmu=0: x86_64/a_test", Verdict.SKIP, reason="no TDP"),
        TestResult("mutant: 1  a.c:3", Verdict.PASS, reason="fail"),
    )
    mutants = {"made": 5, "noticed": 3, "survived": 1, "not_testable": 1}
    text = report.tested("Linux 6.12.1, x86, in QEMU (tcg)", rows, mutants)
    first, blank, *lines = text.splitlines()
    assert first == "Tested: by gen on Linux 6.12.1, x86, in QEMU (tcg):" and not blank
    assert lines[0] == "  pass: series: x86_64/a_test"
    assert lines[1].startswith("  pass: base: x86_64/a_test as it must: skip, why ")
    assert lines[2:4] == ["  skip: series kvm.tdp_mmu=0: x86_64/a_test no TDP", ""]
    assert lines[4].startswith("The selftests notice 3 of 4 kernels") and "mutant" not in text
    assert max(map(len, text.splitlines())) <= 75
    assert report.tested("Linux", (), mutants) == ""
