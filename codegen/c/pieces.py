# SPDX-License-Identifier: GPL-2.0-only
"""What calls what, by names: the functions, tables and macros of a file, and what each names.

A call by a pointer is one by the name of a struct's member, and who is behind it is who some code
puts there: `.member = function` in an initializer, or `x->member = function;`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from codegen.c.outline import Outline, outline

PieceKind = Literal["function", "table", "macro"]
_CALL = re.compile(r"(?<![.>\w])([A-Za-z_]\w*)\s*\(")
_WORD = re.compile(r"(?<![.>\w])[A-Za-z_]\w*")
_VALUE = re.compile(r"(?:[=(,&?:{]|\breturn\b)\s*([A-Za-z_]\w*)\s*(?=[,);}:])")
_MEMBER_CALL = re.compile(r"(?:->|\.)\s*(\w+)\s*\)?\s*\(")
_WITHIN = re.compile(r"\b(\w+)\(\s*(\w+)\s*[,)]")
_PUT = re.compile(r"(?:->|\.)\s*(\w+)\s*=\s*&?(\w+)\s*(?:\(\s*(\w+)\s*\))?\s*[,;}]")
_POINTER = re.compile(r"\(\s*\*\s*(?:const\s+)?(\w+)\s*\)\s*\(")
_STRUCT = re.compile(r"^(?:typedef\s+)?(?:struct|union)\s+(\w+)\b[^()=]*\Z")
_TABLE = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?:__\w+\s*(?:\([^()]*\))?\s*)*=\s*\Z")
_TABLE_OF_POINTERS = re.compile(
    r"\(\s*\*\s*(?:const\s+)?(\w+)\s*(?:\[[^\]]*\]\s*)*\)\s*\([^=]*\)\s*=\s*\Z"
)
_TAG = re.compile(r"\bstruct\s+(\w+)")
_HEAD = re.compile(r"([A-Za-z_]\w*)\s*\(")
_PASTED = re.compile(r"\b(\w+)\s*##\s*(\w+)")
_LABEL = re.compile(r"\bcase\s+(\w+)\s*:|\bdefault\s*:")
_IOCTL = re.compile(r"\s*_IO[RW]{0,2}\s*\(")


@dataclass(frozen=True)
class Piece:
    """A function, a table of values, or a macro of a file; `own` if other files cannot see it."""

    path: str
    name: str
    kind: PieceKind
    own: bool
    text: str
    tag: str = ""  # the struct that a table is

    @cached_property
    def words(self) -> frozenset[str]:
        """All names in it, but for those of members."""
        return frozenset(_WORD.findall(self.text))

    @cached_property
    def called(self) -> frozenset[str]:
        """What is called by its name."""
        return frozenset(_CALL.findall(self.text))

    @cached_property
    def values(self) -> frozenset[str]:
        """Names that stand alone as a value or an argument, such as a function that is handed on.

        What is put into a member is called by that member's name only.
        """
        return frozenset(_VALUE.findall(_PUT.sub(";", self.text)))

    @cached_property
    def members(self) -> frozenset[str]:
        """Members that are called."""
        return frozenset(_MEMBER_CALL.findall(self.text))

    @cached_property
    def within(self) -> frozenset[tuple[str, str]]:
        """Calls whose first argument is a name: callee and argument."""
        return frozenset(_WITHIN.findall(self.text))

    @cached_property
    def puts(self) -> tuple[tuple[str, str, str], ...]:
        """Members with the name that is put there, and the argument if it is a macro's call."""
        return tuple(_PUT.findall(self.text))

    def cases(self, labels: frozenset[str]) -> list[tuple[tuple[str, ...], Piece]]:
        """The statements of a switch over some labels: those that share them, and these alone."""
        marks = [m for m in _LABEL.finditer(self.text) if m[1] is None or m[1] in labels]
        found: list[tuple[tuple[str, ...], Piece]] = []
        names: tuple[str, ...] = ()
        ends = [*(mark.start() for mark in marks), len(self.text)][1:]
        for mark, end in zip(marks, ends, strict=True):
            names = (*names, mark[1]) if mark[1] else ()
            text = self.text[mark.end() : end]
            if names and text.strip():
                found.append((names, Piece(self.path, self.name, "function", self.own, text)))
                names = ()
        return found


@dataclass(frozen=True)
class Pieces:
    """A file's pieces; `pointers` are the members of its structs that point to functions."""

    pieces: tuple[Piece, ...]
    pointers: tuple[tuple[str, str], ...]  # of which struct, and its name
    pasted: tuple[tuple[str, str], ...]  # a macro, and what it puts in front of an argument
    ioctls: frozenset[str]


def pieces(path: str, data: bytes) -> Pieces:
    """What a file defines."""
    file = outline(data)
    found: list[Piece] = []
    pointers: list[tuple[str, str]] = []
    for block in file.blocks:
        head, text = file.code[block.head : block.open], file.code[block.open : block.end]
        struct = _STRUCT.match(head.strip())
        if struct:
            pointers += [(struct[1], member) for member in _POINTER.findall(text)]
            continue
        own = "static" in head.split() and path.endswith(".c")
        table, function = _TABLE_OF_POINTERS.search(head) or _TABLE.search(head), _function(head)
        if table:
            tag = _TAG.search(head)
            found.append(Piece(path, table[1], "table", own, text, tag[1] if tag else ""))
        elif function:
            found.append(Piece(path, function, "function", own, text))
    macros, pasted, ioctls = _macros(path, file)
    return Pieces((*found, *macros), tuple(pointers), pasted, ioctls)


def _function(head: str) -> str:
    """The name of the function whose body follows; empty where it is none."""
    names = [match[1] for match in _HEAD.finditer(head) if _outside(head, match.start())]
    plain = [name for name in names if not name.startswith("__")]
    return next(iter(plain or names), "")


def _outside(text: str, at: int) -> bool:
    return text.count("(", 0, at) == text.count(")", 0, at)


def _macros(
    path: str, file: Outline
) -> tuple[list[Piece], tuple[tuple[str, str], ...], frozenset[str]]:
    found: list[Piece] = []
    pasted: dict[tuple[str, str], None] = {}
    ioctls = set()
    for name, same in file.macros.items():
        for macro in same:
            found.append(Piece(path, name, "macro", path.endswith(".c"), macro.body))
            if _IOCTL.match(macro.body):
                ioctls.add(name)
            for before, argument in _PASTED.findall(macro.body):
                if argument in (macro.parameters or ()):
                    pasted[name, before] = None
    return found, tuple(pasted), frozenset(ioctls)
