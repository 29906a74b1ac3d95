# SPDX-License-Identifier: GPL-2.0-only
"""Where a file defines or declares a name at file scope, for messages: told from its outline."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codegen.c.outline import Block, Outline

_LOCAL = re.compile(r"[\w*]\s*\Z")


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition or declaration: its offset, and whether other files cannot see it."""

    at: int
    static: bool = False


def definitions(file: Outline, name: str) -> tuple[Definition, ...]:
    """The definitions of a macro, function, type, constant or variable, in order."""
    if name not in file.text:
        return ()
    found = [Definition(macro.start) for macro in file.macros.get(name, ())]
    for at in file.occurrences(name):
        block = file.block_at(at)
        if file.directive_at(at) is not None or (
            block and at > block.open and not _enum(file, block)
        ):
            continue
        before, rest = file.code[max(0, at - 40) : at], file.code[at + len(name) :].lstrip()
        after = "" if rest.startswith("(*") else rest[:1]  # the type that a pointed function has
        if block and at > block.open:
            if before.rstrip()[-1:] in ("{", ",") and after in ("=", ",", "}"):
                found.append(Definition(at))
            continue
        start = file.item_start(at)
        head = file.code[start:at]
        if head.count("(") > head.count(")") or not head.strip():
            continue
        tag = re.search(r"\b(?:struct|union|enum)\s+\Z", before)
        if tag and after != "{":
            continue
        if tag or (after in ("(", "=", ";", "[", ",") and _LOCAL.search(before)):
            found.append(Definition(at, "static" in head.split()))
    return tuple(sorted(found, key=lambda each: each.at))


def _enum(file: Outline, block: Block) -> bool:
    head = file.code[block.head : block.open]
    return "enum" in head.split("(")[0].split() and "=" not in head
