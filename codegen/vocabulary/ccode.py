# SPDX-License-Identifier: GPL-2.0-only
"""Snippets of C: what each kind may hold, so that it cannot leave the place it is put in."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from codegen.vocabulary.inline import KEYWORDS, expression, one_line, parameters, returned_type
from codegen.vocabulary.lexer import CodeToken, lexed, tokens
from codegen.vocabulary.rules import (
    Problem,
    Rule,
    characters,
    holds,
    no_continuation,
    no_template,
    not_empty,
)

_MOST_GAPS = 8
_LONGEST_LINE = 100  # scripts/checkpatch.pl, LONG_LINE
_PAIRS = {")": "(", "]": "[", "}": "{"}
_DIGRAPHS = {"%:": "#", "<%": "{", "%>": "}", "<:": "[", ":>": "]"}
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w*)", re.M)
_CONDITIONALS = frozenset("if ifdef ifndef else elif endif".split())
_HEADER = re.compile(
    r"[ \t]*(?:<(?!/)(?!.*\.\.)[\w/.-]+>|\"(?!/)(?!.*\.\.)[\w/.-]+\")[ \t]*$", re.M
)


def _bare(value: str) -> list[CodeToken]:
    return [token for token in tokens(value) if not token.text.startswith(("/*", "//"))]


def _ascii(value: str) -> Iterator[Problem]:
    yield from characters("\n\t")(value)
    for found in re.finditer(r"[^\x00-\x7f]", value):
        if found[0].isprintable():
            yield Problem(f"`{found[0]}` is not ASCII, as C is", found.start())
            return


def unbalanced(value: str) -> Iterator[Problem]:
    """Comments, strings and brackets are closed, in the snippet that they are opened in."""
    opened: list[CodeToken] = []
    before = ""
    for token in tokens(value):
        text = token.text
        if text.startswith("/*") and (len(text) < 4 or not text.endswith("*/")):
            yield Problem("a comment that is not closed", token.at, "close it with `*/`")
        elif before == "*" and text == "/" and value[token.at - 1] == "*":
            yield Problem("`*/` ends a comment that was not begun", token.at - 1)
        elif text[0] in "\"'" and not re.fullmatch(r"(.)(?:\\.|[^\\])*\1", text, re.S):
            what = "a string" if text[0] == '"' else "a character constant"
            yield Problem(f"{what} that is not closed", token.at, f"close it with `{text[0]}`")
        elif text in _DIGRAPHS:
            hint = f"write `{_DIGRAPHS[text]}`"
            yield Problem(f"the digraph `{text}` hides a `{_DIGRAPHS[text]}`", token.at, hint)
        elif text in ("(", "[", "{"):
            opened.append(token)
        elif text in _PAIRS:
            if not opened:
                yield Problem(f"`{text}` closes nothing", token.at)
            elif opened[-1].text != _PAIRS[text]:
                other = opened.pop().text
                yield Problem(f"`{text}` does not close the `{other}` before it", token.at)
            else:
                opened.pop()
        before = text
    for token in opened[-1:]:
        yield Problem(f"`{token.text}` is not closed", token.at)


def _no_trigraph(value: str) -> Iterator[Problem]:
    for found in re.finditer(r"\?\?[=/'()!<>-]", value):
        yield Problem(f"`{found[0]}` is a trigraph", found.start(), "put a space between the `?`")


def _no_patch(value: str) -> Iterator[Problem]:
    for found in re.finditer(r"^(?:diff --git |--- |\+\+\+ |@@ |Index: |From )", value, re.M):
        yield Problem("a line of it would be read as the beginning of a patch", found.start())


def _lines(value: str) -> Iterator[Problem]:
    at = 0
    for line in value.split("\n"):
        columns = len(line.expandtabs(8))
        if columns > _LONGEST_LINE:
            hint = f"at most {_LONGEST_LINE}, with tabs of 8"
            yield Problem(f"a line of C with {columns} columns", at, hint)
        if line != line.rstrip():
            yield Problem("white space at the end of a line", at + len(line.rstrip()))
        at += len(line) + 1


def _indented(value: str) -> Iterator[Problem]:
    """Lines are indented with tabs: checkpatch.pl, CODE_INDENT and LEADING_SPACE."""
    known = list(tokens(value))
    opened, closed = ([token.at for token in known if token.text == text] for text in "()")
    inside = {
        token.at + line.end()
        for token in known
        if token.text.startswith("/*")
        for line in re.finditer(r"\n", token.text)
    }
    for line in re.finditer(r"^(\t*)(?=[ \t]* )([ \t]+)(?=\S)", value, re.M):
        rest = value[line.end() :]
        bracketed = bisect_left(opened, line.start()) > bisect_left(closed, line.start())
        aligned = line[1] or rest.startswith("#") or bracketed
        fine = len(line[2]) < 8 and "\t" not in line[2] and aligned
        if not (fine or line.start() in inside or re.match(r" \w+:\n", line[2] + rest)):
            hint = "tabs, and behind them at most seven spaces to align"
            yield Problem("C of the kernel is indented with tabs", line.start(2), hint)


def _directives(allowed: frozenset[str], hints: dict[str, str]) -> Rule:
    """The rule that lines of the preprocessor are of some kinds, and its `#if`s are closed."""

    def rule(value: str) -> Iterator[Problem]:
        opened: list[int] = []
        for found in _DIRECTIVE.finditer(_without_texts(value)):
            word, at = found[1], found.start() + found[0].index("#")
            if word not in allowed:
                yield Problem(f"`#{word}` does not belong here", at, hints.get(word, ""))
            elif word == "include" and not _HEADER.match(value, found.end()):
                hint = '<name.h> or "name.h", without `..`'
                yield Problem("such a header cannot be included", at, hint)
            if word in ("if", "ifdef", "ifndef"):
                opened.append(at)
            elif word in ("else", "elif", "endif") and not opened:
                yield Problem(f"`#{word}` belongs to no `#if`", at)
            elif word == "endif":
                opened.pop()
        if opened and allowed:
            yield Problem("an `#if` that is not closed", opened[-1], "close it with `#endif`")

    return rule


def _without_texts(value: str) -> str:
    """The snippet with its comments and strings blanked out, lines and offsets as they were."""

    made = list(value)
    for start, end, kind in lexed(value):
        if kind:
            made[start:end] = re.sub(r"[^\n]", " ", value[start:end])
    return "".join(made)


def _not_a_keyword(value: str) -> Iterator[Problem]:
    if value in KEYWORDS:
        yield Problem(f"`{value}` is a word of C itself", 0, "take another name")


def _few_gaps(value: str) -> Iterator[Problem]:
    """A pattern is tried at every token with every length of each gap."""
    gaps = [token for token in tokens(value) if token.text == "..."]
    if len(gaps) > _MOST_GAPS:
        hint = f"{_MOST_GAPS} are the most; a shorter piece of the statement names it as well"
        yield Problem(f"{len(gaps)} times `...`", gaps[_MOST_GAPS].at, hint)


def _says_something(value: str) -> Iterator[Problem]:
    if value.strip() and all(token.text in ("...", ";") for token in _bare(value)):
        yield Problem("nothing is left to look for", 0, "name what the statement consists of")


def _one_case(value: str) -> Iterator[Problem]:
    """TEST_REQUIRE() of KVM's selftests exits, and the cases behind this one do not run."""
    for token in tokens(value):
        if token.text in ("TEST_REQUIRE", "__TEST_REQUIRE"):
            hint = 'where it does not hold: `skipped = "no KVM_CAP_…";`, free the VM and return'
            yield Problem(f"{token.text}() ends all of the test, and not this case", token.at, hint)


def defines(code: str, name: str) -> bool:
    """Whether a piece of C defines a function of that name, by its looks."""
    return bool(re.search(rf"^[ \t]*\w[\w \t*]*\b{name}\s*\(", code, re.M))


_ONE = (
    _ascii,
    not_empty,
    no_template("put a space between the two signs"),
    no_continuation,
    _no_trigraph,
    unbalanced,
    _no_patch,
)
_CODE = (*_ONE, _lines)
_INCLUDE = {"include": "an edit with `include` adds a header"}
_NONE = _directives(frozenset(), {})
_PUT = _directives(_CONDITIONALS | {"define", "undef"}, _INCLUDE)
_TEST = _directives(_CONDITIONALS | {"define", "undef", "include"}, {})

Keywordless = holds(_not_a_keyword)
Statements = Annotated[str, Field(max_length=16000), holds(*_CODE, _indented, _PUT)]
TestCode = Annotated[str, Field(max_length=16000), holds(*_CODE, _indented, _TEST)]
Fragment = Annotated[str, Field(max_length=2000), holds(*_CODE, _NONE, _says_something, _few_gaps)]
Setup = Annotated[str, Field(max_length=2000), holds(*_CODE, _indented, _NONE)]
# of one case of a test alone
CaseSetup = Annotated[str, Field(max_length=2000), holds(*_CODE, _indented, _NONE, _one_case)]
# what is put into a line of C has no line break of YAML at its ends
_Inline = AfterValidator(str.strip)
Expression = Annotated[str, Field(max_length=400), holds(*_ONE, expression), _Inline]
Parameters = Annotated[str, Field(max_length=400), holds(*_ONE, parameters), _Inline]
CType = Annotated[str, Field(max_length=80), holds(*_ONE, one_line, returned_type), _Inline]
