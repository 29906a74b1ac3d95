# SPDX-License-Identifier: GPL-2.0-only
"""Which trees have been imported; reading only, so that it is quick."""

from __future__ import annotations

import json
from pathlib import Path

from codegen.tree.cache import Held, cache_path
from codegen.tree.plumbing import commit_of

_NOTED = "gen-packs.json"
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


def note_packs() -> None:
    """Write down what the repository's packs are like now; whoever writes it has the lock."""
    packs = {path.name: path.stat().st_size for path in sorted(_packs().glob("pack-*"))}
    new = trees_path() / f"{_NOTED}.new"
    new.write_text(json.dumps(packs))
    new.replace(trees_path() / _NOTED)


def damage() -> str:
    """What is wrong with the repository as far as a look tells: a pack is gone or has another size.

    Empty where nothing is; what is wrong within a pack shows when it is read.
    """
    if not trees_path().is_dir():
        return ""
    try:
        noted = json.loads((trees_path() / _NOTED).read_bytes())
        for name, size in noted.items():
            found = (_packs() / name).stat().st_size
            if found != size:
                return f"{name} has {found} bytes instead of {size}"
    except FileNotFoundError as problem:
        missing = Path(problem.filename).name
        return "" if missing == _NOTED else f"{missing} is gone"
    except (OSError, ValueError, AttributeError) as problem:
        return str(problem)
    return ""


def discard(held: Held) -> None:
    """Delete the repository with all trees, each of which is imported again when it is used.

    For whoever has the lock `trees`.
    """
    if trees_path().exists():
        with held.temp_dir() as scratch:
            trees_path().rename(scratch / "damaged.git")  # gone at once, whatever happens now


def repaired(held: Held) -> bool:
    """Discard the repository if it is damaged; whether it was.  For whoever has the lock."""
    if not damage():
        return False
    discard(held)
    return True


def _packs() -> Path:
    return trees_path() / "objects" / "pack"
