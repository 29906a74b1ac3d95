# SPDX-License-Identifier: GPL-2.0-only
"""Edits: text that goes to a place, and what a file is with all of them applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from codegen.c.layout import width, wrapped
from codegen.findings import Finding, error
from codegen.sites.place import Place
from codegen.tree.reader import Tree

_C = (".c", ".h")


@dataclass(frozen=True, slots=True)
class Edit:
    """Text for a place; `site` names how the place was asked for, `template` what made the text."""

    site: str
    place: Place
    text: str
    template: str = ""


def applied(tree: Tree, edits: Iterable[Edit]) -> Mapping[str, bytes]:
    """The files that the edits change, as they are afterwards.

    All edits of a file were located in the same text, so the last place is edited first; at the
    same place, the order of the edits is kept.  Raises FindingsError where two edits overlap or
    the text at a place is not what was found there.
    """
    by_path = sorted(edits, key=lambda edit: edit.place.path)
    return {
        path: _apply(tree, path, list(group))
        for path, group in groupby(by_path, key=lambda edit: edit.place.path)
    }


def _apply(tree: Tree, path: str, edits: list[Edit]) -> bytes:
    try:
        data = tree.read(path)
    except FileNotFoundError:
        data = b""
    edits.sort(key=lambda edit: (edit.place.start, edit.place.end))
    pieces, at = [], 0
    for edit in edits:
        place = edit.place
        if place.start < at:
            raise error(Finding(f"{edit.site}: two edits overlap in {path}", path, place.line))
        old = data[place.start : place.end].decode("utf-8", "surrogateescape")
        if old != place.old:
            raise error(Finding(f"{edit.site}: the text at the place changed", path, place.line))
        pieces += [data[at : place.start], _fitted(data, edit).encode("utf-8", "surrogateescape")]
        at = place.end
    return b"".join([*pieces, data[at:]])


def _fitted(data: bytes, edit: Edit) -> str:
    """The text, its C lines wrapped with what stands before and behind it on the same line."""
    place = edit.place
    if not place.path.endswith(_C):
        return edit.text
    line_start = data.rfind(b"\n", 0, place.start) + 1
    line_end = data.find(b"\n", place.end)
    before = data[line_start : place.start].decode("utf-8", "replace")
    after = data[place.end : line_end].decode("utf-8", "replace")
    if edit.text.endswith("\n"):
        after = ""
    lines = f"{before}{edit.text}{after}".split("\n")
    kept = f"{before}{place.old}{after}".split("\n")
    fitted = [line if line in kept or width(line) <= 80 else wrapped(line) for line in lines]
    text = "\n".join(fitted)
    return text[len(before) : len(text) - len(after)]
