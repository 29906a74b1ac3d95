# SPDX-License-Identifier: GPL-2.0-only
"""The plan of a knob that needs others: what the tree lacks of them comes first in the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from codegen.base.errors import UsageError
from codegen.base.findings import Finding, NotHere, error
from codegen.description.load import Description
from codegen.kernel.survey import Survey
from codegen.mail.patch import Patch
from codegen.plan.context import Reserved, tree_facts
from codegen.plan.edits import not_here
from codegen.plan.make import make_plan
from codegen.plan.plan import Plan
from codegen.plan.possible import names_there, new_names
from codegen.plan.templates import Renderer
from codegen.plan.variants import Variant, load_variant
from codegen.tree.reader import Overlay, Tree


def make_whole_plan(
    description: Description,
    variant: Variant,
    tree: Tree,
    templates: Path,
    reserved: Reserved | None = None,
    given: Sequence[Patch] = (),
    *,
    redundant: bool = False,
) -> Plan:
    """The plan of a series with all that it brings.  See `codegen.plan.make.make_plan`.

    A knob that is needed is brought where the tree has none of its names.  The developer's own
    patches come before all else.
    """
    brought: list[Plan] = []
    for other, name in description.needed:
        wanted = _wanted(description, name, templates)
        if _there(other, wanted, tree, templates):
            continue
        _check(other, wanted)
        try:
            made = make_plan(other, wanted, tree, templates, reserved, given)
        except NotHere as answer:
            what = f"{description.knob.name} needs {other.knob.name} as {name}: {answer}"
            raise not_here(what, variant) from None
        tree, given = Overlay(tree, made.files), ()
        brought.append(made)
    made = make_plan(description, variant, tree, templates, reserved, given, redundant=redundant)
    return replace(made, brought=tuple(brought))


def _wanted(description: Description, name: str, templates: Path) -> Variant:
    """The variant that a knob is needed as.  Raises FindingsError where there is no such one."""
    try:
        return load_variant(templates, name)
    except UsageError as problem:
        known = [need.as_ for need in description.knob.needs]
        at = ("needs", known.index(name), "as") if name in known else ("needs",)
        raise error(description.finding(at, str(problem))) from None


def _there(description: Description, variant: Variant, tree: Tree, templates: Path) -> bool:
    """Whether a tree has all that a variant would bring."""
    section = description.knob.section(variant.section)
    if section is None:
        return False
    facts = tree_facts(Survey(tree, description.knob.architectures), description, variant)
    renderer = Renderer(templates, facts)
    new = new_names(renderer, variant, facts)
    return bool(new) and names_there(renderer, variant, facts) == new


def _check(description: Description, variant: Variant) -> None:
    """Raise FindingsError for what cannot be brought."""
    mechanism = description.knob.mechanism
    if mechanism and (mechanism.patches or mechanism.commits):
        hint = "name them in the description that needs this one: they come first in the series"
        what = "own patches of a knob that another one needs"
        raise error(description.finding(("mechanism",), what, hint))
    if not variant.names:
        what = f"{description.knob.name} as {variant.name} has no name that would tell it"
        raise error(Finding(what, description.path))
