# SPDX-License-Identifier: GPL-2.0-only
"""Which files a series changes, and what follows from it: rules R14 and R16."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.architectures import ARCHITECTURES
from codegen.check.remark import Remark
from codegen.check.view import View

_COPIES = re.compile(r"tools/(arch/\w+/)?include/uapi/")


def shadow(view: View) -> Iterator[Remark]:
    """R14: changes of the MMU are run with two-dimensional paging off as well."""
    for trial in (each.runs.trial for each in ARCHITECTURES.values() if each.runs):
        for patch, _ in view.changes(trial.mmu) if trial.mmu else ():
            what = "the MMU is changed: run the tests with TDP off as well"
            params = ", ".join(param for params in trial.conditions for param in params)
            hint = f"`gen test` does; by hand: {params}"
            yield Remark(what, patch.name, hint=hint, note=True)
            return


def copies(view: View) -> Iterator[Remark]:
    """R16: the copies of the uAPI headers below tools/ are left alone."""
    for patch, change in view.changes("tools/"):
        if _COPIES.match(change.path):
            line = patch.line_with(f"+++ b/{change.path}")
            hint = "perf's maintainers sync these copies; KVM's selftests do not read them"
            yield Remark(f"{change.path} is a copy", patch.name, line, hint)
