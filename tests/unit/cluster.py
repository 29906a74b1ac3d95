# SPDX-License-Identifier: GPL-2.0-only
"""A cluster of Dask's on this machine, of real processes: a scheduler, and workers that are started
again as `docs/ci/gen-worker.service` has systemd do it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
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


class Cluster:
    """A scheduler and some workers, each with a cache of its own."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], workers: int = 2, protocol: str = "tcp"
    ) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"{protocol}://127.0.0.1:{self.port}"
        folder.mkdir()
        env = {**os.environ, **env, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        command = ["dask", "scheduler", "--host", "127.0.0.1", "--port", str(self.port)]
        command = [str(PROGRAMS / "dask"), *command[1:], "--no-dashboard", "--protocol", protocol]
        self.scheduler = Service(command, env, folder / "scheduler.log")
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
        return Service(command, own, self.folder / f"{name}.log")

    def stop(self) -> None:
        """End all of it."""
        for each in (*self.workers, self.scheduler):
            each.stop()

    def log(self) -> str:
        """What all have said."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))
