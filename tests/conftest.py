# SPDX-License-Identifier: GPL-2.0-only
"""The seed of what tests draw by chance: $GEN_SEED, or another one each time; it is printed."""

from __future__ import annotations

import os
import random

import pytest


def pytest_configure() -> None:
    """Draw it before workers start, so that all have the same."""
    os.environ.setdefault("GEN_SEED", str(random.randrange(1 << 32)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it whatever came out."""
    terminalreporter.write_line(f"seed: GEN_SEED={os.environ['GEN_SEED']} draws the same again")


@pytest.fixture
def seed() -> int:
    """The seed of this run."""
    return int(os.environ["GEN_SEED"])
