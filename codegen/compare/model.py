# SPDX-License-Identifier: GPL-2.0-only
"""A comparison as data: columns, rows of figures, and where each figure is from.  No figure is
just absent: what is not known says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

Value = str | int | float


# What a column is: a series; one that adds nothing to its tree; or none, as the tree has it, as it
# cannot have it, or as gen could not make it.
MADE, REDUNDANT = "made", "redundant"
ALREADY, NOT_HERE, FAILED = "here already", "not here", "failed"
_SERIES = (MADE, REDUNDANT)
_FIRST = ("granularity", "settable", "code", "text", "instructions", "with")


class Worst(StrEnum):
    """Which figure of a row costs the most."""

    NONE = ""
    MOST = "most"
    LEAST = "least"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is known of a variant on a tree, or why it is not.

    `source` says where it is from: a file, a log, a command.  `log` is a file's text to look at.
    """

    value: Value | None = None
    unit: str = ""
    source: str = ""
    missing: str = ""
    log: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) == (not self.missing):
            raise ValueError("a figure has a value, or the reason why it has none")

    @property
    def text(self) -> str:
        """The value with its unit; empty where there is none."""
        if self.value is None:
            return ""
        shown = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"{shown} {self.unit}".rstrip()


def unknown(why: str, source: str = "") -> Figure:
    """A figure that is not known."""
    return Figure(missing=why, source=source)


@dataclass(frozen=True, slots=True)
class Column:
    """A variant on a tree: `state` is one of the five, and `reason` says why it is not made."""

    tree: str
    version: str
    variant: str
    summary: str
    state: str
    reason: str = ""

    @property
    def lead(self) -> str:
        """What stands before the reason why there is no series, which tells the rest."""
        return FAILED if self.state == FAILED else "not made"


@dataclass(frozen=True, slots=True)
class Question:
    """One question to all columns.  `prose`: its answers are sentences; `key` is for machines."""

    key: str
    about: str
    figures: tuple[Figure, ...]
    worst: Worst = Worst.NONE
    prose: bool = False

    def sources(self, columns: Sequence[int]) -> Sequence[str]:
        """Where the figures of some columns are from, each once."""
        return list(dict.fromkeys(s for at in columns if (s := self.figures[at].source)))

    def runs(self, columns: Sequence[int]) -> Sequence[tuple[int, int]]:
        """The first of columns side by side that have the same words, and how many these are."""

        def said(at: int) -> object:
            figure = self.figures[at]
            return at if isinstance(figure.value, int | float) else (figure.value, figure.missing)

        runs = (list(run) for _, run in groupby(columns, said))
        return [(run[0], len(run)) for run in runs]

    def marked(self, columns: Sequence[int]) -> frozenset[int]:
        """Those of some columns that have the worst figure, where the figures differ."""
        known = {
            at: value for at in columns if isinstance(value := self.figures[at].value, (int, float))
        }
        if not self.worst or len(set(known.values())) < 2:
            return frozenset()
        pick = max if self.worst is Worst.MOST else min
        bad = pick(known.values())
        return frozenset(at for at, value in known.items() if value == bad)


@dataclass(frozen=True, slots=True)
class Chapter:
    """Rows that belong together."""

    title: str
    rows: tuple[Question, ...]

    def logs(self, columns: Sequence[int]) -> Sequence[tuple[Question, int]]:
        """The questions that have a log in some of the columns, with these."""
        return [(row, at) for row in self.rows for at in columns if row.figures[at].log]


@dataclass(frozen=True, slots=True)
class Curve:
    """A measure by a number that was varied, of what is named."""

    name: str
    points: tuple[tuple[float, float], ...]
    source: str
    log: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves of one measure; `missing` says what has none, and why."""

    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def xs(self) -> Sequence[float]:
        """What was varied, of all curves."""
        return sorted({x for curve in self.curves for x, _ in curve.points})

    @property
    def lost(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Why there is nothing, and of what."""
        found: dict[str, list[str]] = {}
        for name, why in self.missing:
            found.setdefault(why, []).append(name)
        return list(found.items())

    def pairs(self, curve: Curve) -> str:
        """The same, each with what was varied, where a table would be too wide."""
        pairs = zip(self.xs, self.cells(curve), strict=True)
        return ", ".join(f"{cell} at {x:g}" for x, cell in pairs)

    def cells(self, curve: Curve) -> Sequence[str]:
        """A curve's figures at `xs` as text; a curve that lacks one says so."""
        values = dict(curve.points)
        return [f"{values[x]:g}" if x in values else "not said" for x in self.xs]


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said of a kind of variant: `opinion` or `fact`."""

    variant: str
    when: str
    kind: str
    what: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A text to look at, such as what a VMM does, or a patch, of one column."""

    column: int
    title: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Page:
    """The whole comparison."""

    knob: str
    title: str
    contract: str
    background: str
    command: str
    columns: tuple[Column, ...]
    sections: tuple[Chapter, ...]
    plots: tuple[Plot, ...]
    said: tuple[Statement, ...]
    prior_art: tuple[str, ...]
    snippets: tuple[Code, ...]
    patches: tuple[Code, ...]
    notes: tuple[str, ...] = ()

    @property
    def trees(self) -> Sequence[str]:
        """The names of the trees, in the columns' order."""
        return list(dict.fromkeys(column.tree for column in self.columns))

    def of(self, tree: str) -> Sequence[int]:
        """The columns of a tree that have a series."""
        return [at for at in self.every(tree) if self.columns[at].state in _SERIES]

    def absent(self, tree: str) -> Sequence[Column]:
        """The variants that a tree has no series of."""
        every = map(self.columns.__getitem__, self.every(tree))
        return [each for each in every if each.state not in _SERIES]

    def every(self, tree: str) -> Sequence[int]:
        """All columns of a tree."""
        return [at for at, column in enumerate(self.columns) if column.tree == tree]

    @property
    def short(self) -> Sequence[Question]:
        """The few questions that most readers ask first."""
        rows = {row.key: row for section in self.sections for row in section.rows}
        return [rows[key] for key in _FIRST if key in rows]

    def worst(self, tree: str) -> Sequence[tuple[int, Sequence[str]]]:
        """The columns of a tree that have a series, and in what each is the worst."""
        columns = self.of(tree)
        rows = [row for section in self.sections for row in section.rows]
        marked = [(row.about.strip(), row.marked(columns)) for row in rows]
        return [(at, [about for about, bad in marked if at in bad]) for at in columns]

    @property
    def holds(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Each variant, and what it is on each of the trees."""
        states = {(each.variant, each.tree): each.state for each in self.columns}
        names = dict.fromkeys(each.variant for each in self.columns)
        return [(name, [states[name, tree] for tree in self.trees]) for name in names]
