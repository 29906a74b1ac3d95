# SPDX-License-Identifier: GPL-2.0-only
"""Which places of a variant moved between two trees, and whether git brings the patches over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codegen.c.source import CSource
from codegen.compare.contender import Contender
from codegen.series.portability import Brought, brought
from codegen.series.read import read_series
from codegen.series.series import Series


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a text of a series goes in one tree: the function around it, and its head."""

    path: str
    line: int
    found: str
    function: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One text of a series, and where it goes in each of two trees; None where there it is not."""

    text: str
    first: Spot | None
    second: Spot | None

    @property
    def what(self) -> str:
        """What became of the place: `same`, `gone`, `new`, or what of it is another now."""
        if self.first is None or self.second is None:
            return "new" if self.first is None else "gone"
        pairs = {
            "file": (self.first.path, self.second.path),
            "function": (self.first.function, self.second.function),
            "signature": (self.first.signature, self.second.signature),
            "neighbour": (self.first.found, self.second.found),
        }
        other = [name for name, (old, new) in pairs.items() if old != new]
        return ", ".join(other) or "same"


@dataclass(frozen=True, slots=True)
class Drift:
    """A variant on two trees: its moves, and what `git am -3` makes of the first one's patches.

    `reason` says why there is nothing to compare.
    """

    variant: str
    first: str
    second: str
    moves: tuple[Move, ...] = ()
    brought: Brought | None = None
    reason: str = ""


def drift(first: Contender, second: Contender) -> Drift:
    """What changed for a variant between two trees.  Raises what git and reading a series raise."""
    names = (first.variant.name, first.location.name, second.location.name)
    lacks = [each.column for each in (first, second) if not each.made]
    if lacks:
        said = "; ".join(f"not on {each.tree}: {each.reason}" for each in lacks)
        return Drift(*names, reason=said)
    made = [read_series(each.series.files, each.location) for each in (first, second)]
    old, new = (dict(_spots(each)) for each in made)
    moves = tuple(Move(text, old.get(text), new.get(text)) for text in dict.fromkeys([*old, *new]))
    there = brought(made[0], made[1])
    return Drift(*names, moves=moves, brought=there)


def _spots(series: Series) -> Iterator[tuple[str, Spot]]:
    """Where each text goes, by its name; of texts of one name, by their number as well."""
    seen: dict[str, int] = {}
    said = {each["file"]: each for each in series.manifest["patches"]}
    for patch in series.patches:
        for site in said[patch.name]["sites"]:
            name = f"{site['template']} ({site['site']})"
            seen[name] = seen.get(name, 0) + 1
            text = name if seen[name] == 1 else f"{name} {seen[name]}"
            before = patch.changes[site["file"]].before
            yield text, _spot(site, before)


def _spot(site: Mapping[str, Any], before: bytes | None) -> Spot:
    path, line = str(site["file"]), int(site["line"])
    function, signature = "", ""
    if before is not None and path.endswith((".c", ".h")):
        source = CSource(path, before)
        for extent in source.all("function"):
            if source.line(extent.start) <= line <= source.line(extent.end):
                head = source.text(extent.start, extent.end).partition("{")[0]
                function, signature = extent.name, " ".join(head.split())
    return Spot(path, line, str(site["found"]), function, signature)


def moved(found: Drift) -> str:
    """Which places moved, in a sentence; those that have another neighbour only are counted."""
    kinds: dict[str, list[tuple[Spot | None, Spot | None]]] = {}
    for move in found.moves:
        pair = (move.first, move.second)
        kinds.setdefault(move.what.partition(",")[0], []).append(pair)
    named: Mapping[str, Callable[[Spot, Spot], str]] = {
        "file": lambda old, new: f"{old.path} to {new.path}",
        "function": lambda old, new: f"{_inside(old)} to {_inside(new)}",
        "signature": lambda old, new: _inside(new),
    }
    parts = [f"{len(found.moves)} places, {len(kinds.get('same', ()))} as they were"]
    for kind, name in named.items():
        names = dict.fromkeys(name(old, new) for old, new in kinds.get(kind, ()) if old and new)
        if names:
            parts.append(f"another {kind}: {', '.join(names)}")
    counted = {"neighbour": "another neighbour", "gone": "only here", "new": "only there"}
    parts += [f"{what}: {len(kinds[kind])}" for kind, what in counted.items() if kind in kinds]
    return "; ".join(parts)


def _inside(spot: Spot) -> str:
    return f"{spot.function}()" if spot.function else f"no function of {spot.path}"


def text(found: Sequence[Drift]) -> str:
    """What drifted, as text."""
    lines: list[str] = []
    for each in found:
        lines.append(f"{each.variant}: {each.first} to {each.second}")
        if each.reason:
            lines.append(f"  {each.reason}")
            continue
        same = sum(move.what == "same" for move in each.moves)
        lines.append(f"  places:  {len(each.moves)}, of which {same} are the same")
        for move in each.moves:
            if move.what != "same":
                lines.append(f"  {move.text}: {move.what}")
                lines += [f"    - {_told(move.first)}"] if move.first else []
                lines += [f"    + {_told(move.second)}"] if move.second else []
        if each.brought:
            lines.append(f"  git am -3:  {each.brought}")
    return "\n".join(lines)


def _told(spot: Spot) -> str:
    where = f"{spot.path}:{spot.line}" if spot.line else spot.path
    return f"{where}  {spot.signature or spot.found}"
