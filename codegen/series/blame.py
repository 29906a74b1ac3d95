# SPDX-License-Identifier: GPL-2.0-only
"""Which patch of a series, and which template, a line of the kernel is from."""

from __future__ import annotations

import re
from typing import Any

from codegen.series.apply import Applied, AppliedPatch
from codegen.tree.plumbing import git_command, run_git

_PLACE = re.compile(r"^([^\s:]+\.[chS]):(\d+)(?::\d+)?: ")
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def origin(text: str, applied: Applied) -> str:
    """`from 0002-….patch, template memslot-flag/flag-check` for a compiler's `file:line: …`.

    Empty where the place is none that the series changed.
    """
    match = _PLACE.match(text)
    if not match:
        return ""
    # make names files from where it runs
    paths = [
        p for p in applied.paths if f"/{p}".endswith(f"/{match[1]}") or match[1].endswith(f"/{p}")
    ]
    if len(paths) != 1:
        return ""
    (path,) = paths
    found = _patch_of(path, int(match[2]), applied)
    if found is None:
        return f"the series changes this file, but not this line: {path}"
    patch, line = found
    template = _template_of(path, line, patch, applied)
    return f"from {patch.mail.name}" + (f", template {template}" if template else "")


def _patch_of(path: str, line: int, applied: Applied) -> tuple[AppliedPatch, int] | None:
    """The patch that wrote a line of the tip, and the line's number behind that patch."""
    git_dir, tip = applied.base.git_dir, applied.tip.commit
    assert git_dir is not None and tip is not None
    done = run_git(
        git_command(git_dir, "blame", "--porcelain", f"-L{line},{line}", tip, "--", path)
    )
    commit, number, *_ = (*done.stdout.decode("utf-8", "replace").split(maxsplit=2), "", "")
    for patch in applied.patches:
        if patch.commit == commit:
            return patch, int(number)
    return None


def _template_of(path: str, line: int, patch: AppliedPatch, applied: Applied) -> str:
    """The template of the site that is nearest to where the line's hunk begins in the old file."""
    written = applied.manifest.get("patches", ())
    said: dict[str, Any] = next((p for p in written if p.get("file") == patch.mail.name), {})
    sites = [site for site in said.get("sites", ()) if site.get("file") == path]
    if not sites:
        return ""
    old = _old_line(path, line, patch, applied)
    return str(min(sites, key=lambda site: abs(site["line"] - old))["template"])


def _old_line(path: str, line: int, patch: AppliedPatch, applied: Applied) -> int:
    git_dir = applied.base.git_dir
    assert git_dir is not None
    done = run_git(
        git_command(git_dir, "diff-tree", "-U0", "-p", patch.parent, patch.commit, "--", path)
    )
    for text in done.stdout.decode("utf-8", "replace").splitlines():
        hunk = _HUNK.match(text)
        if hunk and int(hunk[3]) <= line < int(hunk[3]) + int(hunk[4] or 1):
            return int(hunk[1])
    return line
