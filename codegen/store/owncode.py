# SPDX-License-Identifier: GPL-2.0-only
"""gen's own part in a result: the code that takes part in making it, and files, as digests."""

from __future__ import annotations

import hashlib
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
    own = [root / "__init__.py"]
    for room in rooms:
        own += (p for p in (root / room).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    if start:
        used = _used(root.parent, start)
        own = [path for path in own if path.suffix != ".py" or path in used]
    return digest(root, own)


def _used(top: Path, start: str) -> set[Path]:
    """The files of a module and of all that it imports of gen."""
    found: set[Path] = set()
    left = [start]
    while left:
        path = _file(top, left.pop())
        if path is None or path in found:
            continue
        found.add(path)
        left += _imported(path)
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


@lru_cache(maxsize=4096)
def _file(top: Path, module: str) -> Path | None:
    path = top.joinpath(*module.split("."))
    for each in (path.with_suffix(".py"), path / "__init__.py"):
        if each.is_file():
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
