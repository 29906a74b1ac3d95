# SPDX-License-Identifier: GPL-2.0-only
"""How a tree takes the flags of an ioctl: its struct, and the test that refuses unknown ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codegen.c.pattern import find, last_holes
from codegen.c.source import lex
from codegen.c.statements import CLOSE, OPEN, arguments, closing, statement_end
from codegen.kernel.survey import Found, Survey
from codegen.kinds.ioctls import struct_of
from codegen.kinds.masks import parameter
from codegen.sites.code import C_FILES, code_tokens, functions_naming
from codegen.sites.place import ambiguous, not_found
from codegen.sites.scopes import Tokens

_LEAVES = ("return", "goto", "break")
# How a function says of flags that none is unknown; behind a `!`, or that one is.
_KNOWN = (
    "return !({given} & ~$mask);",
    "return ({given} & ~$mask) == 0;",
    "return ({given} & $mask) == {given};",
)
_UNKNOWN = (
    "return {given} & ~$mask;",
    "return ({given} & ~$mask) != 0;",
    "return ({given} & $mask) != {given};",
)


@dataclass(frozen=True, slots=True)
class Compared:
    """The statement of a function that compares flags with a mask, by its first token."""

    found: Found
    tokens: Tokens
    first: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """The statement `if (given & ~mask) return -EINVAL;`, its tokens from `first` to `last`.

    `test` is what its condition says of the flags.  `mask` is empty where none is known yet, and
    all bits are refused.  `leaves` is what it does then.  `asked` is the function that the test
    calls with the flags, if one compares them with the mask.
    """

    found: Found
    tokens: Tokens
    first: int
    last: int
    test: range
    given: str
    mask: Tokens
    leaves: str
    asked: Compared | None = None

    @property
    def compared(self) -> Compared:
        """Where the flags are compared with the mask."""
        return self.asked or Compared(self.found, self.tokens, self.first)

    @property
    def where(self) -> str:
        """`file:line`, for messages."""
        source = self.found.source
        return f"{source.path}:{source.line(self.tokens[self.first].start)}"


def refusal(survey: Survey, site: str, ioctl: str, member: str) -> Refusal:
    """The one test that refuses bits of a member of the ioctl's struct that KVM does not know.

    Looked for in every function that has such a struct.  Raises FindingsError where there is none,
    or several.
    """
    struct = struct_of(survey, ioctl)
    prefixes = survey.kvm_prefixes()
    hits = [
        each
        for found, tokens in functions_naming(survey, prefixes, f"struct {struct}", suffix=C_FILES)
        for given in _given(tokens, struct, member)
        for each in _refusals(survey, found, tokens, given)
    ]
    what = f"a test that refuses unknown bits of `{member}` of struct {struct}, `{member} & ~mask`"
    if len(hits) > 1:
        raise ambiguous(site, what, [each.where for each in hits])
    if not hits:
        raise not_found(site, what, survey.holding(f"struct {struct}", prefixes))
    return hits[0]


def _given(tokens: Tokens, struct: str, member: str) -> Iterator[str]:
    """What a function calls that member of its structs, or a copy of it."""
    for name in variables(tokens, struct):
        for said in (f"{name}->{member}", f"{name}.{member}"):
            if any(find(said, tokens)):
                yield said
                copy = last_holes(f"$copy = {said};", tokens).get("copy", "")
                if copy.isidentifier():
                    yield copy


def variables(tokens: Tokens, struct: str) -> dict[str, None]:
    """The parameters and locals of a function that are such a struct, or point to one."""
    texts = [token.text for token in tokens]
    names: dict[str, None] = {}
    for at in range(len(texts) - 2):
        if texts[at : at + 2] != ["struct", struct]:
            continue
        for text in texts[at + 2 :]:
            if text.isidentifier():
                names[text] = None
            elif text not in ("*", ","):
                break
    return names


def _refusals(survey: Survey, found: Found, tokens: Tokens, given: str) -> Iterator[Refusal]:
    for at, token in enumerate(tokens):
        if token.text != "if":
            continue
        behind = closing(tokens, at + 1)
        leaves = _left(tokens, behind + 1)
        for test, mask in _tests(tokens, range(at + 2, behind), given) if leaves else ():
            end = statement_end(tokens, at)
            yield Refusal(found, tokens, at, end, test, given, mask, leaves)
        for test in _terms(tokens, range(at + 2, behind)) if leaves else ():
            end = statement_end(tokens, at)
            for asked, mask in _asked(survey, tokens[test.start : test.stop], given):
                yield Refusal(found, tokens, at, end, test, given, mask, leaves, asked)


def _left(tokens: Tokens, first: int) -> str:
    """The one statement of a branch, if it leaves; else empty."""
    if tokens[first].text == "{":
        first += 1
    if tokens[first].text not in _LEAVES:
        return ""
    end = statement_end(tokens, first)
    words = [token.text for token in tokens[first : end - 1]]
    if words[0] == "return" and words[1:2] != ["-"]:
        return ""
    return " ".join(words).replace("- ", "-") + ";"


def _tests(tokens: Tokens, condition: range, given: str) -> Iterator[tuple[range, Tokens]]:
    """The terms of a condition that refuse bits: where they are, with the mask of those known."""
    for term in _terms(tokens, condition):
        inner = tokens[term.start : term.stop]
        for match in find(f"{given} & ~$mask", inner):
            first, last = match.holes["mask"][0]
            if not match.first or inner[match.first - 1].text not in ("->", "."):
                yield term, inner[first:last]
        for whole in (given, f"{given} != 0"):
            if [token.text for token in inner] == [token.text for token in lex(whole)]:
                yield term, ()


def _asked(survey: Survey, term: Tokens, given: str) -> Iterator[tuple[Compared, Tokens]]:
    """The function that is asked about the flags, `!known(kvm, flags)` or `unknown(flags)`, where
    it compares them with a mask, and the mask."""
    words = [token.text for token in term]
    at = int(words[:1] == ["!"])
    if words[at + 1 : at + 2] != ["("] or closing(term, at + 1) != len(term) - 1:
        return
    name, ways = words[at], _KNOWN if at else _UNKNOWN
    passed = ["".join(each) for each in arguments(term[at + 2 : -1])]
    for found in survey.definitions("function", name) if given in passed else ():
        tokens = code_tokens(found)
        called = parameter(found, tokens, passed.index(given))
        for way in ways if called else ():
            for match in find(way.format(given=called), tokens):
                first, last = match.holes["mask"][0]
                yield Compared(found, tokens, match.first), tokens[first:last]


def _terms(tokens: Tokens, condition: range) -> Iterator[range]:
    """What stands between the `||` of a condition."""
    first, depth = condition.start, 0
    for index in condition:
        text = tokens[index].text
        depth += (text in OPEN) - (text in CLOSE)
        if text == "||" and not depth:
            yield range(first, index)
            first = index + 1
    yield range(first, condition.stop)
