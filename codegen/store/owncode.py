# SPDX-License-Identifier: GPL-2.0-only
"""gen's own part in a result: its code by rooms, and files of its folders, as digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path


@lru_cache(maxsize=8)
def code(rooms: Sequence[str]) -> str:
    """The digest of all files of some rooms of gen: of its folders `codegen/ROOM/`."""
    root = Path(str(files("codegen")))
    own = [root / "__init__.py"]
    for room in rooms:
        own += (p for p in (root / room).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return digest(root, own)


def digest(root: Path, paths: Iterable[Path]) -> str:
    """The digest of the names of some files below a folder, and of what is in them."""
    made = hashlib.sha256()
    for path in sorted(paths):
        data = path.read_bytes()
        made.update(f"{path.relative_to(root)}\0{len(data)}\0".encode())
        made.update(data)
    return made.hexdigest()
