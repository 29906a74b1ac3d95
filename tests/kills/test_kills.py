# SPDX-License-Identifier: GPL-2.0-only
"""A sample of kills with the unit tests; the long lane does 1,000 and goes on where it stopped."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kills.grounds import Applying, Importing, Making
from tests.kills.testing import Testing

sys.path.insert(0, str(Path(__file__).parents[1] / "tree"))
from treekit import KERNEL, kernel_members, make_deb, make_tar

pytestmark = pytest.mark.programs
_SAMPLE = {"making": 6, "applying": 6, "importing": 2}
_LONG = {"making": 400, "applying": 400, "importing": 150, "testing": 50}


def small_deb(folder: Path) -> Path:
    """A package whose import takes a moment: 5 MB that do not compress."""
    noise = random.Random(0)
    files = {f"drivers/{number}.c": noise.randbytes(12_000) for number in range(400)}
    folder.mkdir()
    return make_deb(folder, make_tar(*kernel_members({**KERNEL, **files})))


GROUNDS: dict[str, Callable[[Path], Any]] = {
    "making": Making,
    "applying": Applying,
    "importing": lambda root: Importing(root, small_deb(root / "deb"), "6.12", "6.12.7-1"),
    "testing": Testing,
}


@pytest.mark.parametrize("name", _SAMPLE)
def test_a_sample(name: str, seed: int, tmp_path: Path) -> None:
    ground = GROUNDS[name](tmp_path)
    for number in range(_SAMPLE[name]):
        left, wrong = ground.kill(random.Random(f"{seed} {name} {number}"))
        assert not left.wrong and not wrong, (number, left, wrong)


@pytest.mark.long
@pytest.mark.parametrize("name", _LONG)
def test_all(name: str, seed: int, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """The seed, the count so far and what was wrong are kept in pytest's cache.

    A lane that was stopped goes on with its own seed, one that is through begins anew.
    """
    state = Path(pytestconfig.cache.mkdir("kills")) / f"{name}.json"  # type: ignore[union-attr]
    lane: dict[str, Any] = json.loads(state.read_text()) if state.exists() else {}
    if not lane or lane["done"] >= _LONG[name]:
        lane = {"seed": seed, "done": 0, "through": 0, "seconds": 0.0, "ways": {}, "wrong": {}}
    ground = GROUNDS[name](tmp_path)
    while lane["done"] < _LONG[name]:
        start = time.monotonic()
        left, wrong = ground.kill(random.Random(f"{lane['seed']} {name} {lane['done']}"))
        if left.wrong or wrong:
            lane["wrong"][str(lane["done"])] = [left.sent, left.status, *left.wrong, *wrong]
        lane["done"] += 1
        lane["through"] += left.status == 0  # it was quicker
        lane["ways"][left.sent] = lane["ways"].get(left.sent, 0) + 1
        lane["seconds"] += time.monotonic() - start
        state.write_text(json.dumps(lane, indent=1))
    print({key: value for key, value in lane.items() if key != "wrong"})
    assert not lane["wrong"], lane["wrong"]
