# SPDX-License-Identifier: GPL-2.0-only
"""Text as wide as the terminal: lines that wrap between words, commands, lists and tables."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TextIO

from codegen.base.printable import printable

_WORD = re.compile(r"""(?:[^\s'"\\]|'[^']*'|"[^"]*"|\\.)+""")
_LABEL = re.compile(r"\s*(?:\S+(?: \S+)? {2,})*")
_NARROWEST = 20  # what a last column must have at least


def width(stream: TextIO) -> int | None:
    """The columns of the terminal that a stream writes to; None where it is none.

    `COLUMNS` counts before what the terminal says, as everywhere.
    """
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def put(text: str, stream: TextIO | None = None) -> None:
    """Print lines as they are, but for what is not printable: for machines, and for tables."""
    print(printable(text), file=stream or sys.stdout)


def say(text: str, stream: TextIO | None = None) -> None:
    """Print lines for people, wrapped for the terminal that they go to."""
    to = stream or sys.stdout
    print(fill(printable(text), width(to)), file=to)


def paste(line: str, stream: TextIO | None = None) -> None:
    """Print a line for a shell, indented, so that it can be pasted from any terminal."""
    to = stream or sys.stdout
    print(command(printable(line), width(to)), file=to)


def fill(text: str, columns: int | None) -> str:
    """Lines that are too long, wrapped between words.

    What follows hangs under the text behind a label, `numbers:  KVM_CAP_…`, else a bit further in
    than its line.  Words are never broken; None wraps nothing.
    """
    if columns is None:
        return text
    return "\n".join(each for line in text.split("\n") for each in _wrapped(line, columns))


def _wrapped(line: str, columns: int) -> list[str]:
    if len(line) <= columns or line.endswith("\\"):
        return [line]  # short enough, or of a command()
    label = _LABEL.match(line)
    hang = label.end() if label else 0
    blank = len(line) - len(line.lstrip())
    if hang == blank or hang > columns // 2:
        hang = min(blank + 2, columns // 2)
    return wrap(line.lstrip(), columns, line[:blank], " " * hang)


def wrap(text: str, columns: int, first: str = "", rest: str = "") -> list[str]:
    """One paragraph as lines, between words only; `first` and `rest` are put before them."""
    return textwrap.wrap(
        text,
        columns,
        initial_indent=first,
        subsequent_indent=rest,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def command(line: str, columns: int | None, indent: str = "  ") -> str:
    """A shell command that can be pasted, however many lines it takes."""
    if columns is None or len(indent) + len(line) <= columns:
        return indent + line
    lines = [indent]
    for word in _WORD.findall(line):
        if lines[-1].strip() and len(lines[-1]) + len(word) + 3 > columns:
            lines.append(f"{indent}    ")
        lines[-1] += word if lines[-1].isspace() or not lines[-1] else f" {word}"
    return " \\\n".join(lines)


def definitions(pairs: Sequence[tuple[str, str]], columns: int, *, commands: bool = False) -> str:
    """Terms and what they mean, the meanings in a column, or below a term that is too long."""
    longest = max((len(term) for term, _ in pairs), default=0)
    column = min(longest, columns // 2 if columns >= 3 * _NARROWEST else 2) + 4
    lines: list[str] = []
    for term, meaning in pairs:
        head = command(term, columns) if commands else f"  {term}"
        told = [" " * column + text for text in wrap(meaning, columns - column)]
        if len(head) + 2 <= column and told:
            told[0] = head.ljust(column) + told[0][column:]
        else:
            told.insert(0, head)
        lines += told
    return "\n".join(lines)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], columns: int | None) -> str:
    """Rows below headings; the last column wraps, and may have several lines.

    Where a terminal is too narrow for it, each row is a paragraph, with the headings as labels.
    """
    cells = [tuple(headings), *map(tuple, rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(headings) - 1)]
    before = sum(widths) + 2 * len(widths)
    longest = max(len(word) for row in cells for word in (*row[-1].split(), ""))
    if columns is not None and columns - before < max(longest, _NARROWEST):
        return "\n".join(_paragraph(headings, row, columns) for row in cells[1:])
    lines = []
    for row in cells:
        head = "  ".join([cell.ljust(wide) for cell, wide in zip(row, widths, strict=False)] + [""])
        last = row[-1].split("\n")
        if columns is not None:
            last = [each for text in last for each in wrap(text, columns - before) or [""]]
        lines += [
            f"{head if number == 0 else ' ' * before}{text}".rstrip()
            for number, text in enumerate(last)
        ]
    return "\n".join(lines)


def _paragraph(headings: Sequence[str], row: Sequence[str], columns: int) -> str:
    lines = [row[0]]
    for heading, cell in list(zip(headings, row, strict=True))[1:]:
        short = f"  {heading}  {cell}"
        if "\n" in cell or len(short) > columns:
            lines.append(f"  {heading}")
            for text in cell.split("\n"):
                lines += wrap(text, columns, " " * 4, " " * 6)
        else:
            lines.append(short)
    return "\n".join(lines)
