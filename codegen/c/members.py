# SPDX-License-Identifier: GPL-2.0-only
"""Structs, unions and enums in a file's text: where their tags stand, what is in their braces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from codegen.c.headers import Headers
from codegen.c.outline import Outline, outline
from codegen.c.scopes import NameScope
from codegen.c.uses import Use

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


class StructsSeen:
    """The structs that one file sees, its own and those of its headers."""

    def __init__(self, path: str, own: Outline, headers: Headers) -> None:
        self._path = path
        self._own = own
        self._headers = headers
        self._bodies: dict[str, tuple[str, ...]] = {}

    def declares(self, name: str, at: int, *, whole: bool) -> bool:
        """Whether `struct name` is declared for an offset; `whole`: with its members."""
        if any(end < at for _, end in tags(self._own, name, whole)):
            return True
        return any(any(tags(file, name, whole)) for file in self._naming(name, at))

    def bodies(self, tag: str, at: int) -> tuple[str, ...]:
        """The members of a struct, for each definition of the first file that has one."""
        if tag not in self._bodies:
            found = (
                tuple(braced(file, opening) for _, opening in tags(file, tag, True))
                for file in chain((self._own,), self._naming(tag, at))
            )
            self._bodies[tag] = next((bodies for bodies in found if bodies), ())
        return self._bodies[tag]

    def tag_of(self, scope: NameScope, use: Use, at: int) -> str:
        """The struct that a member must be of; empty where that is not known."""
        path = use.path
        if not path:
            return ""
        if path[0] == "{":
            if len(path) == 2:
                return path[1]
            path = path[2:]
        local = next(reversed([*scope.declared(path[0], use.at)]), None)
        tag = local.tag if local else ""
        for name in path[1:]:
            tag = self._member_tag(tag, name, at) if tag else ""
        return tag

    def _member_tag(self, tag: str, name: str, at: int) -> str:
        """The struct that a member of a struct is, or points to; empty where that is not known."""
        declared = re.compile(
            rf"\b(?:struct|union)\s+(\w+)\s*[\s*\w]*\b{re.escape(name)}\b\s*[;\[:,]"
        )
        for body in self.bodies(tag, at):
            found = declared.search(body)
            if found:
                return found[1]
        return ""

    def _naming(self, word: str, at: int) -> Iterator[Outline]:
        """The headers that have a word."""
        data = word.encode()
        return (outline(each) for _, each in self._headers.of(self._path, at) if data in each)
