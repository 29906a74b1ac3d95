# SPDX-License-Identifier: GPL-2.0-only
"""Tables of documents, with one row more."""

from __future__ import annotations

import re

from codegen.c.layout import filled


def table_row(table: str, name: str, text: str) -> str:
    """An RST simple table with one row more; widened where the name does not fit.

    A name that is as wide as its column runs into the next one, which docutils calls malformed.
    """
    lines = table.rstrip("\n").split("\n")
    border = re.match(r"(=+)( +)(=+)", lines[0])
    if border is None:
        return table
    first, gap, second = len(border[1]), len(border[2]), len(border[3])
    wanted = max(first, *(len(cell) for cell in (*_first_cells(lines), name)))
    start = wanted + gap
    body = lines[1:-1]
    if wanted > first:
        body = [line for row in _rows(body) for line in _moved(row, first + gap, start)]
    heads = [line for line in body if re.match(r" ?KVM_", line)]
    pad = " " if len(name) < wanted and heads and heads[-1].startswith(" ") else ""
    row = _cells(f"{pad}{name}", text, start, second)
    edge = "=" * wanted + " " * gap + "=" * second
    blank = [] if body and not body[-1].strip() else [""]
    return "\n".join([edge, *body, *blank, *row, edge]) + "\n"


def _first_cells(lines: list[str]) -> list[str]:
    return [found[1] for line in lines if (found := re.match(r"( ?KVM_\w+)", line))]


def _rows(body: list[str]) -> list[list[str]]:
    """The lines of a table by rows: a row begins with a name in the first column."""
    rows: list[list[str]] = []
    for line in body:
        if re.match(r" ?KVM_", line) or not rows:
            rows.append([])
        rows[-1].append(line)
    return rows


def _moved(row: list[str], old: int, new: int) -> list[str]:
    """A row whose second column moves from column `old` to `new`.

    Where the name ran into the second column, the rest of the row stands where it likes: its
    least indent is taken for the old column.
    """
    found = re.match(r"( ?KVM_\w+)( +)(.*)", row[0])
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
