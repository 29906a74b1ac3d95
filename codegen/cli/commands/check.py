# SPDX-License-Identifier: GPL-2.0-only
"""`gen check`: arguments in, what KVM's maintainers would say of a series out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from inspect import getdoc

from codegen.architectures import COMPILED
from codegen.base.progress import progress
from codegen.check import formats, run
from codegen.check.registry import Check, chosen, named
from codegen.check.run import Checked
from codegen.cli.commands import print_json
from codegen.cli.main import DONE, FOUND
from codegen.cli.target import stranger, target_of
from codegen.cli.terminal import put, say, table, width


def check(options: argparse.Namespace) -> int:
    """Check one series, or explain a check; the status says whether there are findings."""
    if options.explain:
        return _explain(options)
    checks = chosen(_names(options.select), _names(options.ignore))
    about = target_of(options)
    archs = about.archs(options.arch, COMPILED)
    with progress(quiet=options.json) as report:
        compiler = None if options.no_build else options.compiler
        found = run.check(
            about.series(report),
            archs=archs,
            compiler=compiler,
            progress=report,
            checks=checks,
            stranger="" if options.no_build else stranger(about, options),
        )
    if options.json:
        print_json(_as_json(found))
    elif options.format == "sarif":
        print_json(formats.sarif(found, options.series))
    elif options.format == "github":
        put(formats.github(found, options.series))
    else:
        say(text(found))
    return FOUND if found.findings else DONE


def _names(lists: Sequence[str]) -> list[str]:
    """The names of options such as `--select R1,R2 --select docs`."""
    return [name.strip() for each in lists for name in each.split(",") if name.strip()]


def _explain(options: argparse.Namespace) -> int:
    check = named(options.explain)
    asks = getdoc(check.run) or "" if check.run else ""
    if options.json:
        print_json({"ok": True, **_explained(check), "asks": asks})
        return DONE
    asks = (asks or "Every patch is built by itself.").partition("\n\n")[0]
    lines = [f"{check.rule}  {' '.join(asks.removeprefix(f'{check.rule}: ').split())}"]
    lines += [f"why:  {check.why.removeprefix(f'{check.rule}: ')}"]
    lines += [f"written in:  {check.document}"]
    say("\n".join(lines))
    return DONE


def _explained(check: Check) -> dict[str, object]:
    return {"check": check.name, "rule": check.rule, "why": check.why, "document": check.document}


def _as_json(found: Checked) -> dict[str, object]:
    return {
        "ok": not found.findings,
        "findings": [remark.as_json() for remark in found.remarks],
        "checks": list(found.checks),
        "architectures": [standing.as_json() for standing in found.standings],
    }


def text(found: Checked) -> str:
    """What was found as a compiler says it; each reason once, and a count at the end.  Where
    several architectures were asked for, a table says what holds on each."""
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
    lines.append(", ".join(counts))
    if len(found.standings) > 1:
        rows = [(each.arch, each.compiled or "no", each.booted) for each in found.standings]
        lines += ["", table(("architecture", "compiled", "booted"), rows, width(sys.stdout))]
    return "\n".join(lines)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
