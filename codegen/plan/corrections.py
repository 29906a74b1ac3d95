# SPDX-License-Identifier: GPL-2.0-only
"""What a tree says and a series makes false, corrected where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codegen.base.findings import error
from codegen.description.load import Description
from codegen.kernel.survey import Survey
from codegen.kinds.section import Correction
from codegen.plan.variants import Variant
from codegen.sites.edit import TextEdit
from codegen.sites.sentences import SITE, Sentence, in_comment, in_document, nearest_sentence
from codegen.vocabulary.part import Where


def corrections(description: Description, variant: Variant, survey: Survey) -> Sequence[TextEdit]:
    """What a variant and its section correct, as edits of this tree: one for each paragraph.

    Raises FindingsError for a sentence that is not there, if every tree is said to have it, for
    one that is there twice, and for one that cannot be corrected in the form that it has.
    """
    section = description.knob.section(variant.section)
    made: dict[tuple[str, int], TextEdit] = {}
    said: list[tuple[Correction, Where]] = [(each, (variant.section,)) for each in variant.corrects]
    said += [
        (each, (variant.section, "corrects", index, "says"))
        for index, each in enumerate(section.corrects)
    ]
    for each, where in said:
        found = _found(each, survey)
        if len(found) > 1:
            told = ", ".join(f"{s.place.path}:{s.place.line}" for s in found)
            what = f"this tree says so {len(found)} times: {told}"
            raise error(description.finding(where, what, "quote more of the sentence"))
        if not found and not each.optional:
            near = nearest_sentence(survey, each.section, each.in_, each.says)
            hint = f"closest: {near}\n" if near else ""
            hint += "`optional: true` corrects it where a tree says so"
            raise error(description.finding(where, "this tree does not say so", hint))
        for sentence in found:
            place = sentence.place
            before = made.get((place.path, place.start))
            try:
                text = sentence.reword(before.text if before else place.old)
            except ValueError as problem:
                what = f"it cannot be corrected at {place.path}:{place.line}"
                raise error(description.finding(where, what, str(problem))) from None
            made[place.path, place.start] = TextEdit(SITE, place, text)
    return list(made.values())


def with_corrections(edits: Sequence[TextEdit], more: Sequence[TextEdit]) -> list[TextEdit]:
    """Edits with corrections: one of what another edit writes anew, such as a table, is in that."""
    made = list(edits)
    for each in more:
        place = each.place
        old, new = _apart(place.old, each.text)
        for index, other in enumerate(made):
            whole = other.place
            inside = whole.start <= place.start and place.end <= whole.end
            if whole.path == place.path and inside and other.text.count(old) == 1:
                made[index] = replace(other, text=other.text.replace(old, new))
                break
        else:
            made.append(each)
    return made


def _apart(old: str, new: str) -> tuple[str, str]:
    """The lines in which two texts differ."""
    a, b = old.splitlines(keepends=True), new.splitlines(keepends=True)
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    return "".join(a), "".join(b)


def _found(said: Correction, survey: Survey) -> list[Sentence]:
    if said.in_:
        return in_comment(survey, said.in_, said.says, said.put)
    return in_document(survey, said.section or "", said.says, said.put)
