# SPDX-License-Identifier: GPL-2.0-only
"""Where a task goes in a cluster."""

from __future__ import annotations

from codegen.matrix.places import Destination, Places, nearest
from codegen.matrix.pool import Task
from tests.unit.test_matrix import job

WORKERS = {
    "tcp://10.0.0.1:1": {"name": "w0", "resources": {"build": 1, "boot": 1}},
    "tcp://10.0.0.2:1": {"name": "w1", "resources": {"build": 1, "boot": 1, "gcc": 2}},
    "tcp://10.0.0.3:1": {"name": "w2", "resources": {"build": 1}},
}
PLACES = Places(WORKERS)
NEEDS = (("boot", 1), ("build", 1), ("gcc", 1))


def test_a_bench_has_a_worker_as_long_as_that_is_there() -> None:
    names = [f"w{number}" for number in range(20)]
    (first,) = nearest(names, "debian-6.12 x86")
    assert nearest([*reversed(names), "w99"], "debian-6.12 x86")[0] in (first, "w99")
    assert nearest([each for each in names if each != first], "debian-6.12 x86") != [first]
    assert len({nearest(names, f"tree{number} x86")[0] for number in range(50)}) > 10


def test_a_task_goes_to_the_worker_of_its_bench_and_others_may_take_it() -> None:
    found = PLACES.where(Task(job()))
    at = {place: about["name"] for place, about in WORKERS.items()}
    assert [at[place] for place in found.workers] == nearest(["w0", "w1", "w2"], job().bench)
    assert not found.strict and found.needs == NEEDS


def test_a_bench_has_as_large_a_share_of_the_workers_as_of_the_tasks() -> None:
    workers = {f"tcp://w{n}": {"name": f"w{n}", "resources": {}} for n in range(40)}
    bench = job().bench
    for tasks, many in ((1, 1), (25, 10), (50, 20), (100, 40)):
        places = Places(workers, {bench: tasks, "another": 100 - tasks})
        assert len(places.where(Task(job())).workers) == many


def test_a_label_is_asked_for_where_some_worker_has_it() -> None:
    few = Places({"tcp://10.0.0.1:1": WORKERS["tcp://10.0.0.1:1"]})
    assert few.where(Task(job())).needs == NEEDS[:2]
    assert Places({}).where(Task(job())) == Destination(NEEDS[:2])


def test_what_failed_somewhere_goes_elsewhere_if_there_is_an_elsewhere() -> None:
    found = PLACES.where(Task(job(), frozenset({"w1"}), 2))
    assert found == Destination(NEEDS, ("tcp://10.0.0.1:1", "tcp://10.0.0.3:1"), strict=True)
    everywhere = Task(job(), frozenset({"w0", "w1", "w2"}), 2)
    assert not PLACES.where(everywhere).strict


def test_an_answer_that_is_lost_is_asked_for_where_the_task_has_begun() -> None:
    found = PLACES.where(Task(job()), again=True, at="w2")
    assert found == Destination(NEEDS, ("tcp://10.0.0.3:1",), strict=True)
    assert PLACES.where(Task(job()), again=True, at="gone") == Destination(NEEDS)
