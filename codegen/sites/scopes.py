# SPDX-License-Identifier: GPL-2.0-only
"""The functions in which a place is looked for: by name, or by what they hold and take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.c.statements import body
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming
from codegen.sites.language import Functions, Scope

_NAME = re.compile(r"(?<![$\w])[A-Za-z_]\w*")
Tokens = tuple[Token, ...]


def functions_of(
    survey: Survey, site: str, scope: Scope, arch: str | None
) -> Iterator[tuple[Found, Tokens]]:
    """The functions of a scope, or its struct, with their tokens; none that the tree does not have.

    Raises FindingsError for a name that has several.
    """
    if scope.function:
        known = survey.definitions("function", scope.function, arch)
        # what generic code has is a weak one, for architectures without their own
        generic = survey.folders.code if arch else ()
        if any(not found.source.path.startswith(generic or "\0") for found in known):
            found = code.function(survey, site, scope.function, arch)
            yield found, code.code_tokens(found)
    elif scope.struct:
        for found in survey.definitions("struct", scope.struct, arch):
            yield found, code.code_tokens(found)
    elif scope.functions:
        yield from _like(survey, scope.functions, arch)


def _like(survey: Survey, asked: Functions, arch: str | None) -> Iterator[tuple[Found, Tokens]]:
    # what a parameter's type is called stands in the text: the rest needs no tokens
    typed = {word for each in asked.taking for word in _NAME.findall(each)}
    words = sorted({*asked.naming, *typed}, key=len, reverse=True) or ["("]
    for found, tokens in functions_naming(
        survey, prefixes(survey, asked, arch), *words, suffix=C_FILES
    ):
        text = {token.text for token in tokens}
        fits = all(any(find(pattern, head(tokens))) for pattern in asked.taking)
        if fits and not text.intersection(asked.lacking):
            yield found, tokens


def prefixes(survey: Survey, asked: Functions, arch: str | None) -> tuple[str, ...]:
    """Where such functions are."""
    if asked.of == "generic":
        return survey.folders.code
    return survey.kvm_prefixes(asked.arch or arch)


def head(tokens: Tokens) -> Tokens:
    """What stands before a function's body."""
    return tokens[: body(tokens)]
