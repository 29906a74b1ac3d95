# SPDX-License-Identifier: GPL-2.0-only
"""All mutants of a kernel in one text ("mutant schemata"): the parameter `gen_mutant` says which
one is alive, so that all of them together cost one build."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from codegen.run.mutants import Mutant

PARAMETER = "gen_mutant"
_DECLARATION = f"""\
#if !defined(__ASSEMBLY__) && !defined(__ASSEMBLER__)
extern unsigned int {PARAMETER};
#endif
"""
_DEFINITION = f"""
#include <linux/moduleparam.h>
unsigned int {PARAMETER};
core_param({PARAMETER}, {PARAMETER}, uint, 0644);
"""
# How mutants look in a text that was woven.
_WOVEN = re.compile(rb"\b%s [!=]= (\d+)" % PARAMETER.encode())

Stretch = tuple[int, int, tuple[Mutant, ...]]


def woven(data: bytes, mutants: Sequence[Mutant], *, define: bool) -> bytes:
    """A file's text with all of its mutants in it; with `define`, also their parameter."""
    text = _weave(data, 0, len(data), _spans(mutants), PARAMETER)
    return _DECLARATION.encode() + text + (_DEFINITION.encode() if define else b"")


def fixed(data: bytes, mutant: Mutant) -> bytes:
    """A file's text with one mutant that is always alive, for constant expressions."""
    return _weave(data, 0, len(data), _spans([mutant]), str(mutant.number))


def _spans(mutants: Sequence[Mutant]) -> list[Stretch]:
    ordered = sorted(mutants, key=lambda m: (m.start, -m.end, m.number))
    groups = groupby(ordered, key=lambda m: (m.start, m.end))
    return [(start, end, tuple(group)) for (start, end), group in groups]


def _weave(data: bytes, start: int, end: int, spans: Sequence[Stretch], alive: str) -> bytes:
    """The bytes from `start` to `end` with the mutants of some spans, inner ones included.

    `alive` is what is compared with a mutant's number.
    """
    parts, at, index = [], start, 0
    while index < len(spans):
        first, last, group = spans[index]
        inner = [span for span in spans[index + 1 :] if span[1] <= last and span[0] >= first]
        text = _weave(data, first, last, inner, alive)
        for mutant in group:
            if mutant.value is None:
                text = b"{ if (%s != %d) %s }" % (alive.encode(), mutant.number, text)
            else:
                choice = f"({alive} == {mutant.number} ? {mutant.value} : (".encode()
                text = choice + text + b"))"
        parts += [data[at:first], text]
        at = last
        index += 1 + len(inner)
    return b"".join([*parts, data[at:end]])


def mutants_in(text: bytes) -> frozenset[int]:
    """The numbers of the mutants in a woven text, or in what the preprocessor made of it."""
    return frozenset(int(number) for number in _WOVEN.findall(text))
