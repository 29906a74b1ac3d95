# SPDX-License-Identifier: GPL-2.0-only
"""Where the files are that are no code."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def resources(name: str) -> Path:
    """The folder `templates` or `abi`: beside the package in a checkout, inside it in a wheel."""
    inside = Path(str(files("codegen"))) / name
    return inside if inside.is_dir() else inside.parent.parent / name
