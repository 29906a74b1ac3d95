# SPDX-License-Identifier: GPL-2.0-only
"""Footnotes: what is not known is a letter in its cell, and the reason stands below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from codegen.compare.model import Page, Question

MARK = "!"  # the worst figure of a row


class Footnotes:
    """Reasons by their letters: a, b, …, z, aa, …, each given once."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def letter(self, reason: str) -> str:
        """The letter of a reason."""
        return self._reasons.setdefault(reason, _letters(len(self._reasons)))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((letter, reason) for reason, letter in self._reasons.items())


def _letters(number: int) -> str:
    last = chr(ord("a") + number % 26)
    return (_letters(number // 26 - 1) if number >= 26 else "") + last


def cells(row: Question, columns: Sequence[int], notes: Footnotes) -> list[str]:
    """The cells of some columns as text: the worst marked, what is not known as a footnote."""
    found, marked = [], row.marked(columns)
    for at in columns:
        figure = row.figures[at]
        text = figure.text if figure.value is not None else f"({notes.letter(figure.missing)})"
        found.append(f"{text} {MARK}" if at in marked else text)
    return found


def known(row: Question, columns: Sequence[int]) -> bool:
    """Whether one of some columns has a figure."""
    return any(row.figures[at].value is not None for at in columns)


def nowhere(rows: Sequence[Question], columns: Sequence[int]) -> list[tuple[str, str]]:
    """Rows that no column has a figure of: what they are about, by why there is none."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        reasons = dict.fromkeys(row.figures[at].missing for at in columns)
        if columns and not known(row, columns):
            by_reason.setdefault("; ".join(reasons), []).append(row.about.strip())
    return [(", ".join(abouts), reason) for reason, abouts in by_reason.items()]


def told(page: Page, row: Question, columns: Sequence[int]) -> list[tuple[str, str]]:
    """The answers of a row of prose, and the variants that give each; without what is not known."""
    known = [at for at in columns if row.figures[at].value is not None]
    by_text: dict[str, list[str]] = {}
    for at in known:
        by_text.setdefault(row.figures[at].text, []).append(page.columns[at].variant)
    return [
        ("all" if len(who) == len(columns) > 1 else ", ".join(who), text)
        for text, who in by_text.items()
    ]


def not_known(page: Page, row: Question, columns: Sequence[int]) -> list[tuple[str, str]]:
    """What is not known of a row of prose: the variants, and why."""
    lost = [at for at in columns if row.figures[at].value is None]
    lost.sort(key=lambda at: row.figures[at].missing)
    return [
        (", ".join(page.columns[at].variant for at in same), reason)
        for reason, same in groupby(lost, key=lambda at: row.figures[at].missing)
    ]
