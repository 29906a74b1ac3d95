# SPDX-License-Identifier: GPL-2.0-only
"""What a plan says: a series before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from codegen.description.load import Description
from codegen.description.model import Knob, Merged, PriorArt
from codegen.mail.patch import Patch
from codegen.plan.context import merged_as, names_of
from codegen.plan.variants import Variant
from codegen.vocabulary.part import Where


@dataclass(frozen=True, slots=True)
class Plan:
    """A series before anything is written.

    `placed` are the numbers of which a place says the next one, by what has them.  `own` are the
    knob's patches; those of the plans that are `brought`, of the knobs that it needs, come before
    them.
    """

    description: Description
    variant: Variant
    numbers: Mapping[str, int]
    own: tuple[Patch, ...]
    alternatives: tuple[Where, ...] = ()  # of the mechanism: those that were taken
    call: str = ""  # what userspace does to turn the knob on
    prior_art: tuple[PriorArt, ...] = ()  # of those that the description names, the tree's
    redundant: str = ""  # why the tree has it already, where it was made all the same
    brought: tuple[Plan, ...] = ()
    placed: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[Plan, ...]:
        """The plans that the series is made of, in their order."""
        return (*self.brought, self)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """All patches of the series."""
        return tuple(patch for part in self.parts for patch in part.own)

    @property
    def files(self) -> Mapping[str, bytes]:
        """Every changed file as it is behind the last patch; none of a plan's removes one."""
        behind = {path: data for patch in self.patches for path, data in patch.files.items()}
        return {path: data for path, data in behind.items() if data is not None}

    @property
    def named_numbers(self) -> Mapping[str, str]:
        """The numbers taken as people say them, `239`, `bit 3` or `0xd2`, by what has them."""
        named: dict[str, str] = {}
        for part in self.parts:
            named |= shown(part.description.knob, part.variant, part.numbers)
            named |= part.placed
        return named

    @property
    def merged(self) -> tuple[Merged, ...]:
        """What Linux has of it meanwhile, whose numbers it takes."""
        return tuple(
            each for part in self.parts for each in merged_as(part.description.knob, part.variant)
        )


def shown(knob: Knob, variant: Variant, numbers: Mapping[str, int]) -> dict[str, str]:
    """The numbers of a variant as people say them, by the names that have them."""
    names = names_of(knob, variant)
    return {names[key]: variant.numbers[key].shown(n) for key, n in numbers.items()}
