# SPDX-License-Identifier: GPL-2.0-only
"""One run of the real program that is ended at some moment, and what is left of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parents[2]
_MARK = "GEN_KILLED_RUN"
_GONE_S = 20  # for processes that were killed to be gone, on a busy machine
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NOISE = ("Traceback", "Exception ignored", "Errno", "Fatal Python")


@dataclass(frozen=True)
class Place:
    """The folders of the runs: what they write belongs to nobody else."""

    root: Path

    @property
    def temporary(self) -> Path:
        """What $TMPDIR names."""
        return self.root / "tmp"

    @property
    def cache(self) -> Path:
        """What $GEN_CACHE names."""
        return self.root / "cache"

    def environment(self, mark: str) -> dict[str, str]:
        """That of a run; `mark` is in all processes that it starts."""
        self.temporary.mkdir(exist_ok=True)
        made = {**os.environ, "TMPDIR": str(self.temporary), "GEN_CACHE": str(self.cache)}
        return {**made, "PYTHONPATH": str(ROOT), _MARK: mark}


@dataclass
class Left:
    """How a run ended: `status` as a shell says it, `sent` what ended it, `wrong` what is odd."""

    status: int
    sent: str
    said: str
    seconds: float
    wrong: list[str] = field(default_factory=list)


def run(place: Place, arguments: Sequence[str]) -> Left:
    """A run that nobody ends."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "codegen", *arguments],
        env=place.environment("none"),
        cwd=place.root,
        capture_output=True,
        check=False,
    )
    return Left(done.returncode, "", done.stderr.decode(), time.monotonic() - start)


class Patience:
    """How long a run takes when nobody ends it: what the moments are drawn from.

    The first run of all is slower than those that follow, so each that got through teaches.
    """

    def __init__(self, first: float) -> None:
        self.seconds = first

    def learn(self, left: Left) -> None:
        """A run that was through before its moment came says how long one takes now."""
        if left.status == 0:
            self.seconds += (left.seconds - self.seconds) / 3


def killed(
    place: Place, arguments: Sequence[str], patience: Patience, chance: random.Random
) -> Left:
    """A run that is ended at a moment while it lasts, in one of the ways there are."""
    mark = uuid4().hex
    way = chance.choice(("all", "first", *_SIGNALS, *_SIGNALS, "twice"))
    moment = chance.uniform(0, 1.1 * patience.seconds)
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "codegen", *arguments],
        env=place.environment(mark),
        cwd=place.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    if way == "all":
        for pid in [process.pid, *marked(mark)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    elif way == "first":
        process.kill()
    elif way == "twice":
        process.send_signal(signal.SIGTERM)
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(signal.SIGINT)
    else:
        process.send_signal(signal.Signals(way))
    _, said = process.communicate()
    ended = time.monotonic()
    status = process.returncode if process.returncode >= 0 else 128 - process.returncode
    name = way.name if isinstance(way, signal.Signals) else way
    left = Left(status, name, said.decode("utf-8", "replace"), ended - start)
    _judge(left, name, place)
    patience.learn(left)
    while marked(mark):
        if time.monotonic() - ended > _GONE_S:
            left.wrong.append("processes go on")
            break
        time.sleep(0.02)
    return left


def _before_gen(left: Left) -> bool:
    """Whether Python was interrupted while it started, before it had read a line of gen's."""
    return left.said.rstrip().endswith("KeyboardInterrupt") and "/codegen/" not in left.said


def _judge(left: Left, way: str, place: Place) -> None:
    """What may not be, whatever was run."""
    if _before_gen(left):
        return
    if any(word in left.said for word in _NOISE):
        left.wrong.append(f"noise: {left.said[-600:]}")
    codes: Mapping[str, Sequence[int]] = {"all": (137,), "first": (137,), "twice": (130, 143)}
    wanted = codes.get(way) or (128 + signal.Signals[way],)
    early = left.status == 128 + signal.SIGHUP  # before Python has looked at its signals
    if left.status not in (0, *wanted) and not early:
        left.wrong.append(f"status {left.status} after {way}: {left.said[-600:]}")
    if way in signal.Signals.__members__ and left.status and any(place.temporary.iterdir()):
        names = [path.name for path in place.temporary.iterdir()]
        left.wrong.append(f"after {way} the temporary folder holds {names}")


def marked(mark: str) -> list[int]:
    """The processes that have a mark in their environment."""
    wanted = f"{_MARK}={mark}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                if wanted in Path(f"/proc/{name}/environ").read_bytes():
                    found.append(int(name))
    return found
