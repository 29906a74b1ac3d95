# SPDX-License-Identifier: GPL-2.0-only
"""Everything that is known of some contenders, as one page."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.base.resources import resources
from codegen.compare import ages, holds, kernel, userspace
from codegen.compare.contender import Contender
from codegen.compare.model import Chapter, Code, Page, Plot
from codegen.compare.reach import Reach

PROMISES = {
    "permit": "KVM may do so, and need not",
    "hint": "KVM is asked to do so, and need not",
    "guarantee": "KVM does so",
}


def page(
    contenders: Sequence[Contender],
    command: str,
    aged: Sequence[ages.Aged],
    evidence: Sequence[Chapter] = (),
    plots: Sequence[Plot] = (),
    notes: Sequence[str] = (),
    reached: Sequence[Reach] = (),
) -> Page:
    """The page of all that is known.  Raises FindingsError for what is wrong in a kind's facts."""
    templates = resources("templates")
    said = [userspace.facts_of(each, templates) for each in contenders]
    knob = contenders[0].description.knob
    sections = (
        holds.section(contenders),
        userspace.section(contenders, said, templates),
        kernel.section(contenders, reached),
        *evidence,
        ages.section(aged),
    )
    opinions = {each: None for found in said if found for each in found.said}
    snippets = tuple(
        Code(at, f"{contender.variant.name}: what a VMM does", found.vmm, "c")
        for at, (contender, found) in enumerate(zip(contenders, said, strict=True))
        if found and contender.made
    )
    patches = tuple(
        Code(at, name, contender.series.files[name].decode("utf-8", "replace"), "diff")
        for at, contender in enumerate(contenders)
        for name in contender.series.patches
    )
    art = {
        f"{each['tree_has']}: {each['does']} ({each['commit']}, \"{each['title']}\")": None
        for contender in contenders
        for each in contender.series.prior_art
    }
    return Page(
        knob=knob.name,
        title=knob.title,
        contract=f"{knob.contract} ({PROMISES[knob.contract]})",
        background=knob.background,
        command=command,
        columns=tuple(each.column for each in contenders),
        sections=sections,
        plots=tuple(plots),
        said=tuple(opinions),
        prior_art=tuple(art),
        snippets=snippets,
        patches=patches,
        notes=tuple(notes),
    )
