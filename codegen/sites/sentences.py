# SPDX-License-Identifier: GPL-2.0-only
"""Sentences that become false: in a section of the documentation, or in a comment of a function."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.base.nearest import nearest
from codegen.c.layout import comment, filled, width
from codegen.c.source import Token
from codegen.kernel.survey import Survey
from codegen.sites import code
from codegen.sites.edit import TextEdit
from codegen.sites.place import Place, ambiguous
from codegen.sites.rst import described, paragraphs

SITE = "corrected-sentence"
_COLUMNS = 78  # of documents
_MARKUP = re.compile(r"^[ \t]*(?:/\*+|\*(?!/))?[ \t]?|[ \t]*\*/[ \t]*$", re.M)
_ITEM = re.compile(r"\s*(?:[-*+]|\d+\.)\s")
_TABLE = re.compile(r"\s*(?:=+ [= ]*=|\+[-=+]+\+)\s*$")


def in_document(survey: Survey, word: str, says: str, put: str) -> TextEdit | None:
    """The sentence in a section of the documentation, wherever its lines end.

    `word` is one of the section's title.  None where no paragraph says so; raises FindingsError
    where several do, and where the section is not there.
    """
    document, section = described(survey, SITE, word)
    found = []
    for first, last in paragraphs(document, section):
        place = document.place(first, last, f"{section.title}: what is no longer so")
        if _sentence(says).search(place.old) and not _TABLE.match(place.old.split("\n")[0]):
            found.append(TextEdit(SITE, place, _reworded(place.old, says, put)))
    return _only(found, says)


def in_comment(survey: Survey, function: str, says: str, put: str) -> TextEdit | None:
    """The sentence in a comment of a function, or above it; None and raises as `in_document`."""
    found = []
    for token, text in _comments(survey, function):
        if _sentence(says).search(text):
            source = code.function(survey, SITE, function).source
            indent = code.indent_at(source, token.start)
            said = _sentence(says).sub(lambda _: put.strip(), text)
            how = f"{function}(): what is no longer so"
            line = source.line(token.start)
            place = Place(source.path, token.start, token.end, line, how, old=token.text)
            found.append(TextEdit(SITE, place, comment(said, indent).removeprefix(indent)))
    return _only(found, says)


def nearest_sentence(survey: Survey, word: str | None, function: str | None, says: str) -> str:
    """What comes closest in a section or in a function's comments; empty where nothing does."""
    if function:
        told = [text for _, text in _comments(survey, function)]
    else:
        document, section = described(survey, SITE, word or "")
        spans = paragraphs(document, section)
        told = ["".join(document.lines[first:last]) for first, last in spans]
    sentences = {each for text in told for each in " ".join(text.split()).split(". ")}
    return nearest(" ".join(says.split()), sorted(sentences))


def _comments(survey: Survey, function: str) -> Iterator[tuple[Token, str]]:
    """The comments of a function and above it, with their text."""
    whole = code.function(survey, SITE, function)
    for token in whole.source.tokens(code.above(whole, "").start, whole.extent.end):
        if token.comment:
            yield token, _MARKUP.sub("", token.text)


def _only(found: list[TextEdit], says: str) -> TextEdit | None:
    if len(found) > 1:
        raise ambiguous(SITE, f"`{says}`", [f"{e.place.path}:{e.place.line}" for e in found])
    return found[0] if found else None


def _sentence(says: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(re.escape(word) for word in says.split()))


def _reworded(old: str, says: str, put: str) -> str:
    """A paragraph with another sentence: wrapped anew from there to the end of its list item.

    What hangs, as in the last column of a table, stays as wide as it is.
    """
    found = _sentence(says).search(old)
    assert found
    begin = old.rfind("\n", 0, found.start()) + 1
    lines = old[begin:].rstrip("\n").split("\n")
    ends = old.count("\n", begin, found.end())
    last = next((n for n in range(ends + 1, len(lines)) if _ITEM.match(lines[n])), len(lines))
    first, hung = (_indent(each) for each in (lines[0], (lines[1:last] or lines)[0]))
    if not (len(hung) > len(first) and lines[0][len(hung) - 1] == " "):
        hung = first
    said = "\n".join(lines[:last])[len(hung) :]
    widest = max(map(width, old.split("\n"))) if old.count("\n") > 1 else _COLUMNS
    made = filled(_sentence(says).sub(lambda _: put.strip(), said), widest - width(hung))
    text = lines[0][: len(hung)] + made.replace("\n", f"\n{hung}")
    return old[:begin] + "\n".join([text, *lines[last:], ""])


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
