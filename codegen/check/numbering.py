# SPDX-License-Identifier: GPL-2.0-only
"""New numbers follow the last ones: of capabilities, bits, types, and of sections of api.rst."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.base.resources import resources
from codegen.check.remark import Remark
from codegen.check.view import NewMacro, View
from codegen.kernel.numbers import Family, constants
from codegen.kernel.survey import API
from codegen.mail.patch import Posted
from codegen.plan.variants import NumberSpec, load_variant, variant_names

_NUMBERED = re.compile(r"^(\d+)\.(\d+)\.? +\S.*\n[-=~^]{4,}\s*$", re.M)


def continued(view: View) -> Iterator[Remark]:
    """Each new number is the one behind the highest of its family; holes stay holes.

    A number that the mails name as claimed elsewhere may be passed over: that is a note.
    """
    for spec in _families() if view.new_macros else ():
        old, now = (spec.family(survey) for survey in (view.before, view.after))
        if old.members:
            yield from _family(view, old, now)
            yield from _out_of_range(view, spec, now)


def _families() -> list[NumberSpec]:
    """The families that some kind of uAPI takes numbers of."""
    folder = resources("templates")
    specs = (n for v in variant_names(folder) for n in load_variant(folder, v).families)
    return list(
        {(spec.prefix, spec.suffix, spec.bits, spec.ioctls_below): spec for spec in specs}.values()
    )


def _family(view: View, old: Family, now: Family) -> Iterator[Remark]:
    highest, taken = max(old.numbers()), set(map(old.number, old.numbered))
    last = next(m.name for m in reversed(old.members) if old.number(m) == highest)
    for member in now.numbered:
        macro, number = view.new_macros.get(member.name), now.number(member)
        if macro is None or number in taken:  # taken twice: the check of the ABI says so
            continue
        if number != highest + 1 and not _given(view, member.name, number):
            yield from _elsewhere(view, macro, number, highest, last)
        if number > highest:
            highest, last = number, member.name


def _given(view: View, name: str, number: int) -> bool:
    """Whether a patch says that a commit of Linux has given the number."""
    told = rf"\b(?:{number}|{number:#x})\s+for\s+{name}\b"
    given = rf"commit [0-9a-f]{{12}}(?:[^\n]|\n(?!\n))*{told}"
    return any(re.search(given, patch.message) for patch in view.patches)


def _elsewhere(
    view: View, macro: NewMacro, number: int, highest: int, last: str
) -> Iterator[Remark]:
    """A number that is not the next one: in a hole, or with a gap before it."""
    if number < highest:
        hint = f"{highest + 1} is the next: userspace may know {number} with another meaning"
        what = f"{macro.name} takes {number}, a hole below {last} = {highest}"
        yield Remark(what, macro.patch.name, macro.line, hint)
    elif number > highest:
        yield from _gap(view, macro, number, highest, last)


def _gap(view: View, macro: NewMacro, number: int, highest: int, last: str) -> Iterator[Remark]:
    mails = [view.first, *(patch.message.encode() for patch in view.patches)]
    passed = range(highest + 1, min(number, highest + 65))
    claimed = all(any(re.search(rb"\b%d\b" % n, mail) for mail in mails) for n in passed)
    what = f"{macro.name} is {number}, and {last} is {highest}: {highest + 1} would be the next"
    hint = "if others claim those between, say in the cover letter which"
    yield Remark(what, macro.patch.name, macro.line, "" if claimed else hint, note=claimed)


def _out_of_range(view: View, spec: NumberSpec, now: Family) -> Iterator[Remark]:
    """New bits that are not one bit, or one that userspace cannot have."""
    if not spec.bits:
        return
    inside = {member.name for member in now.members}
    name = re.compile(re.escape(spec.prefix) + r"\w+" + re.escape(spec.suffix))
    for constant in constants(view.after):
        macro = view.new_macros.get(constant.name)
        if macro and name.fullmatch(constant.name) and constant.name not in inside:
            what = f"{constant.name} is {constant.value:#x}, none of the bits 0 to {spec.limit - 1}"
            yield Remark(what, macro.patch.name, macro.line)


def sections(view: View) -> Iterator[Remark]:
    """New sections of api.rst have the number behind the last one of their chapter."""
    for patch, change in view.changes(API):
        if change.before is None or change.after is None:
            continue
        before, after = (
            [(int(m[1]), int(m[2]), m[0].partition("\n")[0]) for m in _NUMBERED.finditer(text)]
            for text in (data.decode("utf-8", "replace") for data in (change.before, change.after))
        )
        titles = {title for _, _, title in before}
        there = {(chapter, number) for chapter, number, _ in before}
        for chapter, number, title in after:
            if title in titles:
                continue
            yield from _section(patch, change.path, there, chapter, number, title)
            there.add((chapter, number))


def _section(
    patch: Posted, path: str, there: set[tuple[int, int]], chapter: int, number: int, title: str
) -> Iterator[Remark]:
    last = max((n for c, n in there if c == chapter), default=0)
    # a section that moved or got another title keeps its number
    if number == last + 1 or (chapter, number) in there or not last:
        return
    what = f"section {chapter}.{number} does not follow {chapter}.{last}, the chapter's last"
    line = patch.line_of(path, title)
    yield Remark(what, patch.name, line, f"{chapter}.{last + 1} is the next")
