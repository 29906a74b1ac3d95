# SPDX-License-Identifier: GPL-2.0-only
"""Which workers of a cluster a task should go to: where its objects are, or where it has begun."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from codegen.matrix.pool import CPU, Task


@dataclass(frozen=True)
class Destination:
    """Where tasks may run: what a worker has to have, and which it should be; `strict`: must."""

    needs: tuple[tuple[str, int], ...]
    workers: tuple[str, ...] = ()
    strict: bool = False


class Places:
    """The workers that a scheduler has now, by address, as Dask tells of them.

    `benches` are how many tasks each bench has: it has as large a share of the workers.
    """

    def __init__(self, workers: Mapping[str, Any], benches: Mapping[str, int] = {}) -> None:
        self._workers, self._benches = workers, benches
        self._near: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _by_name(self) -> Mapping[str, str]:
        return {str(about["name"]): place for place, about in self._workers.items()}

    @cached_property
    def _labels(self) -> frozenset[str]:
        return frozenset(each for about in self._workers.values() for each in about["resources"])

    def where(self, task: Task, *, again: bool = False, at: str = "") -> Destination:
        """Where a task goes, with what it needs.

        One that failed somewhere goes elsewhere, if there is an elsewhere.  One that is sent
        `again`, as its answer is lost, goes to the worker `at` which it has begun: there it still
        runs, or is known.  Others go to the workers of their bench, from which the rest may steal.
        """
        resources = {name: number for name, number in task.needs.items() if name != CPU}
        resources |= {name: 1 for name in (task.job.cell.compiler,) if name in self._labels}
        needs, names = tuple(sorted(resources.items())), self._by_name
        if task.avoid and (others := names.keys() - task.avoid):
            return Destination(needs, tuple(names[each] for each in sorted(others)), strict=True)
        if again:
            return (
                Destination(needs, (names[at],), strict=True) if at in names else Destination(needs)
            )
        return Destination(needs, self._of(task.job.bench))

    def _of(self, bench: str) -> tuple[str, ...]:
        if bench not in self._near:
            share = self._benches.get(bench, 0) / max(1, sum(self._benches.values()))
            names = nearest(list(self._by_name), bench, int(share * len(self._by_name)))
            self._near[bench] = tuple(self._by_name[name] for name in names)
        return self._near[bench]


def nearest(names: Sequence[str], bench: str, many: int = 1) -> Sequence[str]:
    """The workers, by their names, whose a bench is, at least one where there are some: the same
    as long as they are there."""

    def rank(name: str) -> bytes:
        return hashlib.sha256(f"{name} {bench}".encode()).digest()

    return sorted(names, key=rank, reverse=True)[: max(1, many)]
