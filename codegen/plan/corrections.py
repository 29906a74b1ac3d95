# SPDX-License-Identifier: GPL-2.0-only
"""What a tree says and a series makes false, corrected where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.base.errors import FindingsError
from codegen.base.findings import error
from codegen.description.load import Description
from codegen.kernel.survey import Survey
from codegen.kinds.section import Correction
from codegen.plan.variants import Variant
from codegen.sites.edit import TextEdit
from codegen.sites.sentences import in_comment, in_document, nearest_sentence


def corrections(description: Description, variant: Variant, survey: Survey) -> Iterator[TextEdit]:
    """The corrections of a variant's section, as edits of this tree.

    Raises FindingsError for a sentence that is not there, if every tree is said to have it, and for
    one that is there twice.
    """
    section = description.knob.section(variant.section)
    for index, each in enumerate(section.corrects):
        try:
            edit = _edit(each, survey)
        except FindingsError:
            if not each.optional:
                raise
            edit = None
        if edit:
            yield edit
        elif not each.optional:
            where = (variant.section, "corrects", index, "says")
            near = nearest_sentence(survey, each.section, each.in_, each.says)
            hint = f"closest: {near}\n" if near else ""
            hint += "`optional: true` corrects it where a tree says so"
            raise error(description.finding(where, "this tree does not say so", hint))


def _edit(said: Correction, survey: Survey) -> TextEdit | None:
    if said.in_:
        return in_comment(survey, said.in_, said.says, said.put)
    return in_document(survey, said.section or "", said.says, said.put)
