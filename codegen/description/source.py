# SPDX-License-Identifier: GPL-2.0-only
"""A description's file as text, or that of another YAML file: its lines, and findings in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error
from codegen.vocabulary.characters import refused_characters

MOST_BYTES = 256 << 10
MOST_FINDINGS = 50
# what the parser refuses or takes for the end of a line: positions behind it would be wrong
_BREAKING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_LONGEST_SHOWN = 160


@dataclass(frozen=True)
class Source:
    """The file: how messages call it, its lines, and what it is: a description, or another file."""

    path: str
    text: str
    what: str = "description"
    lines: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.text.split("\n")))

    def line(self, number: int) -> str:
        """A line, counted from 1; empty where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def shown(self, number: int, column: int) -> str:
        """A line as messages show it: printable, and no longer than a terminal can take."""
        if column > _LONGEST_SHOWN:
            return ""  # its caret would be out of sight
        line = self.line(number)
        cut = line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 3] + "..."
        return "".join(
            c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in cut
        )

    def finding(self, line: int, column: int, message: str, hint: str = "") -> Finding:
        """A finding about a position; what is missing behind a line is missing at its end."""
        column = max(1, min(column, len(self.line(line))))
        return Finding(message, self.path, line, column, self.shown(line, column), hint)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset into the text."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def read_source(
    data: bytes, path: str, what: str = "description", hint: str = ""
) -> tuple[Source, list[Finding]]:
    """A file as text, and the characters that it must not have; `hint` is for a large one.

    Raises FindingsError for what is no text, or where positions in it would be wrong.
    """
    if len(data) > MOST_BYTES:
        raise error(Finding(f"larger than {MOST_BYTES >> 10} KiB", path, hint=hint))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        begin = data.rfind(b"\n", 0, problem.start) + 1
        column = len(data[begin : problem.start].decode("utf-8", "replace")) + 1
        source = Source(path, data.decode("utf-8", "replace"), what)
        message = f"the byte 0x{data[problem.start]:02x} is no UTF-8"
        raise error(source.finding(line, column, message, "save the file as UTF-8")) from None
    source = Source(path, text, what)
    if text.startswith("\ufeff"):
        message = "the file begins with a byte order mark"
        raise error(source.finding(1, 1, message, "save it as UTF-8 without one"))
    if "\r" in text:
        line, column = source.position(text.index("\r"))
        message = "a carriage return ends or breaks the line"
        raise error(source.finding(line, column, message, "save the file with Unix line ends"))
    refused = []
    for offset, message in refused_characters(text, "\n\t"):
        line, column = source.position(offset)
        refused.append(source.finding(line, column, message))
        if len(refused) > MOST_FINDINGS:
            break
    if _BREAKING.search(text):
        raise wrong_file(refused)
    return source, refused


def wrong_file(found: Sequence[Finding]) -> FindingsError:
    """The findings in the order of the file, each once, as many as anybody reads."""
    ordered = sorted(dict.fromkeys(found), key=lambda f: (f.line, f.column))
    if len(ordered) > MOST_FINDINGS:
        rest = Finding("there is more that is wrong, which is not shown", ordered[0].path)
        ordered = [*ordered[:MOST_FINDINGS], rest]
    return error(*ordered)
