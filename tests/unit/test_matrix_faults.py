# SPDX-License-Identifier: GPL-2.0-only
"""`gen matrix --scheduler` where networks drop and disks are full: real ones, which root can make."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from codegen.matrix.job import read_job
from codegen.matrix.places import nearest
from tests.processes import running
from tests.unit.cluster import Cluster, Network
from tests.unit.test_matrix_cluster import results, speak_tls
from tests.unit.test_matrix_runs import Ci, ended, until

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes networks and file systems"),
]
_SILENCE_S = 12  # until a connection counts as gone, which is the least that Dask takes


@pytest.fixture
def ci(tmp_path: Path) -> Ci:
    return Ci(tmp_path)


@pytest.fixture
def network() -> Iterator[Network]:
    try:
        made = Network()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine makes no network namespaces")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def cluster(ci: Ci, network: Network) -> Iterator[Cluster]:
    """Two workers, the scheduler and the client, each in a namespace; TLS, as the page has it."""
    speak_tls(ci)
    ci.more["DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP"] = f"{_SILENCE_S}s"
    made = Cluster(ci.folder / "cluster", ci.env, protocol="tls", network=network)
    ci.within = network.within("client")
    try:
        yield made
    finally:
        made.stop()
        assert not running(str(ci.folder / "cluster"))


def cache_of(job: int) -> str:
    """The folder of the worker that runs a job."""
    env = Path(f"/proc/{job}/environ").read_bytes().split(b"\0")
    (cache,) = (each for each in env if each.startswith(b"GEN_CACHE="))
    return Path(os.fsdecode(cache)).name


@contextmanager
def held(ci: Ci) -> Iterator[str]:
    """What one worker runs stands still within the block; that worker."""
    until(ci.jobs)
    first, *others = ci.jobs()
    worker = cache_of(first)
    still = [first]
    for each in others:
        with suppress(FileNotFoundError, ProcessLookupError, ValueError):  # it has ended
            still += [each] * (cache_of(each) == worker)
    for each in still:
        os.kill(each, signal.SIGSTOP)
    try:
        yield worker
    finally:
        for each in still:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)


def start(ci: Ci, cluster: Cluster, *words: str) -> subprocess.Popen[str]:
    """A run on the cluster."""
    return ci.start("matrix", "nightly.yaml", "--json", "--scheduler", cluster.address, *words)


def test_a_network_that_drops_for_a_moment_costs_nothing(
    ci: Ci, cluster: Cluster, network: Network
) -> None:
    client = start(ci, cluster)
    with held(ci) as worker:
        network.cut(worker)
        time.sleep(_SILENCE_S / 2)
        network.heal(worker)
    said = json.loads(client.communicate(timeout=200)[0])
    assert said["ok"], cluster.log()
    assert sorted(results(ci)) == sorted(each["key"] for each in said["cells"])


def test_a_worker_that_is_cut_off_is_replaced_and_comes_back(
    ci: Ci, cluster: Cluster, network: Network
) -> None:
    client = start(ci, cluster)
    with held(ci) as worker:
        network.cut(worker)
        said = json.loads(client.communicate(timeout=200)[0])
        assert said["ok"], cluster.log()
        assert {e["outcome"]["worker"] for e in said["cells"]} == {"w0", "w1"} - {worker}
        network.heal(worker)
    place = f"/{worker}.dask"
    until(lambda: cluster.log().count(place) > 1)  # its supervisor has started it again
    again = json.loads(start(ci, cluster, "--until", "check").communicate(timeout=200)[0])
    assert worker in {e["outcome"]["worker"] for e in again["cells"]}, cluster.log()


def test_a_client_that_is_cut_off_goes_on_where_it_was(
    ci: Ci, cluster: Cluster, network: Network
) -> None:
    client = start(ci, cluster)
    until(lambda: ended(ci) >= 1)
    network.cut("client")
    time.sleep(_SILENCE_S * 1.5)
    known = set(results(ci))
    network.heal("client")
    said = json.loads(client.communicate(timeout=200)[0])
    assert said["ok"] and known, cluster.log()
    assert sorted(results(ci)) == sorted(each["key"] for each in said["cells"])


def test_a_disk_that_is_full_is_the_worker_s_fault(ci: Ci) -> None:
    """A file system of a few pages where the worker keeps everything: others do its cells."""
    ci.gen("matrix", "nightly.yaml", "--export", "github", "--out", "ci")
    (first,) = nearest(["w0", "w1"], read_job(next((ci.folder / "ci/jobs").iterdir())).bench)
    small = ci.folder / "cluster" / first
    cluster = Cluster(ci.folder / "cluster", ci.env, disks={first: "64k"})
    try:
        said = ci.matrix("--scheduler", cluster.address)
        assert said["ok"], cluster.log()
        assert {e["outcome"]["worker"] for e in said["cells"]} == {"w0", "w1"} - {first}
        tried = [json.loads(line) for line in (ci.runs[-1] / "events.jsonl").open()]
        assert first in {each.get("worker") for each in tried}
        assert not [key for key in results(ci) if list(small.rglob(key))]
    finally:
        cluster.stop()
