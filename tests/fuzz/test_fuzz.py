# SPDX-License-Identifier: GPL-2.0-only
"""Mutated descriptions through lint, and through generation where lint takes them.

A sample runs with the unit tests; the long lane does 20,000 and goes on where it was stopped.
`python -m tests.fuzz SEED [COUNT]` shows what becomes of one, or of some.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml

from tests.fuzz.mutate import mutant, seeds
from tests.fuzz.oracle import outcome

pytestmark = pytest.mark.programs

_SAMPLE = 60
_LONG = 20_000
_STEP = 250


def test_what_is_mutated_is_sound(tmp_path: Path) -> None:
    """The oracle finds nothing where nothing is wrong, and enough of it is generated."""
    made = 0
    for said in seeds():
        found = outcome(yaml.safe_dump(said, sort_keys=False).encode(), tmp_path, twice=True)
        assert found.accepted and not found.wrong, (said["name"], found.wrong)
        made += found.made
    assert made > 40


def test_a_sample(seed: int, tmp_path: Path) -> None:
    accepted = 0
    for number in range(seed, seed + _SAMPLE):
        found = outcome(mutant(number), tmp_path, twice=True)
        assert not found.wrong, (number, found.wrong)
        accepted += found.accepted
    assert accepted


@pytest.mark.long
def test_all(seed: int, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """The seeds, the count so far and what was wrong are kept in pytest's cache.

    A lane that was stopped goes on with its own seed, one that is through begins anew.
    """
    state = Path(pytestconfig.cache.mkdir("fuzz")) / "lane.json"  # type: ignore[union-attr]
    lane = {"seed": seed, "done": 0, "accepted": 0, "series": 0, "seconds": 0.0, "wrong": {}}
    if state.exists():
        lane = json.loads(state.read_text())
        if lane["done"] >= _LONG:
            lane = {**lane, "seed": seed, "done": 0, "accepted": 0, "series": 0, "seconds": 0.0}
            lane["wrong"] = {}
    while lane["done"] < _LONG:
        start = time.monotonic()
        for number in range(lane["seed"] + lane["done"], lane["seed"] + lane["done"] + _STEP):
            found = outcome(mutant(number), tmp_path, twice=number % 10 == 0)
            lane["accepted"] += found.accepted
            lane["series"] += found.made
            if found.wrong:
                lane["wrong"][str(number)] = found.wrong
        lane["done"] += _STEP
        lane["seconds"] += time.monotonic() - start
        state.write_text(json.dumps(lane, indent=1))
    print({key: value for key, value in lane.items() if key != "wrong"})
    assert not lane["wrong"], lane["wrong"]
    assert lane["accepted"] > _LONG / 10 and lane["series"] > _LONG / 10
