# SPDX-License-Identifier: GPL-2.0-only
"""What macros do with their arguments, and which names they make by `##`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from codegen.c.outline import Macro
from codegen.c.words import Word, is_name, tokens_of

# value: an expression; declares: a new name; pasted: part of another name; member: of a struct;
# free: a text, a label or a tag, or not used at all
Role = Literal["value", "declares", "pasted", "member", "free"]
Lookup = Callable[[str], Sequence[Macro]]

_DEEPEST = 8
_PASTED = re.compile(rb"[A-Za-z_]\w*(?:[ \t]*##[ \t]*\w+)+")
_DEFINED = re.compile(rb"#[ \t]*define[ \t]+[A-Za-z_]\w*\(([^)]*)\)")
_FEWEST = 3  # letters of a pasted name that the macro itself says


def roles(name: str, position: int, lookup: Lookup, depth: int = 0) -> frozenset[Role]:
    """What the macros of that name do with an argument; nothing where there is no such macro."""
    found: set[Role] = set()
    for macro in lookup(name):
        if macro.parameters is None:
            continue
        parameter = _parameter(macro.parameters, position)
        own = set(_roles_in(macro, parameter, lookup, depth))
        found |= own or {"free"}
    return frozenset(found)


def _parameter(parameters: Sequence[str], position: int) -> str:
    name = parameters[min(position, len(parameters) - 1)] if parameters else ""
    return name or "__VA_ARGS__"


def _roles_in(macro: Macro, parameter: str, lookup: Lookup, depth: int) -> Iterator[Role]:
    tokens = tokens_of(macro.body.replace("\\\n", "  "))
    for index, token in enumerate(tokens):
        if token.text == parameter:
            yield from _role(tokens, index, macro, lookup, depth)


def _role(
    tokens: Sequence[Word], index: int, macro: Macro, lookup: Lookup, depth: int
) -> Iterator[Role]:
    before = tokens[index - 1].text if index else ""
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    if before == "##" and index > 1 and tokens[index - 2].text == ",":
        before = ","  # `, ##__VA_ARGS__` pastes nothing
    if before == "##" or after == "##":
        yield "pasted"
    elif before in ("#", "goto", "struct", "union", "enum"):
        yield "free"
    elif before in (".", "->"):
        yield "member"
    elif _declares(tokens, index):
        yield "declares"
    else:
        call = _call(tokens, index)
        if call is None or depth >= _DEEPEST or call[0] == macro.name:
            yield "value"
        elif call[0] in (macro.parameters or ()) or call[0] == "##":
            yield "free"
        elif call[0] == "__builtin_offsetof":
            yield "member" if call[1] else "value"
        else:
            yield from roles(*call, lookup, depth + 1) or frozenset[Role](("value",))


def _declares(tokens: Sequence[Word], index: int) -> bool:
    """Whether a type stands before the token."""
    at = index - 1
    while at >= 0 and tokens[at].text == "*":
        at -= 1
    if at < 0:
        return False
    text = tokens[at].text
    if at == index - 1 and text == ")":
        depth = 0
        while at >= 0:
            depth += {")": 1, "(": -1}.get(tokens[at].text, 0)
            if depth == 0:
                return at > 0 and tokens[at - 1].text.endswith(("typeof", "typeof__"))
            at -= 1
        return False
    word = is_name(text) or text in ("int", "long", "char", "unsigned", "bool", "__auto_type")
    if at == index - 1:
        return word
    return word and at > 0 and tokens[at - 1].text in ("struct", "union", "{", ";", "static")


def _call(tokens: Sequence[Word], index: int) -> tuple[str, int] | None:
    """The innermost call around a token, and the number of the argument that it is in."""
    depth = position = 0
    for at in range(index - 1, -1, -1):
        text = tokens[at].text
        if text in (")", "]", "}"):
            depth += 1
        elif text in ("(", "[", "{"):
            if depth == 0:
                callee = tokens[at - 1].text if at and text == "(" else ""
                if at > 1 and tokens[at - 2].text == "##":
                    return "##", position  # a pasted name is called
                return (callee, position) if callee and is_name(callee) else None
            depth -= 1
        elif text == "," and depth == 0:
            position += 1
    return None


@lru_cache(maxsize=2048)
def pasted(data: bytes) -> tuple[re.Pattern[str], ...]:
    """Patterns of the names that the macros of a file make by `##`; groups are arguments."""
    return tuple(_pasted(data))


def _pasted(data: bytes) -> Iterator[re.Pattern[str]]:
    lines = (match.span() for match in re.finditer(rb".*##.*", data))
    for match in (match for span in lines for match in _PASTED.finditer(data, *span)):
        start = data.rfind(b"#define", 0, match.start())
        head = _DEFINED.match(data, start) if start >= 0 else None
        parameters = {p.strip() for p in head[1].decode("latin-1").split(",")} if head else set()
        parts = [p.strip() for p in match[0].decode("latin-1").split("##")]
        literal = sum(len(part) for part in parts if part not in parameters)
        if literal >= _FEWEST and literal < sum(map(len, parts)):
            yield re.compile("".join(r"(\w*)" if p in parameters else p for p in parts))


def made_by_pasting(
    name: str, patterns: Mapping[str, re.Pattern[str]], known: frozenset[str]
) -> bool:
    """Whether a macro can have made that name of words that its file knows."""
    for pattern in patterns.values():
        match = pattern.fullmatch(name)
        if match and all(not g or g in known or g.isdigit() for g in match.groups()):
            return True
    return False
