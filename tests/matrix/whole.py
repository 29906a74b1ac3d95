# SPDX-License-Identifier: GPL-2.0-only
"""The matrix of all descriptions with a mechanism: on this machine, then on a cluster, the same?

    python tests/matrix/whole.py FOLDER

The cluster has a scheduler, a client and three workers, each in a network namespace of its own,
and speaks TLS. Each worker has a store of its own; they share the trees, as there is no network
to the archive, and what this machine has compiled. One is killed while it builds. Some two and a
half hours on two processors; what finished is not done again. It writes whole.json beside this
file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.store.store import Store
from tests.caches import OBJECTS, linked
from tests.processes import below
from tests.unit.cluster import ROOT, Cluster, Network, jobs_of, kept_by_workers, speaks_tls

WORDS = ["--abi", "all", "--tree", "debian:6.1", "--tree", "debian:6.12"]
WORDS += ["--compiler", "gcc", "--compiler", "clang", "--json"]
WORKERS = 3
_SAME = ("verdict", "step", "patch", "reason", "patchset")  # of an outcome, wherever it ran
_POINT = re.compile(r"\s*((?:not )?ok) \d+ (.*)")  # of KTAP; boots end in any order


def main() -> int:
    """Run both, and write what came of them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the network is taken down
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(exist_ok=True)
    here = matrix(
        {"GEN_CACHE": str(linked(folder / "here", OBJECTS))}, "--html", str(folder / "page.html")
    )
    there, killed = on_cluster(folder)
    results = {each["name"]: result(each, folder / "here") for each in here["cells"]}
    others = {each["name"]: result(each, folder / "client") for each in there["cells"]}
    differ = sorted(name for name in results | others if results.get(name) != others.get(name))
    record = {
        "cells": len(results),
        "verdicts": Counter(each["verdict"] for each in results.values()),
        "tests": sum(len(each["tests"]) for each in results.values()),
        "workers": Counter(each["outcome"]["worker"] for each in there["cells"]),
        "killed": killed,
        "differ": differ,
        "results": {
            name: {**each, "tests": Counter(line.split()[0] for line in each["tests"])}
            for name, each in sorted(results.items())
        },
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")
    print(f"{len(results)} cells, differ: {', '.join(differ) or 'none'}")
    return bool(differ)


def matrix(env: Mapping[str, str], *words: str, within: Sequence[str] = ()) -> dict[str, Any]:
    """What gen matrix says of all cells."""
    command = [*within, sys.executable, "-m", "codegen", "matrix", *WORDS, *words]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.PIPE, check=False
    )
    said: dict[str, Any] = json.loads(done.stdout)
    assert "cells" in said, said
    return said


def on_cluster(folder: Path) -> tuple[dict[str, Any], str]:
    """The same of three workers, of which one is killed; and which."""
    for number in range(WORKERS):
        linked(folder / "cluster" / f"w{number}", OBJECTS)
    shutil.rmtree(folder / "dask", ignore_errors=True)
    env = {"PYTHONPATH": str(ROOT), **speaks_tls(folder)}
    network = Network()
    try:
        cluster = Cluster(folder / "cluster", env, WORKERS, "tls", network)
        killed: list[str] = []
        killer = threading.Thread(target=kill, args=(cluster, killed), daemon=True)
        killer.start()
        try:
            own = {**env, "GEN_CACHE": str(linked(folder / "client", OBJECTS))}
            words = ("--scheduler", cluster.address)
            return matrix(own, *words, within=network.within("client")), " ".join(killed)
        finally:
            cluster.stop()
    finally:
        network.close()


def kill(cluster: Cluster, killed: list[str]) -> None:
    """Kill the first worker that builds once something has ended."""
    while not killed:
        time.sleep(1)
        for job in jobs_of(cluster.folder) if kept_by_workers(cluster.folder) else ():
            with suppress(OSError):  # it has just ended
                if any(line.startswith(b"make\0") for line in below(job)):
                    env = Path(f"/proc/{job}/environ").read_bytes()
                    name = re.findall(rb"GEN_CACHE=\S*/(w\d)\0", env)[0].decode()
                    cluster.workers[int(name[1:])].kill()
                    killed.append(name)
                    return


def result(cell: Mapping[str, Any], cache: Path) -> dict[str, Any]:
    """What must be the same wherever a cell ran: its outcome, and each of its tests."""
    outcome = cell["outcome"]
    store = Store(cache / "store")
    logs = [text for name, text in outcome["logs"].items() if name.endswith(".ktap")]
    lines = [line for each in logs for line in store.file(each).decode().splitlines()]
    points = [" ".join(found.groups()) for line in lines if (found := _POINT.fullmatch(line))]
    return {**{name: outcome[name] for name in _SAME}, "tests": sorted(points)}


if __name__ == "__main__":
    sys.exit(main())
