# SPDX-License-Identifier: GPL-2.0-only
"""Where x86's VM types are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from codegen.c.pattern import Match, find
from codegen.c.source import Token
from codegen.c.statements import statement_end
from codegen.kernel.survey import Found, Survey
from codegen.kinds.vm_type.refusal import Fate, fate, of_quirk
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site

_DEFAULT = "KVM_X86_DEFAULT_VM"
_TYPE = re.compile(r"KVM_X86_\w+_VM")
_CONFIDENTIAL = re.compile(r"/(?:sev|tdx)[^/]*$")
_NAMED = re.compile(rb"KVM_X86_(?<!\wKVM_X86_)\w+_VM\b")  # letters first are found fast
_FIRST_TYPE = (f"= BIT({_DEFAULT});", f"= 1u << {_DEFAULT};", f"= (1u << {_DEFAULT});")


@site("vm-type-alike", holds=True)
def alike(survey: Survey) -> tuple[Place, ...]:
    """Every test for the default type, which a type that is like it has to pass as well.

    A type that is not named there is taken for one of confidential VMs: `x == DEFAULT`,
    `x != DEFAULT && x != OTHER`, `case DEFAULT:`.  Where all but the default type get an error,
    a new type gets it as well, as the ioctl's documentation says; nor does it get a quirk of the
    default type, which is for userspace that knows no other; nor what else is compared in files
    of SEV and TDX, whose ioctls refuse it.  What else is done with the default type
    is not known, and refused.
    """
    places: list[Place] = []
    for found, tokens in functions_naming(
        survey, survey.kvm_prefixes("x86"), _DEFAULT, suffix=C_FILES
    ):
        for index, token in enumerate(tokens):
            if token.text == _DEFAULT and not _begins_list(tokens, index):
                places += _passed(survey, found, tokens, index)
    _check_unordered(survey)
    return tuple(places)


def _check_unordered(survey: Survey) -> None:
    """Types that are compared by their numbers: a new one, with the highest, would be there too."""
    for found, tokens in functions_naming(
        survey, survey.kvm_prefixes("x86"), "KVM_X86_", suffix=C_FILES, like=_NAMED
    ):
        for index, token in enumerate(tokens):
            beside = {tokens[index - 1].text, tokens[min(index + 1, len(tokens) - 1)].text}
            if _TYPE.fullmatch(token.text) and beside & {"<", ">", "<=", ">="}:
                raise _unknown(found, tokens, index)


def _begins_list(tokens: tuple[Token, ...], index: int) -> bool:
    near = range(max(index - 5, 0), index)
    return any(m.first in near for form in _FIRST_TYPE for m in find(form, tokens[: index + 4]))


def _passed(survey: Survey, found: Found, tokens: tuple[Token, ...], index: int) -> Iterator[Place]:
    """The place where one mention of the default type becomes one of a further type as well."""
    kind = tokens[index - 1].text
    if kind == "case":
        if not _lone_case_of_refusal(tokens, index):
            yield _alike_at(found, tokens, index, kind)
    elif kind in ("==", "!="):
        first = _first_of_comparison(tokens, index)
        if of_quirk(tokens, first, index + 1) or _CONFIDENTIAL.search(found.source.path):
            return
        what = _fate(survey, found, tokens, first, index + 1, kind == "==")
        if what is Fate.UNCLEAR:
            raise _unknown(found, tokens, index)
        if what is not Fate.REFUSED:
            yield _alike_at(found, tokens, index, kind)
    elif tokens[index + 1].text in ("==", "!="):
        holds = tokens[index + 1].text == "=="
        last = index + 3
        while tokens[last].text in ("->", "."):
            last += 2
        if _fate(survey, found, tokens, index, last, holds) is not Fate.REFUSED:
            raise _unknown(found, tokens, index)
    else:
        raise _unknown(found, tokens, index)


def _fate(
    survey: Survey, found: Found, tokens: tuple[Token, ...], first: int, last: int, holds: bool
) -> Fate:
    """What all other types get, where a value is asked elsewhere as well."""
    what = fate(tokens, first, last, holds)
    if what is Fate.KEPT:
        name = tokens[first - 2].text
        uses = [m for m in find(name, tokens) if m.first > last]
        return _joint({fate(tokens, m.first, m.last, holds) for m in uses})
    if what is Fate.RETURNED:
        called = code.calls(survey, found.extent.name, survey.kvm_prefixes("x86"))
        return _joint({fate(there, call.first, call.last, holds) for _, there, call in called})
    return what


def _joint(fates: set[Fate]) -> Fate:
    """Of all who ask: refused only if all refuse; unclear if some do."""
    if fates == {Fate.REFUSED}:
        return Fate.REFUSED
    return Fate.UNCLEAR if fates & {Fate.REFUSED, Fate.UNCLEAR} else Fate.SERVED


def _lone_case_of_refusal(tokens: tuple[Token, ...], index: int) -> bool:
    """Whether the type is the only one of its switch that gets no error."""
    behind = [token.text for token in tokens[index + 1 : index + 3]]
    if behind == [":", "case"] or tokens[index - 2].text == ":":
        return False
    opened = [m.last for m in find("switch (...) {", tokens) if m.last <= index]
    inner = tokens[opened[-1] : statement_end(tokens, opened[-1] - 1)] if opened else ()
    return any(find("default: return -", inner))


def _unknown(found: Found, tokens: tuple[Token, ...], index: int) -> Exception:
    source = found.source
    start = source.line_start(tokens[index].start)
    line = source.text(start, source.line_end(tokens[index].start)).strip()
    return not_found(
        "vm-type-alike",
        f"whether {found.extent.name}() takes a type like the default one, by `{line}`,",
        [f"{source.path}:{source.line(start)}"],
    )


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
