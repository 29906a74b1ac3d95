# SPDX-License-Identifier: GPL-2.0-only
"""Files that cannot be edited as they are: in the midst of a merge, or with other line ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from codegen.base.findings import Finding, error
from codegen.kernel.survey import API, Survey
from codegen.tree.reader import Tree, read_or_none

_MARKER = re.compile(rb"^(?:<{7}|>{7}|\|{7})(?: .*)?\r?$", re.M)
_MOST = 10


def check_merged(survey: Survey) -> None:
    """FindingsError with the lines of KVM's own files that a merge has left to be resolved.

    Numbers, names and places of such a file would be those of one side, or of neither.
    """
    paths = (path for prefix in survey.kvm_prefixes() for path in survey.files(prefix))
    found = [
        finding
        for path in dict.fromkeys((*paths, API))
        for finding in unmerged(path, read_or_none(survey.tree, path) or b"")
    ]
    if found:
        raise error(*found[:_MOST])


def unmerged(path: str, data: bytes) -> Iterator[Finding]:
    """The first marker of a conflict in a file, if there is one."""
    if marker := _marker(data):
        line = data.count(b"\n", 0, marker.start()) + 1
        what = (
            f"a merge has left this to be resolved: `{marker[0][:40].decode('utf-8', 'replace')}`"
        )
        yield Finding(what.strip(), path, line, hint="resolve the conflict, and commit")


@lru_cache(maxsize=1024)
def _marker(data: bytes) -> re.Match[bytes] | None:
    return _MARKER.search(data) if b"<<<<<<<" in data or b">>>>>>>" in data else None


class UnixLines:
    """A tree whose files are read with Unix line ends, and that knows which have others."""

    def __init__(self, base: Tree) -> None:
        self.base = base
        self._others: dict[str, int] = {}  # the first such line
        self._read: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        """See `Tree.read`."""
        if path not in self._read:
            data = self.base.read(path)
            if b"\r" in data and b"\r\n" in data:  # one character is found faster than two
                self._others[path] = data.count(b"\n", 0, data.index(b"\r\n")) + 1
                data = data.replace(b"\r\n", b"\n")
            self._read[path] = data
        return self._read[path]

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        return self.base.paths(prefix)

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """See `Tree.grep`."""
        return self.base.grep(word, within)

    def check_editable(self, paths: Iterable[str]) -> None:
        """FindingsError where one has other line ends: `git am` takes them off a mail's lines."""
        what = "the line ends in CR LF, which `git am` takes off the lines of a mail"
        hint = "give the file the line ends of the kernel, such as by dos2unix, and commit"
        found = [
            Finding(what, path, self._others[path], hint=hint)
            for path in sorted(set(paths))
            if path in self._others
        ]
        if found:
            raise error(*found)
