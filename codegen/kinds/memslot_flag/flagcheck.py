# SPDX-License-Identifier: GPL-2.0-only
"""Where KVM refuses memslot flags that it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.kernel.survey import Found, Survey
from codegen.kinds.masks import narrowed, statements
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming, only
from codegen.sites.place import Place
from codegen.sites.registry import site
from codegen.uapi.writing import FIRST_FLAG

_SITE = "memslot-flag-check"
_WRITES = frozenset(("=", "|=", "&="))
_READS = frozenset(("~", "&", "|", "!=", "(", ",", "return"))  # what stands before a value
_OPPOSITE = (f"$mask = ~{FIRST_FLAG};", f"$mask = ~({FIRST_FLAG});", f"$mask = ~(u32){FIRST_FLAG};")
_UNKNOWN = ("return $flags & ~$valid;", "return ($flags & ~$valid) != 0;")


@dataclass(frozen=True, slots=True)
class _Mask:
    """A variable with the flags that are valid, or with those that are not."""

    name: str
    opposite: bool = False

    @property
    def adds(self) -> str:
        """What makes one more flag valid, up to the flag."""
        return f"{self.name} &= ~" if self.opposite else f"{self.name} |= "

    @property
    def tests(self) -> tuple[str, ...]:
        """The ways to ask for flags that are not valid."""
        name = self.name
        if self.opposite:
            return (f"$flags & {name}",)
        more = (f"($flags | {name}) {equal} {name}" for equal in ("!=", "=="))
        same = (f"($flags & {name}) == $flags", f"$flags == ($flags & {name})")
        return (f"$flags & ~{name}", f"($flags & {name}) !=", *more, *same)


@site(_SITE, holds=True)
def flag_check(survey: Survey) -> Place:
    """Before the test that refuses unknown memslot flags, or what takes flags from its mask.

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
        for mask in _masks(tokens)
        for place in _tests(survey, found, tokens, mask)
    ]
    return only(
        _SITE,
        f"a test of flags, as `flags & ~valid`, against a mask begun with {FIRST_FLAG}",
        hits,
        survey.holding(FIRST_FLAG, survey.folders.code),
        near=code.mentions(survey, FIRST_FLAG, survey.folders.code),
    )


def _masks(tokens: Sequence[Token]) -> list[_Mask]:
    """The variables that are set to the first flag, or to nothing before it is added."""
    begun = [tokens[m.first - 1].text for m in find(f"= {FIRST_FLAG};", tokens)]
    empty = {tokens[m.first - 1].text for m in find("= 0;", tokens)}
    added = [tokens[m.first - 1].text for m in find(f"|= {FIRST_FLAG};", tokens)]
    valid = dict.fromkeys([*begun, *(name for name in added if name in empty)])
    others = [tokens[m.first].text for form in _OPPOSITE for m in find(form, tokens)]
    return [*map(_Mask, valid), *(_Mask(name, opposite=True) for name in others)]


def _tests(survey: Survey, found: Found, tokens: tuple[Token, ...], mask: _Mask) -> Iterator[Place]:
    """Before the statement that reads the mask, if it is one that tests flags."""
    uses = [index for index, token in enumerate(tokens) if token.text == mask.name]
    reads = [
        index
        for index in uses
        if tokens[index - 1].text in _READS and tokens[index + 1].text not in _WRITES
    ]
    statement = next((s for s in statements(found, tokens) if reads and reads[0] < s.last), None)
    if statement is None or statement.first > reads[0] or uses[-1] >= statement.last:
        return
    if max(set(uses) - set(reads), default=0) > statement.first:
        return
    inner = tokens[statement.first : statement.last]
    flags = _compared(inner, mask.tests) or _asked(survey, inner, mask)
    if flags is None and tokens[reads[0] - 1].text == "return":
        flags = _compared_with_call(survey, found)
    elif "EINVAL" not in {token.text for token in tokens}:
        return
    if flags is not None:
        how = f"{found.extent.name}(): before the test of unknown flags"
        until = narrowed(survey, _SITE, found, tokens, mask.name, FIRST_FLAG, statement.first)
        place = code.line_before(found, tokens[until].start, how)
        yield replace(place, names={"adds": mask.adds, "flags": flags})


def _compared(tokens: Sequence[Token], tests: Iterable[str]) -> str | None:
    """What the flags are called where they are compared with a mask; else None."""
    for form in tests:
        for match in find(form, tokens):
            (first, last), *_ = match.holes["flags"]
            return "".join(token.text for token in tokens[first:last])
    return None


def _asked(survey: Survey, tokens: Sequence[Token], mask: _Mask) -> str | None:
    """The flags that a function of its own compares, `unknown(flags, valid)`; else None."""
    for match in find(f"($flags, {mask.name})", tokens):
        (first, last), *_ = match.holes["flags"]
        called = tokens[match.first - 1].text
        for function in survey.definitions("function", called):
            there = code.code_tokens(function)
            if any(any(find(form, there)) for form in _UNKNOWN):
                return "".join(token.text for token in tokens[first:last])
    return None


def _compared_with_call(survey: Survey, found: Found) -> str | None:
    """The flags that another function compares with what this one returns."""
    call = f"{found.extent.name}(...)"
    for _, tokens in functions_naming(
        survey, survey.folders.code, f"{found.extent.name}(", "EINVAL", suffix=C_FILES
    ):
        flags = _compared(tokens, (f"$flags & ~{call}",))
        if flags is not None:
            return flags
    return None
