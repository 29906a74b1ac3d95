# SPDX-License-Identifier: GPL-2.0-only
"""Everything that is known of some subjects, as one page."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.base.resources import resources
from codegen.compare import ages, kernel, userspace
from codegen.compare.model import Code, Page, Plot, Section
from codegen.compare.subject import Subject

PROMISES = {
    "permit": "KVM may do so, and need not",
    "hint": "KVM is asked to do so, and need not",
    "guarantee": "KVM does so",
}


def page(
    subjects: Sequence[Subject],
    command: str,
    evidence: Sequence[Section] = (),
    plots: Sequence[Plot] = (),
    notes: Sequence[str] = (),
) -> Page:
    """The page of all that is known.  Raises FindingsError for what is wrong in a kind's facts."""
    templates = resources("templates")
    said = [userspace.facts_of(each, templates) for each in subjects]
    knob = subjects[0].description.knob
    sections = (
        ages.section(subjects),
        userspace.section(subjects, said),
        kernel.section(subjects),
        *evidence,
    )
    opinions = {each: None for found in said if found for each in found.said}
    snippets = tuple(
        Code(at, f"{subject.variant.name}: what a VMM does", found.vmm, "c")
        for at, (subject, found) in enumerate(zip(subjects, said, strict=True))
        if found and subject.made
    )
    patches = tuple(
        Code(at, name, subject.series.files[name].decode("utf-8", "replace"), "diff")
        for at, subject in enumerate(subjects)
        for name in subject.series.patches
    )
    art = {
        f"{each['tree_has']}: {each['does']} ({each['commit']}, \"{each['title']}\")": None
        for subject in subjects
        for each in subject.series.prior_art
    }
    return Page(
        knob=knob.name,
        title=knob.title,
        contract=f"{knob.contract}: {PROMISES[knob.contract]}",
        background=knob.background,
        command=command,
        columns=tuple(each.column for each in subjects),
        sections=sections,
        plots=tuple(plots),
        said=tuple(opinions),
        prior_art=tuple(art),
        snippets=snippets,
        patches=patches,
        notes=tuple(notes),
    )
