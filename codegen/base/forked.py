# SPDX-License-Identifier: GPL-2.0-only
"""Several answers at once, worked out by forks of this process, which know what it knows."""

from __future__ import annotations

import gc
import os
import pickle
import selectors
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from codegen.base.lifeline import hang_on

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")
_Ask = Callable[[_Asked], _Answer | Future[_Answer]]
_MOST = 255  # questions, as the number of each is one byte
_PIECE = 1 << 16


def forked(
    ask: _Ask[_Asked, _Answer], questions: Sequence[_Asked], processes: int = 0
) -> list[_Answer]:
    """What `ask` says to each question; answers must be fit for pickle.

    An answer may be a Future, such as a thread's whose programs are waited for: meanwhile the next
    question is asked.

    A process that is free takes the next question: as many work as there are CPUs, if the number
    is not given.  A question that no process has answered, such as one whose answer is an
    exception, is asked here once more, so that what is raised is raised where it is seen.
    """
    many = min(processes or len(os.sched_getaffinity(0)), len(questions))
    found: dict[int, _Answer] = {}
    if many > 1 and len(questions) <= _MOST:
        found = _answers(ask, questions, many)
    return [
        found[number] if number in found else _said(ask(question))
        for number, question in enumerate(questions)
    ]


def _said(answer: _Answer | Future[_Answer]) -> _Answer:
    return answer.result() if isinstance(answer, Future) else answer


def _answers(
    ask: _Ask[_Asked, _Answer], questions: Sequence[_Asked], many: int
) -> dict[int, _Answer]:
    todo, told = os.pipe()
    os.write(told, bytes(range(len(questions))))
    os.close(told)
    line, kept = os.pipe()  # closed by dying, see hang_on()
    workers: dict[int, int] = {}  # the process that writes to a pipe
    try:
        for _ in range(many):
            said, tell = os.pipe()
            try:
                worker = os.fork()
            except OSError:  # those that are there do it, or we ourselves
                os.close(said)
                os.close(tell)
                break
            if worker == 0:
                os.close(kept)
                _work(ask, questions, todo, tell, line)
            os.close(tell)
            workers[said] = worker
        heard = _heard(list(workers))
    finally:
        for each in (todo, line, kept, *workers):
            os.close(each)
        for worker in workers.values():
            os.waitpid(worker, 0)
    return {number: answer for data in heard for number, answer in _read(data)}


def _work(
    ask: _Ask[_Asked, _Answer], questions: Sequence[_Asked], todo: int, tell: int, line: int
) -> None:
    """A fork's whole life.  It must run nothing of its parent's that is due at the end."""
    gc.disable()  # the memory is gone with the fork, which lives a second or two
    try:
        hang_on(line)
        begun = []
        while number := os.read(todo, 1):
            with suppress(Exception):  # asked once more by the parent
                begun.append((number[0], ask(questions[number[0]])))
        answers = []
        for which, answer in begun:
            with suppress(Exception):
                answers.append((which, _said(answer)))
        with open(tell, "wb") as stream:
            pickle.dump(answers, stream, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)


def _heard(pipes: Sequence[int]) -> list[bytes]:
    """What is written to some pipes, read as it comes, until all are closed."""
    found = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as waiting:
        for pipe in pipes:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            for ready, _ in waiting.select():
                piece = os.read(ready.fd, _PIECE)
                found[ready.fd] += piece
                if not piece:
                    waiting.unregister(ready.fd)
    return [bytes(each) for each in found.values()]


def _read(data: bytes) -> list[tuple[int, Any]]:
    """The answers of one process; none where it ended before it had told them."""
    try:
        answers: list[tuple[int, Any]] = pickle.loads(data)
    except (EOFError, pickle.UnpicklingError):
        return []
    return answers
