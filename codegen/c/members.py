# SPDX-License-Identifier: GPL-2.0-only
"""Structs, unions and enums in a file's text: where their tags stand, what is in their braces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.c.outline import Outline

_ATTRIBUTE = r"__\w+\s*(?:\(\([^()]*(?:\([^()]*\))?\)\))?\s*"
_TAGGED = re.compile(rf"\b(?:struct|union|enum)\s+(?:{_ATTRIBUTE})*\Z")
_OPENED = re.compile(rf"\s*(?:{_ATTRIBUTE})*\{{")


def tags(file: Outline, name: str, whole: bool) -> Iterator[tuple[int, int]]:
    """Where `struct name` stands in a file, and behind that; `whole`: with its `{`."""
    for at in file.occurrences(name):
        if _TAGGED.search(file.code, max(0, at - 100), at):
            end = at + len(name)
            opened = _OPENED.match(file.code, end)
            if opened:
                yield at, opened.end() - 1
            elif not whole:
                yield at, end


def braced(file: Outline, opening: int) -> str:
    """What stands in the braces that open at an offset, directives included."""
    depth = 0
    for match in re.finditer(r"[{}]", file.code[opening:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return file.text[opening + 1 : opening + match.start()]
    return file.text[opening + 1 :]


def may_have_more(body: str) -> bool:
    """Whether a struct may have members that its text does not name."""
    return bool(re.search(r"^[ \t]*#[ \t]*include", body, re.M))


def holds(body: str, name: str) -> bool:
    """Whether a struct has a member of that name."""
    return bool(re.search(rf"(?<!\bstruct )(?<!\bunion )\b{re.escape(name)}\b", body))
