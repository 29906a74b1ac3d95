# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix --export`: what GitLab and GitHub take, and its script runs the jobs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.matrix.cells import Cell
from codegen.matrix.export import files
from codegen.matrix.plan import Planned
from tests.unit.test_matrix import job
from tests.unit.test_matrix_runs import Ci

SCHEMAS = {"gitlab": "vendor.gitlab-ci", "github": "vendor.github-workflows"}


def _first(said: dict[str, Any]) -> str:
    return next(str(e["script"][0]) for e in said.values() if isinstance(e, dict) and "script" in e)


SCRIPT = {
    "gitlab": lambda said: _first(said),
    "github": lambda said: said["jobs"]["cells-1"]["steps"][1]["run"],
}


def planned(number: int) -> list[Planned]:
    """Cells whose jobs nobody runs, and one that is skipped."""
    jobs = [job(made_of={"gen": "a", "series": str(each)}) for each in range(number)]
    cells = [Cell("knob", f"v{each} '$(x)", "t", "x86", "default", "gcc") for each in range(number)]
    made = [Planned(c, j, key=j.key) for c, j in zip(cells, jobs, strict=True)]
    return [*made, Planned(Cell("knob", "skipped", "t", "x86", "default", "gcc", "no"))]


def judged(text: str, schema: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What check-jsonschema says, by the schema that it carries."""
    (folder / "judged.yml").write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    return subprocess.run(
        [*command, str(folder / "judged.yml")], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("form", SCHEMAS)
@pytest.mark.programs
def test_they_take_it(form: str, tmp_path: Path) -> None:
    made = files(planned(300), "nightly", form, "ci")
    path, text = next(iter(made.items()))
    done = judged(text, SCHEMAS[form], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = text.replace("max: 2", "max: 9").replace("runs-on:", "run-on:")
    assert judged(wrong, SCHEMAS[form], tmp_path).returncode == 1
    assert len(made) == 301 and path.endswith(".yml")


def test_github_s_matrices_are_no_larger_than_they_may_be() -> None:
    said = yaml.safe_load(files(planned(300), "nightly", "github", "ci")["workflow.yml"])
    sizes = [len(each["strategy"]["matrix"]["include"]) for each in said["jobs"].values()]
    assert sizes == [256, 44]


@pytest.mark.parametrize("form", SCHEMAS)
def test_no_name_is_a_part_of_a_script(form: str) -> None:
    said: Any = yaml.safe_load(next(iter(files(planned(2), "nightly", form, "ci").values())))
    assert "$(x)" not in SCRIPT[form](said)


@pytest.mark.parametrize("form", SCHEMAS)
@pytest.mark.programs
def test_its_script_runs_a_job(form: str, tmp_path: Path) -> None:
    """And tries again what the machine could not do: a tree that is not there, no failure."""
    ci = Ci(tmp_path)
    ci.gen("matrix", "nightly.yaml", "--variants", "quirk", "--export", form, "--out", "ci")
    (path,) = (tmp_path / "ci/jobs").iterdir()
    (made,) = (tmp_path / "ci").glob("*.yml")
    script = SCRIPT[form](yaml.safe_load(made.read_text()))
    (tmp_path / "run").write_text(
        f'#!/bin/sh\necho >>tries\nexec {sys.executable} -m codegen "$@"\n'
    )
    (tmp_path / "run").chmod(0o755)

    def status() -> int:
        env = {**os.environ, **ci.env, "JOB": f"ci/jobs/{path.name}", "GEN": "./run"}
        done = subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=env, check=False)
        return done.returncode

    (tmp_path / "linux").rename(tmp_path / "gone")
    assert status() == 2
    tries = (tmp_path / "tries").read_text().count("\n")
    assert tries == {"gitlab": 1, "github": 3}[form]  # GitLab itself tries again
    (tmp_path / "gone").rename(tmp_path / "linux")
    assert status() == 0 and (tmp_path / "tries").read_text().count("\n") == tries + 1
