# SPDX-License-Identifier: GPL-2.0-only
"""The headers that a C file sees, at any depth, found as the kernel's build finds them.

A tree is not configured: what the build generates is not there, and no branch of an `#if` is left
out.  Of headers that are not in the tree, `written` says whether that has to be so.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from glob import glob
from itertools import islice
from pathlib import Path

from codegen.architectures import ARCHITECTURES
from codegen.c.outline import includes

Read = Callable[[str], bytes | None]

_SELFTESTS = re.compile(r"tools/testing/selftests/[^/]+/")
# What Makefile and scripts/Makefile.lib give to every compiler of the kernel by `-include`.
_ALWAYS = ("linux/compiler-version.h", "linux/kconfig.h", "linux/compiler_types.h")
# What the build writes: their names are in no file of the tree.
_WRITTEN = ("generated/", "asm/", "linux/version.h")


class _Walk:
    """Headers in the order of a search that goes on only as far as it is asked to."""

    def __init__(self, rest: Iterator[tuple[str, bytes]], missing: list[str]) -> None:
        self.found: list[tuple[str, bytes]] = []
        self.missing = missing
        self._rest = rest

    def reach(self, index: int) -> bool:
        """Whether there is a header of that number."""
        if index == len(self.found):
            self.found.extend(islice(self._rest, 1))
        return index < len(self.found)


class Headers:
    """Which headers files of one tree see, for one architecture; each is worked out once."""

    def __init__(self, read: Read, arch: str) -> None:
        self._read = read
        self._arch = arch
        self._walks: dict[tuple[str, int], _Walk] = {}

    def of(self, path: str, before: int | None = None) -> Iterator[tuple[str, bytes]]:
        """The headers that the file includes above an offset, at any depth.

        Those of KVM come first: they are what is mostly asked for.
        """
        walk = self._walk(path, before)
        index = 0
        while walk.reach(index):
            yield walk.found[index]
            index += 1

    def opaque(self, path: str, before: int | None = None) -> list[str]:
        """The headers among them that are not in the tree."""
        walk = self._walk(path, before)
        while walk.reach(len(walk.found)):
            pass
        return walk.missing

    def _walk(self, path: str, before: int | None) -> _Walk:
        data = self._read(path) or b""
        first = [(name, own) for at, name, own in includes(data) if before is None or at < before]
        key = path, len(first)
        if key not in self._walks:
            missing: list[str] = []
            self._walks[key] = _Walk(self._visit(path, first, missing), missing)
        return self._walks[key]

    def _visit(
        self, path: str, first: Iterable[tuple[str, bool]], missing: list[str]
    ) -> Iterator[tuple[str, bytes]]:
        seen = {path}
        queue = deque[tuple[str, str, bool]]()
        for name, own in first:
            (queue.appendleft if "kvm" in name else queue.append)((path, name, own))
        if not _SELFTESTS.match(path):
            queue.extend((path, name, False) for name in _ALWAYS)
        while queue:
            source, name, own = queue.popleft()
            found = self._find(source, name, own, path)
            if found is None:
                missing += [name] if source != path or name not in _ALWAYS else []
            elif found[0] not in seen:
                seen.add(found[0])
                yield found
                further = ((found[0], name, own) for _, name, own in includes(found[1]))
                for each in further:
                    (queue.appendleft if "kvm" in each[1] else queue.append)(each)

    def _find(self, source: str, name: str, own: bool, unit: str) -> tuple[str, bytes] | None:
        places = [*(_beside(source, name) if own else ()), *self._searched(unit, name)]
        if not own:
            places += _beside(source, name)  # `-I` of the folder's own Makefile
        for place in places:
            if place.startswith("../"):
                continue
            data = self._read(place)
            if data is not None:
                return place, data
        return None

    def _searched(self, unit: str, name: str) -> Iterator[str]:
        selftest = _SELFTESTS.match(unit)
        if selftest:
            yield from _of_selftest(selftest[0], unit, name, self._arch)
        else:
            arch = f"arch/{self._arch}/include"
            yield f"{arch}/{name}"
            yield f"include/{name}"
            yield f"{arch}/uapi/{name}"
            yield f"include/uapi/{name}"
            if name.startswith(
                "asm/"
            ):  # `generic-y` and `mandatory-y` of arch/*/include/asm/Kbuild
                yield f"include/asm-generic/{name[4:]}"
                yield f"include/uapi/asm-generic/{name[4:]}"


def written(name: str, unit: str) -> bool:
    """Whether a header that is in no tree may be so: the build writes it, or it is the C library's.

    A file of the kernel sees no C library; what its headers include for userspace is not meant.
    """
    if name.startswith(_WRITTEN):
        return True
    return not _SELFTESTS.match(unit) and not name.startswith(("linux/", "kvm/", "trace/"))


@lru_cache(maxsize=1)
def library() -> tuple[str, ...]:
    """The folders of the C library's headers and the compiler's on this machine, if any."""
    compiler = sorted(glob("/usr/lib/gcc/*/*/include"))
    folders = [*glob("/usr/include/*-linux-gnu*"), "/usr/include", *compiler[-1:]]
    return tuple(folders) if Path("/usr/include/stdio.h").is_file() else ()


def library_headers(names: Iterable[str]) -> Iterator[bytes]:
    """Headers of the C library, and those that they include, as this machine has them."""
    walk = _library_walk(tuple(names))
    index = 0
    while walk.reach(index):
        yield walk.found[index][1]
        index += 1


@lru_cache(maxsize=16)
def _library_walk(names: tuple[str, ...]) -> _Walk:
    return _Walk(_in_library(names), [])


def _in_library(names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    folders, queue, seen = library(), deque(names), set[str]()
    while queue:
        name = queue.popleft()
        if name in seen:
            continue
        seen.add(name)
        place = next((p for p in (Path(f, name) for f in folders) if p.is_file()), None)
        if place is not None:
            data = place.read_bytes()
            yield name, data
            queue.extend(each for _, each, _ in includes(data))


@lru_cache(maxsize=4096)
def _beside(source: str, name: str) -> tuple[str, ...]:
    """In the folder of the file that includes it, and in those above: their Makefiles' `-I`."""
    folder, found = posixpath.dirname(source), []
    while folder:
        found.append(posixpath.normpath(f"{folder}/{name}"))
        folder = posixpath.dirname(folder)
    return tuple(found)


def _of_selftest(top: str, unit: str, name: str, arch: str) -> Iterator[str]:
    """As tools/testing/selftests/kvm/Makefile has them, and the exported headers."""
    yield f"{top}include/{name}"
    folder = unit.removeprefix(top).rpartition("/")[0]
    own = [folder] if folder else []
    for each in (*own, *reversed(ARCHITECTURES[arch].selftests)):
        yield f"{top}include/{each}/{name}"
    for each in ("tools/include", f"tools/arch/{arch}/include"):
        yield f"{each}/{name}"
    for each in (f"arch/{arch}/include/uapi", "include/uapi"):
        yield f"{each}/{name}"
    if name.startswith("asm/"):
        yield f"include/uapi/asm-generic/{name[4:]}"
        yield f"tools/include/asm-generic/{name[4:]}"
    yield f"tools/include/uapi/{name}"
    yield f"tools/testing/selftests/{name}"
