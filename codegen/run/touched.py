# SPDX-License-Identifier: GPL-2.0-only
"""The KVM selftests that a series adds or changes: what a trial runs if nothing else is wished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codegen.run.build import KernelBuild
from codegen.run.selftests import FOLDER, names_in
from codegen.series.series import Series
from codegen.tree.reader import Tree, read_or_none


@dataclass(frozen=True)
class Touched:
    """What a series does to its tree's selftests.

    `names` are those whose own source it adds or changes, `there` are the names of these that the
    tree has without it.
    """

    series: Series
    names: tuple[str, ...]
    there: frozenset[str]

    def adds(self, name: str) -> bool:
        """Whether the tree has the test by the series alone."""
        return name in self.names and name not in self.there

    def changes(self, name: str) -> bool:
        """Whether the series changes what a test is made of."""
        mine = (_source(name), f"{FOLDER}/lib/", f"{FOLDER}/include/")
        return any(path.startswith(mine) for path in self.series.paths)


def touched(series: Series, kernel: KernelBuild, base: Tree) -> Touched:
    """What a series does to the selftests of `base`; `kernel` has its tests."""
    names = touched_tests(series, kernel)
    return Touched(series, tuple(names), frozenset(_there(base, names)))


def touched_tests(series: Series, kernel: KernelBuild) -> list[str]:
    """The names of the KVM selftests whose source a series adds or changes."""
    known = names_in(kernel, kernel.out)
    return [name for name in known if _source(name) in series.paths]


def has_tests(series: Series) -> bool:
    """Whether a series has sources of KVM selftests, by their names alone."""
    return any(path.startswith(f"{FOLDER}/") and path.endswith(".c") for path in series.paths)


def _there(tree: Tree, names: Iterable[str]) -> Iterable[str]:
    return (name for name in names if read_or_none(tree, _source(name)) is not None)


def _source(name: str) -> str:
    return f"{FOLDER}/{name}.c"
