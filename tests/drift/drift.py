# SPDX-License-Identifier: GPL-2.0-only
"""What a drift is, and the list of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from codegen.tree.reader import Tree
from tests.drift.draft import Draft, NotApplicable

Change = Callable[[Draft], None]

DRIFTS: dict[str, Drift] = {}


@dataclass(frozen=True)
class Drift:
    """One way in which a tree drifts.

    `group` is the class that it belongs to.  `concerns` names the sites that stand where it
    changes something: the variants that have one of them are tried, and an honest refusal
    names one of them.  `shape` are names or files that such a refusal speaks of.
    `moved` says in which definition the text now belongs that belonged in another.
    """

    name: str
    group: str
    change: Change
    concerns: tuple[str, ...]
    shape: tuple[str, ...]
    moved: Mapping[str, str] = field(default_factory=dict)

    def on(self, tree: Tree) -> Draft:
        """The drifted tree; NotApplicable where nothing changes."""
        draft = Draft(tree)
        self.change(draft)
        if all(_same(tree, path, data) for path, data in draft.changed.items()):
            raise NotApplicable("nothing of the tree changes")
        return draft


def _same(tree: Tree, path: str, data: bytes | None) -> bool:
    try:
        return tree.read(path) == data
    except FileNotFoundError:
        return data is None


def drift(
    group: str,
    concerns: str,
    shape: str,
    moved: Mapping[str, str] | None = None,
) -> Callable[[Change], Change]:
    """Mark a function as a drift; its name is the drift's, with dashes."""

    def mark(change: Change) -> Change:
        name = change.__name__.replace("_", "-")
        assert name not in DRIFTS, name
        DRIFTS[name] = Drift(
            name, group, change, tuple(concerns.split()), tuple(shape.split()), moved or {}
        )
        return change

    return mark


def rewriting(
    group: str,
    concerns: str,
    function: str,
    moved: Mapping[str, str] | None = None,
    **ways: tuple[tuple[str, str], ...],
) -> None:
    """Drifts that are regular expressions over one function, each by its name."""
    for name, pairs in ways.items():

        def change(tree: Draft, pairs: tuple[tuple[str, str], ...] = pairs) -> None:
            tree.within(function, *pairs)

        change.__name__ = name
        drift(group, concerns, function, moved)(change)
