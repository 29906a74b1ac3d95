# SPDX-License-Identifier: GPL-2.0-only
"""A comparison for a mail or a cover letter: Markdown in 72 columns that reads as plain text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from codegen.compare.model import Page, Plot, Question
from codegen.compare.show.notes import MARK, Footnotes, cells, known, not_known, nowhere, told

WIDE = 72


def text(page: Page) -> str:
    """The page; variants are the rows of its tables, as many figures beside each other as fit."""
    lines = [*_filled(f"# {page.knob}: {page.title}"), ""]
    lines += [line for each in page.background.split("\n\n") for line in (*_filled(each), "")]
    lines += [*_filled(f"Contract: {page.contract}."), ""]
    if len(page.trees) > 1:
        lines += [*_table("", page.trees, page.holds), ""]
    for tree in page.trees:
        lines += _tree(page, tree)
    if page.plots:
        lines += ["## Measured in the guest", ""]
        lines += [line for plot in page.plots for line in _measured(plot)]
    if page.said:
        lines += ["## What was said", ""]
        for each in page.said:
            where = f', "{each.subject}"' if each.subject else ""
            lines += _item(f"{each.variant}, {each.when}{where}, {each.kind}: {each.what}")
        lines.append("")
    if page.prior_art:
        lines += ["## Prior art", "", *(line for art in page.prior_art for line in _item(art)), ""]
    lines += [*(line for note in page.notes for line in _filled(f"Note: {note}"))]
    lines += ["Made by:", "", f"    {page.command}"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _tree(page: Page, tree: str) -> Iterator[str]:
    columns, notes = page.of(tree), Footnotes()
    version = page.columns[page.every(tree)[0]].version
    yield f"## {tree}" + (f" (Linux {version})" if version else "")
    yield ""
    for each in page.absent(tree):
        yield from _item(f"{each.lead}: {each.variant}: {each.reason}")
    yield from [""] * bool(page.absent(tree))
    if not columns:
        return
    sources: dict[str, None] = {}
    for section in page.sections:
        yield f"### {section.title}"
        yield ""
        sources.update({each: None for row in section.rows for each in row.sources(columns)})
        yield from _section(page, section.rows, columns, notes)
    yield from _filled(f"{MARK} is the worst of all variants:")
    yield ""
    for at, bad in page.worst(tree):
        yield from _item(f"{page.columns[at].variant}: {', '.join(bad) or 'nowhere'}")
    yield ""
    for letter, reason in notes:
        yield from _item(f"({letter}) {reason}")
    yield from [""] * bool(list(notes))
    yield from _filled(f"From: {'; '.join(sources)}.")
    yield ""


def _section(
    page: Page, rows: Sequence[Question], columns: Sequence[int], notes: Footnotes
) -> Iterator[str]:
    short: list[tuple[str, list[str]]] = []
    long: list[Question] = []
    for row in (row for row in rows if known(row, columns)):
        shown = [row.figures[at].text for at in columns]
        wide = max(map(len, [row.about, *shown])) + _names(page, columns) + 9
        if row.prose or wide > WIDE:
            long.append(row)
        else:
            short.append((row.about.strip(), cells(row, columns, notes)))
    yield from _tables(page, columns, short)
    for row in long:
        yield from _prose(page, row, columns)
    for about, reason in nowhere(rows, columns):
        yield from _item(f"not known: {about}: {reason}")
    yield ""


def _names(page: Page, columns: Sequence[int]) -> int:
    return max(len(page.columns[at].variant) for at in columns)


def _tables(
    page: Page, columns: Sequence[int], rows: Sequence[tuple[str, list[str]]]
) -> Iterator[str]:
    left = list(rows)
    first = ("", [page.columns[at].variant for at in columns])
    while left:
        taken = [first]
        while left and len(_line(*_widths([*taken, left[0]]))) <= WIDE:
            taken.append(left.pop(0))
        widths, heads = _widths(taken)
        yield _line(widths, heads)
        yield _rule(widths)
        for at in range(len(columns)):
            yield _line(widths, [cells[at] for _, cells in taken])
        yield ""


def _measured(plot: Plot) -> Iterator[str]:
    """The figures of a plot, one row for each curve."""
    by = f", by {plot.x}:" if plot.curves else ":"
    yield from _filled(f"{plot.title}{by}")
    yield ""
    if plot.curves:
        rows = [(curve.name, plot.cells(curve)) for curve in plot.curves]
        lines = [*_table("", [f"{x:g}" for x in plot.xs], rows)]
        if len(lines[0]) > WIDE:
            pairs = (_item(f"{curve.name}: {plot.pairs(curve)}") for curve in plot.curves)
            lines = [line for each in pairs for line in each]
        yield from [*lines, ""]
    for reason, names in plot.lost:
        yield from _item(f"not known: {', '.join(names)}: {reason}")
    yield from [""] * bool(plot.missing)


def _table(
    head: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[str]:
    """A table whose rows have names."""
    columns = [(head, [name for name, _ in rows])]
    columns += [(each, [cells[at] for _, cells in rows]) for at, each in enumerate(heads)]
    widths, names = _widths(columns)
    yield _line(widths, names)
    yield _rule(widths)
    for at in range(len(rows)):
        yield _line(widths, [cells[at] for _, cells in columns])


def _rule(widths: Sequence[int]) -> str:
    return "|" + "|".join("-" * (wide + 2) for wide in widths) + "|"


def _widths(rows: Sequence[tuple[str, list[str]]]) -> tuple[list[int], list[str]]:
    return [max(map(len, [head, *cells])) for head, cells in rows], [head for head, _ in rows]


def _line(widths: Sequence[int], texts: Sequence[str]) -> str:
    cells = (each.ljust(wide) for wide, each in zip(widths, texts, strict=True))
    return "| " + " | ".join(cells) + " |"


def _prose(page: Page, row: Question, columns: Sequence[int]) -> Iterator[str]:
    yield from _filled(f"{row.about[:1].upper()}{row.about[1:]}:")
    yield ""
    for who, answer in told(page, row, columns):
        yield from _item(f"{who}: {answer}")
    for who, reason in not_known(page, row, columns):
        yield from _item(f"{who}: not known: {reason}")
    yield ""


def _item(text: str) -> list[str]:
    return _filled(f"* {text}", "  ")


def _filled(text: str, rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDE, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )
