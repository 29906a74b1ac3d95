# SPDX-License-Identifier: GPL-2.0-only
"""KVM's uAPI headers of a tree, and all that they include, for each architecture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from codegen.architectures import ARCHITECTURES
from codegen.tree.reader import Tree

UAPI = "include/uapi/"
_OWN_UAPI = "arch/{}/include/uapi/"
_GENERIC = ("include/uapi/linux/kvm", "include/uapi/asm-generic/kvm")
_OF_ARCH = "arch/{}/include/uapi/asm/kvm"
# Every `#include`, in whatever branch: too many files at hand do no harm, the parser takes its own.
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\s]+)[>\"]", re.M)


def prefixes(architectures: Iterable[str]) -> tuple[str, ...]:
    """What the paths of KVM's uAPI headers begin with."""
    return _GENERIC + tuple(_OF_ARCH.format(arch) for arch in architectures)


@dataclass(frozen=True)
class UapiHeaders:
    """KVM's uAPI headers as one architecture has them.

    `own` are KVM's, `others` what these include, both by path; `missing` are the includes that
    the tree does not have, by path and with nothing in them.
    """

    arch: str
    own: tuple[tuple[str, bytes], ...]
    others: tuple[tuple[str, bytes], ...]
    missing: tuple[str, ...]

    @property
    def folders(self) -> tuple[str, ...]:
        """Where `#include <…>` looks."""
        return _OWN_UAPI.format(self.arch), UAPI

    def included_as(self, path: str) -> str:
        """How a header is named in `#include <…>`."""
        return path.partition(UAPI)[2]

    @cached_property
    def brings(self) -> Mapping[str, frozenset[str]]:
        """For each of KVM's headers itself and those of them that it includes, also by others."""
        direct = {
            path: {next(_places(self.arch, name)) for name in _includes(data)}
            for path, data in (*self.own, *self.others)
        }
        own = frozenset(path for path, _ in self.own)
        return {path: _reached(path, direct) & own for path in own}


def _reached(start: str, direct: Mapping[str, set[str]]) -> frozenset[str]:
    found, todo = {start}, [start]
    while todo:
        new = direct.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return frozenset(found)


def read_headers(tree: Tree) -> tuple[UapiHeaders, ...]:
    """KVM's headers for each architecture of the tree that has some, in order of their names."""
    return tuple(
        _of_arch(tree, arch) for arch in ARCHITECTURES if tree.paths(_OF_ARCH.format(arch))
    )


def _of_arch(tree: Tree, arch: str) -> UapiHeaders:
    own = {
        path: tree.read(path)
        for prefix in prefixes((arch,))
        for path in tree.paths(prefix)
        if path.endswith(".h")
    }
    others: dict[str, bytes] = {}
    missing = []
    todo = [name for data in own.values() for name in _includes(data)]
    seen = set(todo)
    while todo:
        name = todo.pop()
        path, data = _found(tree, arch, name)
        if data is None:
            missing.append(path)
        elif path not in own:
            others[path] = data
        new = [name for name in _includes(data or b"") if name not in seen]
        todo += new
        seen.update(new)
    return UapiHeaders(
        arch, tuple(own.items()), tuple(sorted(others.items())), tuple(sorted(missing))
    )


def _found(tree: Tree, arch: str, name: str) -> tuple[str, bytes | None]:
    """The file that `#include <name>` means."""
    first, *generic = _places(arch, name)
    try:
        return first, tree.read(first)
    except FileNotFoundError:
        pass
    for path in generic:
        try:
            tree.read(path)
        except FileNotFoundError:
            continue
        # as scripts/Makefile.asm-headers generates it
        return first, f"#include <{path.removeprefix(UAPI)}>\n".encode()
    return first, None


def _places(arch: str, name: str) -> Iterator[str]:
    if name.startswith("asm/"):
        yield f"{_OWN_UAPI.format(arch)}{name}"
        yield f"{UAPI}asm-generic/{name.removeprefix('asm/')}"
    else:
        yield f"{UAPI}{name}"


def _includes(data: bytes) -> list[str]:
    return [name.decode("utf-8", "replace") for name in _INCLUDE.findall(data)]
