# SPDX-License-Identifier: GPL-2.0-only
"""What each command does: calls of the library, and what came of them on the terminal."""

from __future__ import annotations

import json
from typing import Any


def print_json(said: Any) -> None:
    """One object for machines."""
    print(json.dumps(said, indent=2, ensure_ascii=False))
