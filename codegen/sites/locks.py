# SPDX-License-Identifier: GPL-2.0-only
"""What is held where a place is, such as a lock: by its function, or by who calls that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.c.candidates import may_define
from codegen.c.pattern import Match, filled, find, texts
from codegen.c.statements import body, closing, nesting, opening, statement_end
from codegen.kernel.survey import Found, Survey
from codegen.sites.code import calls, code_tokens
from codegen.sites.language import Taken
from codegen.sites.scopes import Tokens

_CALLERS = 3  # functions that call functions that call it
_CALLED = 2  # functions that take it for a function that is called
_LEAVES = ("return", "goto", "continue", "break")
_PERHAPS = (")", "else", ",")  # before a statement that is done if a condition holds
_NO_LOOP = ("if", "else", ":", ";", "{", "}")  # before the head of a block
_NOT_CALLED = ("if", "for", "while", "switch", "return", "sizeof", "typeof")


def held_at(
    survey: Survey, found: Found, tokens: Tokens, index: int, ways: Sequence[Taken]
) -> Iterator[str]:
    """What is held at a token of a function, as it stands there, with its place."""
    seen: set[str] = set()
    around = [(found, tokens, index)]
    for _ in range(_CALLERS + 1):
        callers: list[tuple[Found, Tokens, int]] = []
        for where, inner, at in around:
            for first, end in _held(survey, inner, at, ways, _CALLED):
                yield _shown(where, inner, first, end)
            name = where.extent.name
            if name not in seen:
                seen.add(name)
                prefixes = survey.kvm_prefixes()
                callers += ((f, t, call.first) for f, t, call in calls(survey, name, prefixes))
        around = callers


def _shown(found: Found, tokens: Tokens, first: int, end: int) -> str:
    start = tokens[first].start
    said = " ".join(found.source.text(start, tokens[end - 1].end).split())
    return f"`{said}` in {found.extent.name}() at {found.source.path}:{found.source.line(start)}"


@dataclass(frozen=True, slots=True)
class _Path:
    """The tokens of a function, how many `{` are open behind each, and the place they lead to."""

    tokens: Tokens
    depths: Sequence[int]
    index: int

    @property
    def is_end(self) -> bool:
        """Whether the place is the end of the function."""
        return self.index >= len(self.tokens) - 1

    def reaches(self, first: int, *, taken: bool) -> bool:
        """Whether what is done before `first` is done on a way to the place: nothing leaves before.

        A label behind a function's last `return` is reached by a `goto`: what is taken may be held.
        To the end of a function all ways lead, but what an error undoes in a block of its own.
        """
        if self.is_end and taken:
            return True
        level = self.depths[first - 1]
        for at in range(first, self.index):
            level = min(level, self.depths[at])
            word = self.tokens[at].text
            if word not in _LEAVES or self.depths[at] > level:
                continue
            if self.tokens[at - 1].text in _PERHAPS:
                continue
            if word == "break" and min(self.depths[at:]) < self._broken(at):
                continue  # out of a loop or a switch that is behind us
            if self.is_end:
                failed = word == "return" and self.tokens[at + 1].text == "-"
                if level == 1 or not failed:
                    return True
            if not (taken and level == 1):
                return False
        return True

    def _broken(self, at: int) -> int:
        """How many `{` are open in the loop or the switch that a `break` leaves."""
        level = self.depths[at]
        for before in range(at - 1, 0, -1):
            if self.tokens[before].text != "{" or self.depths[before] != level:
                continue
            head = before - 1
            if self.tokens[head].text == ")":
                try:
                    head = opening(self.tokens, head) - 1
                except ValueError:
                    break
            if self.tokens[head].text not in _NO_LOOP:
                break
            level -= 1
        return level

    def calls(self, first: int) -> Iterator[Match]:
        """The calls of functions, or what looks so, between `first` and the place."""
        for at in range(first, self.index - 1):
            word = self.tokens[at].text
            if self.tokens[at + 1].text != "(" or not word.isidentifier() or word in _NOT_CALLED:
                continue
            if self.tokens[at - 1].text in (".", "->"):
                continue
            try:
                end = closing(self.tokens, at + 1) + 1
            except ValueError:
                continue  # a branch of the preprocessor has its end
            if end <= self.index:
                yield Match(at, end)

    def lasts(self, way: Taken, end: int) -> bool:
        """Whether what is taken before `end` can be held at the place, if nothing gives it back."""
        if way.over == "statement":
            return self.index < _statement_end(way, self.tokens, end)
        if not way.until and min(self.depths[end - 1 :], default=0) < self.depths[end - 1]:
            return False  # the block in which it is taken is closed
        return self.reaches(end, taken=True)


def _statement_end(way: Taken, tokens: Tokens, first: int) -> int:
    """Where the statement ends that follows: a block, or one that several hold something for."""
    while inner := next((m for by in way.by for m in find(by, tokens) if m.first == first), None):
        first = inner.last
    try:
        block = first < len(tokens) and tokens[first].text == "{"
        return closing(tokens, first) + 1 if block else statement_end(tokens, first)
    except ValueError:
        return len(tokens)  # a branch of the preprocessor has its end, and all may be in it


def _held(
    survey: Survey, tokens: Tokens, index: int, ways: Sequence[Taken], called: int
) -> Iterator[tuple[int, int]]:
    """Where a function takes what it holds at a token: by itself, or in what it calls."""
    path = _Path(tokens, [depth for depth, _ in nesting(tokens[:index])], index)
    for way in ways:
        for match in (match for by in way.by for match in find(by, tokens[:index])):
            until = filled(way.until, texts(tokens, match))  # the same lock
            if path.lasts(way, match.last) and not _given_back(
                survey, path, match.last, way, until
            ):
                yield match.first, match.last
    lasting = [way for way in ways if way.until]
    for call in path.calls(_begin(tokens)) if called and lasting else ():
        if path.reaches(call.last, taken=True):
            for way in lasting:
                taken = _takes(survey, tokens[call.first].text, way, called)
                if taken and not _given_back(survey, path, call.last, way, way.until):
                    yield call.first, call.last


def _given_back(survey: Survey, path: _Path, end: int, way: Taken, until: str) -> bool:
    """Whether it is given back on the way to the place, here or by a function that is called."""
    if not until:
        return False
    behind = [end + match.last for match in find(until, path.tokens[end : path.index])]
    if any(path.reaches(last, taken=False) for last in behind):
        return True
    return any(
        path.reaches(call.last, taken=False)
        and _gives(survey, path.tokens[call.first].text, way.until)
        for call in path.calls(end)
    )


def _begin(tokens: Tokens) -> int:
    """Behind the head of a function; of a macro without a body, behind its name."""
    opened = body(tokens)
    return opened + 1 if opened < len(tokens) else 1


def _takes(survey: Survey, name: str, way: Taken, called: int) -> bool:
    """Whether a function or a macro of KVM's takes it and leaves it taken."""
    return any(
        True
        for tokens in _own(survey, name)
        for _ in _held(survey, tokens, _body_end(tokens), (way,), called - 1)
    )


def _gives(survey: Survey, name: str, until: str) -> bool:
    """Whether a function or a macro of KVM's gives it back."""
    return any(True for tokens in _own(survey, name) for _ in find(until, tokens))


def _body_end(tokens: Tokens) -> int:
    return len(tokens) - 1 if tokens[-1].text == "}" else len(tokens)


def _own(survey: Survey, name: str) -> Iterator[Tokens]:
    """What KVM's code has of that name: of all that is called, most is not its own."""
    for path in survey.holding(f"{name}(", survey.kvm_prefixes()):
        data = survey.tree.read(path)
        for kind in ("function", "macro"):
            if may_define(kind, name, data):
                for extent in survey.source(path).find(kind, name):
                    yield code_tokens(Found(survey.source(path), extent))
