# SPDX-License-Identifier: GPL-2.0-only
"""Where the attributes of one group are defined: no name of theirs says which group that is."""

from __future__ import annotations

import re

from codegen.kernel.survey import Survey
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site

_DEFINE = re.compile(rb"[ \t]*#[ \t]*define[ \t]+\w+[ \t]+(\d+)[ \t]*\n")


@site("attribute-define")
def attribute_define(survey: Survey, *, beside: str) -> Place:
    """Behind the last of the attributes that are defined in the lines from one of them on."""
    found = [f for f in survey.definitions("macro", beside) if "uapi" in f.source.path]
    if len(found) != 1:
        raise not_found("attribute-define", f"the attribute {beside}", survey.kvm_prefixes("x86"))
    source = found[0].source
    start = end = source.line_start(found[0].extent.start)
    numbers, sibling = [], ""
    while line := _DEFINE.match(source.data, end):
        numbers.append(int(line[1]))
        sibling, end = line[0].decode().rstrip("\n"), line.end()
    if not numbers:
        raise not_found("attribute-define", f"a number of {beside}", [source.path])
    names = {"sibling": sibling, "number": str(max(numbers) + 1)}
    how = f"behind {beside} and what stands there"
    return Place(source.path, end, end, source.line(start), how, names=names)
