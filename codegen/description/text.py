# SPDX-License-Identifier: GPL-2.0-only
"""Texts of a description: what they may hold, so that none leaves the place it is put in."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_LONGEST_LINE = 100


def _character(value: str, allowed: str) -> str:
    for char in value:
        if char in allowed:
            continue
        # controls, surrogates, and the format characters that turn the reading direction
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise ValueError(f"the character U+{ord(char):04X} is not allowed in a text")
    return value


def _line(value: str) -> str:
    _character(value, "")
    return _plain(value)


def _prose(value: str) -> str:
    _character(value, "\n")
    return _plain(value)


def _plain(value: str) -> str:
    if not value.strip():
        raise ValueError("the text is empty")
    for mark in ("*/", "/*"):
        if mark in value:
            raise ValueError(f"`{mark}` would leave or open a C comment")
    if "\\\n" in value or value.endswith("\\"):
        raise ValueError("a backslash at the end of a line would continue a macro")
    if _TEMPLATE.search(value):
        raise ValueError("template code is not allowed in a description")
    if re.search(r"^---|^diff --git |^From |^Index: ", value, re.M):
        raise ValueError("a line of it would be read as the beginning of a patch")
    if re.search(r"^\s*[A-Z][a-z]+(-[a-z]+)*-by:", value, re.M):
        raise ValueError("a trailer like Signed-off-by: is not for a description to give")
    return value


def _clause(value: str) -> str:
    _prose(value)
    if value.rstrip().endswith("."):
        raise ValueError("a clause is put into sentences: leave out the full stop")
    return value


def _code(value: str) -> str:
    _character(value, "\n\t")
    if not value.strip():
        raise ValueError("the text is empty")
    if _TEMPLATE.search(value):
        raise ValueError("template code is not allowed in a description")
    if "\\\n" in value or value.rstrip("\n").endswith("\\"):
        raise ValueError("a backslash at the end of a line would continue a macro")
    if "??/" in value:
        raise ValueError("the trigraph `??/` is a backslash")
    _balanced(value)
    for line in value.splitlines():
        if len(line.expandtabs(8)) > _LONGEST_LINE:
            raise ValueError(f"a line of {len(line.expandtabs(8))} columns; {_LONGEST_LINE} at most")
        if line != line.rstrip():
            raise ValueError("white space at the end of a line")
    return value


_SKIP = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _balanced(value: str) -> None:
    bare = _SKIP.sub(" ", value)
    if "/*" in bare or "*/" in bare:
        raise ValueError("a C comment that is not closed, or not opened")
    if '"' in bare:
        raise ValueError("a string that is not closed")
    open_: list[str] = []
    for char in bare:
        if char in "([{":
            open_.append(char)
        elif char in _PAIRS and (not open_ or open_.pop() != _PAIRS[char]):
            raise ValueError(f"`{char}` closes nothing")
    if open_:
        raise ValueError(f"`{open_[-1]}` is not closed")


Line = Annotated[str, StringConstraints(max_length=120), AfterValidator(_line)]
Clause = Annotated[str, StringConstraints(max_length=600), AfterValidator(_clause)]
Prose = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_prose)]
Code = Annotated[str, StringConstraints(max_length=16000), AfterValidator(_code)]
