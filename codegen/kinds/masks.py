# SPDX-License-Identifier: GPL-2.0-only
"""A mask of bits that userspace may set, as some kinds find it: written, or added up.

And the cases of a capability, in which KVM says which of them there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.c.cases import case_of
from codegen.c.pattern import Match, find, last_holes
from codegen.c.source import Token
from codegen.c.statements import arguments, body, closing, statement_end
from codegen.kernel.numbers import family
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.code import code_tokens
from codegen.sites.language import Scope
from codegen.sites.masks import written
from codegen.sites.place import Place, not_found
from codegen.sites.scopes import Tokens, functions_of


@dataclass(frozen=True, slots=True)
class CapCase:
    """The statements of a capability's case, in a function."""

    found: Found
    tokens: Tokens
    span: range

    @property
    def inner(self) -> Tokens:
        """The tokens of the statements."""
        return self.tokens[self.span.start : self.span.stop]


def cases(
    survey: Survey, site: str, scopes: Sequence[Scope], arch: str | None, capability: str
) -> Iterator[CapCase]:
    """The cases of a capability in functions; `site` is who looks for them, for messages."""
    for scope in scopes:
        for found, tokens in functions_of(survey, site, scope, arch):
            span = case_of(tokens, capability)
            if span:
                yield CapCase(found, tokens, span)


def unions(survey: Survey, found: Found, mask: Tokens, prefix: str) -> list[Place]:
    """Where a mask is written as a union of bits of the family."""
    for bit in family(survey, prefix, bits=True).members:
        places = list(written(survey, found, mask, bit.name))
        if places:
            return places
    return []


def built(survey: Survey, mask: Tokens) -> tuple[Found, Tokens, str] | None:
    """The function that adds up a mask, with the name of the variable; None where none does."""
    for found, tokens in called(survey, mask):
        result = last_holes("return $result;", tokens).get("result", "")
        if result.isidentifier() and any(find(f"{result} |= ...;", tokens)):
            return found, tokens, result
    return None


def called(survey: Survey, mask: Tokens) -> Iterator[tuple[Found, Tokens]]:
    """The functions that a mask is a call of, with their tokens."""
    name, *call = [token.text for token in mask]
    if call[:1] == ["("] and call[-1:] == [")"] and call.count("(") == 1:
        for found in survey.definitions("function", name):
            yield found, code_tokens(found)


def parameter(found: Found, tokens: Tokens, index: int) -> str:
    """What a function calls one of its parameters; empty where it has none there."""
    texts = [token.text for token in tokens]
    if found.extent.name not in texts:
        return ""
    opened = texts.index(found.extent.name) + 1
    listed = arguments(tokens[opened + 1 : closing(tokens, opened)])
    return listed[index][-1] if index < len(listed) and listed[index] else ""


def line_before(found: Found, tokens: Tokens, index: int, names: dict[str, str]) -> Place:
    """Behind the statement before that one, blank lines left behind: `block` if it ends in `}`."""
    how = f"{found.extent.name}(): before `{tokens[index].text} …`"
    block = "yes" if tokens[index - 1].text == "}" else ""
    place = code.line_behind(found, tokens, index, index, how)
    return replace(place, names={**names, "block": block})


def narrowed(
    survey: Survey, site: str, found: Found, tokens: Tokens, name: str, of: str, until: int
) -> int:
    """Where a mask that is added up is complete: before the statement at `until`, or before the
    first one that takes all from it that it does not name, `mask &= KNOWN` or `mask = 0`.

    What has to know a new name has to be a union of names, one of them `of`, wherever it is
    written.  Raises FindingsError where it is none.
    """
    added = next((m.first for m in find(f"{name} |= ...;", tokens)), until)
    taking = [m for m in find(f"{name} &= ...;", tokens) if tokens[m.first + 2].text != "~"]
    setting = [m for m in find(f"{name} = ...;", tokens) if m.first > added]
    near_by = Survey(survey.tree, survey.architectures, wide=False)
    cuts = sorted((m for m in (*taking, *setting) if m.first < until), key=lambda m: m.first)
    for cut in cuts:
        value = tokens[cut.first + 2 : cut.last - 1]
        sets = tokens[cut.first + 1].text == "=" and [token.text for token in value] == ["0"]
        if not sets and not any(written(near_by, found, value, of)):
            source, token = found.source, tokens[cut.first]
            text = source.text(token.start, tokens[cut.last - 1].end)
            near = f"`{text}` at {source.path}:{source.line(token.start)}"
            what = f"what {found.extent.name}() narrows {name} to, as a union `{of} | …` of names,"
            raise not_found(site, what, [source.path], near=near)
    outer = statements(found, tokens) if cuts else ()
    return next((each.first for each in outer if cuts[0].first < each.last), until)


def statements(found: Found, tokens: Sequence[Token]) -> Iterator[Match]:
    """The statements of a function's body, the outermost ones, without preprocessor lines."""
    index = body(tokens) + 1
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
