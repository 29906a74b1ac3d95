# SPDX-License-Identifier: GPL-2.0-only
"""What a kind of uAPI says of itself to those who read descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from codegen.base.findings import Finding
from codegen.kinds.section import KindSection
from codegen.vocabulary.part import Find, Part, Where

PartCheck = Callable[[Any, Where, Find], Iterator[Finding]]
# A section (None where a description has none of the kind) and the whole knob.
KnobCheck = Callable[[Any, Any, Find], Iterator[Finding]]


def _by_vm(section: Any) -> str:
    return "kvm"


def _always(section: Any) -> bool:
    return True


@dataclass(frozen=True)
class Kind:
    """A kind: `section` is the model of what a description says of it.

    `decides_by` says for a section which struct the predicate must get a pointer to, such as
    `kvm`; empty for none.  `checks` are about one part that is well formed, by its class, and
    `together` about how the section goes with the rest of a knob, by the attributes of the knob
    that have to be well formed for it.  `only_on` is the architecture that has the kind, where
    only one has.  `answers` says of a section whether it is what a predicate of the kernel's asks
    for; one that does something itself has none.
    """

    section: type[KindSection]
    decides_by: Callable[[Any], str] = _by_vm
    checks: Mapping[type[Part], PartCheck] = field(default_factory=dict)
    together: Mapping[frozenset[str], KnobCheck] = field(default_factory=dict)
    only_on: str | None = None
    answers: Callable[[Any], bool] = _always
