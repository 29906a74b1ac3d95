# SPDX-License-Identifier: GPL-2.0-only
"""From a knob, a variant and a tree to a plan: every number known, every site found, every text.

Nothing is written here. Each patch is located in the tree that the patches before it left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from codegen.base.errors import FindingsError
from codegen.base.findings import HereAlready, error
from codegen.description.load import Description
from codegen.description.mechanism import Mechanism, Stage
from codegen.description.model import Knob
from codegen.kernel.editable import UnixLines, check_merged
from codegen.kernel.survey import Survey
from codegen.mail.patch import Patch
from codegen.plan import mechanism, names, undeclared
from codegen.plan.called import check_called
from codegen.plan.context import (
    Reserved,
    context,
    names_in,
    numbers,
    tree_facts,
)
from codegen.plan.edits import early_edits, not_here
from codegen.plan.once import check_once
from codegen.plan.patches import mechanism_patch, variant_patch
from codegen.plan.plan import Plan, shown
from codegen.plan.possible import check_possible, here_already
from codegen.plan.siblings import check_siblings
from codegen.plan.templates import Renderer
from codegen.plan.variants import Variant
from codegen.sites.edit import TextEdit, changed, rewritten
from codegen.tree.reader import Overlay, Tree
from codegen.vocabulary.part import Where


def make_plan(
    description: Description,
    variant: Variant,
    tree: Tree,
    templates: Path,
    reserved: Reserved | None = None,
    given: Sequence[Patch] = (),
    *,
    redundant: bool = False,
) -> Plan:
    """Plan a series; `given` are the developer's own patches, which come first.

    Where the tree has it already there is a plan only if `redundant` ones are asked for.  Raises
    NotHere with the reason, FindingsError where a site is not found, or where a patch uses
    a name that is not declared there.  Of expressions that are alternatives, the first is taken
    whose names are all declared where they are used.
    """
    knob = description.knob
    tree = UnixLines(tree)
    survey = Survey(tree, knob.architectures)
    check_merged(survey)
    if knob.section(variant.section) is None:
        raise not_here(f"{knob.name} does not describe the variant {variant.name}", variant)
    facts = tree_facts(survey, description, variant)
    check_possible(Renderer(templates, facts), description, variant, facts)
    keep_free = reserved or Reserved()
    refused: frozenset[str] = frozenset()
    problem: FindingsError | None = None
    while True:
        try:
            said = context(survey, description, variant, refused)
            plan = _plan(description, variant, survey, templates, keep_free, given, said)
            tree.check_editable(
                path for patch in plan.patches if patch.edits for path in patch.files
            )
        except FindingsError as other:
            raise problem or other from None
        missing = names.missing_of_series(tree, plan.patches, knob.architectures)
        if not missing:
            return _with_reason(plan, survey, said, redundant)
        problem = problem or error(*undeclared.findings(plan, missing, tree))
        lost = {each.name for _, each in missing}
        chosen = {each for each in said["chosen"].values() if lost.intersection(names_in(each))}
        if chosen <= refused:
            raise problem
        refused |= chosen


def _plan(
    description: Description,
    variant: Variant,
    survey: Survey,
    templates: Path,
    reserved: Reserved,
    given: Sequence[Patch],
    said: Mapping[str, Any],
) -> Plan:
    renderer = Renderer(templates, said)
    variant = variant.numbered(renderer.inline, renderer.holds)
    taken = numbers(survey, description, variant, reserved)
    said = {**said, "n": taken, "numbers": shown(description.knob, variant, taken)}
    renderer = Renderer(templates, said)
    patches: list[Patch] = []
    overlay = survey.tree
    own = []
    for each in given:
        changes = {path: rewritten(overlay, made) for path, made in each.changes.items()}
        patches.append(replace(each, changes=changes))
        own.append(UnixLines(Overlay(overlay, patches[-1].files)))
        overlay = own[-1]

    for spec in variant.mends:
        made = variant_patch(spec, description, variant, renderer, overlay, ())
        if any(edit.text != edit.place.old for edit in made.edits):
            patches.append(made)
            overlay = Overlay(overlay, made.files)
    constants: dict[str, list[TextEdit]] = {}

    def early(edits: Iterable[TextEdit], there: Survey) -> dict[str, list[TextEdit]]:
        if constants:
            return {}  # an earlier step has brought them
        return early_edits(edits, description, variant, renderer, there)

    knob = description.knob
    choices: list[mechanism.Choice] = []
    for key, step in knob.mechanism.steps if knob.mechanism else ():
        there = Survey(overlay, survey.architectures)
        choice = _choose(there, knob, key, step, renderer, early)
        if choice.edits:  # a tree may need nothing of a step
            choices.append(choice)
            more = early(choice.edits, there)
            constants |= more
            patches.append(mechanism_patch(knob, choice, more, variant.so_far, renderer, overlay))
            overlay = Overlay(overlay, patches[-1].files)
    notes = [knob.documentation, *(choice.alternative.documentation for choice in choices)]
    renderer = Renderer(templates, {**said, "notes": [n for n in notes if n]})
    for spec in variant.patches:
        made = variant_patch(spec, description, variant, renderer, overlay, constants)
        if made.edits:
            patches.append(made)
            overlay = Overlay(overlay, made.files)
    behind = Survey(overlay, description.knob.architectures)
    check_siblings(description, variant, renderer, survey, behind)
    check_once(patches)
    edited = {path for patch in patches if patch.edits for path in patch.files}
    for lines in own:
        lines.check_editable(edited)
    call = renderer.inline(variant.call)
    ways = tuple(choice.where for choice in choices)
    placed = _placed(variant, renderer, patches)
    return Plan(description, variant, taken, tuple(patches), ways, call, placed=placed)


def _placed(variant: Variant, renderer: Renderer, patches: Sequence[Patch]) -> dict[str, str]:
    """The numbers that places say, by the names that the edit list gives them; several where
    architectures differ.
    """
    said = {}
    edits = [edit for patch in patches for edit in patch.edits]
    for spec in (each for patch in variant.patches for each in patch.edits):
        if not spec.number_of:
            continue
        found = [edit.place.names["number"] for edit in edits if edit.site == spec.site]
        if found:
            said[renderer.inline(spec.number_of)] = " and ".join(dict.fromkeys(found))
    return said


def _choose(
    survey: Survey,
    knob: Knob,
    key: Where,
    step: Mechanism | Stage,
    renderer: Renderer,
    early: Callable[[Iterable[TextEdit], Survey], Mapping[str, list[TextEdit]]],
) -> mechanism.Choice:
    """The alternative of a step that fits the tree; the first step defines the predicate."""

    asked = None if key else knob.predicate

    def first(each: Survey) -> tuple[TextEdit, ...]:
        return (mechanism.predicate(each, asked, renderer),) if asked else ()

    def compiles(edits: Sequence[TextEdit]) -> bool:
        whole = [*edits, *chain(*early(edits, survey).values())]
        return not names.missing(survey.tree, changed(survey.tree, whole), survey.architectures)

    choice = mechanism.choose(survey, key, step, first, compiles)
    check_called(survey, choice.edits)
    return choice


def _with_reason(plan: Plan, survey: Survey, said: Mapping[str, Any], redundant: bool) -> Plan:
    """The plan, with the reason if it adds nothing to what the tree has.  Raises NotHere."""
    reason = here_already(plan.description.knob, plan.files, survey, said)
    if reason and not redundant:
        hint = "`--redundant` makes it all the same, to compare; `adds` says what it adds"
        raise not_here(reason, plan.variant, hint, HereAlready)
    return replace(plan, prior_art=said["prior_art"], redundant=reason)
