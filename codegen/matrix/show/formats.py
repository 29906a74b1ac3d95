# SPDX-License-Identifier: GPL-2.0-only
"""A run of a matrix as programs of others read it: JUnit, KTAP and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from codegen.matrix.board import Board
from codegen.matrix.show import kcidb
from codegen.run import report


def junit(board: Board) -> str:
    """JUnit XML; a cell is a test."""
    return report.junit([each.result for each in board.entries], f"gen matrix {board.name}")


def ktap(board: Board) -> str:
    """KTAP version 1; a cell is a test."""
    return report.ktap([each.result for each in board.entries])


def kcidb_text(board: Board) -> str:
    """A report for KCIDB."""
    return json.dumps(kcidb.report(board), indent=1) + "\n"


def as_json(board: Board) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "ok": board.good,
        "name": board.name,
        "until": board.until,
        "started": board.started,
        "seconds": round(board.seconds, 3),
        "known_already": board.hits,
        "running": board.alive,
        "cells": [
            {
                "name": each.cell.name,
                **{key: value for key, value in asdict(each.cell).items() if key != "skip"},
                "key": each.key,
                "outcome": each.outcome.as_json() if each.outcome else None,
                "before": each.before,
                "again": each.again,
            }
            for each in board.entries
        ],
    }
