# SPDX-License-Identifier: GPL-2.0-only
"""The mask of x86's quirks: what KVM says it has, whatever else is made of quirks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site
from codegen.sites.rst import described

_NAME = re.compile(r"[A-Za-z_]\w*")
_QUIRK = "KVM_X86_QUIRK_"
_ASKED = "KVM_CAP_DISABLE_QUIRKS2"


@site("quirk-mask")
def quirk_mask(survey: Survey) -> Place:
    """The macro with the mask of all quirks, wherever the tree defines it.

    It is the one that KVM_CHECK_EXTENSION(KVM_CAP_DISABLE_QUIRKS2) answers with, or that begins
    the variable of that answer.  Other masks are made of quirks as well.
    """
    answers = list(_answers(survey))
    masks = _masks(survey, {token.text for _, answer in answers for token in answer})
    unions = [found for found in masks if _is_union(code.code_tokens(found)[1:])]
    if len(unions) > 1:
        where = [f"{f.extent.name} at {_where(f, f.extent.start)}" for f in unions]
        raise ambiguous("quirk-mask", f"the macro that answers {_ASKED}", where)
    if not unions:
        shown = [f"`{_text(f, answer)}` at {_where(f, answer[0].start)}" for f, answer in answers]
        shown += [f"`{' '.join(f.text().split())}` at {_where(f, f.extent.start)}" for f in masks]
        raise not_found(
            "quirk-mask",
            f"a macro made of {_QUIRK}* alone in what KVM answers for {_ASKED}",
            survey.holding(_ASKED, survey.kvm_prefixes("x86")),
            near="; ".join(shown),
        )
    source, extent = unions[0].source, unions[0].extent
    return Place(
        source.path,
        extent.start,
        extent.end,
        source.line(extent.start),
        f"the quirks in {extent.name}",
        old=source.text(extent.start, extent.end),
    )


def _masks(survey: Survey, words: Set[str]) -> list[Found]:
    """The macros among the words of an answer; anywhere only what is written as a macro's name."""
    near = Survey(survey.tree, survey.architectures, wide=False)
    names = sorted(word for word in words if _NAME.fullmatch(word))
    masks = [found for name in names for found in near.definitions("macro", name, "x86")]
    if masks:
        return masks
    names = [name for name in names if name.isupper()]
    return [found for name in names for found in survey.definitions("macro", name, "x86")]


def _answers(survey: Survey) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """The expressions that say which quirks there are: the answer, and what its variable gets."""
    prefixes = survey.kvm_prefixes("x86")
    variables = set()
    for found, tokens in functions_naming(survey, prefixes, _ASKED, suffix=C_FILES):
        for form in (f"case {_ASKED}: ... = ...;", f"case {_ASKED}: return ...;"):
            for match in find(form, tokens):
                inner = tokens[match.first + 3 : match.last - 1]
                if any(token.text in (":", ";", "if") for token in inner):
                    continue
                first = next(i for i, t in enumerate(inner) if t.text in ("=", "return"))
                answer = inner[first + 1 :]
                if answer[0].text != "-":  # KVM_ENABLE_CAP begins by an error
                    yield found, answer
                    variables.add(answer[-1].text)
    for name in sorted(variables - {")"}):
        for found, tokens in functions_naming(survey, prefixes, name):
            for match in find(f"{name} = ...;", tokens):
                yield found, tokens[match.first + 2 : match.last - 1]


def _is_union(tokens: Sequence[Token]) -> bool:
    """Whether a macro is nothing but `|` of names, quirks among them."""
    texts = [token.text for token in tokens if token.text not in ("(", ")", "|")]
    return any(text.startswith(_QUIRK) for text in texts) and all(map(str.isidentifier, texts))


def _text(found: Found, tokens: Sequence[Token]) -> str:
    return " ".join(found.source.text(tokens[0].start, tokens[-1].end).split())


def _where(found: Found, offset: int) -> str:
    return f"{found.source.path}:{found.source.line(offset)}"


@site("api-quirk-table")
def api_quirk_table(survey: Survey) -> Place:
    """The table of quirks, from its first border to its last."""
    document, section = described(survey, "api-quirk-table", "KVM_CAP_DISABLE_QUIRKS2")
    borders = [
        index
        for index in range(section.first, section.last)
        if re.fullmatch(r"=+ +=+\s*", document.lines[index])
    ]
    if len(borders) < 2:
        raise not_found("api-quirk-table", f"a table in {section.title}", [document.path])
    return document.place(borders[0], borders[-1] + 1, f"{section.title}: the table of quirks")
