# SPDX-License-Identifier: GPL-2.0-only
"""What a series changes for programs that are built already."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.base.errors import FindingsError
from codegen.check.remark import Remark
from codegen.check.view import View, is_uapi
from codegen.uapi.difference import Difference
from codegen.uapi.trees import differences


def kept(view: View) -> Iterator[Remark]:
    """Every constant keeps its value and every struct its layout, as `gen abi-diff` reads them."""
    if not any(is_uapi(path) for path in view.series.paths):
        return
    try:
        found = differences(view.before.tree, view.after.tree)
    except FindingsError as problem:
        old = [f for f in problem.findings if f.message.startswith("in the first tree")]
        for finding in old or problem.findings:  # what the tree has wrong is not the series' fault
            what = f"the ABIs cannot be compared: {finding.path}: {finding.message}"
            yield Remark(what, note=bool(old))
        return
    for each in found:
        if each.breaks:
            values = (
                f": {each.before} before, {each.after} now" if each.before and each.after else ""
            )
            what = f"{each.name} is {each.change}{values}"
            yield Remark(what, *_where(view, each), "programs that are built already depend on it")


def _where(view: View, each: Difference) -> tuple[str, int]:
    """The patch that touches the name's header, the line of it that adds the name."""
    touching = [(p, c) for p, c in view.changes() if c.path == each.header]
    word = each.name.removeprefix("struct ").partition(".")[2] or each.name
    for patch, change in touching:
        for line in change.added.values():
            if word in line:
                return patch.name, patch.line_of(change.path, line)
    return (touching[0][0].name if touching else view.patches[0].name), 0
