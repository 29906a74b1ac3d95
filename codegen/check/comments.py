# SPDX-License-Identifier: GPL-2.0-only
"""What a comment says of the condition below it: it may have become false."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate

from codegen.c.source import CSource, Token, lex
from codegen.check.remark import Remark
from codegen.check.view import View, functions, is_kvm
from codegen.mail.patch import Posted
from codegen.tree.changed import Changed
from codegen.tree.reader import read_or_none

_MARKS = re.compile(r"^/\*+|\*/$|^[ \t]*\*[ \t]?|^//", re.M)
_SHOWN = 60  # of a comment, in characters


def still_true(view: View) -> Iterator[Remark]:
    """A comment right above an `if` is read again where the series changes what is asked below it,
    and not the comment.

    A note: it may hold as it is.  A condition that asks for a new macro as well says the same of
    that one.
    """
    changes = [each for each in view.changes() if _code(each[1])]
    for path in dict.fromkeys(change.path for _, change in changes):
        old, new = (
            dict(functions(path, read_or_none(survey.tree, path)))
            for survey in (view.before, view.after)
        )
        for name in (name for name in new if name in old and old[name] != new[name]):
            before = _commented(old[name])
            for said, condition in _commented(new[name]).items():
                changed = before.get(said, condition) != condition
                if changed and not _asks(condition, view.new_macros):
                    patch, line = _where(changes, path, condition)
                    short = said if len(said) <= _SHOWN else f"{said[:_SHOWN].rstrip()}…"
                    what = f"{name}(): a condition changes, and the comment above it stays: {short}"
                    hint = "correct it if it is no longer so; `corrects` of a description does"
                    yield Remark(what, patch, line, hint, note=True)


def _code(change: Changed) -> bool:
    return is_kvm(change.path) and change.path.endswith((".c", ".h"))


def _commented(function: str) -> Mapping[str, str]:
    """The conditions of a function that a comment stands right above, by what that says."""
    data = function.encode()
    tokens = CSource("", data).tokens(0, len(data))
    found = {}
    for at, token in enumerate(tokens[:-2]):
        if token.comment and tokens[at + 1].text == "if":
            said = " ".join(_MARKS.sub("", token.text).split())
            found[said] = " ".join(_in_brackets(tokens[at + 2 :]))
    return found


def _in_brackets(tokens: tuple[Token, ...]) -> Iterator[str]:
    """The texts of tokens that begin with a bracket, to where that closes."""
    texts = [token.text for token in tokens if not token.comment]
    depths = accumulate((text == "(") - (text == ")") for text in texts)
    for text, depth in zip(texts, depths, strict=True):
        yield text
        if not depth:
            return


def _asks(condition: str, macros: Collection[str]) -> bool:
    return not set(macros).isdisjoint(condition.split())


def _where(changes: list[tuple[Posted, Changed]], path: str, condition: str) -> tuple[str, int]:
    """The patch that brings a condition, and the line of the mail with it; the last one of the
    file, where no line is found.
    """
    last = ""
    for patch, change in changes:
        if change.path != path:
            continue
        last = patch.name
        for line in change.added.values():
            text = " ".join(token.text for token in lex(line))
            if text and text.removeprefix("if ") in condition and "(" in text:
                return patch.name, patch.line_of(path, line)
    return last, 0
