# SPDX-License-Identifier: GPL-2.0-only
"""What each command does: calls of the library, and what came of them on the terminal."""

from __future__ import annotations

from typing import Any

from codegen.base.printable import printable_json
from codegen.cli.terminal import put


def print_json(said: Any) -> None:
    """One object for machines."""
    put(printable_json(said))
