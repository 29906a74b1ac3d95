# SPDX-License-Identifier: GPL-2.0-only
"""Where a capability of VMs has its cases, for a second label, and its title in api.rst."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.c.pattern import find
from codegen.kernel.survey import Survey
from codegen.sites.code import C_FILES, functions_naming, line_before, line_behind
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.sites.rst import described
from codegen.sites.scopes import head

_ENABLES = "kvm_enable_cap"


@site("alias-answered")
def alias_answered(survey: Survey, *, of: str) -> tuple[Place, ...]:
    """At the label of the capability `of` in each function in which KVM_CHECK_EXTENSION answers for
    it: behind it, or before it where its line goes on.
    """
    return _labels(survey, "alias-answered", of, enabling=False)


@site("alias-enabled")
def alias_enabled(survey: Survey, *, of: str) -> tuple[Place, ...]:
    """At the label of the capability `of` in each function that enables it for VMs: behind it, or
    before it where its line goes on."""
    return _labels(survey, "alias-enabled", of, enabling=True)


@site("alias-title")
def alias_title(survey: Survey, *, of: str) -> Place:
    """The title of the section about the capability `of`, with its underline."""
    document, section = described(survey, "alias-title", of)
    place = document.place(section.first, section.first + 2, f"{section.title}: its title")
    return replace(place, names={"title": section.title.rstrip(), "mark": section.mark})


def _labels(survey: Survey, name: str, of: str, *, enabling: bool) -> tuple[Place, ...]:
    prefixes = survey.kvm_prefixes()
    places = tuple(_found(survey, prefixes, of, enabling))
    if not places:
        what = f"a case {of} in what {'enables capabilities' if enabling else 'answers'} for VMs"
        raise not_found(name, what, survey.holding(of, prefixes))
    return places


def _found(survey: Survey, prefixes: tuple[str, ...], of: str, enabling: bool) -> Iterator[Place]:
    label = f"case {of}:"
    for found, tokens in functions_naming(survey, prefixes, label, suffix=C_FILES):
        enables = any(token.text == _ENABLES for token in tokens)
        for_vms = any(find(f"struct kvm *$kvm, struct {_ENABLES} *$cap", head(tokens)))
        if enables != enabling or (enables and not for_vms):
            continue
        for match in find(label, tokens):
            how = f"{found.extent.name}(): at {label[:-1]}"
            end = found.source.line_end(tokens[match.last - 1].end)
            if match.last < len(tokens) and tokens[match.last].start < end:
                yield line_before(found, tokens[match.first].start, how)
            else:
                yield line_behind(found, tokens, match.first, match.last, how)
