# SPDX-License-Identifier: GPL-2.0-only
"""Measure in a guest: a program takes the place of a series' selftest, and says figures.

It is built where that test is built, and never becomes part of the series.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low

from codegen.mail.patch import Patch
from codegen.run.bench import Bench
from codegen.run.build import KernelBuild
from codegen.run.guestlog import Verdict
from codegen.run.initramfs import GuestTest
from codegen.run.runner import Guest, run_tests
from codegen.run.selftests import FOLDER, build_selftests
from codegen.sandbox import made
from codegen.series.commit import make_commits, signed
from codegen.tree.changed import Changed

MODES = ("on", "off")
_ROUNDS = 3  # each a process: what the host takes away meanwhile depends on where its memory lies
_FIGURE = re.compile(r"^\| figure (\w+) (\w+) (\d+) (\d+)\r?$", re.M)
Points = Mapping[str, Mapping[str, Sequence[tuple[int, int]]]]  # by mode and by name


@dataclass(frozen=True)
class Measured:
    """What was said, `failed` by mode where the program did not come to its end, and its log."""

    points: Points
    failed: Mapping[str, str]
    log: bytes


def built(bench: Bench, kernel: KernelBuild, tip: str, test: str, text: str, folder: Path) -> Path:
    """A program, C as `text`, built in the place of the selftest `test` of the commit `tip`.

    Raises what the build raises.
    """
    path = f"{FOLDER}/{test}.c"
    change = Changed(path, b"", text.encode())
    patch = Patch(subject="measure", message="", changes={path: change})
    (commit,) = make_commits([signed(patch, None)], bench.git_dir, tip).ids
    bench.source(commit)
    try:
        program = build_selftests(kernel, [test], jobs=bench.options.jobs).programs[test]
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(program, folder / "program"))
    finally:
        bench.source(tip)


def measured(program: Path, guest: Guest, folder: Path) -> Measured:
    """What a program says in a guest.  Raises what the boot raises."""
    modes = {f"{mode}-{number}": mode for number in range(_ROUNDS) for mode in MODES}
    tests = [GuestTest(name, program, (mode,), 180) for name, mode in modes.items()]
    results = run_tests(guest, tests, folder / "boots")
    bad = [each for each in results if each.verdict is not Verdict.PASS]
    failed = {modes[each.name]: f"{each.verdict}: {each.reason}" for each in bad}
    said = b"".join(made.read(log) for log in sorted(folder.glob("boots/boot*/output.log")))
    return Measured(points(said.decode("utf-8", "replace")), failed, said)


def points(said: str) -> Points:
    """The figures in what a guest said; of several for one x, the median."""
    every: dict[str, dict[str, dict[int, list[int]]]] = {}
    for mode, name, x, value in _FIGURE.findall(said):
        by_x = every.setdefault(mode, {}).setdefault(name, {})
        by_x.setdefault(int(x), []).append(int(value))
    return {
        mode: {name: [(x, median_low(v)) for x, v in by_x.items()] for name, by_x in names.items()}
        for mode, names in every.items()
    }
