# SPDX-License-Identifier: GPL-2.0-only
"""Forks answer several questions at once; what they cannot answer is asked where they are from."""

from __future__ import annotations

import os
import select
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from codegen.base.forked import forked


def test_answers_stand_in_the_order_of_the_questions() -> None:
    assert forked(lambda each: each * each, range(100), 3) == [each * each for each in range(100)]


def test_each_question_is_asked_in_one_fork() -> None:
    told, many = os.pipe(), 40

    def ask(number: int) -> int:
        os.write(told[1], b"x")
        return os.getpid()

    found = forked(ask, range(many), 4)
    os.close(told[1])
    assert len(os.read(told[0], 2 * many)) == many
    os.close(told[0])
    assert os.getpid() not in found


def test_an_answer_may_be_larger_than_a_pipe() -> None:
    assert forked(lambda each: bytes([each]) * (1 << 20), range(4), 2)[3] == b"\x03" * (1 << 20)


def test_one_question_or_one_process_needs_no_fork() -> None:
    assert forked(lambda _: os.getpid(), [1], 4) == [os.getpid()]
    assert forked(lambda _: os.getpid(), [1, 2], 1) == [os.getpid()] * 2
    assert forked(lambda _: 0, []) == []


def test_the_next_question_is_asked_while_answers_are_waited_for() -> None:
    heard, told = os.pipe()
    pool = ThreadPoolExecutor(1)

    def wait(number: int) -> int:
        ready, _, _ = select.select([heard], [], [], 30)
        return number + 10 if ready and os.read(heard, 1) else -1

    def ask(number: int) -> Future[int] | int:
        if number < 2:
            return pool.submit(wait, number)
        return os.write(told, b"xx")

    assert forked(ask, [0, 1, 2], 2) == [10, 11, 2]
    os.close(heard)
    os.close(told)


def test_what_a_future_raises_is_raised_here() -> None:
    def ask(number: int) -> Future[int]:
        later: Future[int] = Future()
        if number == 2:
            later.set_exception(ValueError("two"))
        else:
            later.set_result(number)
        return later

    with pytest.raises(ValueError, match="two"):
        forked(ask, range(4), 2)


def test_what_is_raised_is_raised_here() -> None:
    def ask(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    with pytest.raises(ValueError, match="two"):
        forked(ask, range(4), 2)


@pytest.mark.parametrize("end", [lambda: os._exit(0), lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_what_a_fork_that_ended_did_not_say_is_asked_here(end: object) -> None:
    here = os.getpid()

    def ask(number: int) -> int:
        if os.getpid() != here and number == 0:
            end()  # type: ignore[operator]
        return number

    assert forked(ask, range(6), 2) == list(range(6))


def test_no_process_and_no_pipe_is_left() -> None:
    def own() -> tuple[list[str], str]:
        children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
        return sorted(os.listdir("/proc/self/fd")), children.read_text()

    before = own()
    forked(str, range(6), 3)
    assert own() == before
