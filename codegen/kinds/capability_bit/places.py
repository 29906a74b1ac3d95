# SPDX-License-Identifier: GPL-2.0-only
"""Where a capability's mask has a further bit: accepted, answered, refused, acted upon."""

from __future__ import annotations

from dataclasses import replace

from codegen.c.pattern import find, texts
from codegen.c.statements import nesting, statement_end
from codegen.kernel.survey import Survey
from codegen.kinds.capability_bit.masks import ANSWERING, Enabling, enabling
from codegen.kinds.masks import CapCase, built, cases, line_before, unions
from codegen.sites import code
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site


@site("bit-accepted", holds=True)
def bit_accepted(survey: Survey, *, arch: str, capability: str, family: str) -> Place:
    """The mask of what KVM_ENABLE_CAP takes in args[0]: a union of bits, wherever it is written, or
    the end of the function that adds them up.
    """
    made = _enabling(survey, "bit-accepted", arch, capability)
    added = built(survey, made.mask)
    if added:
        found, tokens, result = added
        *_, last = find(f"return {result};", tokens)
        return line_before(found, tokens, last.first, {"result": result})
    places = unions(survey, made.case.found, made.mask, family)
    if len(places) == 1:
        place = places[0]
        how = f"the bits of {capability} in {place.how}"
        return replace(place, how=how, names={"result": "", "block": "", **place.names})
    what = f"the mask of {family}* that {capability} takes"
    if places:
        raise ambiguous("bit-accepted", what, [f"{p.path}:{p.line}" for p in places])
    text = " ".join(token.text for token in made.mask)
    near = f"`{text}` at {made.case.found.source.path}"
    raise not_found("bit-accepted", what, [made.case.found.source.path], near=near)


@site("bit-refused")
def bit_refused(survey: Survey, *, arch: str, capability: str) -> Place:
    """Behind the statement of KVM_ENABLE_CAP that refuses what is not in the mask."""
    made = _enabling(survey, "bit-refused", arch, capability)
    inner = made.case.inner
    first = max(i for i in range(made.behind) if inner[i].text == "if")
    how = f"{capability}: behind what refuses other bits"
    place = code.line_behind(made.case.found, inner, first, made.behind, how)
    return replace(place, names={"cap": made.cap})


@site("bit-answered", holds=True)
def bit_answered(
    survey: Survey, *, arch: str, capability: str, family: str, condition: str = ""
) -> tuple[Place, ...]:
    """What KVM_CHECK_EXTENSION answers for the capability: its one union of bits, and its end for
    a condition; or its end, where it is added up.  Nowhere where it answers with the mask that
    KVM_ENABLE_CAP takes, and there is no condition or that mask knows it.
    """
    made = _enabling(survey, "bit-answered", arch, capability)
    for case in cases(survey, "capability-bit", ANSWERING, arch, capability):
        name = made.mask[0].text  # of a macro or a function, or the bracket of a union
        shared = name.isidentifier() and name in {token.text for token in case.inner}
        if shared and (not condition or built(survey, made.mask)):
            return ()
        said = [(m, texts(case.inner, m)["result"]) for m in find("$result = ...;", case.inner)]
        ends = _ends(case)
        if not said or ends is None:
            break
        match, result = said[0]
        whole = case.inner[match.first + 2 : match.last - 1]
        adds = any(find(f"{result} |= ...;", case.inner))
        own = [] if shared or adds else unions(survey, case.found, whole, family)
        names = {"result": result, "takes_off": "yes" if shared or own else ""}
        if own and not condition:
            return tuple(own)
        return (*own, line_before(case.found, case.inner, ends, names))
    path = made.case.found.source.path
    raise not_found("bit-answered", f"a variable that is the answer for {capability}", [path])


@site("bit-enabled", holds=True)
def bit_enabled(survey: Survey, *, arch: str, capability: str) -> Place:
    """Before KVM_ENABLE_CAP says that it is done, behind the capability's other bits."""
    made = _enabling(survey, "bit-enabled", arch, capability)
    case = made.case
    done = [m for m in find("$result = 0;", case.inner) if m.first >= made.behind]
    if not done:
        what = f"an assignment of 0 to what {capability} returns"
        raise not_found("bit-enabled", what, [case.found.source.path])
    return line_before(case.found, case.inner, done[-1].first, {"cap": made.cap})


def _enabling(survey: Survey, name: str, arch: str, capability: str) -> Enabling:
    made = enabling(survey, arch, capability)
    if made is None:
        what = f"a case {capability} that refuses what is not in a mask, `args[0] & ~mask`"
        raise not_found(name, what, survey.holding(capability, survey.kvm_prefixes(arch)))
    return made


def _ends(case: CapCase) -> int | None:
    """The `break` that ends a case, by its index in it."""
    levels = [depth for depth, _ in nesting(case.inner)]
    breaks = [i for i, t in enumerate(case.inner) if t.text == "break" and levels[i] == levels[0]]
    ends = [i for i in breaks if statement_end(case.inner, i) >= len(case.inner) - 1]
    return ends[-1] if ends else None
