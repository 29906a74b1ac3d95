# SPDX-License-Identifier: GPL-2.0-only
"""Where x86's VM types are told apart."""

from __future__ import annotations

from dataclasses import replace

from codegen.c.pattern import Match, find
from codegen.c.source import Token
from codegen.sites import code
from codegen.sites.memslot import functions_naming
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.survey import Found, Survey

_DEFAULT = "KVM_X86_DEFAULT_VM"
_SUPPORTED = "supported_vm_types"


@site("vm-type-supported")
def supported(survey: Survey) -> Place:
    """Behind the last statement that adds a type, in the function that begins the list of them."""
    prefixes = survey.kvm_prefixes("x86")
    for found, tokens in functions_naming(survey, prefixes, _SUPPORTED, _DEFAULT):
        if not any(find(f"{_SUPPORTED} = BIT({_DEFAULT});", tokens)):
            continue
        last = Match(0, 0)
        for match in find(f"{_SUPPORTED}", tokens):
            first = match.first
            while tokens[first - 1].text not in (";", "{", "}", ")", ":"):
                first -= 1
            if tokens[first - 1].text == ")":
                first = _if_before(tokens, first - 1)
            last = Match(first, match.last)
        assignment = next(find(f"{_SUPPORTED} = BIT({_DEFAULT});", tokens)).first
        caps = "".join(t.text for t in tokens[assignment - 2 : assignment])
        place = code.line_after(found, last, f"{found.extent.name}(): behind the last VM type")
        return replace(place, names={"caps": caps, "types": _SUPPORTED})
    raise not_found(
        "vm-type-supported",
        f"the function that begins {_SUPPORTED}",
        survey.holding(_DEFAULT, prefixes),
        right="a tree without VM types cannot have one more",
    )


def _if_before(tokens: tuple[Token, ...], close: int) -> int:
    depth, index = 0, close
    while True:
        depth += {")": 1, "(": -1}.get(tokens[index].text, 0)
        if depth == 0:
            return index - 1
        index -= 1


@site("vm-type-alike")
def alike(survey: Survey) -> tuple[Place, ...]:
    """Every test for the default type, which a type that is like it has to pass as well.

    A type that is not named there is taken for one of SEV or TDX: `x == DEFAULT`,
    `x != DEFAULT && x != OTHER`, `case DEFAULT:`.  Where all but the default type get an error,
    a new type gets it as well, as the ioctl's documentation says.
    """
    places = []
    for found, tokens in functions_naming(survey, survey.kvm_prefixes("x86"), _DEFAULT):
        for index, token in enumerate(tokens):
            kind = tokens[index - 1].text
            known = token.text == _DEFAULT and kind in ("case", "==", "!=")
            if known and not _refuses(tokens, index):
                places.append(_alike_at(found, tokens, index, kind))
    return tuple(places)


def _refuses(tokens: tuple[Token, ...], index: int) -> bool:
    """Whether the type stands in `!= DEFAULT) return -E…`, alone in its `if`."""
    first = _first_of_comparison(tokens, index)
    behind = [token.text for token in tokens[index + 1 : index + 4]]
    alone = [token.text for token in tokens[first - 2 : first]] == ["if", "("]
    return tokens[index - 1].text == "!=" and alone and behind == [")", "return", "-"]


def _first_of_comparison(tokens: tuple[Token, ...], index: int) -> int:
    first = index - 2
    while tokens[first - 1].text in ("->", "."):
        first -= 2
    return first


def _alike_at(found: Found, tokens: tuple[Token, ...], index: int, kind: str) -> Place:
    """One such test: the label, or the comparison from its first token on.

    `test` is what is compared, up to the type; `lone` says that the comparison stands beside
    another operator and needs brackets to become two.
    """
    how = f"{found.extent.name}(): what holds for the default type"
    if kind == "case":
        place = code.span(found, Match(index, index + 1), how)
        return replace(place, names={"kind": kind})
    first = _first_of_comparison(tokens, index)
    place = code.span(found, Match(first, index + 1), how)
    joint = {"==": "||", "!=": "&&"}[kind]
    beside = {tokens[first - 1].text, tokens[index + 1].text}
    test = "".join(t.text for t in tokens[first : index - 1])
    names = {
        "kind": joint,
        "test": f"{test} {kind}",
        "lone": "yes" if beside & ({"||", "&&"} - {joint}) else "",
    }
    return replace(place, names=names)
