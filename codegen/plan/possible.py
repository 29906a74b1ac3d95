# SPDX-License-Identifier: GPL-2.0-only
"""Whether a tree can have a variant, and whether it has already what the variant is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codegen.base.findings import HereAlready
from codegen.description.load import Description
from codegen.description.model import Knob
from codegen.kernel.survey import Survey
from codegen.plan.edits import not_here
from codegen.plan.redundant import same_without
from codegen.plan.templates import Renderer
from codegen.plan.variants import Variant
from codegen.tree.reader import Overlay


def check_possible(
    renderer: Renderer, description: Description, variant: Variant, said: Mapping[str, Any]
) -> None:
    """Raise NotHere where the variant cannot be on this tree at all."""
    for requirement in variant.requires:
        if not renderer.holds(requirement.unless):
            raise not_here(renderer.inline(requirement.reason), variant)
    if variant.only_on and variant.only_on not in description.knob.architectures:
        raise not_here(f"{variant.name} exists on {variant.only_on} only", variant)
    for name in names_there(renderer, variant, said):
        reason = f"{name} is there already: {said['tree'].where(name)}"
        raise not_here(reason, variant, answer=HereAlready)
    if description.knob.mechanism is None and not variant.gated:
        reason = f"without a mechanism {variant.name} would have no effect"
        raise not_here(reason, variant, "describe the mechanism")


def names_there(renderer: Renderer, variant: Variant, said: Mapping[str, Any]) -> tuple[str, ...]:
    """The new names of the variant that the tree has already."""
    return tuple(n for n in new_names(renderer, variant, said) if said["tree"].macro(n))


def new_names(renderer: Renderer, variant: Variant, said: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the variant that a tree is not to have yet."""
    new = {key for key in variant.names if renderer.holds(variant.names_if.get(key))}
    return variant.named(said["v"], new)


def here_already(
    knob: Knob, files: Mapping[str, bytes], survey: Survey, said: Mapping[str, Any]
) -> str:
    """Why the tree has already what a series that leaves `files` does; empty where it has not."""
    tree = said["tree"]
    if knob.mechanism is not None and knob.predicate is not None:
        after = Survey(Overlay(survey.tree, files), knob.architectures)
        same = same_without(survey, after, knob.predicate.name)
        if same:
            return f"here already: without the series, {same}, which is the same"
    for art in said["prior_art"] if not said["v"].adds else ():
        return f"here already, by {art.tree_has} ({tree.where(art.tree_has)}): {art.does}"
    return ""
