# SPDX-License-Identifier: GPL-2.0-only
"""How many mutants all series together have, told at the end: the figure in the README."""

from __future__ import annotations

from collections import Counter

import pytest

SERIES = "series"
MUTANTS: Counter[str] = Counter()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sums of what `gen test` says of mutants."""
    if MUTANTS:
        said = ", ".join(f"{number} {what}" for what, number in MUTANTS.items() if what != SERIES)
        terminalreporter.write_line(f"mutants of {MUTANTS[SERIES]} series: {said}")
