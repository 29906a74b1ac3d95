# SPDX-License-Identifier: GPL-2.0-only
"""Kernel style for lines of C: tabs of eight, 80 columns, broken at an operator and aligned.

Documentation/process/coding-style.rst, chapter 2.
"""

from __future__ import annotations

import re
import textwrap

COLUMNS = 80
_TAB = 8
_BREAKS = ("||", "&&", "|", "&", ",", "?")


def width(line: str) -> int:
    """The columns that a line takes."""
    return len(line.expandtabs(_TAB))


def column(count: int) -> str:
    """White space up to a column: tabs, then spaces."""
    return "\t" * (count // _TAB) + " " * (count % _TAB)


def define(name: str, value: object, sibling: str) -> str:
    """`#define name value`, spaced as its sibling's line is."""
    match = re.match(r"(\s*#\s*define\s+)(\w+)(\s+)", sibling)
    head = match[1] if match else "#define "
    gap = match[3] if match else "\t"
    line = head + name
    if "\t" not in gap:
        return f"{line} {value}"
    wanted = width(match[0]) if match else 0
    if width(line) >= wanted:
        # one column of values is kept where the siblings have one that is wide enough
        return f"{line} {value}" if wanted % _TAB == 0 and wanted > 40 else f"{line}\t{value}"
    while width(line) < wanted:
        line += "\t"
    return line + str(value)


def or_into(old: str, term: str) -> str:
    """`a` or `(a | b)` with one more term."""
    text = old.strip()
    if text.startswith("(") and text.endswith(")"):
        return f"{text[:-1]} | {term})"
    return f"({text} | {term})"


def one_more_in_macro(old: str, term: str) -> str:
    """A macro's `(A | \\<newline> B)` with one more term, its backslashes in one column."""
    lines = old.split("\n")
    last = lines[-1]
    at = last.rindex(")")
    if len(lines) == 1:
        return f"{last[:at]} | {term}{last[at:]}"
    columns = [width(line[:-1]) for line in lines[:-1] if line.endswith("\\")]
    # the first line of `old` begins behind `#define `, so that the others tell the column
    wanted = columns[1] if len(columns) > 1 else columns[0]
    body = f"{last[:at]} |"
    while width(body) < wanted:
        body += "\t"
    body = body if width(body) > width(f"{last[:at]} |") else body + " "
    indent = last[: len(last) - len(last.lstrip())]
    return "\n".join([*lines[:-1], f"{body}\\", f"{indent}{term}{last[at:]}"])


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


def filled(text: str, columns: int) -> str:
    """A paragraph wrapped; two spaces behind a full stop stay, also where a line ended there."""
    joined = ""
    for line in text.split("\n"):
        line = line.strip()
        if joined and line:
            joined += "  " if _SENTENCE_END.search(joined) else " "
        joined += line
    return textwrap.fill(
        joined,
        width=columns,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def wrapped(text: str, columns: int = COLUMNS) -> str:
    """Every line of C that is too long, broken; what cannot be broken stays."""
    return "\n".join(part for line in text.split("\n") for part in _wrap_line(line, columns))


def _wrap_line(line: str, columns: int) -> list[str]:
    done: list[str] = []
    in_macro = line.endswith("\\")
    while width(line) > columns and not line.lstrip().startswith(("#", "*", "/*", "//")):
        at = _break(line, columns)
        if at is None:
            break
        end, indent = at
        done.append(line[:end].rstrip() + (" \\" if in_macro else ""))
        line = column(indent) + line[end:].lstrip()
    return [*done, line]


def _break(line: str, columns: int) -> tuple[int, int] | None:
    """Where to break a line: behind which offset, and the column of what follows.

    The outermost operator wins, the last one that fits.
    """
    best: tuple[int, int, int] | None = None
    opened: list[int] = []
    quote = ""
    index = 0
    while index < len(line):
        char = line[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "([{":
            opened.append(width(line[: index + 1]))
        elif char in ")]}":
            if opened:
                opened.pop()
        else:
            operator = next((op for op in _BREAKS if line.startswith(op, index)), None)
            if operator and opened:
                end = index + len(operator)
                binary = operator == "," or line[index - 1 : index] == " "
                if binary and line[end : end + 1] == " " and width(line[:end]) <= columns:
                    if best is None or len(opened) <= best[0]:
                        best = len(opened), end, opened[-1]
                index = end - 1
        index += 1
    return (best[1], best[2]) if best else None
