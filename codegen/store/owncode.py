# SPDX-License-Identifier: GPL-2.0-only
"""gen's own part in a result: the code that takes part in making it, and files, as digests."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

_IMPORT = re.compile(
    r"^[ \t]*(?:from (codegen[\w.]*) import ([^\n(]+|\([^)]*\))|import (codegen[\w.]+))", re.M
)


@lru_cache(maxsize=8)
def code(rooms: Sequence[str], start: str = "") -> str:
    """The digest of the code in some rooms of gen, its folders `codegen/ROOM/`.

    With a module's name, such as `codegen.run.trial`, of the modules that it imports, at once or
    later, no others; files that are no modules count in any case.
    """
    root = Path(str(files("codegen")))
    folders = tuple(f"{room}/" for room in rooms)
    own = [name for name in _listed(root) if name == "__init__.py" or name.startswith(folders)]
    if start:
        used = _used(root, start)
        own = [name for name in own if not name.endswith(".py") or name in used]
    return digest(root, (root / name for name in own))


@lru_cache(maxsize=2)
def _listed(root: Path) -> frozenset[str]:
    """The files of gen, by their paths below `codegen/`."""
    found: list[str] = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name != "__pycache__"]
        above = os.path.relpath(folder, root) + "/"
        found += ((above + name).removeprefix("./") for name in names)
    return frozenset(found)


def _used(root: Path, start: str) -> set[str]:
    """The files of a module and of all that it imports of gen."""
    found: set[str] = set()
    left = [start]
    while left:
        name = _file(root, left.pop())
        if name is None or name in found:
            continue
        found.add(name)
        left += _imported(root / name)
    return found


@lru_cache(maxsize=1024)
def _imported(path: Path) -> tuple[str, ...]:
    """The modules that a file may import, with names that may be none."""
    found = _IMPORT.findall(path.read_text())
    modules = [alone or module for module, _, alone in found]
    return (
        *modules,
        *(f"{m}.{name}" for m, names, _ in found for name in re.findall(r"\w+", names)),
    )


def _file(root: Path, module: str) -> str | None:
    path = "/".join(module.split(".")[1:])
    for each in (f"{path}.py", f"{path}/__init__.py".removeprefix("/")):
        if each in _listed(root):
            return each
    return None


def digest(root: Path, paths: Iterable[Path]) -> str:
    """The digest of the names of some files below a folder, and of what is in them."""
    made = hashlib.sha256()
    for path in sorted(paths):
        data = path.read_bytes()
        made.update(f"{path.relative_to(root)}\0{len(data)}\0".encode())
        made.update(data)
    return made.hexdigest()
