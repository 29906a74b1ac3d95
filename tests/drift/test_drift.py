# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a tree has been refactored into: a series on it is right or refused, none is wrong.

Each drift is tried with one series among the unit tests, and with all that it concerns among the
long ones, which also see that it is a refactoring; a sample of them on Debian's kernels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from tests.drift import drifts
from tests.drift.drift import DRIFTS, Drift
from tests.drift.judge import REFUSED, RIGHT, WRONG, NotApplicable, Outcome, drifted, outcomes
from tests.drift.known import known_wrong
from tests.drift.trees import Base, base

pytestmark = pytest.mark.programs

assert drifts
GROUPS = sorted({drift.group for drift in DRIFTS.values()})
SAMPLE = (
    "unknown-flags-ternary",
    "apply-flags-in-a-header",
    "quirk-mask-genmask",
    "sev-init-message",
    "known-flags-in-a-table",
    "newest-capability-enum",
)


@pytest.fixture(scope="module")
def small() -> Iterator[Base]:
    """The small tree and the series on it."""
    with base("minitree") as tree:
        yield tree


def _of(group: str) -> list[Drift]:
    return [drift for drift in DRIFTS.values() if drift.group == group]


def _agrees(tree: str, found: Iterable[Outcome], whole: bool) -> None:
    """Nothing is wrong but what known.yaml lists; of that all, if all was tried."""
    wrong = {(o.drift, o.cell): o.why for o in found if o.verdict == WRONG}
    known = known_wrong(tree)
    assert {cell: why for cell, why in wrong.items() if cell not in known} == {}
    tried = {(o.drift, o.cell) for o in found}
    assert (set(known) & tried if not whole else set(known)) - set(wrong) == set()


@pytest.mark.parametrize("group", GROUPS)
def test_no_drift_ends_silently_wrong(small: Base, group: str) -> None:
    found = [next(outcomes(drift, small, drift.on(small.tree))) for drift in _of(group)]
    assert found
    _agrees("minitree", found, whole=False)


@pytest.mark.long
def test_all_series_on_all_drifts(small: Base) -> None:
    found = [o for d in DRIFTS.values() for o in outcomes(d, small, drifted(d, small))]
    _agrees("minitree", found, whole=True)
    for group in GROUPS:
        counts = Counter(o.verdict for o in found if o.group == group)
        assert counts[RIGHT] + counts[REFUSED] >= 0.5 * counts.total(), group


@pytest.mark.kernel
@pytest.mark.long
@pytest.mark.parametrize("release", ["6.1", "6.12"])
def test_a_sample_on_real_trees(release: str) -> None:
    name = f"debian:{release}"
    found: list[Outcome] = []
    with base(name) as tree:
        for drift in map(DRIFTS.__getitem__, SAMPLE):
            try:
                found += outcomes(drift, tree, drifted(drift, tree))
            except NotApplicable:
                continue
    assert found
    _agrees(name, found, whole=False)


def test_there_are_drifts_of_every_class() -> None:
    assert len(DRIFTS) >= 25
    assert {"names", "moved", "extracted", "inverted", "macros", "documents"} <= set(GROUPS)
