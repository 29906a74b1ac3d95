# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix as one page for a browser: nothing is fetched, no script runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from codegen.compare.show.html import framed
from codegen.matrix.board import Board, Square
from codegen.store.store import store

_LINES = 300  # of each log, its last ones
_HERE = Path(__file__).parent


def text(board: Board, command: str) -> str:
    """The page as HTML; `command` is what makes it again."""
    return framed(
        "matrix.html",
        _HERE,
        (_HERE / "matrix.css").read_text(),
        board=board,
        command=command,
        logs={each.number: _logs(each) for each in board.wrong},
    )


def _logs(each: Square) -> Sequence[tuple[str, str]]:
    """The logs of a cell, as far as they are in the store: names and last lines."""
    assert each.outcome
    found = []
    for name, digest in each.outcome.logs.items():
        with suppress(OSError):
            data = store().file(digest)
            lines = data.decode("utf-8", "replace").splitlines()
            cut = [f"… {len(lines) - _LINES} lines before"] if len(lines) > _LINES else []
            found.append((name, "\n".join([*cut, *lines[-_LINES:]])))
    return found
