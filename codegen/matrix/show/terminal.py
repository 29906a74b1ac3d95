# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix on a terminal: what is wrong, what changed, and how to see it again."""

from __future__ import annotations

from codegen.matrix.board import Board, Square

_SHOWN = 12  # lines of a failure; the log has them all


def lines_of(board: Board) -> list[str]:
    """What is told of a run, in lines: each cell, then what is wrong."""
    lines = [row(each, board.started + board.seconds) for each in board.entries]
    for each in board.wrong:
        assert each.outcome
        lines += ["", f"{each.cell.name}: {each.verdict}{_at(each)}: {each.outcome.reason}"]
        lines += [f"  {line}" for line in each.outcome.lines[:_SHOWN]]
    return [*lines, *_changes(board)]


def _changes(board: Board) -> list[str]:
    if not board.changed:
        return []
    told = [f"  {e.cell.name}: {e.before}, now {e.verdict}" for e in board.changed]
    return ["", "changed since the run before:", *told]


def row(each: Square, now: float) -> str:
    """A cell in a line; `now` is in seconds since 1970."""
    found = each.outcome
    if found is None:
        spent = f"{now - each.since:5.0f} s" if each.at else ""
        return (
            f"{each.verdict:5}  {spent:7}  {each.cell.name}{f', on {each.at}' if each.at else ''}"
        )
    spent = "  known" if found.kept else f"{found.spent:5.1f} s"
    why = f"  {found.reason}" if found.reason else ""
    return f"{each.verdict:5}  {spent}  {each.cell.name}{_at(each)}{why}"


def _at(each: Square) -> str:
    """Which step, which patch, where something is wrong there."""
    found = each.outcome
    if found is None or not found.reason or not found.step:
        return ""
    return f" ({found.step}{f', {found.patch}' if found.patch else ''})"


def summary(board: Board) -> str:
    """The last line."""
    return f"{board.counts}; {board.hits} known already, {board.seconds:.0f} s"
