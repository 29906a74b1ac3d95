# SPDX-License-Identifier: GPL-2.0-only
"""The selftest that tries every memslot flag, and has to be told of a new one.

It is known by what it does: in a loop, it sets a memslot whose flags depend on the loop, and
expects EINVAL.  That no test does so is what "nothing to tell" means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.c.pattern import Match, find
from codegen.c.source import Token
from codegen.c.statements import arguments, closing, statement_end
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.code import functions_naming
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site

_REGION = "__vm_set_user_memory_region"
_CONSTANT = re.compile(r"\w*[A-Z]\w*|\d\w*")

VALID, V2_ONLY = "selftest-memslot-flags", "selftest-memslot-v2-only"


@dataclass(frozen=True, slots=True)
class FlagTest:
    """A function that tries all flags: its tokens, the loop, and the masks that it asks in it.

    `valid` is the mask of what may succeed, `v2_only` that of what the first ioctl refuses.
    """

    found: Found
    tokens: tuple[Token, ...]
    loop: Match
    valid: str
    v2_only: str

    def place(self) -> str:
        """Where it is, for messages."""
        source = self.found.source
        line = source.line(self.tokens[self.loop.first].start)
        return f"{self.found.extent.name}() at {source.path}:{line}"


def flag_test(survey: Survey, name: str) -> FlagTest | None:
    """The one test that tries all flags; None where no test does.

    Raises FindingsError where several do.
    """
    tests = [
        FlagTest(found, tokens, loop, *_masks(tokens, loop))
        for found, tokens in functions_naming(
            survey, (survey.folders.selftests,), _REGION, "EINVAL"
        )
        for loop in _loops(tokens)
    ]
    if len(tests) > 1:
        raise ambiguous(name, "a loop over all memslot flags", [test.place() for test in tests])
    return tests[0] if tests else None


def _loops(tokens: Sequence[Token]) -> Iterator[Match]:
    """The loops in which the flags of a memslot depend on the loop."""
    for index, token in enumerate(tokens):
        if token.text not in ("for", "while"):
            continue
        loop = Match(index, statement_end(tokens, index))
        if any(not _constant(flags) for flags in _flags(tokens, loop)):
            yield loop


def _flags(tokens: Sequence[Token], loop: Match) -> Iterator[tuple[str, ...]]:
    """The third argument of each call that sets a memslot within the loop."""
    for index in range(loop.first, loop.last):
        if tokens[index].text in (_REGION, f"{_REGION}2"):
            inner = tokens[index + 2 : closing(tokens, index + 1)]
            yield [*arguments(inner), (), (), ()][2]


def _constant(words: Sequence[str]) -> bool:
    """Whether an argument is made of numbers and macros alone."""
    return all(_CONSTANT.fullmatch(word) or not word.isidentifier() for word in words)


def _masks(tokens: Sequence[Token], loop: Match) -> tuple[str, str]:
    """The masks `m` that the loop asks as `m & flags` and as `!(m & flags)`; empty where none."""
    inner = tokens[loop.first : loop.last]
    asked = {flags for flags in _flags(tokens, loop) if not _constant(flags)}
    plain: list[str] = []
    negated: list[str] = []
    for flags in asked:
        for match in find(f"& {' '.join(flags)}", inner):
            name = inner[match.first - 1].text
            denied = inner[match.first - 3].text == "!" and inner[match.first - 2].text == "("
            (negated if denied else plain).append(name)
    return next(iter(plain), ""), next(iter(negated), "")


@site(VALID)
def valid_flags(survey: Survey) -> tuple[Place, ...]:
    """Before the loop over all memslot flags in the test that knows the valid ones, if any."""
    test = flag_test(survey, VALID)
    if test is None:
        return ()
    start = test.tokens[test.loop.first].start
    how = f"{test.found.extent.name}(): before the loop over all flags"
    if not _local(test, test.valid):
        raise _unknown(VALID, test, "a local mask of the valid flags")
    place = code.line_before(test.found, start, how)
    return (replace(place, names={"valid": test.valid}),)


@site(V2_ONLY)
def v2_only(survey: Survey) -> tuple[Place, ...]:
    """The flags that the same test expects the first ioctl to refuse."""
    test = flag_test(survey, V2_ONLY)
    if test is None:
        return ()
    for match in find(f"{test.v2_only or '?'} = ...;", test.tokens[: test.loop.first]):
        last = _value_end(test.tokens, match)
        how = f"{test.found.extent.name}(): flags of v2 only"
        return (code.span(test.found, Match(match.first + 2, last), how),)
    raise _unknown(V2_ONLY, test, "a local mask of the flags that the first ioctl refuses")


def _value_end(tokens: Sequence[Token], match: Match) -> int:
    """Where the value of `name = value, other = …;` ends."""
    depth = 0
    for index in range(match.first, match.last):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if tokens[index].text == "," and depth == 0:
            return index
    return match.last - 1


def _local(test: FlagTest, name: str) -> bool:
    """Whether a mask is a variable of the function that is set before the loop."""
    before = test.tokens[: test.loop.first]
    return any(
        "const" not in [token.text for token in before[max(match.first - 3, 0) : match.first]]
        for match in find(f"{name or '?'} =", before)
    )


def _unknown(name: str, test: FlagTest, what: str) -> Exception:
    near = f"the test of all flags is {test.place()}"
    return not_found(name, what, [test.found.source.path], near=near)
