# SPDX-License-Identifier: GPL-2.0-only
"""Texts for people: they end up in commit messages, comments of C and api.rst, and stay there.

Messages and documentation are wrapped anew, so a word of a text can come to begin a line: what
would be read as the beginning of a patch or a trailer is refused wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from codegen.vocabulary.markup import no_markup, sound_markup
from codegen.vocabulary.rules import (
    Problem,
    characters,
    holds,
    no_continuation,
    no_template,
    not_empty,
)
from codegen.vocabulary.verbs import imperative

_PATCH = "would be read as the beginning of a patch"
# git's mailinfo.c, patchbreak(), is_scissors_line() and handle_from(); send-email's Cc from bodies
_MAIL = (
    (re.compile(r"(?<!\S)---(?=\s|\Z)"), f"`---` {_PATCH}", "use `--`, or another word"),
    (re.compile(r"(?<!\S)diff -\S*"), f"`diff -` {_PATCH}", ""),
    (re.compile(r"(?<!\S)Index: "), f"`Index:` {_PATCH}", ""),
    (re.compile(r"^(\+\+\+ |@@ )", re.M), f"such a line {_PATCH}", ""),
    (
        re.compile(r"-[- ]*(>8|8<|>%|%<)|(>8|8<|>%|%<)[ -]*-"),
        "scissors would cut off what stands before them",
        "",
    ),
    (
        re.compile(r"(?<!\S)From ([0-9a-f]{12,}|\S+@\S+)(?=\s)|^From .*\d:\d\d:\d\d", re.M),
        "a line `From …` would be read as the beginning of a mail",
        "",
    ),
    (
        re.compile(
            r"^[ \t]*(From|Date|Subject|To|MIME-Version|Content-[\w-]+|Message-Id):(?=\s)",
            re.M | re.I,
        ),
        "a line like this would be read as a mail's header",
        "",
    ),
    (
        re.compile(
            r"(?<!\S)(Cc|Fixes|Change-Id|base-commit|[A-Za-z]+(?:-[a-z]+)*-[Bb]y):(?=\s)", re.I
        ),
        "a trailer is not for a description to give",
        "whoever sends the series adds its trailers",
    ),
)
# how a paragraph of a commit message cannot begin: git-commit(1), core.commentChar; mailinfo.c,
# check_inbody_header()
_BEGINNINGS = (
    (re.compile(r"#"), "git commit takes a line that begins with `#` for a comment"),
    (re.compile(r"\[PATCH\](?=\s)"), "git am takes `[PATCH]` for the subject"),
)
_PARAGRAPH = re.compile(r"\S(?:(?!\n[ \t]*\n).)*", re.S)
_TRAILER = re.compile(r"[A-Za-z0-9-]+ ?:(?!:)")
MESSAGE_COLUMNS = 75  # Documentation/process/submitting-patches.rst, "The canonical patch format"
_COMMENT = re.compile(r"\*/|/\*")
_PRESCRIBING = frozenset("must shall should always never will has needs".split())
_NO_VERBS = frozenset("may can to kvm userspace".split())
_GRANT = re.compile(r"\s*((?:let|allow|permit)\s+(?:userspace|KVM))\b", re.I)
_FIRST_WORD = re.compile(r"\s*([A-Za-z][\w'-]*)")
_INTRODUCED = re.compile(r"\s*(by default|otherwise|without it|if not)\b", re.I)
_SENTENCE = frozenset(
    "A All An Any Every It No Nothing Only Memory Guests The This Userspace".split()
)


def _no_comment(value: str) -> Iterator[Problem]:
    for found in _COMMENT.finditer(value):
        verb = "end" if found[0] == "*/" else "begin"
        yield Problem(f"`{found[0]}` would {verb} a comment of C", found.start())


def _no_mail(value: str) -> Iterator[Problem]:
    for pattern, message, hint in _MAIL:
        for found in pattern.finditer(value):
            yield Problem(message, found.start(), hint)


def _beginnings(value: str) -> Iterator[Problem]:
    for paragraph in _PARAGRAPH.finditer(value):
        for pattern, message in _BEGINNINGS:
            if pattern.match(value, paragraph.start()):
                yield Problem(message, paragraph.start(), "let another word come first")


def _no_trailer(value: str) -> Iterator[Problem]:
    """A paragraph of one line that has a colon behind its first word: git's trailer.c takes it for
    a trailer where it is the last one of a message, as the last one of a text may be."""
    for found in list(_PARAGRAPH.finditer(value))[-1:]:
        text = " ".join(found[0].split())
        if len(text) <= MESSAGE_COLUMNS and _TRAILER.match(text):
            message = "git takes a line like this for a trailer, where no paragraph follows"
            yield Problem(message, found.start(), "say it in a sentence, without the colon")


def no_full_stop(value: str) -> Iterator[Problem]:
    """The rule of texts that are put into sentences, or are titles."""
    end = value.rstrip()
    if end.endswith((".", ";", ":", ",")):
        what = "full stop" if end.endswith(".") else f"`{end[-1]}`"
        yield Problem(f"the text ends with a {what}", len(end) - 1, "leave it out")


def _sentences(value: str) -> Iterator[Problem]:
    """The rule of texts that stand between sentences."""
    text = value.rstrip()
    if not text[:1].isupper():
        yield Problem("the text does not begin like a sentence", 0, "with a capital letter")
    if not text.endswith("."):
        yield Problem("the text does not end like a sentence", len(text) - 1, "with a full stop")


def _one_paragraph(value: str) -> Iterator[Problem]:
    if found := re.search(r"\n[ \t]*\n", value.rstrip()):
        hint = "it is put into sentences; `background` has room for more"
        yield Problem("an empty line in a text of one paragraph", found.start() + 1, hint)


def _lower(value: str) -> Iterator[Problem]:
    if found := _INTRODUCED.match(value):
        hint = "begin with who does what, such as `KVM zaps …`"
        yield Problem(f"`{found[0].strip()}` is said before the text already", found.start(1), hint)
        return
    found = _FIRST_WORD.match(value)
    if found and found[1] in _SENTENCE:
        hint = f"begin with `{found[1].lower()}`: it goes on a sentence"
        yield Problem("the text begins like a sentence", found.start(1), hint)


def permissive(value: str) -> Iterator[Problem]:
    """The rule for what follows "KVM may": a verb, which leaves KVM free (rule R9 of the guide)."""
    found = _FIRST_WORD.match(value)
    if not found:
        return
    word, at = found[1], found.start(1)
    if grant := _GRANT.match(value):
        hint = "say what KVM does when it is permitted, such as `zap only …`"
        yield Problem(f"`{grant[1]}` is said before the text already", at, hint)
        return
    hint = 'it is put behind "KVM may": begin with a verb, such as `zap only …`'
    if word.lower() in _PRESCRIBING:
        yield Problem(f"`{word}` prescribes what KVM does; the uAPI only permits it", at, hint)
    elif word.lower() in _NO_VERBS or (len(word) > 1 and word.istitle()):
        yield Problem(f"`{word}` does not go on the sentence", at, hint)


def _tidy(value: str) -> Iterator[Problem]:
    """The rule for texts of one line: no blank at their ends, and one between two words."""
    if found := re.search(r"^ | (?= )| $", value):
        yield Problem("a blank too many", found.start(), "one blank between two words")


_PLAIN = (not_empty, no_template(), no_continuation, _no_comment, _no_mail)
_CLAUSE = (characters("\n"), *_PLAIN, no_full_stop, _one_paragraph, no_markup, _lower)

LineText = Annotated[str, Field(max_length=120), holds(characters(), *_PLAIN, _tidy)]
Phrase = Annotated[str, Field(max_length=120), holds(characters(), *_PLAIN, _tidy, no_full_stop)]
Unit = Annotated[
    str, Field(max_length=120), holds(characters(), *_PLAIN, _tidy, no_full_stop, no_markup)
]
# with its indent, `/* ` and `. */` a line of C has to have room for it
Comment = Annotated[str, Field(max_length=85), holds(characters(), *_PLAIN, _tidy, no_full_stop)]
Subject = Annotated[
    str, Field(max_length=120), holds(characters(), *_PLAIN, _tidy, no_full_stop, imperative)
]
# a text that goes into a sentence brings no line's end with it
_ToTheEnd = AfterValidator(str.rstrip)
Clause = Annotated[str, Field(max_length=600), holds(*_CLAUSE), _ToTheEnd]
Permission = Annotated[str, Field(max_length=600), holds(*_CLAUSE, permissive), _ToTheEnd]
Prose = Annotated[
    str, Field(max_length=4000), holds(characters("\n"), *_PLAIN, _beginnings, _no_trailer)
]
Sentences = Annotated[
    str, Field(max_length=600), holds(characters("\n"), *_PLAIN, _one_paragraph, _sentences)
]
Documentation = Annotated[
    str,
    Field(max_length=4000),
    holds(characters("\n"), *_PLAIN, _beginnings, _no_trailer, sound_markup),
]
