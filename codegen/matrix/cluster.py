# SPDX-License-Identifier: GPL-2.0-only
"""The pool of a cluster: Dask distributed behind the same interface as this machine's pool.

Whoever reaches a scheduler without TLS runs code on its workers: Dask speaks pickle, and asks
nobody who he is.  So any address but loopback has to be TLS's.  A job carries data alone, and what
comes back is data; results that workers kept while no client was there are asked for first.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure, GenError, UsageError
from codegen.matrix.job import from_text
from codegen.matrix.outcome import KIND
from codegen.matrix.pool import CPU, Ran, Task, run_job
from codegen.store.store import store

_TOPIC = "gen-begun"
_PATIENCE_S = 120.0  # for a scheduler or a worker that is started again
_ANSWER_S = 10.0
_LOOK_S = 0.5
_PARALLEL = 8  # of those who wait for a scheduler

Packed = tuple[str, Any, dict[str, bytes], str]  # a Ran as plain data


def work(text: str) -> Packed:
    """On a worker: do a job, in a process of its own, and give its result."""
    worker = _dask().get_worker()
    name = str(worker.name)
    job = from_text(text)
    worker.log_event(_TOPIC, {"key": job.key, "name": name})
    ran = run_job(job, name)
    return ran.worker, ran.said, dict(ran.files), ran.problem


def kept(keys: Sequence[str]) -> dict[str, Packed]:
    """On a worker: the results of some jobs that its store has, whole."""
    found: dict[str, Packed] = {}
    for key in keys:
        each = store().get(KIND, key)
        with suppress(FileNotFoundError):
            if each:
                files = {name: each.read(name) for name in each.files}
                found[key] = ("", each.said, files, "")
    return found


def stuck(dask_scheduler: Any = None) -> list[str]:
    """On the scheduler: the tasks that no worker may run.

    Dask leaves a task there for ever that would rather go to a worker that is gone.
    """
    return [str(each.key) for each in dask_scheduler.unrunnable]


def checked(address: str) -> str:
    """The address of a scheduler that may be spoken to.  Raises UsageError with the reason."""
    protocol, _, place = address.rpartition("://")
    protocol = protocol or "tcp"
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}", place):
        hint = "such as tls://host:8786 or localhost:8786"
        raise UsageError(f"{address}: is no address of a scheduler with its port, {hint}")
    if protocol == "tls":
        return address
    host = place.rpartition(":")[0].strip("[]")
    if protocol != "tcp" or not _loopback(host):
        raise UsageError(
            f"{address}: beyond this machine a scheduler is spoken to by TLS alone, as "
            f"tls://{place}: without it, who reaches the port runs code on every worker; "
            "docs/ci.md says how to get certificates"
        )
    return f"{protocol}://{place}"


def _loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def address_in(path: Path) -> str:
    """The address in a scheduler's file.  Raises UsageError where there is none."""
    try:
        return str(json.loads(path.read_text())["address"])
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise UsageError(
            f"{path} is no file that `dask scheduler --scheduler-file` wrote"
        ) from None


def _dask() -> Any:
    """Dask distributed; it takes a second to import.  Raises UsageError where it is not there."""
    try:
        return import_module("distributed")
    except ImportError:
        raise UsageError(
            "a cluster needs Dask distributed, in this Python and in the workers':",
            ["pip install 'kvm-codegen[cluster]'"],
        ) from None


def _tls(dask: Any) -> Any:
    """How Dask is configured to speak TLS.  Raises UsageError where it is not."""
    security = dask.Security(require_encryption=True)
    if not (security.tls_ca_file and security.tls_client_cert):
        raise UsageError(
            "TLS needs the keys of the cluster: Dask's configuration names no "
            "distributed.comm.tls.ca-file and client.cert; docs/ci.md shows both"
        )
    return security


def _ask(address: str, tls: Any) -> None:
    """Raise OSError where no scheduler answers: Dask itself would leave halves of a client."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S) as found:
        if tls is None:
            found.recv(1)  # a scheduler says who it is
            return
        context = tls.get_connection_args("client")["ssl_context"]
        with context.wrap_socket(found):
            pass


def nearest(names: Sequence[str], bench: str) -> str:
    """The worker, by its name, whose a bench is: the same as long as it is there."""
    return max(names, key=lambda name: hashlib.sha256(f"{name} {bench}".encode()).digest())


@dataclass
class _Sent:
    task: Task
    begun: Callable[[str], None]
    future: Future[Ran]
    sent: Any = None  # Dask's future
    times: int = 0  # that it was sent
    waits: float = 0.0  # since when nobody may run it


class ClusterPool:
    """Has the workers of a scheduler run tasks; one that was started again gets them anew."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._waiting: dict[str, _Sent] = {}  # by the key of the job
        self._helpers = ThreadPoolExecutor(_PARALLEL)
        self._ended = threading.Event()
        self._seen: Mapping[str, Any] = {}  # the workers, when they were looked at last
        self._seen_at = 0.0
        self._client = self._connected()
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._looking.start()

    def workers(self) -> int:
        """How many the scheduler has now."""
        return len(self._places())

    def known(self, keys: Sequence[str]) -> Mapping[str, Ran]:
        """Results that workers have: they finished when nobody was there to take them."""
        found: dict[str, Ran] = {}
        if self._places():
            for worker, said in self._client.run(kept, list(keys), on_error="ignore").items():
                found |= {key: Ran(str(worker), *packed[1:]) for key, packed in said.items()}
        return found

    def submit(self, task: Task, begun: Callable[[str], None]) -> Future[Ran]:
        """Take a task."""
        waiting = _Sent(task, begun, Future())
        self._waiting[task.job.key] = waiting
        self._send(waiting)
        return waiting.future

    def close(self) -> None:
        """Take no answers any more; what runs comes to its end on the workers, and stays there."""
        self._ended.set()
        self._helpers.shutdown(wait=False, cancel_futures=True)
        self._looking.join(_PATIENCE_S)
        self._client.close(timeout=2)

    def _connected(self, patience: float = _ANSWER_S) -> Any:
        """A client of the scheduler.

        Raises EnvironmentFailure where none answers, UsageError where it may not be spoken to.
        """
        dask, end = _dask(), time.monotonic() + patience
        while True:
            address = checked(self._address())
            tls = _tls(dask) if address.startswith("tls:") else None
            try:
                _ask(address, tls)
                client: Any = dask.Client(address, security=tls, timeout=5, set_as_default=False)
            except OSError as problem:
                if time.monotonic() > end or self._ended.is_set():
                    why = problem.strerror or problem
                    raise EnvironmentFailure(f"the scheduler {address}: {why}") from None
                time.sleep(_LOOK_S)
                continue
            client.subscribe_topic(_TOPIC, self._begun)
            return client

    def _begun(self, event: Any) -> None:
        _, said = event
        waiting = self._waiting.get(said["key"])
        if waiting:
            waiting.begun(said["name"])

    def _places(self) -> Mapping[str, Any]:
        """The workers by address, with what they are."""
        if time.monotonic() - self._seen_at > _LOOK_S or not self._seen:
            self._seen, self._seen_at = {}, time.monotonic()
            with suppress(Exception):  # a client between two schedulers
                self._seen = dict(self._client.scheduler_info(n_workers=-1)["workers"])
        return self._seen

    def _send(self, waiting: _Sent) -> None:
        client, task = self._client, waiting.task
        resources = {name: number for name, number in task.needs.items() if name != CPU}
        places = self._places()
        labels = {each for about in places.values() for each in about["resources"]}
        resources |= {name: 1 for name in (task.job.cell.compiler,) if name in labels}
        others = [place for place, about in places.items() if str(about["name"]) not in task.avoid]
        elsewhere = others if task.avoid else []
        waiting.times += 1
        number = waiting.times
        near = [] if waiting.times > 1 else self._near(task, places)
        try:
            future = client.submit(
                work,
                task.job.text(),
                key=f"gen-{task.job.key}-{task.attempt}-{number}",
                resources=resources or None,
                workers=elsewhere or near or None,
                allow_other_workers=bool(near and not elsewhere),
            )
        except (OSError, RuntimeError):  # the scheduler is gone, or its client is being closed
            self._later(waiting, client)
            return
        waiting.sent, waiting.waits = future, 0.0
        future.add_done_callback(lambda done: self._take(waiting, number, client, done))

    def _look(self) -> None:
        """Send again what no worker may run, as often as there are others."""
        while not self._ended.wait(_LOOK_S * 4):
            with suppress(Exception):  # a client between two schedulers
                client = self._client
                odd = set(client.run_on_scheduler(stuck)) if self._places() else set()
                for each in list(self._waiting.values()):
                    if each.sent is not None and each.sent.key in odd and not each.future.done():
                        self._unstick(each)

    def _unstick(self, waiting: _Sent) -> None:
        now = time.monotonic()
        waiting.waits = waiting.waits or now
        if waiting.times == 1 or waiting.task.avoid:
            old = waiting.sent
            self._send(waiting)
            old.cancel()
        elif now - waiting.waits > _PATIENCE_S:
            wants = ",".join(f"{name}={number}" for name, number in waiting.task.needs.items())
            self._end(waiting, Ran("no worker", problem=f"no worker has --resources {wants}"))

    def _near(self, task: Task, places: Mapping[str, Any]) -> list[str]:
        """The worker where the cells of a bench go; others steal."""
        names = {str(about["name"]): place for place, about in places.items()}
        return [names[nearest(list(names), task.job.bench)]] if names else []

    def _take(self, waiting: _Sent, number: int, client: Any, done: Any) -> None:
        if self._ended.is_set() or waiting.future.done() or number != waiting.times:
            return
        if done.status == "finished":
            with suppress(Exception):  # whoever had the answer went before it came
                packed = done.result(timeout=_ANSWER_S)
                self._end(waiting, Ran(*packed))
                return
        if done.status == "error":
            problem = done.exception(timeout=_ANSWER_S)
            where = getattr(getattr(problem, "last_worker", None), "name", "a worker")
            self._end(waiting, Ran(str(where), problem=f"{type(problem).__name__}: {problem}"))
            return
        self._later(waiting, client)

    def _end(self, waiting: _Sent, ran: Ran) -> None:
        if not waiting.future.done():
            waiting.future.set_result(ran)

    def _later(self, waiting: _Sent, client: Any) -> None:
        """Send a task again: its answer is lost, or the scheduler, and another one comes."""
        with suppress(RuntimeError):  # the pool is being closed
            self._helpers.submit(self._again, waiting, client)

    def _again(self, waiting: _Sent, gone: Any) -> None:
        try:
            with self._lock:
                if self._client is gone and gone.status != "running":
                    with suppress(Exception):
                        gone.close(timeout=2)
                    self._client = self._connected(_PATIENCE_S)
                    self._wait_for_workers()
            self._send(waiting)
        except GenError as problem:
            self._end(waiting, Ran("the scheduler", problem=str(problem)))

    def _wait_for_workers(self) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not self._places() and time.monotonic() < end and not self._ended.is_set():
            time.sleep(_LOOK_S)


@contextmanager
def cluster_pool(address: str | None, file: Path | None) -> Iterator[ClusterPool]:
    """The pool of a scheduler by its address or its file, for as long as it is used."""

    def find() -> str:
        return address_in(file) if file else address or ""

    checked(find())
    pool = ClusterPool(find)
    try:
        yield pool
    finally:
        pool.close()
