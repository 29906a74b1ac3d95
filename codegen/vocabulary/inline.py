# SPDX-License-Identifier: GPL-2.0-only
"""C that is put into a line of other C: expressions, parameters, types."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.vocabulary.characters import short
from codegen.vocabulary.lexer import CodeToken, tokens
from codegen.vocabulary.rules import Problem

KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while true false NULL bool".split()
)
_STATEMENTS = frozenset(
    "break case continue default do else for goto if return switch while typedef static "
    "extern asm __asm__".split()
)
_TYPES = frozenset(
    "struct union enum unsigned signed const volatile long short int char void bool sizeof "
    "u8 u16 u32 u64 s8 s16 s32 s64 uint8_t uint16_t uint32_t uint64_t typeof".split()
)
_BINARY = frozenset("* / % + - << >> < > <= >= == != & ^ | && || ? : , . ->".split())
_UNARY = frozenset("* + - &".split())
_ASSIGNMENTS = frozenset("= += -= *= /= %= &= |= ^= <<= >>= ++ --".split())


def one_line(value: str) -> Iterator[Problem]:
    if "\n" in value.rstrip("\n"):
        at = value.index("\n")
        yield Problem("more than one line", at, "write it in one line")


def expression(value: str) -> Iterator[Problem]:
    """One expression of C without effects: it is put into conditions and into sentences."""
    if "\n" in value.strip("\n"):
        yield from one_line(value)
        return
    previous = CodeToken("", 0)
    depth = 0
    for token in tokens(value):
        text = token.text
        if text.startswith(("/*", "//")):
            yield Problem("a comment in an expression", token.at, "leave it out")
            continue
        depth += (text in "([") - (text in ")]")
        if text in (";", "{", "}", "#"):
            yield Problem(f"`{text}` in what has to be one expression of C", token.at)
        elif text in _ASSIGNMENTS:
            hint = "compare with `==`" if text == "=" else "an expression only looks at things"
            yield Problem(f"`{text}` changes something", token.at, hint)
        elif text in _STATEMENTS:
            yield Problem(f"`{text}` is a statement, no expression of C", token.at)
        elif text == "," and depth <= 0:
            yield Problem("`,` between two expressions", token.at, "one expression is wanted")
        elif _operand(text) and _operand(previous.text) and previous.text not in _TYPES:
            if not (text[0] == '"' or previous.text[0] == '"'):
                what = f"`{text}` follows `{previous.text}` without an operator"
                yield Problem(what, token.at)
        elif not previous.text and text in _BINARY - _UNARY:
            yield Problem(f"the expression begins with `{text}`", token.at)
        previous = token
    if previous.text in _BINARY or previous.text in ("!", "~"):
        yield Problem(f"the expression ends with `{previous.text}`", previous.at)


def _operand(text: str) -> bool:
    return bool(re.match(r"[A-Za-z_0-9\"']|\.[0-9]", text)) and text not in _STATEMENTS


_PARAMETER = re.compile(
    r"\s*(?:(?:const|volatile|struct|union|enum|unsigned|signed)\s+)*[A-Za-z_]\w*"
    r"(?:\s+[A-Za-z_]\w*)*?(\s*\**)(?:\s*const\b)?\s*\b([A-Za-z_]\w*)\s*"
)


def parameters(value: str) -> Iterator[Problem]:
    """`type name, …`, as a function's definition has them."""
    if "\n" in value.strip("\n"):
        yield from one_line(value)
        return
    seen: set[str] = set()
    at = 0
    wanted = "such as `struct kvm *kvm, const struct kvm_memory_slot *slot`"
    for part in value.split(","):
        start = at + len(part) - len(part.lstrip())
        found = _PARAMETER.fullmatch(part)
        if not found or found[2] in KEYWORDS or re.search(r"\bstruct\s+\w+\s*$", part):
            said = f"`{short(part.strip())}` is no" if part.strip() else "no"
            yield Problem(f"{said} parameter `type name`", start, wanted)
        else:
            if found[1].startswith("*"):
                hint = "the `*` stands with the name: `struct kvm *kvm`"
                yield Problem("a `*` that stands with the type", at + found.start(1), hint)
            if found[2] in seen:
                message = f"two parameters are called `{found[2]}`"
                yield Problem(message, at + found.start(2))
            seen.add(found[2])
        at += len(part) + 1


def returned_type(value: str) -> Iterator[Problem]:
    pattern = r"(?:(?:const|struct|union|enum|unsigned)\s+)*[A-Za-z_]\w*(?:\s+[a-z]\w*)*(?:\s*\*+)?"
    words = set(re.findall(r"\w+", value))
    if not re.fullmatch(pattern, value) or words & (_STATEMENTS | {"void"}):
        yield Problem("this is no type that a function can return", 0, "such as `bool` or `u64`")
