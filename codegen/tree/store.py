# SPDX-License-Identifier: GPL-2.0-only
"""Which trees have been imported; reading only, so that it is quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from codegen.tree.cache import cache_path
from codegen.tree.plumbing import commit_of

Progress = Callable[[int, int | None, str], None]
"""Called with (done, total or None, what), done and total in bytes."""


def trees_path() -> Path:
    """The bare repository that holds every imported tree; it need not exist yet."""
    return cache_path() / "trees.git"


def tree_ref(name: str) -> str:
    """The ref of the imported tree `name` ("debian-6.12")."""
    return f"refs/trees/{name}"


def imported(name: str) -> str | None:
    """The commit id of the imported tree `name`, None if there is none. Reads only."""
    target = trees_path()
    return commit_of(target, tree_ref(name)) if target.is_dir() else None
