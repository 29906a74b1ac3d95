# SPDX-License-Identifier: GPL-2.0-only
"""Where x86's VM types are told apart."""

from __future__ import annotations

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
        names = {"caps": tokens[last.first].text, "types": _SUPPORTED}
        assignment = next(find(f"{_SUPPORTED} = BIT({_DEFAULT});", tokens)).first
        names["caps"] = "".join(t.text for t in tokens[assignment - 2 : assignment])
        place = code.line_after(found, last, f"{found.extent.name}(): behind the last VM type")
        return Place(
            place.path, place.start, place.end, place.line, place.how, "", place.indent, names
        )
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
    """Every place that names the default type and another ordinary one in one breath.

    A type that is not named there is taken for one of SEV or TDX: `x == DEFAULT || x == OTHER`,
    `x != DEFAULT && x != OTHER`, `case DEFAULT: case OTHER:`.
    """
    places = []
    for found, tokens in functions_naming(survey, survey.kvm_prefixes("x86"), _DEFAULT):
        for index, token in enumerate(tokens):
            if token.text != _DEFAULT:
                continue
            other = _other(tokens, index)
            if other is None:
                continue
            how = f"{found.extent.name}(): what is like the default type"
            place = code.span(found, Match(other, other + 1), how)
            kind = "case" if tokens[index - 1].text == "case" else tokens[index + 1].text
            names = {"kind": kind}
            if kind != "case":
                first = index - 1
                while tokens[first - 1].text not in ("(", "=", ";", "{", ")", "return"):
                    first -= 1
                names["test"] = "".join(t.text for t in tokens[first : index - 1])
                names["test"] += f" {tokens[index - 1].text} "
                names["same_line"] = str(
                    found.source.line(token.start) == found.source.line(tokens[other].start)
                )
                names["column"] = str(_column(found, tokens[first].start))
            places.append(
                Place(
                    place.path,
                    place.start,
                    place.end,
                    place.line,
                    how,
                    place.old,
                    place.indent,
                    names,
                )
            )
    return tuple(places)


def _column(found: Found, offset: int) -> int:
    line = found.source.text(found.source.line_start(offset), offset)
    return len(line.expandtabs(8))


def _other(tokens: tuple[Token, ...], index: int) -> int | None:
    """The index of the other type that is tested together with the default one at `index`."""
    before = tokens[index - 1].text
    if before == "case" and [t.text for t in tokens[index + 1 : index + 3]] == [":", "case"]:
        return index + 3
    if before not in ("==", "!="):
        return None
    joint = {"==": "||", "!=": "&&"}[before]
    if tokens[index + 1].text != joint:
        return None
    for step in range(index + 2, min(index + 12, len(tokens))):
        if tokens[step].text == before and tokens[step + 1].text.startswith("KVM_X86_"):
            return step + 1
    return None
