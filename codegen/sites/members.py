# SPDX-License-Identifier: GPL-2.0-only
"""The members of a struct of the kernel, behind which another one goes."""

from __future__ import annotations

from collections.abc import Container

from codegen.c.source import Token
from codegen.c.statements import nesting
from codegen.kernel.survey import Found
from codegen.sites import code
from codegen.sites.place import Place


def behind_last(found: Found, among: Container[str] | None) -> Place | None:
    """Behind the last of the members of a struct that are named, or of all, outside of any `#if`;
    None where there is none.
    """
    tokens = code.code_tokens(found)
    last: Token | None = None
    name = ""
    for index, (token, (depth, conditional)) in enumerate(
        zip(tokens, nesting(tokens), strict=True)
    ):
        ends = token.text == ";" and depth == 1 and not conditional
        if ends and (among is None or tokens[index - 1].text in among):
            last, name = token, tokens[index - 1].text
    if last is None:
        return None
    source = found.source
    end = source.line_end(last.end)
    how = f"struct {found.extent.name}: behind {name}"
    return Place(source.path, end, end, source.line(last.end), how, indent="\t")
