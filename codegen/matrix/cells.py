# SPDX-License-Identifier: GPL-2.0-only
"""A matrix as its cells: every combination once, in an order that lets one tree follow itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product

from codegen.matrix.asked import MatrixFile, Unwanted


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination.  `variant` is empty for a series that a person wrote; `skip` says why the
    cell is not run."""

    subject: str
    variant: str
    tree: str
    architecture: str
    configuration: str
    compiler: str
    skip: str = ""

    @property
    def name(self) -> str:
        """How people call it."""
        parts = (getattr(self, each.name) for each in fields(self) if each.name != "skip")
        return " ".join(part for part in parts if part)

    @property
    def row(self) -> str:
        """What is tried."""
        return f"{self.subject} {self.variant}".rstrip()

    @property
    def column(self) -> str:
        """On what it is tried."""
        return f"{self.tree} {self.architecture} {self.configuration} {self.compiler}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried: a description, or a series that a person wrote (`variants` is empty then).

    `architectures` are those that it is for, all where there are none; `absent` has the reason by
    variant why there is none of it, and `only_on` the one architecture of a variant.
    """

    name: str
    variants: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    absent: Mapping[str, str] | None = None
    only_on: Mapping[str, str] | None = None


def expand(asked: MatrixFile, subjects: Sequence[Tried]) -> tuple[Cell, ...]:
    """The cells of a matrix; one that cannot be, or is not wanted, says why.

    All cells of a tree, an architecture and a compiler stand together: they share their objects.
    """
    places = product(
        dict.fromkeys(asked.trees),
        dict.fromkeys(asked.architectures),
        dict.fromkeys(asked.compilers),
        dict.fromkeys(asked.configurations),
    )
    return tuple(
        Cell(subject.name, variant, tree, arch, config, compiler, why)
        for tree, arch, compiler, config in places
        for subject in subjects
        for variant in subject.variants or ("",)
        for why in [
            _cannot(subject, variant, arch)
            or _unwanted(asked.skip, Cell(subject.name, variant, tree, arch, config, compiler))
        ]
    )


def _cannot(subject: Tried, variant: str, arch: str) -> str:
    if subject.architectures and arch not in subject.architectures:
        return f"{subject.name} is for {', '.join(subject.architectures)}"
    if why := (subject.absent or {}).get(variant):
        return why
    only = (subject.only_on or {}).get(variant)
    return f"{variant} is only on {only}" if only and only != arch else ""


def _unwanted(rules: Sequence[Unwanted], cell: Cell) -> str:
    return next((rule.why for rule in rules if all(_holds(rule, cell))), "")


def _holds(rule: Unwanted, cell: Cell) -> Iterator[bool]:
    yield rule.description in (None, cell.subject if cell.variant else None)
    yield rule.series in (None, None if cell.variant else cell.subject)
    for name in ("variant", "tree", "architecture", "configuration", "compiler"):
        yield getattr(rule, name) in (None, getattr(cell, name))
