# SPDX-License-Identifier: GPL-2.0-only
"""What each command does: calls of the library, and what came of them on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure
from codegen.base.printable import printable_json
from codegen.cli.terminal import put


def print_json(said: Any) -> None:
    """One object for machines."""
    put(printable_json(said))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Within the block, what the user has named is written; raises EnvironmentFailure with its
    name where that cannot be."""
    try:
        yield
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise EnvironmentFailure(f"cannot write {path}: {why}") from None
