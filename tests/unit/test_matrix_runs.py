# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix` with real processes on the small tree: nothing is lost, run twice, or made up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from codegen.matrix.journal import read_run
from codegen.run.guestlog import Verdict
from tests.processes import running
from tests.unit.cluster import jobs_of
from tests.unit.test_compare import Gen

pytestmark = pytest.mark.programs

VARIANTS = ("hardcoded", "quirk", "vm-type")
MATRIX = f"""\
descriptions: [./knob.yaml]
variants: [{', '.join(VARIANTS)}]
trees: [./linux]
until: generate
"""


class Ci(Gen):
    """The same, with a matrix of all variants, which are generated."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.more: dict[str, str] = {}
        self.within: list[str] = []  # what its commands begin with
        (folder / "nightly.yaml").write_text(MATRIX)
        (folder / "tmp").mkdir()

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start gen and do not wait."""
        return subprocess.Popen(
            [*self.within, sys.executable, "-m", "codegen", *words],
            cwd=self.folder,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def env(self) -> dict[str, str]:
        """Its own gen, its own cache."""
        own = {"PYTHONPATH": str(self.folder / "gen"), "GEN_CACHE": str(self.folder / "cache")}
        return {**own, "TMPDIR": str(self.folder / "tmp"), **self.more}

    def gen(self, *words: str, status: int = 0) -> str:
        """What gen says."""
        process = self.start(*words)
        out, err = process.communicate(timeout=300)
        assert process.returncode == status, out + err
        assert "Traceback" not in err
        return out

    def matrix(self, *words: str, status: int = 0) -> dict[str, Any]:
        """A run of the matrix."""
        found: dict[str, Any] = json.loads(
            self.gen("matrix", "nightly.yaml", "--json", *words, status=status)
        )
        return found

    @property
    def runs(self) -> list[Path]:
        """The folders of its runs."""
        return sorted((self.folder / "cache/matrix/nightly").glob("*"))

    def working(self) -> bool:
        """Whether some job of its own runs."""
        return bool(running(f"{self.folder}/tmp/gen-job-"))

    def jobs(self) -> list[int]:
        """The processes of its own that do a job."""
        return jobs_of(self.folder)

    def begun(self) -> list[tuple[str, str]]:
        """Each start of a cell in any run: the run, and the cell's key."""
        found = []
        for run in self.runs:
            keys = read_run(run).keys
            for line in (run / "events.jsonl").read_text().splitlines():
                said = json.loads(line)
                if "worker" in said:
                    found.append((run.name, keys[said["cell"]]))
        return found


@pytest.fixture
def ci(tmp_path: Path) -> Ci:
    return Ci(tmp_path)


def until(holds: Callable[[], object], seconds: float = 150) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def verdicts(said: dict[str, Any]) -> dict[str, str]:
    """By variant."""
    return {each["variant"]: each["outcome"]["verdict"] for each in said["cells"]}


def ended(ci: Ci) -> int:
    """How many cells of the last run have ended."""
    path = ci.runs[-1] / "events.jsonl" if ci.runs else None
    return path.read_text().count('"outcome"') if path and path.exists() else 0


def test_a_matrix_comes_to_its_end_and_is_known_then(ci: Ci) -> None:
    first = ci.matrix()
    assert first["ok"] and verdicts(first) == dict.fromkeys(VARIANTS, "pass")
    assert first["known_already"] == 0 and len(ci.begun()) == len(VARIANTS)
    second = ci.matrix()
    assert second["known_already"] == len(VARIANTS) and len(ci.begun()) == len(VARIANTS)
    assert [each["key"] for each in second["cells"]] == [each["key"] for each in first["cells"]]
    said = ci.gen("matrix", "status", "nightly")
    assert f"nightly: has ended; {len(VARIANTS)} pass; {len(VARIANTS)} known already" in said


def test_only_what_is_made_of_something_else_is_run(ci: Ci) -> None:
    ci.matrix()
    template = ci.folder / "gen/templates/quirk/variant.yaml"
    template.write_text(template.read_text() + "# changed\n")
    said = ci.matrix("--since", "LAST")
    fresh = {each["variant"] for each in said["cells"] if not each["outcome"]["kept"]}
    assert fresh == {"quirk"}
    assert len(ci.begun()) == len(VARIANTS) + 1


def test_without_a_run_before_there_is_no_last_one(ci: Ci) -> None:
    said = ci.matrix("--since", "LAST", status=2)
    assert "no run of nightly has come to its end" in said["error"]["message"]


def test_a_client_that_is_killed_has_lost_nothing(ci: Ci) -> None:
    client = ci.start("matrix", "nightly.yaml")
    until(lambda: ended(ci) >= 1)
    client.send_signal(signal.SIGSTOP)  # else it comes to its end meanwhile
    assert "nightly: goes on" in ci.gen("matrix", "status", "nightly")
    client.kill()
    client.communicate()
    until(lambda: not running(str(ci.folder / "cache")) and not ci.working())
    assert "was ended before its time" in ci.gen("matrix", "status", "nightly")
    known = ended(ci)
    said = ci.matrix()
    assert said["ok"] and said["known_already"] >= known >= 1


def test_the_same_matrix_twice_at_once_runs_each_cell_once(ci: Ci) -> None:
    clients = [ci.start("matrix", "nightly.yaml", "--json") for _ in range(2)]
    said = [json.loads(client.communicate(timeout=300)[0]) for client in clients]
    assert [each["ok"] for each in said] == [True, True]
    made = list((ci.folder / "cache/store/records").rglob("*"))
    kinds = [json.loads(path.read_bytes())["kind"] for path in made if path.is_file()]
    assert kinds.count("cell") == len(VARIANTS)


def test_a_damaged_result_is_found_out_again(ci: Ci) -> None:
    ci.matrix()
    for path in (ci.folder / "cache/store/records").rglob("*"):
        if path.is_file() and json.loads(path.read_bytes())["kind"] == "cell":
            path.write_bytes(path.read_bytes()[:-20])
    said = ci.matrix()
    assert said["ok"] and said["known_already"] == 0


def test_a_mistake_fails_once_and_says_how_to_see_it_again(ci: Ci) -> None:
    """A description that the tree does not fit: where it says something else than is there."""
    knob = (ci.folder / "knob.yaml").read_text()
    (ci.folder / "knob.yaml").write_text(knob.replace("max_level = min(", "max_level = max("))
    said = ci.matrix("--variants", "quirk", status=1)
    (cell,) = said["cells"]
    assert cell["outcome"]["verdict"] == "fail" and cell["outcome"]["lines"]
    assert len(ci.begun()) == 1
    again = cell["again"].split(" ")
    assert again[-4:-1] == ["job", "run", "--again"]
    told = ci.gen("job", "run", "--again", again[-1], status=1)
    assert told.startswith("fail ") and cell["outcome"]["reason"] in told


def test_what_the_machine_lacks_is_tried_three_times_and_is_no_pass(ci: Ci) -> None:
    """The tree is taken away behind the client's back: its jobs cannot find it."""
    (ci.folder / "nightly.yaml").write_text(MATRIX.replace("generate", "check"))
    client = ci.start("matrix", "nightly.yaml", "--json", "--variants", "quirk")
    until(lambda: ci.runs and (ci.runs[-1] / "run.json").exists())
    (ci.folder / "linux").rename(ci.folder / "gone")
    said = json.loads(client.communicate(timeout=300)[0])
    assert client.returncode == 2 and verdicts(said) == {"quirk": "infra"}
    assert "the tree " in said["cells"][0]["outcome"]["reason"]
    assert len(ci.begun()) == 3
    (ci.folder / "gone").rename(ci.folder / "linux")
    assert ci.matrix("--variants", "quirk", "--until", "generate")["ok"]


def test_a_job_that_hangs_is_ended(ci: Ci) -> None:
    """Stopped, as a machine that swaps itself to death: it says nothing of the series."""
    client = ci.start("matrix", "nightly.yaml", "--json", "--variants", "quirk", "--limit", "1")

    def stop() -> bool:
        for each in ci.jobs():
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        return client.poll() is not None

    until(stop)
    said = json.loads(client.communicate()[0])
    assert verdicts(said) == {"quirk": "infra"}
    assert said["cells"][0]["outcome"]["reason"] == "took longer than 1 s and was ended"
    until(lambda: not running(str(ci.folder / "cache")))


def test_a_person_s_series_is_tried_as_well(ci: Ci) -> None:
    ci.gen("--abi", "knob.yaml", "--variant", "quirk", "--tree", "linux", "--out", "made")
    (series,) = (path.parent for path in (ci.folder / "made").rglob("0000-*.patch"))
    last = sorted(series.glob("0*.patch"))[-1]
    last.write_text(last.read_text().replace("\n+", "\n+\n+", 1).replace(" \n", " X\n", 1))
    said = ci.matrix("--series", f"./{series.relative_to(ci.folder)}", status=1)
    cells = {each["variant"] or "series": each["outcome"] for each in said["cells"]}
    assert cells["series"]["verdict"] == Verdict.FAIL and cells["series"]["patch"] == last.name


@pytest.mark.parametrize("form", ["ktap", "junit"])
def test_others_can_read_it(ci: Ci, form: str) -> None:
    said = ci.gen("matrix", "nightly.yaml", "--format", form)
    if form == "ktap":
        assert said.splitlines()[:2] == ["KTAP version 1", f"1..{len(VARIANTS)}"]
    else:
        assert len(list(ET.fromstring(said).iter("testcase"))) == len(VARIANTS)


def test_a_branch_of_a_remote_is_a_tree_and_is_fetched_once(ci: Ci) -> None:
    remote = f"file://{ci.folder / 'linux'}"
    (ci.folder / "nightly.yaml").write_text(MATRIX.replace("./linux", f"'{remote}@HEAD'"))
    said = ci.matrix("--variants", "quirk")
    assert said["ok"] and said["cells"][0]["tree"] == f"{remote}@HEAD"
    # a machine that has nothing but the job
    ci.gen("matrix", "nightly.yaml", "--variants", "quirk", "--export", "github", "--out", "ci")
    (path,) = (ci.folder / "ci/jobs").iterdir()
    (ci.folder / "cache").rename(ci.folder / "cache.before")
    assert ci.gen("job", "run", str(path)).startswith("pass ")
    (ci.folder / "linux").rename(ci.folder / "gone")
    assert ci.gen("job", "run", "--again", str(path)).startswith("pass ")


def test_a_remote_without_a_branch_is_told(ci: Ci) -> None:
    said = ci.matrix("--tree", "https://localhost/linux.git", status=2)
    assert "is named with its branch, as https://localhost/linux.git@master" in str(said["error"])
