# SPDX-License-Identifier: GPL-2.0-only
"""Where KVM refuses memslot flags that it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from codegen.c.pattern import Match, find, statement_end
from codegen.c.source import Token
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming, only
from codegen.sites.place import Place
from codegen.sites.registry import site
from codegen.uapi.writing import FIRST_FLAG

_WRITES = frozenset(("=", "|=", "&="))
_BEFORE_FLAGS = frozenset(("(", "||", "&&", "=", "return", ";"))


@site("memslot-flag-check")
def flag_check(survey: Survey) -> Place:
    """Before the test that refuses unknown memslot flags.

    Looked for: the one statement that compares flags with a mask begun with the first memslot
    flag, `flags & ~valid` or another way to say so, behind all that adds to the mask; or that
    returns the mask to a function that does.  It may be in any function of the code that all
    architectures build.
    """
    hits = [
        place
        for found, tokens in functions_naming(
            survey, survey.folders.code, FIRST_FLAG, suffix=C_FILES
        )
        for valid in _masks(tokens)
        for place in _tests(survey, found, tokens, valid)
    ]
    return only(
        "memslot-flag-check",
        f"a test of flags against a mask begun with {FIRST_FLAG}",
        hits,
        survey.holding(FIRST_FLAG, survey.folders.code),
        near=code.mentions(survey, FIRST_FLAG, survey.folders.code),
    )


def _masks(tokens: Sequence[Token]) -> list[str]:
    """The variables that are set to the first flag, or to nothing before it is added."""
    begun = [tokens[m.first - 1].text for m in find(f"= {FIRST_FLAG};", tokens)]
    empty = {tokens[m.first - 1].text for m in find("= 0;", tokens)}
    added = [tokens[m.first - 1].text for m in find(f"|= {FIRST_FLAG};", tokens)]
    return list(dict.fromkeys([*begun, *(name for name in added if name in empty)]))


def _tests(survey: Survey, found: Found, tokens: tuple[Token, ...], valid: str) -> Iterator[Place]:
    """Before the statement that reads the mask, if it is one that tests flags."""
    uses = [index for index, token in enumerate(tokens) if token.text == valid]
    reads = [index for index in uses if tokens[index + 1].text not in (*_WRITES, ";", ",")]
    if _is_returned(tokens, uses[-1]):
        reads.append(uses[-1])
    statement = next((s for s in _statements(found, tokens) if reads and reads[0] < s.last), None)
    if statement is None or statement.first > reads[0] or uses[-1] >= statement.last:
        return
    if max(set(uses) - set(reads), default=0) > statement.first:
        return
    inner = tokens[statement.first : statement.last]
    flags = _compared(inner, valid)
    if flags is None and _is_returned(tokens, reads[0]):
        flags = _compared_with_call(survey, found)
    elif "EINVAL" not in {token.text for token in tokens}:
        return
    if flags is not None:
        how = f"{found.extent.name}(): before the test of unknown flags"
        place = code.line_before(found, tokens[statement.first].start, how)
        yield replace(place, names={"valid": valid, "flags": flags})


def _is_returned(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index - 1].text == "return" and tokens[index + 1].text == ";"


def _compared(tokens: Sequence[Token], valid: str) -> str | None:
    """What the function calls the flags where it compares them with the mask; else None."""
    for form in (f"& ~{valid}", f"| {valid}) != {valid}", f"& {valid}) !="):
        for match in find(form, tokens):
            first = match.first
            while first > 0 and tokens[first - 1].text not in _BEFORE_FLAGS:
                first -= 1
            return "".join(token.text for token in tokens[first : match.first])
    return None


def _compared_with_call(survey: Survey, found: Found) -> str | None:
    """The flags that another function compares with what this one returns."""
    name = found.extent.name
    for _, tokens in functions_naming(
        survey, survey.folders.code, f"{name}(", "EINVAL", suffix=C_FILES
    ):
        flags = _compared(tokens, f"{name}(")
        if flags is not None:
            return flags
    return None


def _statements(found: Found, tokens: Sequence[Token]) -> Iterator[Match]:
    """The statements of a function's body, the outermost ones, without preprocessor lines."""
    index = next(i for i, token in enumerate(tokens) if token.text == "{") + 1
    data = found.source.data
    while index < len(tokens) - 1:
        if tokens[index].text == "#":
            index += 1
            while b"\n" not in data[tokens[index - 1].end : tokens[index].start]:
                index += 1
            continue
        end = statement_end(tokens, index)
        yield Match(index, end)
        index = end
