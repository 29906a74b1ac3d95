# SPDX-License-Identifier: GPL-2.0-only
"""Sentences that become false: in a section of the documentation, or in a comment of a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from codegen.base.errors import FindingsError
from codegen.base.nearest import nearest
from codegen.c.layout import COLUMNS, comment, filled, indent_of, width
from codegen.c.source import Token
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.place import Place
from codegen.sites.rst import Document, Section, described, paragraphs

SITE = "corrected-sentence"
_DOCUMENT_COLUMNS = 78
_INNER = re.compile(r"^[ \t]*\*?[ \t]?", re.M)
# What begins a line of its own: an item of a list, a field, a parameter of kernel-doc.
_ITEM = re.compile(r"\s*(?:[-*+]\s|\d+[.)]\s|:\w[^:]*:\s|@\w+:)")
_FIELD = re.compile(r"\s*:\w[^:]*:\s+")
_GRID = re.compile(r"\s*[|+]")
_BORDER = re.compile(r"^[ \t]*=+(?:[ \t]+=+)+(?=[ \t]*$)", re.M)  # of a simple table
_RULE = re.compile(r"([=\-^~\"'.#*+])\1{2,}\s*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Where a sentence stands, and how the text that stands there says another one.

    `reword` raises ValueError with the reason where it cannot be done without a change of form.
    """

    place: Place
    reword: Callable[[str], str]


def in_document(survey: Survey, word: str, says: str, put: str) -> list[Sentence]:
    """Every paragraph of a section of the documentation that says so, wherever its lines end.

    `word` is one of the section's title; nothing says so where no section is about it.
    """
    found = _section(survey, word)
    if found is None:
        return []
    document, section = found
    sentences = []
    literal = False
    for first, last in paragraphs(document, section):
        indented = document.lines[first][:1].isspace()
        literal = indented and (literal or document.lines[first - 2].rstrip().endswith("::"))
        if _pattern(says).search("".join(document.lines[first:last])):
            place = document.place(first, last, f"{section.title}: what is no longer so")
            way = _in_its_line if literal else _reworded
            reword = partial(way, says=says, put=put, columns=_DOCUMENT_COLUMNS)
            sentences.append(Sentence(place, reword))
    return sentences


def in_comment(survey: Survey, function: str, says: str, put: str) -> list[Sentence]:
    """Every comment of a function, or above it, that says so; none where it has none."""
    sentences = []
    for found, token in _comments(survey, function):
        if not _pattern(says).search(_text(token.text)):
            continue
        source = found.source
        line = source.text(source.line_start(token.start), token.start)
        how = f"{function}(): what is no longer so"
        place = Place(
            source.path, token.start, token.end, source.line(token.start), how, old=token.text
        )
        reword = partial(_recommented, before=line, says=says, put=put)
        sentences.append(Sentence(place, reword))
    return sentences


def nearest_sentence(survey: Survey, word: str | None, function: str | None, says: str) -> str:
    """What comes closest in a section or in a function's comments; empty where nothing does."""
    if function:
        told = [_text(token.text) for _, token in _comments(survey, function)]
    else:
        found = _section(survey, word or "")
        spans = paragraphs(*found) if found else ()
        told = ["".join(found[0].lines[first:last]) for first, last in spans] if found else []
    sentences = {each for text in told for each in " ".join(text.split()).split(". ")}
    return nearest(" ".join(says.split()), sorted(sentences))


def _section(survey: Survey, word: str) -> tuple[Document, Section] | None:
    try:
        return described(survey, SITE, word)
    except FindingsError:
        return None


def _comments(survey: Survey, function: str) -> Iterator[tuple[Found, Token]]:
    for found in survey.definitions("function", function):
        start = code.above(found, "").start
        for token in found.source.tokens(start, found.extent.end):
            if token.comment and token.text.startswith("/*"):
                yield found, token


def _text(text: str) -> str:
    """A comment without its marks."""
    return _INNER.sub("", re.sub(r"^/\*+|\*/$", "", text))


def _pattern(says: str) -> re.Pattern[str]:
    """The words, wherever lines end, and not within other words."""
    words = r"\s+".join(re.escape(word) for word in says.split())
    return re.compile(rf"(?<!\w){words}(?!\w)" if says.strip()[-1:].isalnum() else words)


def _once(old: str, says: str) -> re.Match[str]:
    found = list(_pattern(says).finditer(old))
    if len(found) != 1:
        raise ValueError(
            "it stands there more than once" if found else "another correction took it"
        )
    return found[0]


def _in_its_line(old: str, says: str, put: str, columns: int) -> str:
    """A literal block with other words in one of its lines."""
    found = _once(old, says)
    if "\n" in found[0] or "\n" in put.strip():
        raise ValueError("it is a literal block, in which a line stays one")
    return old[: found.start()] + put.strip() + old[found.end() :]


def _reworded(old: str, says: str, put: str, columns: int) -> str:
    """A paragraph with another sentence: wrapped anew from there to the end of what is indented so.

    What hangs, as in the last column of a table, stays as wide as it is; so does that of a row with
    one line, whose table says by its border where the column begins.
    """
    found = _once(old, says)
    begin = old.rfind("\n", 0, found.start()) + 1
    lines = old[begin:].rstrip("\n").split("\n")
    if _GRID.match(lines[0]) or (lines[1:] and _RULE.match(lines[1])):
        raise ValueError("it is a title, or in a table with lines between the columns")
    first = indent_of(lines[0])
    hung = indent_of((lines[1:] or lines)[0])
    hangs = len(hung) > len(first) and lines[0][len(hung) - 1 : len(hung)] == " "
    border = _BORDER.search(old)
    if border and not hangs and len(first) <= (column := border[0].rindex(" ")):
        hung, hangs = " " * (column + 1), True
    if len(hung) != len(first) and not hangs:
        return _in_its_line(old, says, put, columns)  # a term, with its definition below
    if not hangs:
        field = _FIELD.match(lines[0])
        hung = " " * len(field[0]) if field else first
    if found.start() - begin < len(hung):
        return _in_its_line(old, says, put, columns)
    more = takewhile(lambda each: indent_of(each) == hung and not _ITEM.match(each), lines[1:])
    last = 1 + len(list(more))
    ends = old.count("\n", begin, found.end())
    if ends >= last:
        raise ValueError("it begins in one item of a list and ends in another")
    said = "\n".join([lines[0][len(hung) :], *(each[len(hung) :] for each in lines[1:last])])
    wide = max(map(width, old.split("\n"))) if hangs or first else columns
    made = _filled(_pattern(says).sub(lambda _: put.strip(), said), wide - width(hung))
    text = lines[0][: len(hung)] + made.replace("\n", f"\n{hung}")
    return old[:begin] + "\n".join([text, *lines[last:], ""])


def _filled(text: str, columns: int) -> str:
    """A wrapped text of which no line but the first looks like an item of a list."""
    for room in range(columns, max(columns - 12, 8), -1):
        made = filled(text, room)
        if not any(_ITEM.match(line) for line in made.split("\n")[1:]):
            return made
    raise ValueError("a line of it would begin as an item of a list does")


def _recommented(old: str, before: str, says: str, put: str) -> str:
    """A comment with another sentence; `before` is what stands before it in its line."""
    indent = indent_of(before) if before.strip() else before
    lines = old.split("\n")
    if len(lines) == 1:
        _once(_text(old), says)
        made = comment(_pattern(says).sub(lambda _: put.strip(), old[2:-2].strip()), indent)
        made = made.removeprefix(indent)
        if before.strip() and "\n" in made:
            raise ValueError("the comment stands behind code, and its line would be too long")
        return made
    if lines[0].strip("/* \t") or lines[-1].strip("/* \t"):
        raise ValueError("the comment begins or ends in a line with its marks")
    inner = [_INNER.sub("", line) for line in lines[1:-1]]
    text = "\n".join(inner) + "\n"
    at = _once(text, says).start()
    start = text.rfind("\n\n", 0, at) + 2 if "\n\n" in text[:at] else 0
    end = text.find("\n\n", at)
    end = len(text) if end < 0 else end + 1
    room = COLUMNS - width(indent) - 3
    made = text[:start] + _reworded(text[start:end], says, put, room) + text[end:]
    body = "\n".join(f"{indent} * {line}".rstrip() for line in made.rstrip("\n").split("\n"))
    return f"{lines[0]}\n{body}\n{lines[-1]}"
