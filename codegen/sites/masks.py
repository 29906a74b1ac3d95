# SPDX-License-Identifier: GPL-2.0-only
"""Where a mask is written: in the expression that uses it, or wherever its name leads.

A mask is a union of names, `(A | B)`.  A macro, a constant, an enumerator, a member or what a
function returns may stand for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.c.statements import only_returned
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming
from codegen.sites.place import Place

_DEEP = 4  # names that lead to names
_NAME = re.compile(r"[A-Za-z_]\w*")


def written(survey: Survey, found: Found, mask: Sequence[Token], of: str) -> Iterator[Place]:
    """The places at which a mask is written as a union of names, each once.

    `mask` are its tokens in `found`; `of` is a name that it has, or the beginning of such names
    with a `_` at its end.
    """
    seen: set[tuple[str, int]] = set()
    for there, tokens in _unions(survey, found, tuple(mask), of):
        place = _place(there, tokens)
        if (place.path, place.start) not in seen:
            seen.add((place.path, place.start))
            yield place


def _place(found: Found, tokens: Sequence[Token]) -> Place:
    source = found.source
    start, end = tokens[0].start, tokens[-1].end
    lead = source.text(source.line_start(start), start)
    return Place(
        source.path,
        start,
        end,
        source.line(start),
        found.extent.name,
        old=source.text(start, end),
        names={"lead": lead},
    )


def _unions(
    survey: Survey, found: Found, tokens: tuple[Token, ...], of: str, seen: tuple[str, ...] = ()
) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    if is_union(tokens, of):
        yield found, tokens
        return
    name, inner = _meant(survey, found, [token.text for token in tokens])
    if name and name not in seen and len(seen) < _DEEP:
        for there, value in inner:
            yield from _unions(survey, there, value, of, (*seen, name))


def _meant(
    survey: Survey, found: Found, texts: list[str]
) -> tuple[str, Iterable[tuple[Found, tuple[Token, ...]]]]:
    """The name that an expression is, also a member's or a function's, and what it stands for."""
    while texts[:1] == ["("] and texts[-1:] == [")"]:
        texts = texts[1:-1]
    name = texts[0] if texts and _NAME.fullmatch(texts[0]) else ""
    if name and len(texts) == 1:
        return name, _defined(survey, found, name)
    if name and texts[1] == "(" and texts[-1] == ")" and texts.count("(") == 1:
        return name, _returned(survey, name)
    if name and len(texts) % 2 and all(text in ("->", ".") for text in texts[1::2]):
        return texts[-1], _assigned(survey, texts[-1])
    return "", ()


def is_union(tokens: Sequence[Token], of: str) -> bool:
    """Whether an expression is nothing but `|` of names, such a one among them."""
    texts = [token.text for token in tokens if token.text not in ("(", ")", "|")]
    has = any(text == of or (of.endswith("_") and text.startswith(of)) for text in texts)
    return has and all(map(str.isidentifier, texts))


def _defined(survey: Survey, found: Found, name: str) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """What a name stands for: a local, a macro, an enumerator, a constant."""
    own = code.code_tokens(found)
    for match in find(f"{name} = ...;", own):
        yield found, own[match.first + 2 : match.last - 1]
        return
    near = Survey(survey.tree, survey.architectures, wide=False)
    macros = near.definitions("macro", name)
    if not macros and name.isupper():
        macros = survey.definitions("macro", name)
    for macro in macros:
        yield macro, code.code_tokens(macro)[1:]
    if not macros:
        yield from _constants(near, name)


def _constants(survey: Survey, name: str) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """The values of an enumerator or of a constant of that name."""
    for path in survey.holding(name, survey.kvm_prefixes()):
        source = survey.source(path)
        for extent in (*source.find("variable", name), *source.find("declaration", name)):
            # the parser leaves out a value whose names it does not know
            whole = Found(source, replace(extent, end=source.data.find(b";", extent.end)))
            tokens = code.code_tokens(whole)
            for match in find(f"{name} = ", tokens):
                yield whole, tokens[match.last :]
        for extent in source.all("enum"):
            there = Found(source, extent)
            tokens = code.code_tokens(there) if name in there.text() else ()
            for match in find(f"{name} = ", tokens):
                yield there, tokens[match.last : _enumerator_end(tokens, match.last)]


def _enumerator_end(tokens: Sequence[Token], first: int) -> int:
    depth = 0
    for index in range(first, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if tokens[index].text in (",", "}") and not depth:
            return index
    return len(tokens)


def _returned(survey: Survey, name: str) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """What a function returns that does nothing else."""
    for found in survey.definitions("function", name):
        value = only_returned(code.code_tokens(found))
        if value:
            yield found, tuple(value)


def _assigned(survey: Survey, name: str) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """What a member is set to, anywhere in KVM."""
    for found, tokens in functions_naming(survey, survey.kvm_prefixes(), name, suffix=C_FILES):
        for match in find(f"{name} = ...;", tokens):
            yield found, tokens[match.first + 2 : match.last - 1]
