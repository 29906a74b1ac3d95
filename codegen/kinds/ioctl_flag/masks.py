# SPDX-License-Identifier: GPL-2.0-only
"""Where the mask of an ioctl's flags takes one more: written, added up, begun or not there yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codegen.c.pattern import Match, find
from codegen.c.source import lex
from codegen.c.statements import body, closing
from codegen.kernel.survey import Found, Survey
from codegen.kinds.ioctl_flag.refusal import Refusal, refusal
from codegen.kinds.masks import built, called, line_before, narrowed, unions
from codegen.sites import code
from codegen.sites.masks import is_union
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site
from codegen.sites.scopes import Tokens, head
from codegen.style.filters import for_any_vm, for_no_vm, negated
from codegen.vocabulary.parameters import pointers

_SITE = "flag-accepted"
_BRANCHES = (("if (...) return ...; return 0;", False), ("if (...) return 0; return ...;", True))
_STORAGE = frozenset(("static", "inline", "__always_inline", "noinline"))


@site(_SITE, holds=True)
def flag_accepted(
    survey: Survey, *, ioctl: str, member: str, family: str, condition: str = ""
) -> Place:
    """Where one more flag is accepted: in the function that adds the mask up, or that returns it
    under a condition; in a local mask; in a union of flags, wherever it is written; or in the test
    that refuses all bits so far.
    """
    made = refusal(survey, _SITE, ioctl, member)
    if not made.mask:
        how = f"{made.found.extent.name}(): the test that refuses all bits"
        place = code.span(made.found, Match(made.test.start, made.test.stop), how)
        before, behind = made.tokens[made.test.start - 2], made.tokens[made.test.stop]
        alone = before.text == "if" and behind.text == ")"
        names = {"form": "test", "given": made.given, "joined": "" if alone else "yes"}
        return replace(place, names=names)
    whole = _branched(survey, made, family, condition)
    if whole:
        return whole
    summed = _sum(survey, made)
    return _summed(survey, summed, condition, family) if summed else _written(survey, made, family)


def knows_condition(survey: Survey, made: Refusal, family: str) -> bool:
    """Whether the mask is made by statements, one of which can be under a condition."""
    return bool(made.mask and (_branch(survey, made, family) or _sum(survey, made)))


@dataclass(frozen=True, slots=True)
class _Sum:
    """A variable to which flags are added, up to the statement at `last`."""

    found: Found
    tokens: Tokens
    name: str
    last: int
    any_vm: str = ""


def _sum(survey: Survey, made: Refusal) -> _Sum | None:
    """What adds the mask up: a function that is called for it, or a local of this one."""
    added = built(survey, made.mask)
    if added:
        found, tokens, result = added
        *_, last = find(f"return {result};", tokens)
        return _Sum(found, tokens, result, last.first, _any_vm(tokens))
    name, *more = [token.text for token in made.mask]
    at = made.compared
    local = not more and any(find(f"{name} = ...;", at.tokens[: at.first]))
    return _Sum(at.found, at.tokens, name, at.first) if local else None


def _summed(survey: Survey, made: _Sum, condition: str, family: str) -> Place:
    """What the variable begins with, if that is plain and there is no condition; else the end, or
    before what takes flags from it.
    """
    match = next(find(f"{made.name} = ...;", made.tokens), None)
    value = made.tokens[match.first + 2 : match.last - 1] if match else ()
    begins = [token.text for token in value]
    plain = begins == ["0"] or is_union(value, family)
    if match and plain and not condition:
        how = f"{made.found.extent.name}(): what {made.name} begins with"
        place = code.span(made.found, Match(match.first + 2, match.last - 1), how)
        return replace(place, names={"form": "union", "lead": f"{made.name} = "})
    names = {"form": "adds", "result": made.name, "any": made.any_vm}
    until = narrowed(survey, _SITE, made.found, made.tokens, made.name, family, made.last)
    return line_before(made.found, made.tokens, until, names)


def _branched(survey: Survey, made: Refusal, family: str, condition: str) -> Place | None:
    """The whole of a function that returns flags under a condition, and else none; the flags alone
    where it is the same condition.
    """
    branch = _branch(survey, made, family)
    if branch is None:
        return None
    found, tokens, name = branch.found, branch.tokens, branch.found.extent.name
    test, flags = (tokens[each.start : each.stop] for each in (branch.test, branch.flags))
    any_vm = _any_vm(tokens)
    if branch.turned:
        asked = lex(for_no_vm(condition) if any_vm else negated(condition))
    else:
        asked = lex(for_any_vm(condition) if any_vm else condition)
    if [token.text for token in test] == [token.text for token in asked]:
        match = Match(branch.flags.start, branch.flags.stop)
        place = code.span(found, match, f"{name}(): what it returns")
        return replace(place, names={"form": "union", "lead": "return "})
    holds = found.source.text(test[0].start, test[-1].end)
    words = [token.text for token in head(tokens)]
    names = {
        "form": "branch",
        "type": " ".join(word for word in words[: words.index(name)] if word not in _STORAGE),
        "test": negated(" ".join(holds.split())) if branch.turned else holds,
        "flags": found.source.text(flags[0].start, flags[-1].end),
        "any": any_vm,
    }
    return replace(code.span(found, branch.whole, f"{name}(): all of it"), names=names)


@dataclass(frozen=True, slots=True)
class _Branch:
    """A function that returns flags if a test holds, and else 0: where these are in its tokens.

    `turned`: it returns 0 if the test holds, and else the flags.
    """

    found: Found
    tokens: Tokens
    whole: Match
    test: range
    flags: range
    turned: bool


def _branch(survey: Survey, made: Refusal, family: str) -> _Branch | None:
    """A function that is `if (…) return FLAGS; return 0;`, or `if (…) return 0; return FLAGS;`, and
    nothing else."""
    for found, tokens in called(survey, made.mask):
        start = body(tokens) + 1
        for way, turned in _BRANCHES:
            for match in find(way, tokens):
                behind = closing(tokens, match.first + 1)
                a, b = (behind + 5, match.last - 1) if turned else (behind + 2, match.last - 4)
                whole = match.first == start and match.last == len(tokens) - 1
                if whole and is_union(tokens[a:b], family):
                    test = range(match.first + 2, behind)
                    return _Branch(found, tokens, match, test, range(a, b), turned)
    return None


def _any_vm(tokens: Tokens) -> str:
    """Whether a function answers for the system as well, without a VM."""
    return "yes" if any(any(find(way, tokens)) for way in ("!kvm", "kvm ?", "kvm &&")) else ""


def _written(survey: Survey, made: Refusal, family: str) -> Place:
    places = unions(survey, made.compared.found, made.mask, family)
    what = f"the mask of {family}* that `{made.given}` is compared with"
    if len(places) > 1:
        raise ambiguous(_SITE, what, [f"{p.path}:{p.line}" for p in places])
    if not places:
        text = " ".join(token.text for token in made.mask)
        raise not_found(_SITE, what, [made.found.source.path], near=f"`{text}` at {made.where}")
    place = places[0]
    names = {"form": "union", "lead": place.names["lead"]}
    return replace(place, how=f"the flags in {place.how}", names=names)


@site("flag-refused")
def flag_refused(survey: Survey, *, ioctl: str, member: str) -> Place:
    """Behind the statement that refuses flags that KVM does not know."""
    made = refusal(survey, "flag-refused", ioctl, member)
    how = f"{made.found.extent.name}(): behind what refuses unknown flags"
    place = code.line_behind(made.found, made.tokens, made.first, made.last, how)
    parameters = " ".join(token.text for token in head(made.tokens))
    vm = pointers(parameters)["kvm"] or "NULL"
    return replace(place, names={"given": made.given, "leaves": made.leaves, "vm": vm})
