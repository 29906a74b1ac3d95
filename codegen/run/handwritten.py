# SPDX-License-Identifier: GPL-2.0-only
"""A file of a series without what gen has written in it: the tree's and the developer's lines.

A developer's patch may come behind one of gen's, so that no state of the file is that.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from codegen.tree.changed import Changed

_Traced = tuple[bytes, tuple[bytes, ...]]  # a line, and what stood there before gen wrote


def without_own(changes: Iterable[tuple[Changed, bool]]) -> bytes:
    """The file behind its changes, in their order; those that are `True` are gen's own.

    A line of gen's that the developer has changed afterwards is the developer's.
    """
    lines: list[_Traced] | None = None
    for change, own in changes:
        old = (change.before or b"").splitlines(keepends=True)
        new = (change.after or b"").splitlines(keepends=True)
        lines = _behind(lines or [(line, (line,)) for line in old], new, own)
    return b"".join(line for _, before in lines or () for line in before)


def _behind(lines: list[_Traced], new: list[bytes], own: bool) -> list[_Traced]:
    found: list[_Traced] = []
    old = [line for line, _ in lines]
    lost: tuple[bytes, ...] = ()  # what own changes have taken away right here
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            (line, before), *others = lines[i1:i2]
            found += [(line, (*lost, *before)), *others]
            lost = ()
        elif own:
            lost += tuple(text for _, before in lines[i1:i2] for text in before)
            found += [(line, lost if j == j1 else ()) for j, line in enumerate(new[j1:j2], j1)]
            lost = lost if j1 == j2 else ()
        else:
            found += [(line, (line,)) for line in new[j1:j2]]
    return [*found, (b"", lost)] if lost else found
