# SPDX-License-Identifier: GPL-2.0-only
"""The pool of a cluster: Dask distributed behind the same interface as this machine's pool.

Results that workers kept while no client was there are asked for first; what is lost on the way,
with a worker, the scheduler or the network, is sent again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from codegen.base.errors import GenError
from codegen.matrix.address import ANSWER_S, address_in, checked, connected
from codegen.matrix.job import Job
from codegen.matrix.places import Destination, Places
from codegen.matrix.pool import Ran, Task
from codegen.matrix.remote import TOPIC, Packed, kept, stuck, work

_PATIENCE_S = 120.0  # for a scheduler or a worker that is started again
_LOOK_S = 0.5
_BATCH = 200  # tasks that are sent at once
_GATHER_S = 60.0  # for many answers at once
_PARALLEL = 8  # of those who wait for a scheduler
_Item = TypeVar("_Item")


@dataclass
class _Sent:
    task: Task
    begun: Callable[[str], None]
    future: Future[Ran]
    sent: Any = None  # Dask's future
    times: int = 0  # that it was sent
    waits: float = 0.0  # since when nobody may run it
    at: str = ""  # the worker where it has begun

    @property
    def name(self) -> str:
        """Dask's key of it."""
        return f"gen-{self.task.job.key}-{self.task.attempt}-{self.times}"


@dataclass(frozen=True)
class _Done:
    """That a future of Dask's is done, and what it is the answer to."""

    waiting: _Sent
    number: int
    client: Any
    future: Any

    @property
    def counts(self) -> bool:
        """Whether somebody still waits for this one."""
        return self.number == self.waiting.times and not self.waiting.future.done()


def _drained(queue: SimpleQueue[_Item | None]) -> list[_Item]:
    """What is in a queue, at least one; nothing once None is in it: then nothing follows."""
    found = [queue.get()]
    with suppress(Empty):
        while found[-1] is not None and len(found) < _BATCH:
            found.append(queue.get_nowait())
    if None in found:
        queue.put(None)
    return [each for each in found if each is not None]


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
        self._benches: Mapping[str, int] = {}
        self._outbox: SimpleQueue[_Sent | None] = SimpleQueue()
        self._inbox: SimpleQueue[_Done | None] = SimpleQueue()
        self._client = self._connected()
        self._own = [
            threading.Thread(target=each, daemon=True)
            for each in (self._look, self._mail, self._collect)
        ]
        for each in self._own:
            each.start()

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

    def expect(self, jobs: Sequence[Job]) -> None:
        """Share the workers among the benches of what comes: each thief would build it anew."""
        self._benches = Counter(job.bench for job in jobs)

    def submit(self, task: Task, begun: Callable[[str], None]) -> Future[Ran]:
        """Take a task."""
        waiting = _Sent(task, begun, Future())
        self._waiting[task.job.key] = waiting
        self._post(waiting)
        return waiting.future

    def close(self) -> None:
        """Take no answers any more; what runs comes to its end on the workers, and stays there."""
        self._ended.set()
        self._helpers.shutdown(wait=False, cancel_futures=True)
        self._outbox.put(None)
        self._inbox.put(None)
        for each in self._own:
            each.join(ANSWER_S)
        self._client.close(timeout=2)

    def _connected(self, patience: float = ANSWER_S) -> Any:
        client = connected(self._address, patience, self._ended)
        client.subscribe_topic(TOPIC, self._begun)
        return client

    def _begun(self, event: Any) -> None:
        _, said = event
        waiting = self._waiting.get(said["key"])
        if waiting:
            waiting.at = str(said["name"])
            waiting.begun(waiting.at)

    def _places(self) -> Mapping[str, Any]:
        """The workers by address, with what they are."""
        if time.monotonic() - self._seen_at > _LOOK_S or not self._seen:
            self._seen, self._seen_at = {}, time.monotonic()
            with suppress(Exception):  # a client between two schedulers
                self._seen = dict(self._client.scheduler_info(n_workers=-1)["workers"])
        return self._seen

    def _post(self, waiting: _Sent) -> None:
        """Have a task sent, with all that are to go to the same place."""
        waiting.times += 1
        self._outbox.put(waiting)

    def _mail(self) -> None:
        """Send what is posted: the scheduler takes many tasks in hardly more time than one."""
        while batch := _drained(self._outbox):
            places = Places(self._places(), self._benches)
            where: dict[Destination, list[_Sent]] = {}
            for each in batch:
                goes = places.where(each.task, again=each.times > 1, at=each.at)
                where.setdefault(goes, []).append(each)
            for place, group in where.items():
                self._send(place, group)

    def _send(self, where: Destination, group: Sequence[_Sent]) -> None:
        client = self._client
        numbers = [each.times for each in group]
        try:
            futures = client.map(
                work,
                [each.task.job.text() for each in group],
                key=[each.name for each in group],
                resources=dict(where.needs) or None,
                workers=list(where.workers) or None,
                allow_other_workers=bool(where.workers and not where.strict),
            )
        except Exception:  # the scheduler is gone, or its client is being closed
            for each in group:
                self._later(each, client)
            return
        for each, number, future in zip(group, numbers, futures, strict=True):
            each.sent, each.waits = future, 0.0
            future.add_done_callback(partial(self._done, each, number, client))

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
        if waiting.times == 1 or waiting.at or waiting.task.avoid:
            old, waiting.at = waiting.sent, ""
            self._post(waiting)
            old.cancel()
        elif now - waiting.waits > _PATIENCE_S:
            wants = ",".join(f"{name}={number}" for name, number in waiting.task.needs.items())
            self._end(waiting, Ran("no worker", problem=f"no worker has --resources {wants}"))

    def _done(self, waiting: _Sent, number: int, client: Any, done: Any) -> None:
        """Have what came of a task taken: Dask tells of one after the other, and is not held up."""
        self._inbox.put(_Done(waiting, number, client, done))

    def _collect(self) -> None:
        """Take what is done: many answers come in hardly more time than one."""
        while batch := _drained(self._inbox):
            known = [each for each in batch if each.counts and not self._ended.is_set()]
            for client in {each.client for each in known}:
                mine = {e.waiting.name: e for e in known if e.client is client}
                answers = self._answers(client, mine)
                for name, each in mine.items():
                    self._take(each, answers.get(name))

    def _answers(self, client: Any, done: Mapping[str, _Done]) -> Mapping[str, Packed | None]:
        asked = {name: e.future for name, e in done.items() if e.future.status == "finished"}
        with suppress(Exception):  # whoever had an answer went before it came
            gather = partial(client.gather, errors="skip")
            found: Mapping[str, Packed | None]
            found = client.sync(gather, asked, callback_timeout=_GATHER_S) if asked else {}
            return found
        return {}

    def _take(self, done: _Done, packed: Packed | None) -> None:
        if packed:
            self._end(done.waiting, Ran(*packed))
        elif done.future.status == "error":
            problem = done.future.exception(timeout=ANSWER_S)
            where = getattr(getattr(problem, "last_worker", None), "name", "a worker")
            self._end(done.waiting, Ran(str(where), problem=f"{type(problem).__name__}: {problem}"))
        else:
            self._later(done.waiting, done.client)

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
                alone = self._client is gone and gone.status == "running"
                if self._client is gone and not alone:
                    with suppress(Exception):
                        gone.close(timeout=2)
                    self._client = self._connected(_PATIENCE_S)
                    self._wait_for_workers()
                    left = [each for each in [*self._waiting.values()] if not each.future.done()]
                    self._take_known([each.task.job.key for each in left])
            if alone:  # else all were asked for when the scheduler came back
                self._take_known([waiting.task.job.key])
            if not waiting.future.done():
                self._post(waiting)
        except GenError as problem:
            self._end(waiting, Ran("the scheduler", problem=str(problem)))

    def _take_known(self, keys: Sequence[str]) -> None:
        """End what has ended meanwhile: the workers know it."""
        with suppress(Exception):  # the scheduler is gone again, or a worker
            for key, ran in self.known(keys).items():
                self._end(self._waiting[key], ran)

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
