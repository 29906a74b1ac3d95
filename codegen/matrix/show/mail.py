# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix as a mail, for `git send-email`: what changed, what is wrong, on which commits.

Who sends it, to whom and when, is git's to say.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from email.header import Header

from codegen.matrix.board import Board, Square
from codegen.matrix.show import terminal

_COLUMNS = 72  # of a mail's lines; those of programs stay as they are
_LINES = 20  # of what is told of a failure
_MORE = 40  # failures with their lines


def text(board: Board, command: str) -> str:
    """The mail; `command` runs the matrix again."""
    changed = f", {len(board.changed)} changed" if board.changed else ""
    subject = f"[gen matrix] {board.name}: {board.counts}{changed}"
    head = (
        ("Subject", str(Header(subject, "utf-8" if not subject.isascii() else "us-ascii"))),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=UTF-8"),
        ("Content-Transfer-Encoding", "8bit"),
    )
    lines = [f"{name}: {value}" for name, value in head]
    return "\n".join([*lines, "", *_body(board, command)]) + "\n"


def _body(board: Board, command: str) -> Iterator[str]:
    yield from _filled(f"{board.name}, until {board.until}: {terminal.summary(board)}.")
    if board.changed:
        yield from ("", "Changed since the run before:")
        for each in board.changed:
            yield from _filled(f"{each.cell.name}: {each.before}, now {each.verdict}", "  ")
    for each in board.wrong[:_MORE]:
        yield from ("", *_wrong(each))
    if board.wrong[_MORE:]:
        yield from ("", f"... and {len(board.wrong) - _MORE} more that are wrong.")
    yield from ("", "On these commits:")
    for tree, commit in dict.fromkeys((e.cell.tree, e.commit) for e in board.entries if e.commit):
        yield f"  {commit[:12]} {tree}"
    yield from ("", f"  {command}")


def _wrong(each: Square) -> Iterator[str]:
    found = each.outcome
    assert found
    at = " ".join(part for part in (found.step, found.patch) if part)
    yield from _filled(f"{each.cell.name}: {each.verdict}{f' ({at})' if at else ''}:")
    yield from _filled(found.reason, "  ")
    yield from (f"    {line}" for line in found.lines[:_LINES])


def _filled(said: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        said,
        _COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
