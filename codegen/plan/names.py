# SPDX-License-Identifier: GPL-2.0-only
"""Whether all names that a patch uses are declared where it uses them.

The tree is that behind the patch.  Names of the patch's own lines are asked for, be they from the
description or from gen's templates; `codegen.c.visible` says what it is to be visible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.architectures import ARCHITECTURES
from codegen.c.definitions import definitions
from codegen.c.outline import Outline, covers, includes, outline
from codegen.c.uses import Use
from codegen.c.visible import Unseen, Visibility
from codegen.kernel.folders import folders
from codegen.kernel.kconfig import CONFIG
from codegen.kernel.survey import Survey
from codegen.mail.patch import Patch
from codegen.sites.code import C_FILES
from codegen.tree.changed import Changed, NewSpan
from codegen.tree.reader import Overlay, Tree, read_or_none

_MOST_FILES = 60  # in which a name that is not visible is looked for


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that is not visible: the file and line of the tree behind the patch that use it."""

    path: str
    line: int
    unseen: Unseen
    view: Visibility

    @property
    def near(self) -> str:
        """The visible name that looks most like it: sought where somebody is told."""
        return self.view.nearest(self.unseen)

    @property
    def name(self) -> str:
        """The name."""
        return self.unseen.use.name

    @property
    def shown(self) -> str:
        """The name as messages show it."""
        return f"struct {self.name}" if self.unseen.use.kind == "tag" else self.name


def missing(
    tree: Tree, files: Mapping[str, Changed], architectures: Sequence[str]
) -> tuple[Missing, ...]:
    """The names that the new lines of a tree's changed files use and that are not visible there."""
    tree = Overlay(tree, {path: made.after for path, made in files.items()})
    found: dict[tuple[str, str], Missing] = {}
    for path, made in files.items():
        if path.endswith(C_FILES) and made.new and made.after is not None:
            for each in _missing_in(tree, path, made.after, made.new, architectures):
                found.setdefault((path, each.name), each)
    return tuple(found.values())


def _missing_in(
    tree: Tree, path: str, data: bytes, new: Sequence[NewSpan], architectures: Sequence[str]
) -> Iterator[Missing]:
    own = re.match(r"arch/(\w+)/", path)
    ranges = [(each.start, each.end) for each in new]
    for arch in (own[1],) if own else _building(tree, path, architectures):
        view = Visibility(path, data, lambda at: read_or_none(tree, at), arch)
        others = arch not in architectures and not own
        out = _left_out(tree, view.outline, arch) if others else []
        for unseen in view.unseen(ranges):
            if not (
                covers(out, unseen.use.at)
                or _of_another(view.outline, unseen.use.at, arch)
                or _seen_otherwise(tree, path, unseen.use, arch)
            ):
                line = data.count(b"\n", 0, unseen.use.at) + 1
                yield Missing(path, line, unseen, view)


def _building(tree: Tree, path: str, architectures: Sequence[str]) -> Iterator[str]:
    """The architectures that a file is for: of KVM's generic code, all that have KVM."""
    yield from architectures
    where = folders(tree)
    if path.startswith(where.code) and "/uapi/" not in path:
        yield from (a for a in where.architectures if a not in architectures)


def _left_out(tree: Tree, text: Outline, arch: str) -> list[tuple[int, int]]:
    """What is compiled only with a symbol of Kconfig that KVM of an architecture does not have."""
    kconfig = read_or_none(tree, folders(tree).arch_kconfig(arch) or "") or b""
    named = {s for words, _, _ in text.conditions for s in words if s.startswith(CONFIG)}
    return list(
        text.only_with(
            *(s for s in named if not re.search(rf"\b{s.removeprefix(CONFIG)}\b".encode(), kconfig))
        )
    )


def _of_another(file: Outline, offset: int, arch: str) -> bool:
    """Whether what stands at an offset is compiled for other architectures alone."""
    others = (each.macro for name, each in ARCHITECTURES.items() if name != arch)
    return covers(file.only_with(*others), offset) and not covers(
        file.only_with(ARCHITECTURES[arch].macro), offset
    )


def _seen_otherwise(tree: Tree, path: str, use: Use, arch: str) -> bool:
    """Whether a name may be visible although the file's own headers do not show it.

    A header sees what is included before it.  A name that other files use, and that no file
    defines, is from a header that the build writes.
    """
    if use.kind != "name":
        return False
    if path.endswith(".h") and _seen_by_includer(tree, path, use, arch):
        return True
    top, own = path.partition("/")[0] + "/", f"arch/{arch}/"
    kernel = (own if top == "arch/" else top, own, "include/", *folders(tree).code)
    within = (top,) if top == "tools/" else tuple(dict.fromkeys(kernel))
    named = places(tree, use.name, path, within)
    if any(definitions(outline(data), use.name) for _, data in named):
        return False
    return any(
        view.shows_use(use.name)
        for at, data in named
        if at.endswith(".c") and at != path
        for view in [Visibility(at, data, lambda other: read_or_none(tree, other), arch)]
    )


def _seen_by_includer(tree: Tree, path: str, use: Use, arch: str) -> bool:
    name = path.rpartition("/")[2]
    survey = Survey(tree, (arch,))
    for at in survey.holding(name, survey.kvm_prefixes()):
        data = tree.read(at)
        for offset, header, _ in includes(data):
            if header.rpartition("/")[2] == name:
                view = Visibility(at, data, lambda other: read_or_none(tree, other), arch)
                if view.seen([use.name], offset):
                    return True
    return False


def places(
    tree: Tree, name: str, path: str, within: tuple[str, ...] = ("",)
) -> list[tuple[str, bytes]]:
    """Files of some folders that hold a name, the nearest to a path first; none of other
    architectures.
    """
    top = path.split("/")

    def distance(other: str) -> tuple[int, str]:
        parts = other.split("/")
        same = sum(1 for a, b in zip(top, parts, strict=False) if a == b)
        return -same - (parts[0] == "include") - ("kvm" in other), other

    own = path.startswith("tools/")
    arch = re.match(r"arch/\w+/", path)
    paths = [
        each
        for each in tree.grep(name, within)
        if each.startswith("tools/") == own
        and (not each.startswith("arch/") or not arch or each.startswith(arch[0]))
    ]
    return [(p, read_or_none(tree, p) or b"") for p in sorted(paths, key=distance)[:_MOST_FILES]]


def missing_of_series(
    tree: Tree, patches: Sequence[Patch], architectures: Sequence[str]
) -> list[tuple[int, Missing]]:
    """The same for each patch of a series, with the number of the patch, from 0."""
    found: list[tuple[int, Missing]] = []
    for number, patch in enumerate(patches):
        found += [(number, each) for each in missing(tree, patch.changes, architectures)]
        tree = Overlay(tree, patch.files)
    return found
