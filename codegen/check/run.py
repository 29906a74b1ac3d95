# SPDX-License-Identifier: GPL-2.0-only
"""All checks on a series, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from codegen.architectures import DEFAULT, Architecture
from codegen.base.errors import EnvironmentFailure
from codegen.base.progress import Report, silent
from codegen.check.registry import CHECKS, REASONS, Check
from codegen.check.remark import Remark
from codegen.check.standing import Standing, booted, compiled
from codegen.check.view import View, look
from codegen.run.bench import Bench, open_bench
from codegen.run.build import Options
from codegen.run.make import Step
from codegen.series.make import open_tree
from codegen.series.series import Series

_WHOLE = 100_000  # one piece of the work in the units of its progress
_TYPICAL = 150  # objects of KVM and of what it needs, where nobody knows yet; for progress only


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, in the order of the patches, the names of the checks that ran, and what
    holds on each architecture that was asked for where something is built."""

    remarks: tuple[Remark, ...]
    checks: tuple[str, ...]
    patches: int
    standings: tuple[Standing, ...] = ()

    @property
    def findings(self) -> tuple[Remark, ...]:
        """The remarks that are errors."""
        return tuple(remark for remark in self.remarks if not remark.note)


def check(
    series: Series,
    *,
    archs: Sequence[Architecture] = (DEFAULT,),
    compiler: str | None = "gcc",
    progress: Report = silent,
    checks: Sequence[Check] = CHECKS,
    stranger: str = "",
) -> Checked:
    """Check a series on its tree, by all checks or some; without a compiler nothing is built, with
    one it is built for each of some architectures.

    `stranger` is the digest of a series that gen did not make.
    Raises EnvironmentFailure where a program is missing or the tree does not build without the
    series on any of the architectures; on one of several, the standing says so.
    """
    built = {each.name for each in checks if each.run is None}
    compiler = compiler if built else None
    found: list[Remark] = []
    with open_tree(series.tree) as tree:
        view = look(series, tree)
        # checkpatch.pl and the parser are processes of their own: nobody waits for both in turn
        with ThreadPoolExecutor(2) as pool:
            asked = [each for each in checks if each.run]
            said = pool.map(partial(_said, view), asked)
            for number, each in enumerate(asked):
                progress(number, len(asked), "reading the series")
                found += _named(each.name, next(said))
    standings: list[Standing] = []
    if compiler is not None:
        each_arch = [Options(compiler, arch) for arch in archs]
        for standing, told in _on_each(series, each_arch, built, stranger, progress):
            standings.append(standing)
            found += told
    order = {name: number for number, name in enumerate(series.files)}
    found.sort(key=lambda remark: (order.get(remark.patch, -1), remark.line))
    names = tuple(each.name for each in checks if each.run or compiler)
    return Checked(tuple(dict.fromkeys(found)), names, len(series.patches), tuple(standings))


def _said(view: View, check: Check) -> Sequence[Remark]:
    return list(check.run(view)) if check.run else ()


def _on_each(
    series: Series, asked: Sequence[Options], built: set[str], stranger: str, progress: Report
) -> Iterator[tuple[Standing, list[Remark]]]:
    """What holds on each architecture, and the remarks of the checks that are `built`."""
    failures: list[EnvironmentFailure] = []
    for options in asked:
        others = [other.arch.name for other in asked if other != options]
        tell = partial(progress, 0, None, "another run has the tree's bench")
        told: list[Remark] = []
        try:
            with open_bench(series.tree, options, tell, stranger) as bench:
                said = _named("bisect", _built(series, bench, progress, others))
                told = [remark for remark in said if remark.rule in built]
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
    from codegen.check.bisect import bisect

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


def _named(name: str, remarks: Iterable[Remark]) -> Iterator[Remark]:
    """Remarks with the rule and the reason of the check that they came from."""
    for remark in remarks:
        rule = remark.rule or name
        yield replace(remark, rule=rule, reason=REASONS.get(rule.partition(":")[0], ""))
