# SPDX-License-Identifier: GPL-2.0-only
"""All checks on a series, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from codegen.architectures import DEFAULT, Architecture
from codegen.base.progress import Report, silent
from codegen.check.registry import CHECKS, Check, reasoned
from codegen.check.remark import Remark
from codegen.check.view import View, look
from codegen.series.make import open_tree
from codegen.series.series import Series

if TYPE_CHECKING:
    from codegen.check.standing import Standing


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
                found += reasoned(each.name, next(said))
    standings: list[Standing] = []
    if compiler is not None:
        from codegen.check.built import on_each  # and with it all that builds

        for standing, told in on_each(series, compiler, archs, built, stranger, progress):
            standings.append(standing)
            found += told
    order = {name: number for number, name in enumerate(series.files)}
    found.sort(key=lambda remark: (order.get(remark.patch, -1), remark.line))
    names = tuple(each.name for each in checks if each.run or compiler)
    return Checked(tuple(dict.fromkeys(found)), names, len(series.patches), tuple(standings))


def _said(view: View, check: Check) -> Sequence[Remark]:
    return list(check.run(view)) if check.run else ()
