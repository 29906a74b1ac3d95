# SPDX-License-Identifier: GPL-2.0-only
"""A place in a tree, and the errors of not finding it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes `start` to `end` of a file (the same for an insertion), and how they were found.

    `old` is the text that stands there, verified before it is replaced; `how` is for people.
    `names` holds what the tree calls the things that a template speaks of here.
    """

    path: str
    start: int
    end: int
    line: int
    how: str
    old: str = ""
    indent: str = ""
    names: Mapping[str, str] = field(default_factory=dict, hash=False)


def not_found(
    site: str, what: str, searched: Sequence[str], *, near: str = "", right: str = ""
) -> FindingsError:
    """The error for a site that is nowhere: what was searched, what came closest, what to say."""
    files = ", ".join(searched[:8]) + (f" and {len(searched) - 8} more" if searched[8:] else "")
    hints = [f"searched: {files or 'nothing: no file of the tree names it'}"]
    hints += [f"closest: {near}"] if near else []
    hints += [f"to mend: {right or teach(site)}"]
    return error(Finding(f"{site}: {what} not found", hint="\n".join(hints), site=site))


def teach(site: str) -> str:
    """What to do about a tree that a site does not know, for messages."""
    return f"teach the site {site} in codegen/sites/ what this tree has; see docs/sites.md"


def ambiguous(site: str, what: str, places: Sequence[str], right: str = "") -> FindingsError:
    """The error for a site that was found more than once."""
    hint = f"found: {', '.join(places)}\nto mend: {right or teach(site)}"
    return error(Finding(f"{site}: {what} found {len(places)} times", hint=hint, site=site))
