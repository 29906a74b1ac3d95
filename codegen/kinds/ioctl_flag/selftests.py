# SPDX-License-Identifier: GPL-2.0-only
"""The selftest that tries every flag of an ioctl, and has to be told of a new one.

It is known by what it does: in a loop over bits, it makes the ioctl with a flag of the loop, and
expects EINVAL.  One that asks the capability which flags there are need not be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from codegen.c.pattern import Match, find, texts
from codegen.c.source import Token
from codegen.c.statements import arguments, closing, statement_end
from codegen.kernel.survey import Survey
from codegen.sites import code
from codegen.sites.code import functions_naming
from codegen.sites.place import Place
from codegen.sites.registry import site

_LOOP = "for ($flag = ...; ...; $flag <<= 1) {"


@site("selftest-all-flags")
def all_flags(survey: Survey, *, ioctl: str, capability: str) -> tuple[Place, ...]:
    """Behind the beginning of each loop in which a selftest expects that all flags of the ioctl
    are refused; nowhere where none does, or where it asks the capability.
    """
    selftests = (survey.folders.selftests,)
    callers = [
        found.extent.name
        for found, _ in functions_naming(survey, selftests, ioctl, suffix=(".c", ".h"))
    ]
    hits = []
    for name in dict.fromkeys(callers):
        for found, tokens in functions_naming(survey, selftests, f"{name}(", "EINVAL"):
            if capability in {token.text for token in tokens}:
                continue
            for match, flag in _loops(tokens, name):
                how = f"{found.extent.name}(): the loop over all flags"
                first = match.last
                place = code.line_before(found, tokens[first].start, how)
                hits.append(replace(place, names={"flag": flag}))
    return tuple({(hit.path, hit.start): hit for hit in hits}.values())


def _loops(tokens: Sequence[Token], name: str) -> Iterator[tuple[Match, str]]:
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
