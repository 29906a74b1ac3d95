# SPDX-License-Identifier: GPL-2.0-only
"""A cluster of Dask's on this machine, of real processes: a scheduler, and workers that are started
again as `docs/ci/gen-worker.service` has systemd do it; on loopback, or each in a network of its own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = (ROOT / "docs/ci/gen-worker.service").read_text()
PROGRAMS = Path(sys.executable).parent


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Service:
    """A process that is started again whenever it ends, as `Restart=always` asks.

    It does not outlive the tests, however they end.
    """

    def __init__(self, command: list[str], env: Mapping[str, str], log: Path) -> None:
        self.command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        self.env, self.log = dict(env), log
        self.process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command, env=self.env, stdout=log, stderr=log, start_new_session=True
                )
            self.process.wait()
            self._stopped.wait(0.5)

    def kill(self) -> None:
        """End the process as if the machine took it away; it is started again."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it for good, with what it has started."""
        self._stopped.set()
        while self._thread.is_alive():
            if self.process:
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            self._thread.join(0.1)


class Network:
    """Network namespaces, each with a cable of its own to one hub, where the scheduler is.

    A cable that is cut takes nothing any more, and nobody is told: as where a switch is gone.
    """

    HUB = "10.99.0.1"

    def __init__(self) -> None:
        self._mark = f"gen{os.getpid()}-"
        self._number = 1
        self._ip("netns", "add", self._named("hub"))
        for words in (
            "link set lo up",
            "link add hub type bridge",
            f"address add {self.HUB}/24 dev hub",
            "link set hub up",
        ):
            self._ip("-n", self._named("hub"), *words.split())

    def within(self, name: str) -> list[str]:
        """What a command in a namespace begins with, which is made if need be."""
        if self._named(name) not in self._there():
            self._join(name)
        return ["ip", "netns", "exec", self._named(name)]

    def cut(self, name: str) -> None:
        """Let no packet through any more."""
        self._ip("-n", self._named("hub"), "link", "set", name, "nomaster")

    def heal(self, name: str) -> None:
        """Let them through again."""
        self._ip("-n", self._named("hub"), "link", "set", name, "master", "hub")

    def close(self) -> None:
        """Take it all away; what runs there must have ended."""
        for name in self._there():
            self._ip("netns", "del", name)

    def _join(self, name: str) -> None:
        self._number += 1
        mine, hub = self._named(name), self._named("hub")
        self._ip("netns", "add", mine)
        self._ip("-n", mine, *f"link add eth0 type veth peer name {name} netns {hub}".split())
        self._ip("-n", mine, "address", "add", f"10.99.0.{self._number}/24", "dev", "eth0")
        for place, link in ((mine, "lo"), (mine, "eth0"), (hub, name)):
            self._ip("-n", place, "link", "set", link, "up")
        self.heal(name)

    def _named(self, name: str) -> str:
        return self._mark + name

    def _there(self) -> list[str]:
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
        return [line.split()[0] for line in listed.stdout.splitlines() if self._mark in line]

    @staticmethod
    def _ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)


class Cluster:
    """A scheduler and some workers, each with a cache of its own."""

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        workers: int = 2,
        protocol: str = "tcp",
        network: Network | None = None,
        disks: Mapping[str, str] = {},
    ) -> None:
        """`disks` are the sizes of the file systems that some workers have for themselves."""
        self.folder, self.port, self.network = folder, free_port(), network
        host = network.HUB if network else "127.0.0.1"
        self.address = f"{protocol}://{host}:{self.port}"
        folder.mkdir(exist_ok=True)
        self.disks = [folder / name for name in disks]
        for place in self.disks:
            place.mkdir()
            size = f"size={disks[place.name]}"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "gen-test", place], check=True)
        env = {**os.environ, **env, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        command = [str(PROGRAMS / "dask"), "scheduler", "--host", host, "--port", str(self.port)]
        command = [*command, "--no-dashboard", "--protocol", protocol]
        self.scheduler = Service(self._within("hub", command), env, folder / "scheduler.log")
        self.workers = [self._worker(number, env) for number in range(workers)]

    def _worker(self, number: int, env: Mapping[str, str]) -> Service:
        (line,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.M)
        assert re.search(r"^Restart=always$", UNIT, re.M)
        name = f"w{number}"
        told = {"${GEN_SCHEDULER}": self.address, "${GEN_RESOURCES}": "build=1,boot=1", "%H": name}
        for word, value in told.items():
            line = line.replace(word, value)
        own = {**env, "GEN_CACHE": str(self.folder / name)}
        command = [*shlex.split(line), "--local-directory", str(self.folder / f"{name}.dask")]
        return Service(self._within(name, command), own, self.folder / f"{name}.log")

    def _within(self, name: str, command: list[str]) -> list[str]:
        return [*self.network.within(name), *command] if self.network else command

    def stop(self) -> None:
        """End all of it."""
        for each in (*self.workers, self.scheduler):
            each.stop()
        for place in self.disks:
            subprocess.run(["umount", place], check=True)

    def log(self) -> str:
        """What all have said."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


def speaks_tls(folder: Path) -> dict[str, str]:
    """What has Dask's programs speak TLS, as docs/ci.md says it: one key, which is made here."""
    page = (ROOT / "docs/ci.md").read_text()
    (command,) = re.findall(r"^ +(openssl req .*)$", page, re.M)
    subprocess.run(shlex.split(command), cwd=folder, check=True, capture_output=True)
    (text,) = re.findall(r"```yaml\n( +distributed:.*?)```", page, re.S)
    (folder / "dask").mkdir()
    for name in ("ca.pem", "key.pem"):
        text = text.replace(name, str(folder / name))
    (folder / "dask/tls.yaml").write_text(textwrap.dedent(text))
    return {"DASK_CONFIG": str(folder / "dask")}


def kept_by_workers(folder: Path) -> list[str]:
    """The names of all results in the stores of the workers of a cluster."""
    found = []
    # what begins with a dot is being written
    for path in folder.glob("w*/store/records/*/[!.]*"):
        said = json.loads(path.read_bytes())
        if said["kind"] == "cell":
            found.append(said["key"])
    return found


def jobs_of(folder: Path) -> list[int]:
    """The processes that do a job, with a cache below a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            words = path.read_bytes().split(b"\0")
            env = (path.parent / "environ").read_bytes()
            if b"job" in words and b"run" in words and f"GEN_CACHE={folder}/".encode() in env:
                found.append(int(path.parent.name))
    return found
