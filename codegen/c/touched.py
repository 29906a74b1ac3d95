# SPDX-License-Identifier: GPL-2.0-only
"""The pieces of a C file that new lines are in: functions, and declarations at file scope."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.c.outline import Outline
from codegen.c.scopes import NameScope, scope_between, scope_of


def touched(file: Outline, start: int, end: int) -> Iterator[tuple[NameScope, int, int]]:
    """The scopes that a range touches, where each begins, and its uses."""
    at = start
    for block in file.blocks:
        if block.end <= start or block.head >= end:
            continue
        yield from _items(file, at, block.head)
        first = block.open if _declarators(file, block.head) else block.head
        yield scope_of(file, block), block.head, first
        at = block.end
    yield from _items(file, at, end)


def _items(file: Outline, start: int, end: int) -> Iterator[tuple[NameScope, int, int]]:
    """The declarations at file scope in a range without blocks."""
    ends = [m.end() for m in re.finditer(";", file.code[start:end])]
    for stop in dict.fromkeys([*(start + each for each in ends), end]):
        first = file.item_start(stop - 1) if stop > start else stop
        text = file.code[first:stop].strip(" \t\n;")
        if text and not _declarators(file, first):
            yield scope_between(file, first, stop), first, first


def _declarators(file: Outline, first: int) -> bool:
    """Whether what begins there are the names behind the `}` of a struct."""
    before = file.code[:first].rstrip() if first else ""
    block = file.block_at(len(before) - 1) if before.endswith("}") else None
    if block is None or block.end != len(before):
        return False
    head = file.code[block.head : block.open]
    return bool(re.search(r"\b(?:struct|union|enum)\b", head)) and "(" not in head
