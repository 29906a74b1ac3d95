# SPDX-License-Identifier: GPL-2.0-only
"""`gen check`: arguments in, what KVM's maintainers would say of a series out."""

from __future__ import annotations

import argparse

from codegen.check import run
from codegen.check.run import Checked
from codegen.cli import DONE, FOUND
from codegen.commands import print_json
from codegen.progress import progress
from codegen.subject import subject


def check(options: argparse.Namespace) -> int:
    """Check one series; the status says whether there are findings."""
    about = subject(options)
    with progress() as report:
        compiler = None if options.no_build else options.compiler
        found = run.check(about.files, about.location, compiler=compiler, progress=report)
    if options.json:
        print_json(_as_json(found))
    else:
        print(text(found))
    return FOUND if found.findings else DONE


def _as_json(found: Checked) -> dict[str, object]:
    return {
        "ok": not found.findings,
        "findings": [remark.as_json() for remark in found.remarks],
        "checks": list(found.checks),
    }


def text(found: Checked) -> str:
    """What was found as a compiler says it; each reason once, and a count at the end."""
    lines: list[str] = []
    told: set[str] = set()
    for remark in found.remarks:
        lines.append(remark.render())
        if remark.reason not in told:
            lines.append(f"    why: {remark.reason}")
            told.add(remark.reason)
    notes = len(found.remarks) - len(found.findings)
    counts = [_count(found.patches, "patch", "patches"), _count(len(found.checks), "check")]
    counts.append(_count(len(found.findings), "finding") if found.findings else "no findings")
    counts += [_count(notes, "note")] if notes else []
    return "\n".join([*lines, ", ".join(counts)])


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
