# SPDX-License-Identifier: GPL-2.0-only
"""Caches for tests that shall not know what the user's knows, and have what takes long to get."""

from __future__ import annotations

from pathlib import Path

from codegen.tree.cache import cache_dir

TREES = ("trees.git", "debs", "maintainers", "locks")
OBJECTS = "bench"


def linked(folder: Path, *more: str) -> Path:
    """A cache in a folder, with the user's trees, and more of it if that is named."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*TREES, *more):
        if (cache_dir() / name).exists() and not (folder / name).exists():
            (folder / name).symlink_to(cache_dir() / name)
    return folder
