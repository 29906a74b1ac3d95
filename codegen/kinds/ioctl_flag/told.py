# SPDX-License-Identifier: GPL-2.0-only
"""Where KVM_CHECK_EXTENSION tells of an ioctl's flags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.c.cases import case_of
from codegen.c.pattern import find, texts
from codegen.c.statements import nesting, statement_end
from codegen.kernel.survey import Survey
from codegen.kinds.ioctl_flag.masks import knows_condition
from codegen.kinds.ioctl_flag.refusal import refusal
from codegen.kinds.masks import CapCase, unions
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.sites.scopes import Tokens


def answers(survey: Survey, capability: str) -> Iterator[CapCase]:
    """The cases in which KVM_CHECK_EXTENSION answers for a capability, none that enable it."""
    prefixes = survey.kvm_prefixes()
    for found, tokens in functions_naming(survey, prefixes, f"case {capability}:", suffix=C_FILES):
        enables = any(token.text == "kvm_enable_cap" for token in tokens)
        span = case_of(tokens, capability)
        if span and not enables:
            yield CapCase(found, tokens, span)


@site("flag-told")
def flag_told(survey: Survey, *, beside: str, answer: str) -> Place:
    """Behind the case of the capability `beside`, for a case of its own; behind its label where it
    has the same `answer`, if that is a condition or a 1 of several labels (`listed`).
    """
    for case in answers(survey, beside):
        found, inner = case.found, case.inner
        label, *_ = find(f"case {beside}:", case.tokens)
        same = [f"$result = {answer}; break;", f"return {answer};"]
        shared = any(match.first == 0 for each in same for match in find(each, inner))
        result = ""
        for match in find("$result = ...;", inner):
            result = result or texts(inner, match)["result"]
        # a 1 is shared where other labels have it as well
        listed = shared and (answer != "1" or case.span.start - label.last >= 3)
        names = {"result": result, "listed": "yes" if listed else ""}
        if listed:
            how = f"{found.extent.name}(): behind case {beside}"
            place = code.line_behind(found, case.tokens, label.first, label.last, how)
            return replace(place, names=names)
        end = _end(case)
        if end is not None:
            how = f"{found.extent.name}(): behind what answers for {beside}"
            place = code.line_behind(found, case.tokens, case.span.start, end, how)
            return replace(place, names=names)
    what = f"a case {beside} in what KVM_CHECK_EXTENSION answers"
    raise not_found("flag-told", what, survey.holding(beside, survey.kvm_prefixes()))


def _end(case: CapCase) -> int | None:
    """The index behind the last statement that leaves a case, in the `#if` that its label is in."""
    levels = list(nesting(case.tokens))
    base = levels[case.span.start]
    ends = [
        statement_end(case.tokens, index)
        for index in case.span
        if case.tokens[index].text in ("return", "break", "goto") and levels[index] == base
    ]
    return ends[-1] if ends else None


@site("flag-answered")
def flag_answered(
    survey: Survey, *, ioctl: str, member: str, family: str, capability: str, condition: str = ""
) -> tuple[Place, ...]:
    """The union of flags with which KVM_CHECK_EXTENSION answers for the capability, whatever
    holds; nowhere where it answers with the mask that the ioctl compares with.
    """
    made = refusal(survey, "flag-answered", ioctl, member)
    holds = not condition or knows_condition(survey, made, family)
    for case in answers(survey, capability):
        name = made.mask[0].text if made.mask else ""
        if holds and name.isidentifier() and name in {token.text for token in case.inner}:
            return ()
        for value in _values(case):
            found = unions(survey, case.found, value, family)
            if found and condition:
                what = f"a place for `{condition}` in what KVM answers for {capability}"
                right = "leave `condition` out, or have a capability of the flag's own tell of it"
                raise not_found("flag-answered", what, [found[0].path], right=right)
            if found:
                return tuple(replace(p, how=f"what {capability} answers") for p in found)
    what = f"the mask of {family}* that KVM_CHECK_EXTENSION answers for {capability}"
    raise not_found("flag-answered", what, survey.holding(capability, survey.kvm_prefixes()))


def _values(case: CapCase) -> Iterator[Tokens]:
    """What a case returns, or sets its result to."""
    for match in find("return ...;", case.inner):
        yield case.inner[match.first + 1 : match.last - 1]
    for match in find("$result = ...;", case.inner):
        equals = match.holes["result"][0][1]
        yield case.inner[equals + 1 : match.last - 1]
