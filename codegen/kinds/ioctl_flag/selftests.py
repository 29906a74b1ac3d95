# SPDX-License-Identifier: GPL-2.0-only
"""The selftest that tries every flag of an ioctl, and has to be told of a new one.

It is known by what it does: in a loop over bits or their numbers, it makes the ioctl with a flag of
the loop, or sets such a bit of the struct's member, and expects EINVAL.  One that asks the
capability which flags there are need not be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from codegen.c.pattern import Match, find, texts
from codegen.c.statements import arguments, closing, statement_end
from codegen.kernel.survey import Survey
from codegen.kinds.ioctl_flag.refusal import variables
from codegen.kinds.ioctls import struct_of
from codegen.sites import code
from codegen.sites.code import functions_naming
from codegen.sites.place import Place
from codegen.sites.registry import site
from codegen.sites.scopes import Tokens

_LOOP = "for ($flag = ...; ...; $flag <<= 1) {"
_COUNTING = "for ($bit = ...; ...; $bit++) {"


@site("selftest-all-flags")
def all_flags(survey: Survey, *, ioctl: str, member: str, capability: str) -> tuple[Place, ...]:
    """Behind the beginning of each loop in which a selftest expects that all flags of the ioctl
    are refused; nowhere where none does, or where it asks the capability.
    """
    selftests = (survey.folders.selftests,)
    callers = [
        found.extent.name
        for found, _ in functions_naming(survey, selftests, ioctl, suffix=(".c", ".h"))
    ]
    struct = struct_of(survey, ioctl)
    ways = [(f"struct {struct}", partial(_counted, struct=struct, member=member))]
    ways += [(f"{name}(", partial(_loops, name=name)) for name in dict.fromkeys(callers)]
    hits: dict[tuple[str, int], Place] = {}
    for word, loops in ways:
        for found, tokens in functions_naming(survey, selftests, word, "EINVAL"):
            asks = capability in {token.text for token in tokens}
            for match, flag in loops(tokens) if not asks else ():
                how = f"{found.extent.name}(): the loop over all flags"
                place = code.line_before(found, tokens[match.last].start, how)
                hits[place.path, place.start] = replace(place, names={"flag": flag})
    return tuple(hits.values())


def _counted(tokens: Tokens, struct: str, member: str) -> Iterator[tuple[Match, str]]:
    """The loops over numbers of bits that set the bit in a struct's member and expect EINVAL, with
    the bit.
    """
    for match in find(_COUNTING, tokens):
        words = [t.text for t in tokens[match.last : statement_end(tokens, match.first)]]
        bit = texts(tokens, match)["bit"]
        shifts = bit in words and ("BIT" in words or "BIT_ULL" in words or "<<" in words)
        for name in variables(tokens, struct) if shifts and "EINVAL" in words else ():
            if [name, member] in (words[at : at + 3 : 2] for at in range(len(words))):
                yield match, f"BIT_ULL({bit})"


def _loops(tokens: Tokens, name: str) -> Iterator[tuple[Match, str]]:
    """The loops over bits that pass the bit to a function and expect EINVAL, with its name."""
    for match in find(_LOOP, tokens):
        inner = tokens[match.first : statement_end(tokens, match.first)]
        flag = texts(tokens, match)["flag"]
        words = [token.text for token in inner]
        for index, word in enumerate(words):
            if word == name and words[index + 1 : index + 2] == ["("]:
                given = arguments(inner[index + 2 : closing(inner, index + 1)])
                if (flag,) in given and "EINVAL" in words:
                    yield match, flag
