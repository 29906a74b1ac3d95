# SPDX-License-Identifier: GPL-2.0-only
"""A series as checks see it: its mails, the files before and behind each patch, both trees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from codegen.architectures import DEFAULT
from codegen.c.source import CSource
from codegen.kernel.survey import SELFTESTS, Survey
from codegen.mail.patch import Posted
from codegen.series.series import Series
from codegen.tree.changed import Changed
from codegen.tree.reader import Overlay, Tree, read_or_none

_RFC = re.compile(rb"^Subject: \[[^]]*\bRFC\b", re.M)
_UAPI = re.compile(
    r"include/uapi/(linux|asm-generic)/kvm\w*\.h|arch/\w+/include/uapi/asm/kvm\w*\.h"
)
_KVM = re.compile(
    r"virt/kvm/|arch/\w+/kvm/|arch/\w+/include/(uapi/)?asm/kvm|include/(linux|trace/events|kvm)/\w*kvm"
    r"|include/uapi/(linux|asm-generic)/kvm|Documentation/virt/kvm/"
)


@dataclass(frozen=True, slots=True)
class NewMacro:
    """A macro that a series adds to the uAPI, and where."""

    name: str
    patch: Posted
    line: int


@dataclass(frozen=True)
class View:
    """A series with its trees: `before` without it, `after` with all of it."""

    series: Series
    before: Survey
    after: Survey

    @property
    def patches(self) -> tuple[Posted, ...]:
        """The patches, in their order."""
        return self.series.patches

    @property
    def first_name(self) -> str:
        """The name of what is sent first: the cover letter, or the first patch."""
        return self.series.cover_name or self.patches[0].name

    @property
    def first(self) -> bytes:
        """The mail that is sent first."""
        return self.series.cover or self.patches[0].raw

    @property
    def rfc(self) -> bool:
        """Whether the series asks for opinions, and is not meant to be applied yet."""
        return bool(_RFC.search(self.first))

    def changes(self, prefix: str = "") -> Iterator[tuple[Posted, Changed]]:
        """Every change of every patch below a path."""
        for patch in self.patches:
            for change in patch.changes.values():
                if change.path.startswith(prefix):
                    yield patch, change

    @cached_property
    def new_macros(self) -> Mapping[str, NewMacro]:
        """The KVM_* macros that the series adds to uAPI headers, by name."""
        paths = {change.path for _, change in self.changes() if is_uapi(change.path)}
        old, now = (
            {name for path in paths for name in _macros(path, read_or_none(survey.tree, path))}
            for survey in (self.before, self.after)
        )
        return {name: self._added_macro(name, paths) for name in sorted(now - old)}

    def _added_macro(self, name: str, paths: set[str]) -> NewMacro:
        word = re.compile(rf"\b{name}\b")
        for patch, change in self.changes():
            for line in change.added.values() if change.path in paths else ():
                if word.search(line):
                    return NewMacro(name, patch, patch.line_of(change.path, line))
        return NewMacro(name, self.patches[0], 0)

    def new_named(self, prefix: str) -> tuple[NewMacro, ...]:
        """The new macros of a family."""
        return tuple(m for name, m in self.new_macros.items() if name.startswith(prefix))


def functions(path: str, data: bytes | None) -> Iterator[tuple[str, str]]:
    """The functions of a file: the name of each, and how it is written."""
    source = CSource(path, data or b"")
    return ((each.name, source.text(each.start, each.end)) for each in source.all("function"))


def is_uapi(path: str) -> bool:
    """Whether a path is a header of KVM's that userspace sees."""
    return bool(_UAPI.fullmatch(path))


def is_kvm(path: str) -> bool:
    """Whether a path is KVM's own, documentation included, selftests not."""
    return bool(_KVM.match(path))


def is_selftest(path: str) -> bool:
    """Whether a path is one of KVM's selftests."""
    return path.startswith(SELFTESTS)


def _macros(path: str, data: bytes | None) -> set[str]:
    if data is None:
        return set()
    return {e.name for e in CSource(path, data).all("macro") if e.name.startswith("KVM_")}


def look(series: Series, tree: Tree) -> View:
    """A series on the tree that it is for."""
    touched = re.findall(r"\barch/(\w+)/", "\n".join(series.paths))
    archs = tuple(dict.fromkeys([DEFAULT.name, *touched]))
    behind = Overlay(tree, series.behind)
    return View(series, Survey(tree, archs, wide=False), Survey(behind, archs, wide=False))
