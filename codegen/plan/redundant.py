# SPDX-License-Identifier: GPL-2.0-only
"""Whether a series changes anything: what asks the predicate may decide the same without it.

Each function that asks is compared with what it was before: its statements one by one, conditions
by their truth tables, with the functions put in that only return something.  What is not shown to
be the same counts as a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.c.source import Token, lex
from codegen.c.statements import arguments, closing, only_returned
from codegen.c.truth import equivalent, formula
from codegen.kernel.numbers import constants
from codegen.kernel.survey import Found, Survey
from codegen.sites.code import code_tokens, functions_naming

_DEEPEST = 4  # functions that return what another one returns
_HEADS = ("if", "while", "for", "switch")
_DECIDES = ("||", "&&", "!", "==", "!=")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """A function that decides the same: where it stands, and how it decides without the series."""

    function: str
    where: str
    expression: str

    def __str__(self) -> str:
        return f"{self.function}() decides by `{self.expression}` at {self.where}"


def same_without(before: Survey, after: Survey, predicate: str) -> Same | None:
    """Why asking the predicate changes nothing; None where it may.

    `before` is the tree without the series and `after` with it.
    """
    values = {each.name: each.value for each in constants(after)}
    askers = functions_naming(after, after.kvm_prefixes(), f"{predicate}(", suffix=(".c", ".h"))
    found: list[Same] = []
    for asking, tokens in askers:
        if asking.extent.name == predicate:
            continue
        was = _only(before, asking)
        try:
            same = was and _same(before, was, after, tokens, asking, values)
        except ValueError:  # brackets that some `#if` leaves open
            return None
        if not same:
            return None
        found.append(same)
    return found[0] if found else None


def _only(survey: Survey, like: Found) -> Found | None:
    """The one function of that name in the same file."""
    path, name = like.source.path, like.extent.name
    if not survey.exists(path):
        return None
    source = survey.source(path)
    extents = list(source.find("function", name))
    return Found(source, extents[0]) if len(extents) == 1 else None


def _same(
    before: Survey,
    was: Found,
    after: Survey,
    tokens: Sequence[Token],
    asking: Found,
    values: Mapping[str, int],
) -> Same | None:
    old, new = list(_pieces(code_tokens(was))), list(_pieces(tokens))
    if len(old) != len(new):
        return None
    shown: Same | None = None
    for first, second in zip(old, new, strict=True):
        if first == second:
            continue
        one, other = _condition(first), _condition(second)
        if one is None or other is None or one[0] != other[0]:
            return None
        expanded = _expanded(before, was, one[1]), _expanded(after, asking, other[1])
        left, right = (formula(" ".join(words)) for words in expanded)
        if left is None or right is None or not equivalent(left, right, values):
            return None
        where = f"{was.source.path}:{was.source.line(was.extent.start)}"
        shown = shown or Same(was.extent.name, where, _shown(expanded[0]))
    return shown


def _pieces(tokens: Sequence[Token]) -> Iterator[Words]:
    """A function's statements and the heads of those that hold others, in their order."""
    first = index = 0
    while index < len(tokens):
        text = tokens[index].text
        last = index + 1
        if text in ("(", "[") or (text == "{" and tokens[index - 1].text == "="):
            last = closing(tokens, index) + 1
            ends = index == first + 1 and tokens[first].text in _HEADS
        elif text == "{" and index > first:
            last, ends = index, True
        else:
            ends = text == ";" or (index == first and text in ("{", "}", "else", "do"))
        if ends:
            yield tuple(token.text for token in tokens[first:last])
            first = last
        index = last


def _condition(piece: Words) -> tuple[Words, Words] | None:
    """What stands before a condition, and the condition; None where a piece has none."""
    if piece[:1] in (("if",), ("while",)) and piece[-1] == ")":
        return piece[:2], piece[2:-1]
    if piece[:1] == ("return",) and _decides(piece[1:-1]):
        return piece[:1], piece[1:-1]
    if "=" in piece and piece[-1] == ";":
        at = piece.index("=")
        if piece[0] == "bool" or _decides(piece[at + 1 : -1]):
            return piece[: at + 1], piece[at + 1 : -1]
    return None


def _decides(words: Words) -> bool:
    """Whether an expression is true or false whatever it is made of."""
    depth = 0
    for word in words:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(word, 0)
        if depth == 0 and word in _DECIDES:
            return True
    return False


def _expanded(survey: Survey, found: Found, words: Words, depth: int = _DEEPEST) -> Words:
    """An expression with what the functions of its file return put in for their calls."""
    made: list[str] = []
    index = 0
    tokens = lex(" ".join(words))
    while index < len(tokens):
        text = tokens[index].text
        called = index + 1 < len(tokens) and tokens[index + 1].text == "("
        last = closing(tokens, index + 1) if called else index
        given = _given(tokens[index + 2 : last]) if called else ()
        returned = _returned(survey, found, text, given) if called and depth else None
        if returned is None:
            made.append(text)
            index += 1
            continue
        made += ["(", *_expanded(survey, found, returned, depth - 1), ")"]
        index = last + 1
    return tuple(made)


def _returned(survey: Survey, found: Found, name: str, passed: Sequence[Words]) -> Words | None:
    """What a function of the same file returns for its arguments, if it does nothing else."""
    source = survey.source(found.source.path)
    extents = list(source.find("function", name))
    if len(extents) != 1:
        return None
    tokens = code_tokens(Found(source, extents[0]))
    opened = next(i for i, token in enumerate(tokens) if token.text == "(")
    closed = closing(tokens, opened)
    names = [words[-1] for words in _given(tokens[opened + 1 : closed])]
    value = [token.text for token in only_returned(tokens)]
    if not value or len(names) != len(passed):
        return None
    given = {n: w if len(w) == 1 else ("(", *w, ")") for n, w in zip(names, passed, strict=True)}
    returned: list[str] = []
    for index, word in enumerate(value):
        member = index and value[index - 1] in ("->", ".")
        returned += (word,) if member or word not in given else given[word]
    return tuple(returned)


def _given(tokens: Sequence[Token]) -> list[Words]:
    """The arguments or parameters between brackets."""
    return [words for words in arguments(tokens) if words]


def _shown(words: Words) -> str:
    """An expression as people write it."""
    text = " ".join(words)
    for tight in (" -> ", " . "):
        text = text.replace(tight, tight.strip())
    return text.replace("( ", "(").replace(" )", ")").replace(" ,", ",").replace(" (", "(")
