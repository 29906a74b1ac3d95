# SPDX-License-Identifier: GPL-2.0-only
"""The names that a piece of C uses, and as what: told from its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from codegen.c.scopes import NameScope
from codegen.c.words import ASM, BASIC, CLOSE, OPEN, TAGGED, WORDS, is_name, is_word

UseKind = Literal["name", "member", "tag", "label"]


@dataclass(frozen=True, slots=True)
class Use:
    """A name that is used.

    `whole` says of a tag that its members must be known.  `path` are the names that lead to a
    member, the first of them a variable, or `{` and the tag of what an initializer is for.
    `calls` are the calls that it is an argument of, the innermost first: callee and position.
    """

    name: str
    at: int
    kind: UseKind = "name"
    whole: bool = False
    path: tuple[str, ...] = ()
    calls: tuple[tuple[str, int], ...] = ()


def uses(scope: NameScope, start: int, end: int) -> Iterator[Use]:
    """The names that are used between two offsets."""
    calls: list[tuple[int, str, int]] = []  # the bracket, the callee, the argument's number
    skip, asm = -1, -1
    for index, token in enumerate(scope.tokens):
        if token.at >= end:
            return
        text = token.text
        if text in OPEN:
            callee = scope.text(index - 1) if text == "(" else ""
            calls.append((index, callee if callee and is_name(callee) else "", 0))
        elif text in CLOSE and calls:
            calls.pop()
        elif text == "," and calls:
            bracket, callee, position = calls[-1]
            calls[-1] = (bracket, callee, position + 1)
        elif text in ("__attribute__", "__attribute"):
            skip = max(skip, scope.behind(index + 1))
        elif text in ASM:
            following = index + 1
            while is_word(scope.text(following)):
                following += 1
            asm = max(asm, scope.behind(following))
        if token.at < start or index < skip or not is_name(text):
            continue
        if token.at in scope.starts or (index < asm and scope.text(index - 1) == "["):
            continue
        around = tuple((name, position) for _, name, position in reversed(calls) if name)
        use = _use(scope, index, around, index < asm, bool(calls))
        if use is not None:
            yield use


def _use(
    scope: NameScope, index: int, calls: tuple[tuple[str, int], ...], asm: bool, inside: bool
) -> Use | None:
    text, at = scope.tokens[index]
    before, after = scope.text(index - 1), scope.text(index + 1)
    if before in TAGGED:
        if after == "{":
            return None
        end = index + 1
        while scope.text(end).startswith("__"):
            end += 1
        whole = before != "enum" and is_name(scope.text(end))
        return Use(text, at, "tag", whole=whole)
    if before in (".", "->"):
        return Use(text, at, "member", path=_path(scope, index))
    if calls and calls[0] == ("offsetof", 1):
        tagged = before == "," and scope.text(index - 3) in TAGGED
        return Use(text, at, "member", path=("{", scope.text(index - 2)) if tagged else ())
    if before == "goto" or (asm and text in scope.labels):
        return Use(text, at, "label")
    if after == ":" and before in (";", "{", "}", ":", ")") and text in scope.labels:
        return None
    if before == "__label__" or (before == "*" and _names_parameter(scope, index)):
        return None
    if is_word(before) and before not in WORDS and inside and after in (",", ")"):
        return None  # the name of a parameter of a function's type
    return Use(text, at, calls=calls)


def _names_parameter(scope: NameScope, index: int) -> bool:
    """Whether `* name` stands behind `struct x` or a basic type."""
    while scope.text(index - 1) in ("*", "const"):
        index -= 1
    before = scope.text(index - 1)
    return before in BASIC or scope.text(index - 2) in TAGGED


def _path(scope: NameScope, index: int) -> tuple[str, ...]:
    """The names that lead to a member; empty where that is an expression."""
    found: list[str] = []
    index -= 1
    while scope.text(index) in (".", "->"):
        index -= 1
        while scope.text(index) == "]":
            index = scope.opening(index) - 1
        text = scope.text(index)
        if text in ("{", ",") and not found:
            return _initialized(scope, index)
        if not is_name(text):
            return ()
        found.append(text)
        index -= 1
    return () if scope.text(index) in TAGGED else tuple(reversed(found))


def _initialized(scope: NameScope, index: int) -> tuple[str, ...]:
    """`{` and the tag of what is initialized, where that is said right before the braces."""
    depth = 0
    while index >= 0:
        text = scope.text(index)
        if text in CLOSE:
            depth += 1
        elif text in OPEN:
            if depth == 0:
                break
            depth -= 1
        index -= 1
    if scope.text(index) != "{":
        return ()
    before = scope.text(index - 1)
    if before == ")":
        first = scope.opening(index - 1) + 1
        if scope.text(first) in ("struct", "union") and scope.text(first + 2) == ")":
            return ("{", scope.text(first + 1))
    if before == "=" and is_name(scope.text(index - 2)):
        return ("{", "", scope.text(index - 2))
    return ()
