# SPDX-License-Identifier: GPL-2.0-only
"""Edits: text that goes to a place, and what a file is with all of them applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from codegen.base.findings import Finding, error
from codegen.c.layout import COLUMNS, width, wrapped
from codegen.kernel.editable import unmerged
from codegen.sites.place import Place
from codegen.tree.changed import Changed, NewSpan
from codegen.tree.reader import Tree, read_or_none

_C = (".c", ".h")


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Text for a place; `site` names how the place was asked for, `template` what made the text.

    `untested` is why no selftest can see a kernel without it, where none can.
    """

    site: str
    place: Place
    text: str
    template: str = ""
    untested: str = ""


def applied(tree: Tree, edits: Iterable[TextEdit]) -> Mapping[str, bytes | None]:
    """The files that the edits change, as they are afterwards; see `changed`."""
    return {path: made.after for path, made in changed(tree, edits).items()}


def changed(tree: Tree, edits: Iterable[TextEdit]) -> Mapping[str, Changed]:
    """The files that the edits change, and what of them is new.

    All edits of a file were located in the same text, so the last place is edited first; at the
    same place, the order of the edits is kept.  Raises FindingsError where two edits overlap or
    the text at a place is not what was found there.
    """
    by_path = sorted(edits, key=lambda edit: edit.place.path)
    return {
        path: _apply(tree, path, list(group))
        for path, group in groupby(by_path, key=lambda edit: edit.place.path)
    }


def rewritten(tree: Tree, made: Changed) -> Changed:
    """A file that somebody else has changed: its lines that were not there before are new."""
    kept = set((read_or_none(tree, made.path) or b"").split(b"\n"))
    new, at = [], 0
    for line in (made.after or b"").splitlines(keepends=True):
        if line.rstrip(b"\n") not in kept:
            new.append(NewSpan(at, at + len(line)))
        at += len(line)
    return replace(made, new=tuple(new))


def _apply(tree: Tree, path: str, edits: list[TextEdit]) -> Changed:
    before = read_or_none(tree, path)
    data = before or b""
    if found := list(unmerged(path, data)):
        raise error(*found)
    edits.sort(key=lambda edit: (edit.place.start, edit.place.end))
    pieces, at, size = [], 0, 0
    new: list[NewSpan] = []
    for edit in edits:
        place = edit.place
        if place.start < at:
            raise error(Finding(f"{edit.site}: two edits overlap in {path}", path, place.line))
        old = data[place.start : place.end].decode("utf-8", "surrogateescape")
        if old != place.old:
            raise error(Finding(f"{edit.site}: the text at the place changed", path, place.line))
        text = edit.text.encode("utf-8", "surrogateescape")
        pieces += [data[at : place.start], text]
        size += place.start - at + len(text)
        new.append(NewSpan(size - len(text), size, edit.template))
        at = place.end
    made = b"".join([*pieces, data[at:]])
    if path.endswith(_C):
        made, new = _fitted(data, made, new)
    return Changed(path, before, made, tuple(new))


def _fitted(data: bytes, made: bytes, new: Sequence[NewSpan]) -> tuple[bytes, list[NewSpan]]:
    """The C file that was made, its changed lines wrapped where they became too long.

    `new` has the bytes that are new, in order; a line that was as long before stays.
    """
    kept = b"\n%b\n" % data
    pieces, at, size = [], 0, 0
    lines: list[NewSpan] = []
    for span in new:
        start, end = span.start, span.end
        first = max(at, made.rfind(b"\n", 0, start) + 1)
        # what ends with a newline has changed nothing of the line behind it
        last = made.find(b"\n", end - 1 if end > start else end)
        last = len(made) if last < 0 else last
        if last <= first:
            continue
        pieces += [made[at:first]]
        begin = size = size + first - at
        for line in made[first:last].splitlines(keepends=True):
            macro = b"".join(each[-2:] for each in pieces[-2:]).endswith(b"\\\n")
            pieces.append(_wrapped(line, kept, macro))
            size += len(pieces[-1])
        lines.append(NewSpan(begin, size, span.template))
        at = last
    return b"".join([*pieces, made[at:]]), lines


def _wrapped(line: bytes, kept: bytes, macro: bool) -> bytes:
    text = line.decode("utf-8", "surrogateescape")
    if width(text.rstrip("\n")) <= COLUMNS or b"\n%b\n" % line.rstrip(b"\n") in kept:
        return line
    return wrapped(text, macro=macro).encode("utf-8", "surrogateescape")
