# SPDX-License-Identifier: GPL-2.0-only
"""Results as text, KTAP, JUnit XML and JSON, and the file of lines that survives a kill."""

import json
import os
import re
import textwrap
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codegen.run.guestlog import Subtest, Verdict
from codegen.run.verdict import TestResult

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_dict(result: TestResult) -> dict[str, Any]:
    """The result as JSON types."""
    return {
        "name": result.name,
        "verdict": result.verdict.value,
        "seconds": round(result.seconds, 3),
        "reason": result.reason,
        "params": list(result.params),
        "accel": result.accel,
        "subtests": [
            {"name": s.name, "verdict": s.verdict.value, "detail": s.detail}
            for s in result.subtests
        ],
        "log": list(result.log),
    }


def from_dict(data: Mapping[str, Any]) -> TestResult:
    """The inverse of to_dict(); raises KeyError, TypeError or ValueError for other data."""
    return TestResult(
        name=data["name"],
        verdict=Verdict(data["verdict"]),
        seconds=float(data["seconds"]),
        reason=data["reason"],
        log=tuple(data["log"]),
        subtests=tuple(
            Subtest(s["name"], Verdict(s["verdict"]), s["detail"]) for s in data["subtests"]
        ),
        params=tuple(data["params"]),
        accel=data["accel"],
    )


def append_result(path: Path, result: TestResult) -> None:
    """Add one line of JSON to `path`, in one write, and see it on the disk."""
    line = json.dumps(to_dict(result), ensure_ascii=True) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        # A line that a kill cut short must not swallow this one.
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = "\n" + line
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read_results(path: Path) -> tuple[TestResult, ...]:
    """The results in `path`, () where there is no such file.  A line cut short by a kill is left
    out."""
    if not path.exists():
        return ()
    found: list[TestResult] = []
    for line in path.read_text().splitlines():
        try:
            found.append(from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            continue
    return tuple(found)


def counts(results: Iterable[TestResult]) -> str:
    """ "3 pass, 1 skip": how often each verdict was given, in the verdicts' own order."""
    number = Counter(result.verdict for result in results)
    return ", ".join(f"{number[v]} {v.value}" for v in Verdict if number[v]) or "no tests"


def table(results: Sequence[TestResult]) -> str:
    """One line a test, and the counts."""
    width = max((len(result.name) for result in results), default=0)
    lines = [
        f"{r.verdict.value:5}  {r.seconds:7.2f} s  {r.name:{width}}  {r.reason}".rstrip()
        for r in results
    ]
    return "\n".join([*lines, counts(results)]) + "\n"


def tested(where: str, results: Sequence[TestResult], mutants: Mapping[str, int]) -> str:
    """What a cover letter says was run, and what came of it: all but single mutants.

    `where` is the kernel and what ran it.  Nothing where nothing ran.
    """
    rows = [row for row in results if not row.name.startswith("mutant:")]
    if not rows:
        return ""
    lines = [
        textwrap.shorten(f"{r.verdict.value}: {r.name} {r.reason}", 73, placeholder=" ...")
        for r in rows
    ]
    text = [f"Tested: by gen on {where}:", "", *(f"  {line}" for line in lines)]
    if mutants["made"]:
        noticed = f"{mutants['noticed']} of {mutants['made'] - mutants['not_testable']}"
        what = f"The selftests notice {noticed} kernels that lack one of the series' checks."
        text += ["", what]
    return "\n".join(text) + "\n"


def ktap(results: Sequence[TestResult]) -> str:
    """KTAP version 1 (Documentation/dev-tools/ktap.rst), subtests as nested tests."""
    lines = ["KTAP version 1", f"1..{len(results)}"]
    for number, result in enumerate(results, start=1):
        if result.subtests:
            lines += ["  KTAP version 1", f"  1..{len(result.subtests)}"]
            lines += [
                f"  {_point(s.verdict, i, s.name, s.detail)}"
                for i, s in enumerate(result.subtests, start=1)
            ]
        if not result.verdict.good:
            # KTAP has no word for a crash: the diagnostic line keeps what "not ok" loses.
            head = f"{result.verdict.value}: {result.reason}"
            lines += [f"# {line}" for line in (head, *result.log)]
        lines.append(_point(result.verdict, number, result.name, result.reason))
    return "\n".join(lines) + "\n"


def _point(verdict: Verdict, number: int, name: str, detail: str) -> str:
    result = "ok" if verdict.good else "not ok"
    skip = f" # SKIP {detail}".rstrip() if verdict is Verdict.SKIP else ""
    return f"{result} {number} {name.replace('#', ' ')}{skip}"


def junit(results: Sequence[TestResult], suite: str = "kvm") -> str:
    """JUnit XML: fail is a failure, crash and infra are errors of these types, skip is skipped."""
    number = Counter(result.verdict for result in results)
    root = ET.Element(
        "testsuite",
        name=suite,
        tests=str(len(results)),
        failures=str(number[Verdict.FAIL]),
        errors=str(number[Verdict.CRASH] + number[Verdict.INFRA]),
        skipped=str(number[Verdict.SKIP]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ET.SubElement(
            root, "testcase", classname=suite, name=result.name, time=f"{result.seconds:.3f}"
        )
        reason = _NOT_XML.sub("?", result.reason)
        tag = {Verdict.FAIL: "failure", Verdict.SKIP: "skipped", Verdict.PASS: ""}.get(
            result.verdict, "error"
        )
        if tag:
            kind = {} if tag == "skipped" else {"type": result.verdict.value}
            ET.SubElement(case, tag, {"message": reason, **kind})
        points = [_point(s.verdict, i, s.name, s.detail) for i, s in enumerate(result.subtests, 1)]
        text = "\n".join([*points, *result.log])
        if text:
            ET.SubElement(case, "system-out").text = _NOT_XML.sub("?", text)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def json_text(results: Sequence[TestResult]) -> str:
    """All results as one JSON list."""
    return json.dumps([to_dict(result) for result in results], indent=1) + "\n"
