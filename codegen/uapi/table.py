# SPDX-License-Identifier: GPL-2.0-only
"""Differences as people read them: by header, with a sign, from what to what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from codegen.uapi.difference import Change, Difference

_SIGNS = {Change.ADDED: "+", Change.INTO_PADDING: "+", Change.REMOVED: "-"}
_WIDEST = 48


def table(found: Sequence[Difference]) -> str:
    """Every difference on a line below its header; the last line counts them."""
    lines = []
    for header, group in groupby(found, lambda each: each.header):
        lines.append(header)
        rows = [(_sign(each), each.name, _said(each)) for each in group]
        width = min(max(len(name) for _, name, _ in rows), _WIDEST)
        lines += [f"  {sign} {name.ljust(width)}  {said}".rstrip() for sign, name, said in rows]
    return "\n".join([*lines, count(found)])


def count(found: Sequence[Difference]) -> str:
    """`3 differences, 1 of them an error`."""
    errors = sum(each.breaks for each in found)
    if not found:
        return "no difference"
    what = "1 difference" if len(found) == 1 else f"{len(found)} differences"
    return f"{what}, {errors or 'no'} error{'' if errors == 1 else 's'}"


def _sign(each: Difference) -> str:
    return _SIGNS.get(each.change, "!" if each.breaks else "~")


def _said(each: Difference) -> str:
    where = "" if each.everywhere else f"   ({' '.join(each.architectures)})"
    return f"{_change(each)}{where}"


def _change(each: Difference) -> str:
    before, after = each.before, each.after
    match each.change:
        case Change.TAKEN_TWICE:
            return f"{after} is {before} as well"
        case Change.HIDDEN:
            return f"is in {after} now, which {before} does not include"
        case Change.OTHER_HEADER:
            return f"was in {before}"
        case Change.UNSEEN:
            return f"{after} in an #if that no architecture takes".lstrip()
        case Change.INTO_PADDING:
            return f"{after}, which was {before}"
    return f"{before} → {after}" if before and after else before or after
