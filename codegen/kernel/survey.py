# SPDX-License-Identifier: GPL-2.0-only
"""What a tree says of itself: which files hold a name, where a thing is defined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codegen.base.findings import Finding, error
from codegen.c.candidates import may_define
from codegen.c.source import CSource, Extent
from codegen.kernel.folders import API, FOREIGN, SELFTESTS, folders, uapi
from codegen.tree.reader import Tree, read_or_none

_FEW = 12
_MOST_PARSED = 40  # files, for one name: a name that so many define says nothing
# What a file says that defines such a thing, as far as a search for bytes can tell.
_DEFINED = {"function": "{}(", "struct": "struct {} {{", "enum": "enum {} {{", "macro": "{}"}


@dataclass(frozen=True, slots=True)
class Found:
    """A definition: the file and the bytes that it takes there."""

    source: CSource
    extent: Extent

    def text(self) -> str:
        """The definition as it stands in the file."""
        return self.source.text(self.extent.start, self.extent.end)


@lru_cache(maxsize=64)
def _parsed(path: str, data: bytes) -> CSource:
    return CSource(path, data)


@lru_cache(maxsize=1 << 15)
def _in(data: bytes, word: bytes) -> bool:
    """Whether a file holds a word: the same is asked behind each patch."""
    return word in data


__all__ = ["API", "SELFTESTS", "Found", "Survey"]


class Survey:
    """Answers about one tree, each worked out once. `architectures` widen the search."""

    def __init__(self, tree: Tree, architectures: Sequence[str], *, wide: bool = True) -> None:
        self.tree = tree
        self.architectures = tuple(architectures)
        self.wide = wide
        self.folders = folders(tree)
        self._files: dict[str, tuple[str, ...]] = {}

    def kvm_prefixes(self, arch: str | None = None) -> tuple[str, ...]:
        """Where KVM's own code may live; of one architecture alone where it is named."""
        arches = (arch,) if arch else self.architectures
        own = tuple(p for a in arches for p in (*self.folders.arch_code(a), *uapi(a)))
        return own if arch else (*self.folders.code, *uapi(), *own)

    def files(self, prefix: str) -> tuple[str, ...]:
        """The tree's files below a prefix."""
        if prefix not in self._files:
            self._files[prefix] = self.tree.paths(prefix)
        return self._files[prefix]

    def exists(self, path: str) -> bool:
        """Whether the tree has that file."""
        return read_or_none(self.tree, path) is not None

    def source(self, path: str) -> CSource:
        """A C file of the tree; FileNotFoundError where there is none."""
        return _parsed(path, self.tree.read(path))

    def holding(self, word: str, prefixes: Iterable[str]) -> tuple[str, ...]:
        """The C files below the prefixes in which `word` occurs: where it is worth to parse."""
        wanted = word.encode()
        paths = (path for prefix in prefixes for path in self.files(prefix))
        return tuple(
            path
            for path in paths
            if path.endswith((".c", ".h")) and _in(self.tree.read(path), wanted)
        )

    def definitions(self, kind: str, name: str, arch: str | None = None) -> tuple[Found, ...]:
        """Every definition of a function, struct, enum or macro.

        KVM's own folders first; only if it is nowhere there, and the survey is a wide one, the
        whole tree, since folders are renamed.
        """
        text = _DEFINED[kind].format(name)
        found = self._definitions_in(kind, name, self.holding(text, self.kvm_prefixes(arch)))
        if found or not self.wide:
            return found
        return self._definitions_in(kind, name, self._anywhere(kind, name, arch))

    def _anywhere(self, kind: str, name: str, arch: str | None) -> tuple[str, ...]:
        paths = self.tree.grep(f"{name}(" if kind == "function" else name)
        own = tuple(f"arch/{name}/" for name in ((arch,) if arch else self.architectures))
        return tuple(p for p in paths if p.startswith(own) or not p.startswith(FOREIGN))

    def _definitions_in(self, kind: str, name: str, paths: Iterable[str]) -> tuple[Found, ...]:
        paths = tuple(paths)
        worth = [path for path in paths if may_define(kind, name, self.tree.read(path))]
        if not worth and len(paths) <= _FEW:
            worth = list(paths)  # a macro may define it
        if len(worth) > _MOST_PARSED:
            what = f"{kind} {name}: {len(worth)} files seem to define it"
            raise error(Finding(what, hint=f"at most {_MOST_PARSED} are looked into"))
        return tuple(
            Found(source, extent)
            for source in map(self.source, worth)
            for extent in source.find(kind, name)
        )

    def knows(self, name: str, prefixes: Iterable[str] | None = None) -> bool:
        """Whether KVM's code names that identifier at all."""
        return bool(self.holding(name, prefixes or self.kvm_prefixes()))

    def has(self, name: str) -> bool:
        """Whether KVM's code names that identifier, or a header does that it may include."""
        headers = ("include/", *(f"arch/{arch}/include/" for arch in self.architectures))
        return self.knows(name) or any(p.startswith(headers) for p in self.tree.grep(name))


def read_all(survey: Survey) -> None:
    """Read KVM's own files, so that forks of this process need not, see `codegen.tree.objects`."""
    for prefix in survey.kvm_prefixes():
        for path in survey.files(prefix):
            read_or_none(survey.tree, path)
