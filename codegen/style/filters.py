# SPDX-License-Identifier: GPL-2.0-only
"""Filters that all templates have: the kernel's styles of C, of documents and of messages."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codegen.c import layout
from codegen.c.truth import conjuncts
from codegen.style.table import overruns, table_row, widened
from codegen.vocabulary.parameters import call_of
from codegen.vocabulary.text import MESSAGE_COLUMNS

DOCUMENT_COLUMNS = 79


def _paragraphs(text: str, columns: int) -> str:
    parts = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(layout.filled(part, columns) for part in parts if part.strip()) + "\n"


def message(text: str) -> str:
    """Paragraphs of a commit message, wrapped."""
    return _paragraphs(text, MESSAGE_COLUMNS)


def paragraph(text: str, indent: str = "") -> str:
    """Paragraphs of documentation, wrapped."""
    return textwrap.indent(_paragraphs(text, DOCUMENT_COLUMNS - len(indent)), indent)


def listing(names: Sequence[str], word: str) -> str:
    """`a, b and c`."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def included_once(code: str) -> str:
    """C that was put together from files, with each `#include` once, where it is needed first."""
    lines: list[str] = []
    for line in code.split("\n"):
        again = line.startswith("#include") and line in lines
        if not again and (line.strip() or not lines or lines[-1].strip()):
            lines.append(line)
    return "\n".join(lines)


def negated(expression: str) -> str:
    """A C expression turned around."""
    simple = re.fullmatch(r"[\w.>()-]+", expression) and "(" not in expression[:1]
    if simple:
        return f"!{expression}"
    if re.fullmatch(r"!!?[\w.>()-]+", expression):
        return expression[1:]
    return f"!({expression})"


def operand(expression: str) -> str:
    """A C expression beside `&&`: in brackets where it binds less."""
    return f"({expression})" if re.search(r"\|\||\?", expression) else expression


def for_any_vm(expression: str) -> str:
    """An expression for KVM_CHECK_EXTENSION, which has no VM if the system is asked.

    What it says of no VM holds for the system as well.
    """
    plain, asked = _by_vm(expression)
    if not asked:
        return expression
    inner = f"({asked})" if re.search(r"\|\||&&|\?", asked) else asked
    return f"{plain} && (!kvm || {inner})" if plain else f"!kvm || {inner}"


def for_no_vm(expression: str) -> str:
    """The same turned around."""
    plain, asked = _by_vm(expression)
    if not asked:
        return negated(expression)
    lacking = f"kvm && {negated(asked)}"
    return f"{negated(plain)} || ({lacking})" if plain else lacking


def _by_vm(expression: str) -> tuple[str, str]:
    """The terms between `&&` that do not ask the VM, and those that do."""
    terms = [expression[part[0].start : part[-1].end] for part in conjuncts(expression)]
    asked = [term for term in terms if re.search(r"\bkvm\b", term)]
    return " && ".join(term for term in terms if term not in asked), " && ".join(asked)


def quoted(text: str, *, formatted: bool = True) -> str:
    """A text as a string of C, for functions that format it or, if not `formatted`, print it."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = plain.replace("%", "%%") if formatted else plain
    return f'"{" ".join(plain.split())}"'


def literal(number: int) -> str:
    """A number in C, with a suffix where an int does not hold it."""
    return str(number) if number < 1 << 31 else f"{number}ull"


def heading(title: str, mark: str) -> str:
    """A title with its underline."""
    return f"{title}\n{mark * len(title)}"


def comment_block(text: str) -> str:
    """The comment at the head of a file, always in the form of several lines."""
    made = layout.comment(text)
    return made if "\n" in made else f"/*\n * {made[3:-3]}\n */"


def test_cases(text: str) -> list[tuple[str, bool]]:
    """The cases of a selftest, its functions `test_*()`, in order, and which look at the effect."""
    found = re.findall(r"^static void test_(\w+)\(void\)\n\{\n(.*?)^\}", text, re.M | re.S)
    looks = re.compile(r"\b(observe|check_value|only_flagged)\(")
    return [(name, bool(looks.search(body))) for name, body in found]


def rst_field(text: str, name: str) -> str:
    """A field of an RST field list, its further lines indented."""
    first = f":{name}: "
    lines = layout.filled(text, DOCUMENT_COLUMNS - len(first)).split("\n")
    return "\n".join([first + lines[0], *(" " * len(first) + line for line in lines[1:])]) + "\n"


def item(text: str, indent: str = "") -> str:
    """An item of an RST list, wrapped."""
    lines = layout.filled(text, DOCUMENT_COLUMNS - len(indent) - 2).split("\n")
    return "\n".join([f"{indent}- {lines[0]}", *(f"{indent}  {line}" for line in lines[1:])])


def _define(sibling: str, name: str, value: object) -> str:
    return layout.define(name, value, sibling)


FILTERS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        call_of,
        message,
        paragraph,
        included_once,
        listing,
        negated,
        operand,
        for_any_vm,
        for_no_vm,
        literal,
        quoted,
        heading,
        comment_block,
        item,
        rst_field,
        test_cases,
        overruns,
        table_row,
        widened,
        layout.bit_like,
        layout.column,
        layout.comment,
        layout.declarator,
        layout.or_into,
        layout.wrapped,
    )
} | {"define": _define}
