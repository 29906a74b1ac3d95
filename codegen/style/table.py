# SPDX-License-Identifier: GPL-2.0-only
"""Tables of documents, with one row more."""

from __future__ import annotations

import re

from codegen.c.layout import filled

_BORDER = re.compile(r"(=+)( +)(=+)")
_NAME = r"[A-Z][A-Z0-9]*_\w+"  # of a flag, in the first column


def overruns(table: str) -> list[str]:
    """The names of an RST simple table that run into its second column.

    docutils calls that malformed, and shows nothing of the table.
    """
    lines = table.rstrip("\n").split("\n")
    border = _BORDER.match(lines[0])
    return [cell.strip() for cell in _first_cells(lines) if border and len(cell) > len(border[1])]


def widened(table: str, name: str) -> str:
    """An RST simple table whose first column holds its names and one more, wider if need be."""
    lines = table.rstrip("\n").split("\n")
    border = _BORDER.match(lines[0])
    if border is None:
        return table
    first, gap, second = len(border[1]), len(border[2]), len(border[3])
    wanted = max(first, *(len(cell) for cell in (*_first_cells(lines), name)))
    if wanted == first:
        return table
    edge = "=" * wanted + " " * gap + "=" * second
    rows = [_moved(row, first + gap, wanted + gap) for row in _rows(lines[1:-1])]
    return "\n".join([edge, *(line for row in rows for line in row), edge]) + "\n"


def table_row(table: str, name: str, text: str) -> str:
    """An RST simple table with one row more; widened where the name does not fit."""
    lines = widened(table, name).rstrip("\n").split("\n")
    border, body = _BORDER.match(lines[0]), lines[1:-1]
    if border is None:
        return table
    first, gap, second = len(border[1]), len(border[2]), len(border[3])
    heads = [line for line in body if re.match(f" ?{_NAME}", line)]
    pad = " " if len(name) < first and heads and heads[-1].startswith(" ") else ""
    row = _cells(f"{pad}{name}", text, first + gap, second)
    tight = len(heads) > 1 and all(line.strip() for line in body)
    blank = [] if tight or (body and not body[-1].strip()) else [""]
    return "\n".join([*lines[:-1], *blank, *row, lines[-1]]) + "\n"


def _first_cells(lines: list[str]) -> list[str]:
    return [found[1] for line in lines if (found := re.match(rf"( ?{_NAME})", line))]


def _rows(body: list[str]) -> list[list[str]]:
    """The lines of a table by rows: a row begins with a name in the first column."""
    rows: list[list[str]] = []
    for line in body:
        if re.match(f" ?{_NAME}", line) or not rows:
            rows.append([])
        rows[-1].append(line)
    return rows


def _moved(row: list[str], old: int, new: int) -> list[str]:
    """A row whose second column moves from column `old` to `new`.

    Where the name ran into the second column, the rest of the row stands where it likes: its
    least indent is taken for the old column.
    """
    found = re.match(rf"( ?{_NAME})( +)(.*)", row[0])
    overran = found is not None and len(found[1]) >= old
    indents = [len(line) - len(line.lstrip()) for line in row[1:] if line.strip()]
    at = min(indents, default=old) if overran else old
    head = f"{found[1].ljust(new)}{found[3]}" if found and overran else row[0]
    if found and not overran:
        head = f"{found[1]}{found[2]}{' ' * (new - old)}{found[3]}"
    rest = [" " * (len(line) - len(line.lstrip()) - at + new) + line.lstrip() for line in row[1:]]
    return [head, *(line if line.strip() else "" for line in rest)]


def _cells(name: str, text: str, start: int, width: int) -> list[str]:
    lines = filled(text, width).split("\n")
    first = f"{name}{' ' * (start - len(name))}{lines[0]}"
    return [first, *(" " * start + line for line in lines[1:])]
