# SPDX-License-Identifier: GPL-2.0-only
"""Variants: folders of `templates/` that hold a `variant.yaml` and what it names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codegen.errors import UsageError
from codegen.findings import Finding, error


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        populate_by_name=True,
    )


class NumberSpec(_Part):
    """A number that the variant takes, from the family `prefix*suffix`."""

    prefix: str
    suffix: str = ""
    bits: bool = False
    limit: int = 64
    below: int = 1 << 31


class Requirement(_Part):
    """What a tree must have; `unless` is an expression over what templates see."""

    unless: str
    reason: str


class EditSpec(_Part):
    """One line of an edit list: the site, its arguments, the template for the text, when."""

    site: str
    text: str
    with_: Annotated[dict[str, Any], Field(alias="with")] = {}
    when: str | None = None
    per_arch: bool = False


class PatchSpec(_Part):
    """One patch; `<name>.subject.j2` and `<name>.message.j2` are its commit message."""

    name: str
    edits: list[EditSpec]
    topic: str | None = None


class Variant(_Part):
    """What `variant.yaml` says."""

    name: str = ""
    described_by: Annotated[str, Field(alias="section")] = ""
    summary: str
    names: list[str]
    names_if: str | None = None
    only_on: str | None = None
    numbers: dict[str, NumberSpec] = {}
    requires: list[Requirement] = []
    value: str
    needs_argument: str
    patches: list[PatchSpec]

    @property
    def section(self) -> str:
        """The key of a knob that describes this variant, as an attribute."""
        return (self.described_by or self.name).replace("-", "_")


def variant_names(folder: Path) -> tuple[str, ...]:
    """The variants of a folder of templates, in the order of their names."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/variant.yaml")))


@lru_cache(maxsize=32)
def load_variant(folder: Path, name: str) -> Variant:
    """A variant by name. Raises UsageError for an unknown one, FindingsError for a wrong one."""
    known = variant_names(folder)
    if name not in known:
        raise UsageError(f"there is no variant {name!r}; there are: {', '.join(known)}, all")
    path = folder / name / "variant.yaml"
    try:
        said = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return Variant.model_validate({**said, "name": name})
    except (ValidationError, yaml.YAMLError, TypeError) as problem:
        raise error(Finding(f"{name}/variant.yaml: {problem}", str(path))) from None
