# SPDX-License-Identifier: GPL-2.0-only
"""The seed of what tests draw by chance: $GEN_SEED, or another one each time; it is printed."""

from __future__ import annotations

import os
import random
import signal

import pytest

_SIGNALS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


def pytest_configure() -> None:
    """Draw it before workers start, so that all have the same.

    Whoever starts the tests in the background or under nohup has signals ignored, and what they
    start would inherit that.
    """
    for number, usual in _SIGNALS.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    os.environ.setdefault("GEN_SEED", str(random.randrange(1 << 32)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it whatever came out."""
    terminalreporter.write_line(f"seed: GEN_SEED={os.environ['GEN_SEED']} draws the same again")


@pytest.fixture
def seed() -> int:
    """The seed of this run."""
    return int(os.environ["GEN_SEED"])
