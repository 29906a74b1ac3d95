# SPDX-License-Identifier: GPL-2.0-only
"""What a kind is asked: what do your templates see of this section, on this tree?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from codegen.base.findings import Finding
from codegen.c.pattern import find
from codegen.description.load import Description
from codegen.description.model import Knob
from codegen.kernel.numbers import NumberMacro, constants, enumerators
from codegen.kernel.survey import Survey
from codegen.kinds.levels import IOCTLS
from codegen.kinds.masks import cases
from codegen.sites.language import Scope
from codegen.sites.vm import ENABLING


class TreeFacts:
    """What templates may ask of the tree."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey

    @cached_property
    def _macros(self) -> Mapping[str, NumberMacro]:
        return {each.name: each for each in constants(self._survey)}

    @cached_property
    def _enumerators(self) -> Mapping[str, str]:
        return enumerators(self._survey)

    def macro(self, name: str) -> bool:
        """Whether a uAPI header of the tree defines it, be it a number or not."""
        if name in self._macros or name in self._enumerators:
            return True
        headers = (p for p in self._survey.kvm_prefixes() if "uapi" in p)
        return any(
            self._survey.source(path).find("macro", name)
            for path in self._survey.holding(name, headers)
        )

    def declares(self, name: str) -> bool:
        """Whether a header of KVM's generic code declares that function."""
        headers = self._survey.holding(f"{name}(", self._survey.folders.code)
        return any(path.endswith(".h") for path in headers)

    def enables(self, capability: str) -> bool:
        """Whether an architecture's code has a case for it where it enables others for VMs."""
        return any(
            any(True for _ in cases(self._survey, capability, ENABLING, arch, capability))
            for arch in self._survey.architectures
        )

    def lacking(self, names: Sequence[str]) -> str:
        """The first of some names that no uAPI header defines; empty where all are there."""
        return next((name for name in names if not self.macro(name)), "")

    def does(self, capability: str, *patterns: str) -> bool:
        """Whether an architecture's code has one of some patterns where it enables a capability."""
        return any(
            any(find(pattern, case.inner))
            for arch in self._survey.architectures
            for case in cases(self._survey, capability, ENABLING, arch, capability)
            for pattern in patterns
        )

    def taken(self, ioctls: Sequence[str], level: str) -> str:
        """The first of some ioctls that who answers those of a level takes already."""
        called = IOCTLS[level]
        generic = (None, Scope(function=f"kvm_{called}_ioctl"))
        own = Scope(function=f"kvm_arch_{called}_ioctl")
        for name in ioctls:
            for arch, scope in (generic, *((arch, own) for arch in self._survey.architectures)):
                if any(True for _ in cases(self._survey, name, (scope,), arch, name)):
                    return name
        return ""

    def where(self, name: str) -> str:
        """`file:line` of a uAPI macro or enumerator; empty where there is none."""
        return (
            self._macros[name].where() if name in self._macros else self._enumerators.get(name, "")
        )


@dataclass(frozen=True)
class Asked:
    """A section of a description and the tree that it is for.

    `key` is the section's in the description; `chosen` has, for each key of the section that is a
    list of expressions, the one that fits the tree, or an empty text.
    """

    description: Description
    key: str
    section: Any
    survey: Survey
    tree: TreeFacts
    chosen: Mapping[str, str]

    @property
    def knob(self) -> Knob:
        """The whole knob."""
        return self.description.knob

    def finding(self, where: Sequence[str | int], message: str, hint: str = "") -> Finding:
        """A finding about a value of the section."""
        return self.description.finding((self.key, *where), message, hint)
