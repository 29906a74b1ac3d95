# SPDX-License-Identifier: GPL-2.0-only
"""Short answers: what scripts or the parser said of the same bytes is the same again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure
from codegen.store.store import key, store


def known(kind: str, question: Sequence[bytes]) -> Any:
    """The answer that was kept, as JSON has it; None where there is none."""
    with suppress(EnvironmentFailure):
        found = store().get(kind, key(*question))
        return found.said if found else None
    return None


def keep(kind: str, question: Sequence[bytes], answer: Any, most: int = 0) -> None:
    """Keep an answer, whole or not at all; a store that cannot be written is no reason to fail.

    `most` is how many of its kind are kept, where it is not as for all.
    """
    with suppress(EnvironmentFailure):
        store().put(kind, key(*question), answer, most=most)


@cache
def made_by(library: str, *modules: str) -> bytes:
    """What an answer depends on beside the question: a library, and gen's modules that ask it."""
    top = Path(__file__).parents[2]
    own = (top / f"{module.replace('.', '/')}.py" for module in modules)
    return b"".join(path.read_bytes() for path in own) + version(library).encode()
