# SPDX-License-Identifier: GPL-2.0-only
"""gen matrix on real kernels: four cells, and a person's series of which one patch does not build."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.caches import OBJECTS, linked
from tests.processes import below, running
from tests.unit.cluster import ROOT, Cluster, jobs_of, kept_by_workers
from tests.unit.test_matrix_runs import until

from .conftest import KEPT, location, made

pytestmark = pytest.mark.kernel


def matrix(folder: Path, *words: str) -> dict[str, Any]:
    """What gen matrix says, for a program."""
    command = [sys.executable, "-m", "codegen", "matrix", "--json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert "cells" in found, found
    return found


def test_four_cells(tmp_path: Path) -> None:
    (tmp_path / "four.yaml").write_text(
        "descriptions: [small-pages-only]\nvariants: [memslot-flag, quirk]\nuntil: check\n"
        f"trees: [{', '.join(f'debian:{each}' for each in KEPT)}]\n"
    )
    said = matrix(tmp_path, "four.yaml")
    assert [each["outcome"]["verdict"] for each in said["cells"]] == ["pass"] * 4
    assert matrix(tmp_path, "four.yaml")["known_already"] == 4


def test_the_patch_that_does_not_build_is_named(tmp_path: Path) -> None:
    series = made("small-pages-only", "quirk", "6.12")
    names = [patch.name for patch in series.patches]
    for name in names:
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / name).write_bytes(series.files[name])
    wrong = next(each for each in series.patches if "arch/x86/kvm/mmu/mmu.c" in each.changes)
    path = tmp_path / "mine" / wrong.name
    text = path.read_text()
    assert text.count("return PG_LEVEL_4K;") == 1
    path.write_text(text.replace("return PG_LEVEL_4K;", "return PG_LEVEL_4KB;"))
    words = ("--series", "mine", "--tree", "debian:6.12", "--until", "build")
    (cell,) = matrix(tmp_path, *words)["cells"]
    outcome = cell["outcome"]
    assert (outcome["verdict"], outcome["step"]) == ("fail", "build")
    assert outcome["patch"] == wrong.name and "PG_LEVEL_4KB" in "\n".join(outcome["lines"])
    assert cell["again"].startswith(sys.executable) and set(outcome["logs"]) == {
        "build.log",
        "check.log",
    }


@pytest.mark.long
@pytest.mark.parametrize(
    ("step", "program"),
    [("build", b"/cc1"), pytest.param("boot", b"qemu-system", marks=pytest.mark.boot)],
)
def test_a_worker_that_is_killed_in_the_midst_of_it(
    step: str, program: bytes, tmp_path: Path
) -> None:
    """The cell begins again, elsewhere if there is an elsewhere, and one result is kept."""
    location("6.12")
    folder = tmp_path / "cluster"
    for name in ("w0", "w1", "client"):  # a store for each, trees and objects for all
        linked(folder / name, OBJECTS)
    env = {"PYTHONPATH": str(ROOT)}
    cluster = Cluster(folder, env)
    cells = ("--abi", "small-pages-only", "--variants", "quirk", "--tree", "debian:6.12")
    words = ("matrix", "--json", *cells, "--until", step, "--scheduler", cluster.address)
    try:
        client = subprocess.Popen(
            [sys.executable, "-m", "codegen", *words],
            env={**os.environ, **env, "GEN_CACHE": str(folder / "client")},
            stdout=subprocess.PIPE,
        )

        # gen itself, and the one that looks after it
        jobs: dict[int, bytes] = {}

        def works() -> bool:
            for job in jobs_of(folder):
                with suppress(OSError):
                    if any(program in line for line in below(job)):
                        jobs[job] = Path(f"/proc/{job}/environ").read_bytes()
            return bool(jobs)

        until(works, 1800)
        said = next(iter(jobs.values()))
        (number,) = (n for n in (0, 1) if f"GEN_CACHE={folder}/w{n}\0".encode() in said)
        cluster.workers[number].kill()
        until(lambda: not {*jobs} & {*jobs_of(folder)})  # nothing of it goes on
        (cell,) = json.loads(client.communicate(timeout=3600)[0])["cells"]
        assert cell["outcome"]["verdict"] == "pass", cluster.log()
        assert kept_by_workers(folder) == [cell["key"]]
    finally:
        cluster.stop()
    assert not running(str(folder))
