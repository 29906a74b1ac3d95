# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix as a report for KCIDB, in version 5 of its I/O schema (PyPI: kcidb-io).

A tree with a series is a checkout, what is built of it a build, and what is booted a test.  A cell
that nobody could try is told as such, never as one that passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from codegen.matrix.asked import Until
from codegen.matrix.board import Board, Square
from codegen.matrix.outcome import Outcome
from codegen.run.guestlog import Verdict
from codegen.store.store import key

ORIGIN = "gen"  # KCIDB gives each CI system its own: replace it before submitting
VERSION = {"major": 5, "minor": 0}
_STATUS = {
    Verdict.PASS: "PASS",
    Verdict.FAIL: "FAIL",
    Verdict.CRASH: "FAIL",
    Verdict.SKIP: "SKIP",
    Verdict.INFRA: "ERROR",
}
_EXCERPT = 16000  # bytes of a log


def report(board: Board) -> dict[str, Any]:
    """The report.  Cells that were skipped before anything ran are not in it."""
    checkouts: dict[str, Mapping[str, Any]] = {}
    builds: list[Mapping[str, Any]] = []
    tests: list[Mapping[str, Any]] = []
    for each in board.entries:
        found = each.outcome
        if found is None or not each.key:
            continue
        checkout = _checkout(board, each, found)
        checkouts[checkout["id"]] = checkout
        builds += _build(board, each, found, checkout["id"])
        tests += _test(board, each, found)
    return {
        "version": VERSION,
        "checkouts": list(checkouts.values()),
        "builds": builds,
        "tests": tests,
    }


def _checkout(board: Board, each: Square, found: Outcome) -> dict[str, Any]:
    name = key(each.cell.row, each.commit, found.patchset)
    made: dict[str, Any] = {
        "id": f"{ORIGIN}:{name}",
        "origin": ORIGIN,
        "tree_name": each.cell.tree,
        "comment": each.cell.row,
        "start_time": _time(board),
        "misc": {"check": _reached(found, Until.CHECK)},
    }
    if len(each.commit) == 40:
        made["git_commit_hash"] = each.commit
    if found.patchset:
        made["patchset_hash"] = found.patchset
    if found.verdict is not Verdict.INFRA:
        made["valid"] = found.step != Until.GENERATE or found.verdict is Verdict.PASS
    return made


def _build(board: Board, each: Square, found: Outcome, checkout: str) -> Iterator[dict[str, Any]]:
    status = _status(board, found, (Until.BUILD, Until.KSELFTEST))
    if status:
        yield {
            "checkout_id": checkout,
            "id": f"{ORIGIN}:{each.key}",
            "origin": ORIGIN,
            "architecture": "".join(c for c in each.cell.architecture if c.isalnum() or c == "_"),
            "compiler": each.cell.compiler,
            "config_name": each.cell.configuration,
            "duration": _spent(found, Until.BUILD, Until.KSELFTEST),
            "start_time": _time(board),
            "status": status,
            **_said(found, status),
        }


def _test(board: Board, each: Square, found: Outcome) -> Iterator[dict[str, Any]]:
    if not _status(board, found, (Until.BUILD, Until.KSELFTEST)):
        return
    for step in (Until.BOOT, Until.TEST):
        status = _status(board, found, (step,))
        if status:
            yield {
                "build_id": f"{ORIGIN}:{each.key}",
                "id": f"{ORIGIN}:{each.key}-{step}",
                "origin": ORIGIN,
                "path": "boot" if step is Until.BOOT else "kselftest.kvm",
                "duration": _spent(found, step),
                "start_time": _time(board),
                "status": status,
                **_said(found, status),
            }


def _status(board: Board, found: Outcome, steps: tuple[Until, ...]) -> str:
    """What is known of some steps: nothing, where the cell did not come so far."""
    asked = [step for step in steps if step in Until(board.until).steps]
    if not asked:
        return ""
    if found.verdict is Verdict.INFRA:
        return "MISS" if not found.step else "ERROR"
    if found.step in asked and found.reason:
        return _STATUS[found.verdict]
    return "PASS" if asked[-1] in found.seconds else ""


def _reached(found: Outcome, step: Until) -> str:
    if found.step == step and found.reason:
        return _STATUS[found.verdict]
    return "PASS" if step in found.seconds else "MISS"


def _said(found: Outcome, status: str) -> dict[str, Any]:
    if status == "PASS" or not found.reason:
        return {}
    text = "\n".join([found.reason, *found.lines]).replace("\0", "")
    return {"comment": found.reason.replace("\0", ""), "log_excerpt": text[:_EXCERPT]}


def _spent(found: Outcome, *steps: Until) -> float:
    return round(sum(found.seconds.get(step, 0.0) for step in steps), 3)


def _time(board: Board) -> str:
    return datetime.fromtimestamp(board.started, UTC).isoformat(timespec="seconds")
