# SPDX-License-Identifier: GPL-2.0-only
"""What ends silently wrong today, as data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def known_wrong(tree: str) -> dict[tuple[str, str], str]:
    """The reasons by drift and series, of one tree."""
    listed = yaml.safe_load((Path(__file__).parent / "known.yaml").read_text()) or {}
    return {
        (drift, cell): reason
        for drift, cells in listed.get(tree, {}).items()
        for cell, reason in cells.items()
    }
