# SPDX-License-Identifier: GPL-2.0-only
"""A series as one value, be it that gen made it or that it came as mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from codegen.mail.patch import Posted
from codegen.tree.locate import TreeLocation


@dataclass(frozen=True)
class Series:
    """Patches for a tree.

    `files` are the bytes that are sent or were read: mails and what lies beside them, by their
    paths.  `cover_name` is the cover letter's, empty where there is none.  `manifest` is what gen
    says of its own series, empty of another one.
    """

    tree: TreeLocation
    patches: tuple[Posted, ...]
    files: Mapping[str, bytes]
    cover_name: str
    manifest: Mapping[str, Any]

    @property
    def cover(self) -> bytes | None:
        """The cover letter, where there is one."""
        return self.files.get(self.cover_name)

    def first(self, patches: int) -> Series:
        """The series of its first patches alone."""
        return replace(self, patches=self.patches[:patches])

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every file that the series changes, sorted."""
        return tuple(sorted({path for patch in self.patches for path in patch.changes}))

    @cached_property
    def behind(self) -> Mapping[str, bytes | None]:
        """Every file that the series changes as it is behind the last patch."""
        return {path: data for patch in self.patches for path, data in patch.files.items()}
