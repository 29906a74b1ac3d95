# SPDX-License-Identifier: GPL-2.0-only
"""The checks that build: a series is compiled patch by patch, on each architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from codegen.architectures import Architecture
from codegen.base.errors import EnvironmentFailure
from codegen.base.progress import Report
from codegen.check.bisect import bisect
from codegen.check.registry import reasoned
from codegen.check.remark import Remark
from codegen.check.standing import Standing, booted, compiled
from codegen.run.bench import Bench, open_bench
from codegen.run.build import Options
from codegen.run.make import Step
from codegen.series.series import Series

_WHOLE = 100_000  # one piece of the work in the units of its progress
_TYPICAL = 150  # objects of KVM and of what it needs, where nobody knows yet; for progress only


def on_each(
    series: Series,
    compiler: str,
    archs: Sequence[Architecture],
    checks: set[str],
    stranger: str,
    progress: Report,
) -> Iterator[tuple[Standing, list[Remark]]]:
    """What holds on each architecture, and the remarks of some checks.

    Raises EnvironmentFailure where that could not be found out on any.
    """
    asked = [Options(compiler, arch) for arch in archs]
    failures: list[EnvironmentFailure] = []
    for options in asked:
        others = [other.arch.name for other in asked if other != options]
        tell = partial(progress, 0, None, "another run has the tree's bench")
        told: list[Remark] = []
        try:
            with open_bench(series.tree, options, tell, stranger) as bench:
                said = reasoned("bisect", _built(series, bench, progress, others))
                told = [remark for remark in said if remark.rule in checks]
                findings = sum(not remark.note for remark in told)
                standing = Standing(options.arch.name, compiled(findings), booted(series, bench))
        except EnvironmentFailure as failure:
            standing = Standing(options.arch.name, "", str(failure))
            failures.append(failure)
        yield standing, told
    if len(failures) == len(asked):
        raise failures[-1]


def _built(
    series: Series, bench: Bench, progress: Report, others: Sequence[str]
) -> Iterator[Remark]:
    pieces = len(series.patches) + 1  # the tree without the series is the first
    reached = 0

    def tell(piece: int) -> Callable[[Step], None]:
        what = f"patch {piece} of {pieces - 1}" if piece else "the tree without the series"

        def step(made: Step) -> None:
            nonlocal reached
            total = made.total if piece else _TYPICAL
            share = made.done / max(total or 1, made.done)
            reached = max(reached, round((piece + share) * _WHOLE))
            progress(reached, pieces * _WHOLE, f"compiling {what}")

        step(Step(0, None, what))
        return step

    return bisect(series, bench, tell, others)
