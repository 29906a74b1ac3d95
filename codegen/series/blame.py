# SPDX-License-Identifier: GPL-2.0-only
"""Which patch of a series, and which template, a line of the kernel is from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codegen.mail.patch import Posted
from codegen.tree.changed import Changed

_PLACE = re.compile(r"^([^\s:]+\.[chS]):(\d+)(?::\d+)?: ")


def origin(text: str, patches: Sequence[Posted]) -> str:
    """`from 0002-….patch, template memslot-flag/flag-check` for a compiler's `file:line: …`.

    The file is that behind the last of the patches.  Empty where the place is none that they
    changed.
    """
    match = _PLACE.match(text)
    if not match:
        return ""
    # make names files from where it runs
    paths = [
        path
        for path in dict.fromkeys(path for patch in patches for path in patch.changes)
        if f"/{path}".endswith(f"/{match[1]}") or match[1].endswith(f"/{path}")
    ]
    if len(paths) != 1:
        return ""
    (path,) = paths
    line = int(match[2])
    for patch in reversed(patches):
        change = patch.changes.get(path)
        if change is None:
            continue
        if any(hunk.new <= line < hunk.new + len(hunk.added) for hunk in change.hunks):
            template = _template(change, line)
            return f"from {patch.name}" + (f", template {template}" if template else "")
        above = (hunk for hunk in change.hunks if hunk.new <= line)
        line += sum(hunk.removed - len(hunk.added) for hunk in above)
    return f"the series changes this file, but not this line: {path}"


def _template(change: Changed, line: int) -> str:
    """The template that wrote a line of a file, where gen did.

    Of lines that are alike, git may take another one for the new one: the nearest span counts.
    """
    data = change.after or b""
    lines = data.split(b"\n", line)
    start = sum(len(each) + 1 for each in lines[: line - 1])
    end = start + len(lines[line - 1])
    near = min(change.new, key=lambda span: max(span.start - end, start - span.end), default=None)
    return near.template if near else ""
