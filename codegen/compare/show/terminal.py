# SPDX-License-Identifier: GPL-2.0-only
"""A comparison as text for a terminal: one table for each tree, and what does not fit a table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from codegen.compare.model import Page, Plot, Question
from codegen.compare.show.notes import MARK, Footnotes, cells, known, not_known, nowhere, told

WIDEST = 100
_LABEL = 22
_GAP = 2


def text(page: Page, columns: int | None = None) -> str:
    """The page in at most so many columns."""
    wide = min(columns or WIDEST, WIDEST)
    lines = [*_wrapped(f"{page.knob}: {page.title}", wide, "")]
    lines += _wrapped(f"contract: {page.contract}", wide, "")
    if len(page.trees) > 1:
        lines += ["", *_holds(page, wide)]
    for tree in page.trees:
        lines += ["", *_tree(page, tree, wide)]
    if page.plots:
        lines += ["", "Measured in the guest"]
        lines += [line for plot in page.plots for line in _measured(plot, wide)]
    if page.said:
        lines += ["", "What was said"]
        for each in page.said:
            where = f" ({each.subject})" if each.subject else ""
            head = f"{each.variant}, {each.when}, {each.kind}: "
            lines += _wrapped(f"{head}{each.what}{where}", wide, "  ")
    for art in page.prior_art:
        lines += _wrapped(f"prior art: {art}", wide, "  ")
    for note in page.notes:
        lines += ["", *_wrapped(f"note: {note}", wide, "")]
    return "\n".join(lines)


def _holds(page: Page, wide: int) -> Iterator[str]:
    """Which variant is what on which tree."""
    room = (wide - _LABEL) // len(page.trees) - _GAP
    yield from _cells("", page.trees, _LABEL, room)
    for variant, states in page.holds:
        yield from _cells(f"  {variant}", states, _LABEL, room)


def _tree(page: Page, tree: str, wide: int) -> Iterator[str]:
    columns, notes = page.of(tree), Footnotes()
    version = page.columns[page.every(tree)[0]].version
    heads = [page.columns[at].variant for at in columns]
    label = min(_LABEL, max(12, wide // 4))
    room = (wide - label) // max(len(columns), 1) - _GAP
    narrow = room < max(map(len, heads), default=0)
    yield f"{tree}" + (f" (Linux {version})" if version else "")
    for each in page.absent(tree):
        yield from _wrapped(f"{each.lead}: {each.variant}: {each.reason}", wide, "  ")
    if not columns:
        return
    yield ""
    if not narrow:
        yield from _cells("", heads, label, room)
    for section in page.sections:
        short = [row for row in section.rows if not row.prose]
        rows = [row for row in short if known(row, columns)]
        if short:
            yield section.title
        for row in rows:
            shown = cells(row, columns, notes)
            if narrow:
                pairs = ", ".join(f"{h} {c}" for h, c in zip(heads, shown, strict=True))
                yield from _wrapped(f"{row.about}: {pairs}", wide, "  ")
            else:
                yield from _cells(f"  {row.about}", shown, label, room)
        for about, reason in nowhere(short, columns):
            yield from _wrapped(f"not known: {about}: {reason}", wide, "  ")
    yield ""
    if any(row.marked(columns) for section in page.sections for row in section.rows):
        yield f"{MARK} is the worst of its row"
        for at, bad in page.worst(tree):
            where = ", ".join(bad) or "nowhere"
            yield from _wrapped(f"{page.columns[at].variant}: {where}", wide, "  ")
    for letter, reason in notes:
        yield from _wrapped(f"({letter}) {reason}", wide, "")
    prose = [row for section in page.sections for row in section.rows if row.prose]
    for row in (row for row in prose if known(row, columns)):
        yield from _prose(page, row, columns, wide)
    lost = nowhere(prose, columns)
    yield from [""] * bool(lost)
    for about, reason in lost:
        yield from _wrapped(f"not known: {about}: {reason}", wide, "")


def _prose(page: Page, row: Question, columns: Sequence[int], wide: int) -> Iterator[str]:
    yield ""
    yield row.about
    for who, answer in told(page, row, columns):
        yield from _wrapped(f"{who}: {answer}", wide, "  ")
    for who, reason in not_known(page, row, columns):
        yield from _wrapped(f"{who}: not known: {reason}", wide, "  ")


def _measured(plot: Plot, wide: int) -> Iterator[str]:
    """The figures of a plot, one row for each curve."""
    yield from _wrapped(plot.title, wide, "  ")
    if plot.curves:
        heads = [f"{x:g}" for x in plot.xs]
        room = max(len(cell) for curve in plot.curves for cell in (*heads, *plot.cells(curve)))
        yield from _wrapped(f"by {plot.x}", wide, "    ")
        if _LABEL + len(heads) * (room + _GAP) > wide:
            for curve in plot.curves:
                yield from _wrapped(f"{curve.name}: {plot.pairs(curve)}", wide, "    ")
        else:
            yield from _cells("", heads, _LABEL, room)
            for curve in plot.curves:
                yield from _cells(f"    {curve.name}", plot.cells(curve), _LABEL, room)
    for reason, names in plot.lost:
        yield from _wrapped(f"not known: {', '.join(names)}: {reason}", wide, "    ")


def _cells(label: str, texts: Sequence[str], first: int, room: int) -> Iterator[str]:
    """One row of a table, each cell wrapped into its column."""
    columns = [textwrap.wrap(_broken(each, room), room) or [""] for each in texts]
    heads = textwrap.wrap(label, first - 1, subsequent_indent="    ") or [""]
    for at in range(max(map(len, [heads, *columns]))):
        head = heads[at] if at < len(heads) else ""
        row = [each[at] if at < len(each) else "" for each in columns]
        yield (head.ljust(first) + "".join(each.ljust(room + _GAP) for each in row)).rstrip()


def _broken(text: str, room: int) -> str:
    """A text whose names that are wider than a column end there behind one of their parts."""
    words = []
    for word in text.split():
        while len(word) > room and (at := word.rfind("_", 0, room) + 1):
            words.append(word[:at])
            word = word[at:]
        words.append(word)
    return " ".join(words)


def _wrapped(text: str, wide: int, indent: str) -> list[str]:
    rest = f"{indent}  "
    return textwrap.wrap(
        text, wide, initial_indent=indent, subsequent_indent=rest, break_on_hyphens=False
    )
