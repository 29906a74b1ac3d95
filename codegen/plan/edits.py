# SPDX-License-Identifier: GPL-2.0-only
"""From the lines of an edit list to edits: places in a tree, and a text for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from codegen.base.findings import Finding, NotHere, error
from codegen.c.definitions import definitions
from codegen.c.outline import outline
from codegen.description.load import Description
from codegen.kernel.survey import Survey
from codegen.plan.context import survey_dialect
from codegen.plan.sites import SITES
from codegen.plan.templates import Renderer
from codegen.plan.variants import PREDICATE, EditSpec, Variant
from codegen.sites.edit import TextEdit
from codegen.sites.place import Place
from codegen.tree.changed import Changed


def early_edits(
    edits: Iterable[TextEdit],
    description: Description,
    variant: Variant,
    renderer: Renderer,
    survey: Survey,
) -> dict[str, list[TextEdit]]:
    """The edits, by their template, that define what is used already by others, and all that are
    for the same: a number, its struct and who fills that come together.
    """
    specs = [s for patch in variant.patches for s in patch.edits if s.early]
    if not specs:
        return {}
    used = set[str]().union(*(outline(edit.text.encode()).identifiers for edit in edits))
    made = {
        s.text: edits_of(s, description, variant, renderer, survey)
        for s in specs
        if renderer.holds(s.when)
    }
    texts = [outline(edit.text.encode()) for found in made.values() for edit in found]
    asked = any(definitions(text, name) for text in texts for name in used & text.identifiers)
    return made if asked else {}


def not_here(
    reason: str, variant: Variant, hint: str = "", answer: type[NotHere] = NotHere
) -> NotHere:
    """The answer that a tree, or a knob, cannot have a variant, or has it."""
    finding = Finding(reason, hint=hint, site=variant.name)
    return answer(finding.message, (finding,))


def edits_of(
    spec: EditSpec,
    description: Description,
    variant: Variant,
    renderer: Renderer,
    survey: Survey,
) -> list[TextEdit]:
    """One line of an edit list as edits: its places in the tree, with the text for each.

    Raises FindingsError where a place is not found.
    """
    if spec.site == PREDICATE:
        # without a mechanism nobody would call it
        asked = description.knob.mechanism and description.knob.predicate
        return [_predicate_edit(description, variant, renderer, survey)] if asked else []
    found = []
    for arch, places in places_of(spec, description, renderer, survey):
        for place in places:
            if not spec.text:
                continue
            template = spec.text if "/" in spec.text else f"{variant.name}/{spec.text}"
            text = renderer.render(template, place=place, arch=arch)
            if place.old:
                end = "\n" if place.old.endswith("\n") else ""
                text = text.rstrip("\n") + end
            elif place.path.endswith(".rst"):
                text = text.rstrip("\n") + "\n"
            found.append(
                TextEdit(spec.site, place, survey_dialect(survey, place.path, text), template)
            )
    return found


def places_of(
    spec: EditSpec, description: Description, renderer: Renderer, survey: Survey
) -> Iterator[tuple[str | None, tuple[Place, ...]]]:
    """The places of a line of an edit list, for each architecture where it has some for each.

    Raises FindingsError where one is not found.
    """
    arguments = {
        key: renderer.inline(value) if isinstance(value, str) else value
        for key, value in spec.with_.items()
    }
    for arch in description.knob.architectures if spec.per_arch else (None,):
        more = {"arch": arch} if arch else {}
        yield arch, SITES[spec.site](survey, **arguments, **more)


def check_held(
    specs: Iterable[EditSpec],
    edits: Sequence[TextEdit],
    changes: Mapping[str, Changed],
    description: Description,
    renderer: Renderer,
    behind: Survey,
) -> None:
    """What a place means holds behind the patch: looked for anew, it is where the patch has put
    its text, beside it or in it, and there are as many.

    So the mask that KVM_CHECK_EXTENSION answers with is the one that has the new name, and what
    refuses unknown flags does so behind what adds the flag.  Raises FindingsError where not.
    """
    for spec in specs:
        if spec.site == PREDICATE or not SITES[spec.site].holds or not spec.text:
            continue
        wanted = sum(edit.site == spec.site for edit in edits)
        found = [p for _, places in places_of(spec, description, renderer, behind) for p in places]
        lost = [place for place in found if not _touches(place, changes)]
        if lost or len(found) != wanted:
            where = ", ".join(f"{p.path}:{p.line}" for p in lost or found) or "nowhere"
            what = f"{spec.site}: behind the patch the place is {where}, which it has not edited"
            hint = f"the patch edits {', '.join(f'{e.place.path}:{e.place.line}' for e in edits)}"
            raise error(Finding(what, hint=hint, site=spec.site))


def _touches(place: Place, changes: Mapping[str, Changed]) -> bool:
    """Whether a place is beside or within what is new in its file, or in the line behind."""
    made = changes.get(place.path)
    spans = made.new if made else ()
    return any(span.start <= place.end and place.start <= span.end + 1 for span in spans)


def _predicate_edit(
    description: Description, variant: Variant, renderer: Renderer, survey: Survey
) -> TextEdit:
    """The variant's answer in place of what the predicate returns while it is off."""
    predicate = description.knob.predicate
    assert predicate is not None
    value = renderer.inline(renderer.inline("{{ variant.value }}"))
    arguments = {"name": predicate.name, "off": predicate.off}
    (place,) = SITES["predicate-value"](survey, **arguments)
    _check_architectures(place.path, value, description, predicate.name, variant, survey)
    return TextEdit("predicate-value", place, value, "common/predicate-value")


def _check_architectures(
    path: str,
    value: str,
    description: Description,
    predicate: str,
    variant: Variant,
    survey: Survey,
) -> None:
    """What only some architectures have cannot be asked in a file that all of them build."""
    if path.startswith("arch/") or not (variant.only_on or "->arch." in value):
        return
    having = [variant.only_on] if variant.only_on else description.knob.architectures
    lacking = [name for name in survey.folders.architectures if name not in having]
    if lacking:
        raise not_here(
            f"{predicate}() is defined in {path}, which "
            f"{', '.join(lacking)} build as well, and `{value}` is there on "
            f"{', '.join(having)} only",
            variant,
            "let `predicate: before:` name a function below arch/"
            + ("" if variant.only_on else ", or name them all in `architectures`"),
        )
