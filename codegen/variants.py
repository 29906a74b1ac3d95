# SPDX-License-Identifier: GPL-2.0-only
"""Variants: folders of `templates/` that hold a `variant.yaml` and what it names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codegen.description.model import Knob
from codegen.errors import UsageError
from codegen.findings import Finding, error
from codegen.nearest import did_you_mean, nearest
from codegen.sites import SITES

# The edit that has the predicate return the variant's value: replaced, or defined where it is not.
PREDICATE = "predicate"


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
    # constants of the knob: they come with the mechanism if that uses them already
    early: bool = False


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
    call: str
    names: list[str]
    names_if: str | None = None
    only_on: str | None = None
    numbers: dict[str, NumberSpec] = {}
    requires: list[Requirement] = []
    value: str
    needs_argument: Literal["kvm", "slot"]
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
        names = [*known, "all"]
        near = did_you_mean(name, names)
        raise UsageError(f"there is no variant {name!r}{near}; there are: {', '.join(names)}")
    path = folder / name / "variant.yaml"
    shown = f"templates/{name}/variant.yaml"
    try:
        said = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        made = Variant.model_validate({**said, "name": name})
    except ValidationError as problem:
        raise error(*(Finding(_said(each), shown) for each in problem.errors())) from None
    except (yaml.YAMLError, TypeError) as problem:
        raise error(Finding(f"no YAML with keys: {problem}", shown)) from None
    mistakes = [Finding(text, shown, hint=hint) for text, hint in (*_names(made), *_sites(made))]
    if mistakes:
        raise error(*mistakes)
    return made


def _said(problem: Any) -> str:
    where = ": ".join(str(part) for part in problem["loc"])
    words = {"extra_forbidden": "is no key of an edit list", "missing": "is missing"}
    return f"{where}: {words.get(problem['type'], problem['msg'])}"


def _names(variant: Variant) -> Iterator[tuple[str, str]]:
    """What is wrong with the section that describes the variant, and with keys of it."""
    sections = {name for name, field in Knob.model_fields.items() if _keys(field.annotation)}
    if variant.section not in sections:
        known = ", ".join(sorted(name.replace("_", "-") for name in sections))
        said = variant.described_by or variant.name
        yield f"section: a description has no section {said!r}", f"known: {known}"
        return
    keys = _keys(Knob.model_fields[variant.section].annotation)
    for name in {*variant.names, *variant.numbers} - set(keys):
        hint = f"known: {', '.join(sorted(keys))}"
        yield f"names, numbers: {variant.section} has no key {name!r}", hint


def _keys(annotation: Any) -> tuple[str, ...]:
    """The keys of a section: of the pydantic model that a field of a description may hold."""
    for kind in get_args(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return tuple(kind.model_fields)
    return ()


def _sites(variant: Variant) -> Iterator[tuple[str, str]]:
    """What is wrong with the edits: sites that are not there, and what they ask for."""
    for edit in (edit for patch in variant.patches for edit in patch.edits):
        if edit.site == PREDICATE:
            continue
        if edit.site not in SITES:
            near = nearest(edit.site, [PREDICATE, *SITES])
            hint = f"did you mean {near}?" if near else f"known: {', '.join(SITES)}"
            yield f"there is no site {edit.site!r}", hint
            continue
        parameters = dict(signature(SITES[edit.site]).parameters)
        asked = {p.name: p for p in parameters.values() if p.kind is p.KEYWORD_ONLY}
        if ("arch" in asked) != edit.per_arch:
            right = "say `per-arch: true`" if "arch" in asked else "leave `per-arch` out"
            yield f"{edit.site}: {right}", "docs/sites.md says which sites every architecture has"
        asked.pop("arch", None)
        needed = {name for name, p in asked.items() if p.default is p.empty}
        if needed - set(edit.with_) or set(edit.with_) - set(asked):
            right = ", ".join(name + ("" if name in needed else "?") for name in asked) or "nothing"
            given = ", ".join(edit.with_) or "nothing"
            yield f"{edit.site}: `with:` has {given}", f"it takes {right} (`?`: may be left out)"
