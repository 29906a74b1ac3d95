# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel tree is to those who read it, and a tree that patches have changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Protocol

from codegen.base.printable import one_line


class Tree(Protocol):
    """A kernel source at one commit. Paths are relative, with `/`."""

    def read(self, path: str) -> bytes:
        """The file's bytes; FileNotFoundError where there is none."""

    def paths(self, prefix: str) -> tuple[str, ...]:
        """Files whose path begins with `prefix`, sorted; a prefix ending in `/` is a folder."""

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """C files that hold `word`, anywhere in the tree or in some folders: the slow way, for what
        has moved.

        A `word` that ends with `(` is the name of what is called or defined there.
        """


class Overlay:
    """A tree with some files changed, None where they are gone: what a patch of a series sees."""

    def __init__(self, base: Tree, changed: Mapping[str, bytes | None]) -> None:
        if isinstance(base, Overlay):  # one is read faster than several, one upon the other
            changed = {**base.changed, **dict.fromkeys(base.gone), **changed}
            base = base.base
        self.base: Tree = base
        self.changed: dict[str, bytes] = {
            p: data for p, data in changed.items() if data is not None
        }
        self.gone: Set[str] = changed.keys() - self.changed.keys()

    def read(self, path: str) -> bytes:
        """See `Tree.read`."""
        if path in self.gone:
            raise FileNotFoundError(path)
        return self.changed[path] if path in self.changed else self.base.read(path)

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        found = self.base.paths(prefix)
        added = {path for path in self.changed if path.startswith(prefix)}.difference(found)
        return tuple(sorted(added.union(found) - self.gone)) if added or self.gone else found

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """See `Tree.grep`."""
        changed = (p for p in self.changed if p.endswith((".c", ".h")) and p.startswith(within))
        name, bracket, _ = word.encode().partition(b"(")
        whole = re.compile(
            rb"(?<!\w)%s%s" % (re.escape(name), rb"\s*\(" if bracket else rb"(?!\w)")
        )
        found = {path for path in changed if whole.search(self.changed[path])}
        kept = set(self.base.grep(word, within)) - self.changed.keys() - self.gone
        return tuple(sorted(found | kept))


def read_or_none(tree: Tree, path: str) -> bytes | None:
    """A file of a tree; None where there is none, or a submodule, or a name with a line break."""
    try:
        return tree.read(path)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=64)
def _version_of(makefile: bytes) -> str:
    values = {}
    for line in makefile.decode("utf-8", "replace").splitlines()[:20]:
        key, equals, value = line.partition("=")
        if equals:
            values[key.strip()] = value.strip()
    parts = [values.get(key, "") for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    return ".".join(part for part in parts if part) + values.get("EXTRAVERSION", "")


def version(tree: Tree) -> str:
    """What the tree's Makefile calls itself, for people to read; nothing is decided by it."""
    try:
        return one_line(_version_of(tree.read("Makefile")))
    except FileNotFoundError:
        return ""
