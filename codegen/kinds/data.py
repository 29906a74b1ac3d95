# SPDX-License-Identifier: GPL-2.0-only
"""Kinds that need no Python: `section:` of their `variant.yaml` says what a description has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from codegen.kinds.carried import CarriedMember
from codegen.kinds.kind import Kind
from codegen.kinds.levels import Level
from codegen.kinds.section import KindSection
from codegen.vocabulary.ccode import CaseSetup, CType, Expression, Setup
from codegen.vocabulary.part import (
    Capability,
    Expressions,
    Identifier,
    KvmSymbol,
    Unsigned,
    attribute,
    matching,
)
from codegen.vocabulary.text import Clause, Comment, LineText, Phrase, Prose, Subject, Unit

# By the names that `type:` may have; `symbol` is made of its prefix and suffix.
TYPES: Mapping[str, Any] = {
    "bool": bool,
    "number": Unsigned,
    "level": Level,
    "identifier": Identifier,
    "capability": Capability,
    "config": KvmSymbol,
    "c-type": CType,
    "carried-member": CarriedMember,
    "expression": Expression,
    "expressions": Expressions,
    "setup": Setup,
    "case-setup": CaseSetup,
    "line": LineText,
    "subject": Subject,
    "clause": Clause,
    "phrase": Phrase,
    "prose": Prose,
    "comment": Comment,
    "unit": Unit,
}
_SYMBOL = r"[A-Z][A-Z0-9_]*"


def _type(name: str) -> str:
    if name != "symbol" and name not in TYPES:
        raise ValueError(f"there is no type {name!r}; there are: {', '.join(['symbol', *TYPES])}")
    return name


class KeySpec(BaseModel):
    """One key of a section: the type of its value, what it is about, what it is if left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Annotated[str, AfterValidator(_type)]
    about: str
    prefix: Annotated[str, Field(pattern=rf"^({_SYMBOL})?$")] = ""
    suffix: Annotated[str, Field(pattern=r"^[A-Z0-9_]*$")] = ""
    optional: bool = False
    default: bool | int | str | None = None

    def field(self) -> tuple[Any, Any]:
        """The type and the default, as pydantic has them."""
        made: Any = Annotated[self._value(), Field(description=self.about)]
        if self.optional:
            return made | None, self.default
        return made, ... if self.default is None else self.default

    def _value(self) -> Any:
        if self.type != "symbol":
            return TYPES[self.type]
        pattern = rf"^{self.prefix}[A-Z0-9_]*[A-Z0-9]{self.suffix}$"
        return Annotated[str, matching(pattern, f"{self.prefix}SMALL_PAGES{self.suffix}")]


def data_kind(name: str, summary: str, keys: Mapping[str, KeySpec]) -> Kind:
    """The kind of a folder `name` whose section has these keys."""
    fields: dict[str, Any] = {attribute(key): spec.field() for key, spec in keys.items()}
    title = "".join(word.capitalize() for word in re.split("[-_]", name))
    section = create_model(title, __base__=KindSection, __doc__=f"{summary}.", **fields)
    return Kind(section)
