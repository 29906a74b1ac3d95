# SPDX-License-Identifier: GPL-2.0-only
"""The differences between two ABIs of one architecture: constants and where they are found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from codegen.c.source import lex
from codegen.uapi.difference import Change, Difference
from codegen.uapi.model import Abi, Constant, Record, UapiDefinition
from codegen.uapi.records import record_differences
from codegen.uapi.writing import is_ioctl, space_of, written

# A limit of what there is, such as `KVM_STATS_TYPE_MAX` and `kvm_ioeventfd_flag_nr_max`.
_LIMIT = re.compile(r"(?:^|_)(?:max|last|nr|num|count)(?:_|$)", re.I)
# Everything that there is of something, such as `KVM_SYNC_X86_VALID_FIELDS`.
_MASK = re.compile(r"(?:^|_)(?:mask|valid|all|fields)(?:_|$)", re.I)
_NAME = re.compile(r"[A-Za-z_]\w*")


def compare(old: Abi, new: Abi) -> Iterator[Difference]:
    """What userspace on one architecture finds changed; each names that architecture."""
    for name in {**old.constants, **new.constants}:
        yield from _constant(name, old, new)
    for name in {**old.records, **new.records}:
        yield from _record(name, old, new)
    for header in {**old.brings, **new.brings}:
        if header not in new.brings:
            yield _difference(new, Change.REMOVED, header, header, 0)
        elif header not in old.brings:
            yield _difference(new, Change.ADDED, header, header, 0)
    yield from _taken_twice(old, new)


def _constant(name: str, old: Abi, new: Abi) -> Iterator[Difference]:
    before, after = old.constants.get(name), new.constants.get(name)
    if before is None and after is not None:
        yield _at(new, Change.ADDED, name, after.at, "", written(after))
    elif after is None and before is not None:
        yield _at(new, Change.REMOVED, name, before.at, written(before), "")
    elif before is not None and after is not None:
        change = _changed(before, after)
        if change:
            yield _at(new, change, name, after.at, written(before), written(after))
        yield from _relocated(name, before.at, after.at, old, new)


def _changed(before: Constant, after: Constant) -> Change | None:
    if before.value is not None and after.value is not None:
        if before.value == after.value:
            return None
        return Change.EXTENDED if _extended(before, after) else Change.RENUMBERED
    if before.text == after.text or _tokens(before) == _tokens(after):
        return None
    if before.value is None and after.value is not None and not before.text.startswith("("):
        return Change.NUMBER
    return Change.REWORDED


def _extended(before: Constant, after: Constant) -> bool:
    if before.value is None or after.value is None or is_ioctl(after):
        return False
    if _LIMIT.search(after.name):
        return after.value > before.value
    return bool(_MASK.search(after.name)) and before.value & ~after.value == 0


def _tokens(constant: Constant) -> tuple[str, ...]:
    return tuple(token.text for token in lex(constant.text.replace("\r", "")))


def _record(name: str, old: Abi, new: Abi) -> Iterator[Difference]:
    before, after = old.records.get(name), new.records.get(name)
    if before is None and after is not None:
        yield _at(new, Change.ADDED, name, after.at, "", _size(after))
    elif after is None and before is not None:
        yield _at(new, Change.REMOVED, name, before.at, _size(before), "")
    elif before is not None and after is not None:
        if before.size != after.size:
            yield _at(new, Change.RESIZED, name, after.at, _size(before), _size(after))
        for change, field, was, now in record_differences(before, after):
            yield _at(new, change, f"{name}.{field}", after.at, was, now)
        yield from _relocated(name, before.at, after.at, old, new)


def _size(record: Record) -> str:
    return f"{record.size // 8} bytes"


def _relocated(
    name: str, before: UapiDefinition, after: UapiDefinition, old: Abi, new: Abi
) -> Iterator[Difference]:
    """Whether a header that gave a name still does, itself or by what it includes.

    A header that is gone altogether is reported itself.
    """
    if before.header == after.header and old.brings == new.brings:
        return
    gave = {header for header, brought in old.brings.items() if before.header in brought}
    still = sorted(gave & new.brings.keys())
    if still and not any(after.header in new.brings[header] for header in still):
        yield _at(new, Change.HIDDEN, name, after, ", ".join(still), after.header)
    elif before.header != after.header:
        yield _at(new, Change.OTHER_HEADER, name, after, before.header, after.header)


def _taken_twice(old: Abi, new: Abi) -> Iterator[Difference]:
    """Names that share a number with others of their space, and did not before."""
    for key, names in _shared(new):
        had = {n for n in names if n in old.constants and _number(n, old.constants) == key}
        first, *others = sorted(names, key=lambda name: (name not in had, *_place(new, name)))
        for name in others:
            if name not in had:
                constant = new.constants[name]
                yield _at(new, Change.TAKEN_TWICE, name, constant.at, first, written(constant))


def _place(abi: Abi, name: str) -> tuple[str, int]:
    at = abi.constants[name].at
    return at.header, at.start


def _shared(abi: Abi) -> Iterator[tuple[object, list[str]]]:
    """The numbers that several names of a space share, each with these."""
    found: dict[object, list[str]] = {}
    values = Counter(constant.value for constant in abi.constants.values())
    for name, constant in abi.constants.items():
        key = _number(name, abi.constants) if values[constant.value] > 1 else None
        if key is not None:
            found.setdefault(key, []).append(name)
    return ((key, names) for key, names in found.items() if len(names) > 1)


def _number(name: str, constants: Mapping[str, Constant]) -> object:
    """What a name takes of a space; another name of the same macro takes nothing."""
    constant = constants[name]
    spelled = constant.text.strip(" \t()")
    if constant.value is None or (_NAME.fullmatch(spelled) and spelled in constants):
        return None
    if is_ioctl(constant):
        return "ioctl", constant.value
    space = space_of(name)
    if space is None or (space.bits and constant.value.bit_count() != 1):
        return None
    within = _outer(name, constants) if space.nested else ""
    return space.pattern, within, constant.value


def _outer(name: str, constants: Mapping[str, Constant]) -> str:
    """The other name that this one begins with: `KVM_EXIT_IO` of `KVM_EXIT_IO_OUT`."""
    parts = name.split("_")
    starts = ("_".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))
    return next((start for start in starts if start in constants), "")


def _difference(
    abi: Abi, change: Change, name: str, header: str, line: int, before: str = "", after: str = ""
) -> Difference:
    return Difference(change, name, header, line, before, after, (abi.arch,))


def _at(
    abi: Abi, change: Change, name: str, at: UapiDefinition, before: str, after: str
) -> Difference:
    return _difference(abi, change, name, at.header, at.line, before, after)
