# SPDX-License-Identifier: GPL-2.0-only
"""No uAPI: KVM decides by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.fields import Bool
from codegen.kinds.kind import Kind
from codegen.kinds.section import KindSection
from codegen.vocabulary.ccode import Expression, Setup
from codegen.vocabulary.part import Expressions, Find, Where
from codegen.vocabulary.text import Prose, Subject


class Hardcoded(KindSection):
    """No uAPI: an expression over kernel state, or a field and what it is set to."""

    expression: Annotated[Expressions | None, Field(description="what the predicate returns")] = (
        None
    )
    field: Bool | None = None
    value: Annotated[Expressions | None, Field(description="what the field is set to")] = None
    expected: Annotated[
        Expression, Field(description="in the selftest: whether the knob is on")
    ] = "true"
    subject: Annotated[
        Subject | None, Field(description="the subject of the patch and of the cover letter")
    ] = None
    setup: Annotated[
        Setup | None, Field(description="in the selftest: what makes KVM decide so, before vCPUs")
    ] = None
    off_untested: Annotated[
        Prose | None,
        Field(description="why no selftest can see the knob off, where KVM decides otherwise"),
    ] = None


def _problems(part: Hardcoded, where: Where, find: Find) -> Iterator[Finding]:
    hint = "an expression, or a field and the value that it is set to"
    if not part.expression and not part.field and not part.value:
        yield find(where, "how KVM decides is missing", hint)
    if part.expression and (part.field or part.value):
        other = "field" if part.field else "value"
        yield find((*where, other), "`expression` says how KVM decides already", hint)
    elif part.field and not part.value:
        yield find((*where, "field"), "`field` needs `value`: what it is set to", "")
    elif part.value and not part.field:
        yield find((*where, "value"), "`value` needs `field`: what is set to it", "")


KIND = Kind(
    section=Hardcoded,
    decides_by=lambda section: "kvm" if section.field else "",
    checks={Hardcoded: _problems},
)
