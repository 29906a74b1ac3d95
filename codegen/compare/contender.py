# SPDX-License-Identifier: GPL-2.0-only
"""What is compared: each variant on each tree, as a series that was made or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.base.progress import Report
from codegen.compare.model import ALREADY, FAILED, MADE, NOT_HERE, REDUNDANT, Column
from codegen.description.load import Description
from codegen.plan.context import Reserved
from codegen.plan.plan import Plan
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
    found: dict[int, Known] = {}
    waiting: dict[int, Future[Known]] = {}
    with ExitStack() as stack:
        tree = None
        pool = stack.enter_context(ThreadPoolExecutor(1))
        for number, variant in enumerate(wanted.variants):
            name = identity(
                wanted.description, variant, location, wanted.reserved, redundant=wanted.redundant
            )
            known = recall(name)
            if known:
                found[number] = known
                continue
            report(number, len(wanted.variants), f"planning {variant.name} on {location.name}")
            tree = tree or stack.enter_context(open_tree(location))
            try:
                plan = plan_for(
                    wanted.description,
                    variant,
                    location,
                    tree,
                    wanted.reserved,
                    redundant=wanted.redundant,
                )
            except NotHere as answer:
                found[number] = remember_answer(answer, name)
            except FindingsError as problem:
                found[number] = refused(problem)
            else:
                waiting[number] = pool.submit(_finished, plan, location, wanted.reserved, name)
        found.update({number: each.result() for number, each in waiting.items()})
    return [
        Contender(wanted.description, variant, location, version, found[number])
        for number, variant in enumerate(wanted.variants)
    ]


def _finished(plan: Plan, location: TreeLocation, reserved: Reserved, name: str | None) -> Known:
    return remember(finish(plan, location, reserved), name)
