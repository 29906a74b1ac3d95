# SPDX-License-Identifier: GPL-2.0-only
"""Kernel style for lines of C: tabs of eight, 80 columns, broken at an operator and aligned.

Documentation/process/coding-style.rst, chapter 2.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

COLUMNS = 80
_TAB = 8


def width(line: str) -> int:
    """The columns that a line takes."""
    return len(line.expandtabs(_TAB))


def indent_of(text: str) -> str:
    """The white space that a text begins with."""
    return text[: len(text) - len(text.lstrip())]


def column(count: int) -> str:
    """White space up to a column: tabs, then spaces."""
    return "\t" * (count // _TAB) + " " * (count % _TAB)


def define(name: str, value: object, sibling: str) -> str:
    """`#define name value`, spaced as its sibling's line is."""
    match = re.match(r"(\s*#\s*define\s+)(\w+)(\s+)", sibling)
    head = match[1] if match else "#define "
    gap = match[3] if match else "\t"
    line = head + name
    wanted = width(match[0]) if match else 0
    if "\t" not in gap:
        return line + " " * max(1, wanted - width(line) if len(gap) > 1 else 1) + str(value)
    if width(line) >= wanted:
        # one column of values is kept where the siblings have one that is wide enough
        return f"{line} {value}" if wanted % _TAB == 0 and wanted > 40 else f"{line}\t{value}"
    while width(line) // _TAB < wanted // _TAB:
        line += "\t"
    return line + " " * (wanted - width(line)) + str(value)


def bit_like(sibling: str, number: int, one: str) -> str:
    """A bit written as the sibling's is: `(1UL << 3)`, `_BITUL(3)`; `one` is its type of 1."""
    match = re.search(r"(\(\s*\w+\s*<<\s*|\w*BIT\w*\()\d+(\))\s*$", sibling)
    return f"{match[1]}{number}{match[2]}" if match else f"({one} << {number})"


def or_into(old: str, term: str, lead: str = "") -> str:
    """`a`, `a | b` or `(a | b)` with one more term; `lead` is what stands before it in its line.

    In a macro of several lines, the backslashes stay in one column.
    """
    if "\n" in old:
        return _one_more_line(old, term, lead)
    text = old.strip()
    if text.startswith("(") and text.endswith(")"):
        return f"{text[:-1]} | {term})"
    bare = "|" in text or lead.rstrip().endswith(("=", "return"))
    return f"{text} | {term}" if bare else f"({text} | {term})"


_PIPES = re.compile(r"(.*?)(?P<gap>\s+)(?P<rest>\|\s*\\)")


def _one_more_line(old: str, term: str, lead: str) -> str:
    lines = [lead + line if number == 0 else line for number, line in enumerate(old.split("\n"))]
    stripped = lines[-1].lstrip()
    # what is written anew begins with tabs, whatever its neighbours begin with
    last = column(width(lines[-1].removesuffix(stripped))) + stripped
    at = last.rindex(")") if last.rstrip().endswith(")") else len(last.rstrip())
    columns = [width(line[:-1]) for line in lines[:-1] if line.endswith("\\")]
    body = f"{last[:at]} |"
    above = _PIPES.fullmatch(lines[-2])
    if above and "\t" in above["gap"]:  # one column of `|`
        body = last[:at]
        while width(body) < width(above[1] + above["gap"]):
            body += "\t"
        body += above["rest"]
    elif columns:
        while width(body) < columns[-1]:
            body += "\t"
        body = (body if width(body) > width(f"{last[:at]} |") else body + " ") + "\\"
    indent = indent_of(last)
    indent += " " if last.lstrip().startswith("(") else ""
    made = "\n".join([*lines[:-1], body, f"{indent}{term}{last[at:]}"])
    return made[len(lead) :]


def comment(text: str, indent: str = "") -> str:
    """A C comment: one line if it fits, else the kernel's form for several."""
    flat = " ".join(text.split())
    single = f"{indent}/* {flat} */"
    if "\n\n" not in text.strip() and width(single) <= COLUMNS:
        return single
    room = COLUMNS - width(indent) - 3
    lines = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines += [*filled(paragraph, room).split("\n"), ""]
    body = "\n".join(f"{indent} * {line}".rstrip() for line in lines[:-1])
    return f"{indent}/*\n{body}\n{indent} */"


def declarator(kind: str, name: str, args: str) -> str:
    """`kind name(args)`, the arguments wrapped below each other if they are too long."""
    gap = "" if kind.endswith("*") else " "
    return wrapped(f"{kind}{gap}{name}({' '.join(args.split())})")


_SENTENCE_END = re.compile(r"(?<![.\s]\w)(?<!\be\.g)(?<!\bi\.e)(?<!\betc)[.!?][)\"']?$")


_NO_BREAK = "\N{NO-BREAK SPACE}"  # textwrap does not break there; no description may hold one


def filled(text: str, columns: int) -> str:
    """A paragraph wrapped; two spaces behind a full stop stay, also where a line ended there.

    No line but the first begins with `#`: git-commit(1) takes such a line for a comment.
    """
    joined = ""
    for line in text.split("\n"):
        line = line.strip()
        if joined and line:
            joined += "  " if _SENTENCE_END.search(joined) else " "
        joined += line
    kept = re.sub(r"(?<=\S) +(?=#)", lambda blanks: _NO_BREAK * len(blanks[0]), joined)
    return textwrap.fill(
        kept,
        width=columns,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace(_NO_BREAK, " ")


def wrapped(text: str, columns: int = COLUMNS, *, macro: bool = False) -> str:
    """Every line of C that is too long, broken; what cannot be broken stays.

    `macro` says that the first line continues a macro, as no backslash at its own end tells.
    """
    done: list[str] = []
    for line in text.split("\n"):
        macro = macro or line.endswith("\\")
        done += _wrap_line(line, columns, macro)
        macro = line.endswith("\\")
    return "\n".join(done)


@dataclass(frozen=True, slots=True)
class _Open:
    """What a line has left open: the columns behind its brackets, and behind `=` or `return`."""

    brackets: tuple[int, ...] = ()
    value: int | None = None


def _wrap_line(line: str, columns: int, in_macro: bool) -> list[str]:
    done: list[str] = []
    left = _Open()
    while width(line) > columns and not line.lstrip().startswith(("#", "*", "/*", "//")):
        at = _break(line, columns, left)
        if at is None:
            break
        end, indent, left = at
        done.append(line[:end].rstrip() + (" \\" if in_macro else ""))
        line = column(indent) + line[end:].lstrip()
    return [*done, line]


def _break(line: str, columns: int, left: _Open) -> tuple[int, int, _Open] | None:
    """Where to break a line: behind which offset, the column of what follows, what is open there.

    The outermost operator wins, the last one that fits; where none fits, the first.
    """
    best: tuple[int, int, int, _Open] | None = None
    opened = list(left.brackets)
    value = left.value
    for index, operator in _operators(line):
        end = index + len(operator)
        if operator in "([{":
            opened.append(width(line[:end]))
        elif operator in ")]}":
            if opened:
                opened.pop()
        elif operator in ("=", "return"):
            if not opened and value is None:
                value = width(line[:end]) + 1
        else:
            if line[end:].strip() == "\\":
                break  # nothing but the end of a macro's line follows
            # the line may go on with a statement that began above: then its own indent is right
            own = width(line) - width(line.lstrip())
            indent = opened[-1] if opened else value if value is not None else own
            fits = width(line[:end]) <= columns
            if best is None or (fits and len(opened) <= best[0]):
                best = len(opened), end, indent, _Open(tuple(opened), value)
            if not fits:
                break
    return best[1:] if best else None


_PIECE = re.compile(
    r"""(?P<skip>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|/\*.*?\*/)|(?P<bracket>[()\[\]{}])"""
    r"""|(?P<return>\breturn(?=\s))|(?<=\s)(?P<assign>=)(?=\s)"""
    r"""|(?P<comma>,)(?=\s)|(?<=\s)(?P<binary>\|\||&&|\||&|\?)(?=\s)"""
)


def _operators(line: str) -> Iterator[tuple[int, str]]:
    """Brackets and what a line may be broken behind, with their offsets; not in strings."""
    for found in _PIECE.finditer(line):
        if found.lastgroup != "skip":
            yield found.start(), found[0]
