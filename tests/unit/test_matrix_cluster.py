# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix --scheduler`: a cluster of real processes, of which each is killed on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import UsageError
from codegen.matrix.address import address_in, checked
from codegen.matrix.job import read_job
from codegen.matrix.places import nearest
from tests.processes import running
from tests.unit.cluster import Cluster, kept_by_workers, speaks_tls
from tests.unit.test_matrix_runs import VARIANTS, Ci, ended, until, verdicts


@pytest.mark.parametrize(
    "address",
    ["tcp://10.0.0.1:8786", "10.0.0.1:8786", "tcp://ci.example.org:8786", "ws://127.0.0.1:1"],
)
def test_beyond_this_machine_there_is_only_tls(address: str) -> None:
    with pytest.raises(UsageError, match="by TLS alone.*runs code on every worker"):
        checked(address)


@pytest.mark.parametrize(
    "address", ["tls://ci.example.org:8786", "tcp://127.0.0.1:8786", "localhost:8786", "[::1]:8786"]
)
def test_loopback_and_tls_are_spoken_to(address: str) -> None:
    assert checked(address) in (address, f"tcp://{address}")


@pytest.mark.parametrize("address", ["tls://host", "localhost", "tls://", "", "tls://a b:1"])
def test_an_address_has_a_port(address: str) -> None:
    with pytest.raises(UsageError, match="with its port, such as tls://host:8786"):
        checked(address)


def test_a_file_that_is_no_scheduler_s(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{}")
    for name in ("s.json", "none.json"):
        with pytest.raises(UsageError, match=name):
            address_in(tmp_path / name)


@pytest.fixture
def ci(tmp_path: Path) -> Ci:
    return Ci(tmp_path)


@pytest.fixture
def cluster(ci: Ci) -> Iterator[Cluster]:
    made = Cluster(ci.folder / "cluster", ci.env)
    try:
        yield made
    finally:
        made.stop()
        assert not running(str(ci.folder / "cluster"))


def speak_tls(ci: Ci) -> None:
    """Have its programs speak TLS, as docs/ci.md says it."""
    ci.more = speaks_tls(ci.folder)


def results(ci: Ci) -> list[str]:
    """The same of its own cluster."""
    return kept_by_workers(ci.folder / "cluster")


def matrix(ci: Ci, cluster: Cluster) -> dict[str, Any]:
    """A run on the cluster."""
    return ci.matrix("--scheduler", cluster.address)


@pytest.mark.programs
def test_it_says_what_this_machine_says(ci: Ci, cluster: Cluster) -> None:
    there = matrix(ci, cluster)
    assert there["ok"] and {each["outcome"]["worker"] for each in there["cells"]} <= {"w0", "w1"}
    assert sorted(results(ci)) == sorted(each["key"] for each in there["cells"])
    (ci.folder / "cache/store/index.db").unlink()
    here = ci.matrix()
    assert here["known_already"] == 0
    assert verdicts(here) == verdicts(there) == dict.fromkeys(VARIANTS, "pass")
    assert [each["key"] for each in here["cells"]] == [each["key"] for each in there["cells"]]


@pytest.mark.programs
def test_a_worker_that_is_killed_in_the_midst_of_a_job(ci: Ci, cluster: Cluster) -> None:
    client = ci.start("matrix", "nightly.yaml", "--json", "--scheduler", cluster.address)
    until(ci.working)
    for worker in cluster.workers:
        worker.kill()
    said = json.loads(client.communicate(timeout=100)[0])
    assert said["ok"], cluster.log()
    assert sorted(results(ci)) == sorted({each["key"] for each in said["cells"]})


@pytest.mark.programs
def test_a_scheduler_that_is_killed_and_comes_back(ci: Ci, cluster: Cluster) -> None:
    client = ci.start("matrix", "nightly.yaml", "--json", "--scheduler", cluster.address)
    until(lambda: ended(ci) >= 1)
    cluster.scheduler.kill()
    said = json.loads(client.communicate(timeout=100)[0])
    assert said["ok"], cluster.log()


@pytest.mark.programs
def test_a_client_that_is_killed_finds_what_ended_without_it(ci: Ci, cluster: Cluster) -> None:
    client = ci.start("matrix", "nightly.yaml", "--scheduler", cluster.address)
    until(ci.working)
    client.kill()
    client.communicate()
    until(lambda: results(ci) and not ci.working())
    known = set(results(ci))
    said = matrix(ci, cluster)
    assert said["ok"] and known <= {e["key"] for e in said["cells"] if e["outcome"]["kept"]}
    assert sorted(results(ci)) == sorted(each["key"] for each in said["cells"])


@pytest.mark.programs
def test_two_clients_at_once_run_each_cell_once(ci: Ci, cluster: Cluster) -> None:
    words = ("matrix", "nightly.yaml", "--json", "--scheduler", cluster.address)
    clients = [ci.start(*words) for _ in range(2)]
    said = [json.loads(client.communicate(timeout=100)[0]) for client in clients]
    assert [each["ok"] for each in said] == [True, True], cluster.log()
    assert sorted(results(ci)) == sorted(each["key"] for each in said[0]["cells"])


@pytest.mark.programs
def test_a_worker_that_cannot_keep_anything_answers_nothing(ci: Ci, cluster: Cluster) -> None:
    """Its disk takes nothing more: the cells are tried elsewhere, and each passes there."""
    ci.gen("matrix", "nightly.yaml", "--export", "github", "--out", "ci")
    bench = read_job(next((ci.folder / "ci/jobs").iterdir())).bench
    (first,) = nearest(["w0", "w1"], bench)
    (ci.folder / "cluster" / first).write_text("no folder can be made here")
    said = matrix(ci, cluster)
    assert said["ok"], cluster.log()
    assert {each["outcome"]["worker"] for each in said["cells"]} == {"w0", "w1"} - {first}
    tried = (ci.runs[-1] / "events.jsonl").read_text().splitlines()
    assert any(json.loads(line).get("worker") == first for line in tried)


@pytest.mark.programs
def test_tls_is_spoken_and_asked_for(ci: Ci) -> None:
    """And nothing else, where the address is not loopback's."""
    speak_tls(ci)
    cluster = Cluster(ci.folder / "cluster", ci.env, workers=1, protocol="tls")
    try:
        assert matrix(ci, cluster)["ok"], cluster.log()
        ci.more = {}
        open_one = cluster.address.replace("tls:", "tcp:")
        told = {cluster.address: "names no distributed.comm.tls.ca-file", open_one: open_one}
        for address, what in told.items():
            words = ("--scheduler", address, "--variants", "quirk", "--until", "check")
            assert what in ci.matrix(*words, status=2)["error"]["message"]
    finally:
        cluster.stop()
