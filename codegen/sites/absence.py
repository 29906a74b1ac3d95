# SPDX-License-Identifier: GPL-2.0-only
"""A place that is in no function: nothing to edit where that has been shown, else an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.base.errors import FindingsError
from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.c.statements import closing
from codegen.kernel.survey import Survey
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming
from codegen.sites.language import PlaceSpec, Told
from codegen.sites.place import Place, not_found
from codegen.sites.scopes import prefixes


def absent(
    survey: Survey,
    site: str,
    spec: PlaceSpec,
    arch: str | None,
    problem: FindingsError | None,
    searched: tuple[str, ...],
    seen: Sequence[str],
    near: str,
) -> tuple[Place, ...]:
    """That there is none: nothing to edit where that has been shown, else the error."""
    asked = next((scope.functions for scope in spec.in_ if scope.functions), None)
    if spec.unless and asked:
        told = ", ".join(_told(survey, prefixes(survey, asked, arch), spec.unless))
        near = told and f"what tells of it by {spec.unless.call[0]}() is {told}"
    if spec.if_none == "skip" and not near:
        return ()
    if problem and not searched:
        raise problem
    where = survey.folders.code if not asked else prefixes(survey, asked, arch)
    if spec.word:
        searched = survey.holding(spec.word, where)
        near = near or code.mentions(survey, spec.word, where)
    name = next((scope.function for scope in spec.in_ if scope.function in seen), None)
    what = f"{spec.what} in {name}()" if name else spec.what
    raise not_found(site, what, searched or where, near=near)


def _told(survey: Survey, where: tuple[str, ...], told: Told) -> Iterator[str]:
    """The functions that tell of a word by such a call, or of a local made of it."""
    for found, tokens in functions_naming(survey, where, told.about, suffix=C_FILES):
        made = {
            tokens[match.first - 1].text
            for match in find("= ...;", tokens)
            if any(token.text == told.about for token in tokens[match.first : match.last])
        }
        near = _names(tokens, told.about) and any(any(find(each, tokens)) for each in told.near)
        for index, token in enumerate(tokens):
            if token.text.startswith(tuple(told.call)) and tokens[index + 1].text == "(":
                inner = {t.text for t in tokens[index + 1 : closing(tokens, index + 1)]}
                if near or inner & {told.about, *made}:
                    source = found.source
                    yield f"{found.extent.name}() at {source.path}:{source.line(token.start)}"


def _names(tokens: Sequence[Token], word: str) -> bool:
    return any(token.text == word for token in tokens)
