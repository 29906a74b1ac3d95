# SPDX-License-Identifier: GPL-2.0-only
"""What is compared: each variant on each tree, as a series that was made or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.base.forked import forked
from codegen.base.progress import Report
from codegen.compare.model import ALREADY, FAILED, MADE, NOT_HERE, REDUNDANT, Column
from codegen.description.load import Description
from codegen.kernel.survey import Survey, read_all
from codegen.plan.context import Reserved
from codegen.plan.variants import Variant
from codegen.series.identity import Known, identity, recall, refused, remember, remember_answer
from codegen.series.make import finish, open_tree, plan_for
from codegen.tree.locate import TreeLocation


@dataclass(frozen=True)
class Contender:
    """A variant on a tree."""

    description: Description
    variant: Variant
    location: TreeLocation
    version: str
    series: Known

    @property
    def made(self) -> bool:
        """Whether there is a series."""
        return bool(self.series.files)

    @property
    def column(self) -> Column:
        """What heads its figures."""
        state, reason = MADE, str(self.series.manifest.get("redundant", ""))
        if reason:
            state = REDUNDANT
        if not self.made:
            state = ALREADY if self.series.already else FAILED if self.series.failed else NOT_HERE
            reason = "; ".join(each.message for each in self.series.refused)
        tree, variant = self.location.name, self.variant
        return Column(tree, self.version, variant.name, variant.summary, state, reason)

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"{self.variant.name} on {self.location.name}"


@dataclass(frozen=True)
class Wanted:
    """What to compare."""

    description: Description
    variants: Sequence[Variant]
    reserved: Reserved
    redundant: bool


def contenders(
    wanted: Wanted, location: TreeLocation, version: str, report: Report
) -> list[Contender]:
    """Each variant on a tree: from the store, or made now.

    A mistake in the description or a place that is not found is an answer as well: it says so.
    """
    names = [
        identity(wanted.description, each, location, wanted.reserved, redundant=wanted.redundant)
        for each in wanted.variants
    ]
    known = [recall(name) for name in names]
    todo = [number for number, each in enumerate(known) if each is None]
    if todo:
        called = ", ".join(wanted.variants[number].name for number in todo)
        report(0, None, f"making {called} on {location.name}")

        with open_tree(location) as tree:  # read here, it is known to all processes and to the page
            read_all(Survey(tree, wanted.description.knob.architectures))
    # the longest first, so that no process is left alone with one at the end
    todo.sort(key=lambda number: wanted.variants[number].size, reverse=True)
    with ThreadPoolExecutor(1) as pool:  # scripts and git are waited for while the next is planned

        def make(number: int) -> Known | Future[Known]:
            return _made(wanted, wanted.variants[number], location, names[number], pool)

        found = dict(zip(todo, forked(make, todo), strict=True))
    series = (known[number] or found[number] for number in range(len(known)))
    return [
        Contender(wanted.description, variant, location, version, each)
        for variant, each in zip(wanted.variants, series, strict=True)
    ]


def _made(
    wanted: Wanted, variant: Variant, location: TreeLocation, name: str | None, pool: Executor
) -> Known | Future[Known]:
    """A series, or the answer that there is none, made now; kept under the name."""
    description, reserved, redundant = wanted.description, wanted.reserved, wanted.redundant
    try:
        with open_tree(location) as tree:
            plan = plan_for(description, variant, location, tree, reserved, redundant=redundant)
    except NotHere as answer:
        return remember_answer(answer, name)
    except FindingsError as problem:
        return refused(problem)
    return pool.submit(lambda: remember(finish(plan, location, reserved), name))
