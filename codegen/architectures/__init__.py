# SPDX-License-Identifier: GPL-2.0-only
"""The architectures that have KVM: one record each, in a folder of the name that it has below
`arch/`.  What gen does on an architecture follows from its record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from codegen.architectures.record import Architecture, read_record
from codegen.base.errors import UsageError
from codegen.base.nearest import did_you_mean

__all__ = ["ALL", "ARCHITECTURES", "COMPILED", "DEFAULT", "RUN", "Architecture", "chosen"]

ARCHITECTURES: Mapping[str, Architecture] = {
    path.parent.name: read_record(path.parent)
    for path in sorted(Path(__file__).parent.glob("*/record.toml"))
}
DEFAULT = ARCHITECTURES["x86"]  # where nobody names one
ALL = "all"  # those that a series changes, where one name stands for several
COMPILED = tuple(name for name, each in ARCHITECTURES.items() if each.builds)
RUN = tuple(name for name, each in ARCHITECTURES.items() if each.runs)


def chosen(
    name: str | None, touched: Iterable[str] = (), among: Collection[str] = RUN
) -> Architecture:
    """The architecture to build and boot, or to build: the one that is named, or the default one.

    A series that touches others alone is tried on the first of these that is `among` them.  Raises
    UsageError for a name that is not.
    """
    if name is None:
        there = list(touched)
        other = next((each for each in there if each in among), None)
        return DEFAULT if other is None or DEFAULT.name in there else ARCHITECTURES[other]
    if name not in among:
        near = did_you_mean(name, among)
        does = "builds" if among is COMPILED else "builds and boots"
        raise UsageError(f"gen {does} no architecture {name!r}{near}: {', '.join(among)}")
    return ARCHITECTURES[name]
