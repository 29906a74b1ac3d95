# SPDX-License-Identifier: GPL-2.0-only
"""Two versions of a struct: which of its fields are where they were."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.uapi.difference import Change
from codegen.uapi.model import Field, Record

# What KVM's headers call the bytes that a struct keeps for later.
_PADDING = re.compile(r"(?:.*\.)?_*(?:pad|padding|reserved|unused|res|rsvd|fill)\d*_*")

RecordChange = tuple[Change, str, str, str]


def record_differences(old: Record, new: Record) -> Iterator[RecordChange]:
    """What changed in a struct, as (change, field, before, after).

    Fields that take the place of padding are how KVM extends a struct: that is no error as long
    as no other field moves.
    """
    before = {field.name: field for field in old.fields}
    after = {field.name: field for field in new.fields}
    added = [field for field in new.fields if field.name not in before]
    given = [f for f in old.fields if is_padding(f) and after.get(f.name) != f]
    for field in added:
        if _within(field, added):
            continue
        padding = next((pad for pad in given if _overlap(pad, field)), None)
        if padding is not None:
            yield Change.INTO_PADDING, field.name, padding.name, _place(field)
        else:
            change = Change.PADDING if is_padding(field) else Change.ADDED
            yield change, field.name, "", _place(field)
    gone = [field for field in old.fields if field.name not in after]
    moved = [f for f in old.fields if f.name in after and after[f.name].offset != f.offset]
    for was in old.fields:
        now = after.get(was.name)
        said = _place(was), _place(now) if now else ""
        if now == was:
            continue
        if is_padding(was):
            if not any(_overlap(was, field) for field in added):
                yield Change.PADDING, was.name, *said
        elif now is None:
            if not _within(was, gone):
                yield Change.REMOVED, was.name, *said
        elif now.offset != was.offset:
            if not _within(was, moved):
                yield Change.MOVED, was.name, *said
        else:
            yield Change.RESIZED, was.name, *said


def is_padding(field: Field) -> bool:
    """Whether a field's name says that nothing is there yet."""
    return _PADDING.fullmatch(field.name) is not None


def _within(field: Field, others: list[Field]) -> bool:
    """Whether a field is one of a nameless struct that is among the others itself."""
    return any(field.name.startswith(f"{other.name}.") for other in others)


def _overlap(one: Field, other: Field) -> bool:
    return one.offset < other.offset + other.size and other.offset < one.offset + one.size


def _place(field: Field) -> str:
    if field.offset % 8 or field.size % 8:
        return f"{field.size} bits at bit {field.offset}"
    size = f"{field.size // 8} bytes" if field.size else "flexible"
    return f"{size} at {field.offset // 8}"
