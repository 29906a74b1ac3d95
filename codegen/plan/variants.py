# SPDX-License-Identifier: GPL-2.0-only
"""Variants: folders of `templates/` that hold a `variant.yaml` and what it names."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codegen.base.errors import UsageError
from codegen.base.findings import Finding, error
from codegen.base.nearest import did_you_mean, nearest
from codegen.description.model import Knob
from codegen.kernel.numbers import Family, family
from codegen.kernel.survey import Survey
from codegen.kinds import Kind, edit_list, kinds_of, read_yaml
from codegen.kinds.section import Correction
from codegen.plan.sites import PLACES, SITES
from codegen.vocabulary.part import attribute, dashed

# The edit that has the predicate return the variant's value: replaced, or defined where it is not.
PREDICATE = "predicate"


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=dashed,
        populate_by_name=True,
    )


class NumberSpec(_Part):
    """A number that the variant takes, from the family `prefix*suffix`.

    A prefix that a description says is a template, until `Variant.numbered()`.
    """

    prefix: str
    suffix: str = ""
    bits: bool = False
    limit: int = 64
    below: int = 1 << 31
    ioctls_below: int = 0  # a family of ioctls, of those with numbers below it
    may_begin: bool = False  # a tree may have none of the family yet: it begins at 0
    when: str | None = None  # taken where that holds only
    when_full: str = ""  # what to tell where there is no next one

    def family(self, survey: Survey) -> Family:
        """The macros of a tree that share the space of numbers."""
        return family(
            survey,
            self.prefix,
            self.suffix,
            bits=self.bits,
            limit=self.limit,
            ioctls_below=self.ioctls_below,
        )

    def shown(self, number: int) -> str:
        """A number as people say it."""
        if self.ioctls_below:
            return f"0x{number:02x}"
        return f"bit {number}" if self.bits else str(number)

    @property
    def most(self) -> int:
        """The highest number that there can be."""
        return (self.limit if self.bits else self.ioctls_below or self.below) - 1


class Requirement(_Part):
    """What a tree must have; `unless` is an expression over what templates see."""

    unless: str
    reason: str


class EditSpec(_Part):
    """One line of an edit list: the site, its arguments, the template for the text, when.

    Without a text, the place has to be there and stays as it is.
    """

    site: str
    text: str = ""
    with_: Annotated[dict[str, Any], Field(alias="with")] = {}
    when: str | None = None
    per_arch: bool = False
    # constants of the knob: they come with the mechanism if that uses them already
    early: bool = False
    number_of: str | None = None  # the name that takes the number that the place says


class PatchSpec(_Part):
    """One patch; `<name>.subject.j2` and `<name>.message.j2` are its commit message."""

    name: str
    edits: list[EditSpec]
    topic: str | None = None


class Variant(_Part):
    """What `variant.yaml` says."""

    name: str = ""
    described_by: Annotated[str | dict[str, Any], Field(alias="section")] = ""
    summary: str
    call: str
    names: list[str]
    names_if: dict[str, str] = {}  # names that are new only where that holds
    only_on: str | None = None
    gated: bool = False  # what nothing acts on is kept from userspace, by a symbol of Kconfig
    numbers: dict[str, NumberSpec] = {}
    requires: list[Requirement] = []
    value: str = ""  # left out where the uAPI does something itself, and no predicate is asked
    decides_by: str | None = None
    so_far: str = ""  # of a mechanism that asks no predicate: what there is of the uAPI behind it
    corrects: list[Correction] = []  # what is false of the tree's text with any such uAPI
    mends: list[PatchSpec] = []  # what has to be mended first, on trees where it has to be
    patches: list[PatchSpec]

    @property
    def families(self) -> tuple[NumberSpec, ...]:
        """The families of numbers that the kind has whatever a description says."""
        return tuple(spec for spec in self.numbers.values() if "{" not in spec.prefix)

    @property
    def size(self) -> int:
        """How many lines its edit lists have: about as long does it take to make a series."""
        return sum(len(patch.edits) for patch in (*self.mends, *self.patches))

    def numbered(self, said: Callable[[str], str], holds: Callable[[str | None], bool]) -> Variant:
        """With the families that a description says; `said` renders a text of the edit list, and
        `holds` says whether an expression of it does.
        """
        numbers = {
            key: spec.model_copy(update={"prefix": said(spec.prefix)})
            for key, spec in self.numbers.items()
            if holds(spec.when)
        }
        return self.model_copy(update={"numbers": numbers})

    def named(self, said: Any, keys: Container[str] | None = None) -> tuple[str, ...]:
        """The new names in the tree that a description's section says, by some `keys` or all."""
        told = (key for key in self.names if keys is None or key in keys)
        names = (getattr(said, attribute(key)) for key in told)
        return tuple(str(name) for name in names if name is not None)

    @property
    def section(self) -> str:
        """The kind whose section of a description is this variant's: its own, or one it names."""
        return self.described_by if isinstance(self.described_by, str) else self.name


def variant_names(folder: Path) -> tuple[str, ...]:
    """The variants of a folder of templates, in the order of their names."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/variant.yaml")))


def described(folder: Path, knob: Knob) -> tuple[Variant, ...]:
    """The variants that a knob describes, in the order of their names."""
    known = (load_variant(folder, name) for name in variant_names(folder))
    return tuple(each for each in known if knob.section(each.section) is not None)


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
        said = {"section": name, **edit_list(path), "name": name}
        for key in ("mends", "patches"):
            if isinstance(said.get(key), list):
                said[key] = [_whole(folder, patch, shown) for patch in said[key]]
        made = Variant.model_validate(said)
    except ValidationError as problem:
        raise error(*(Finding(_said(each), shown) for each in problem.errors())) from None
    mistakes = [
        Finding(text, shown, hint=hint)
        for text, hint in (*_names(made, kinds_of(folder)), *_sites(made))
    ]
    if mistakes:
        raise error(*mistakes)
    return made


def _whole(folder: Path, patch: Any, shown: str) -> Any:
    """A patch with the edits of the lists that it uses."""
    if not isinstance(patch, dict) or not isinstance(patch.get("edits"), list):
        return patch
    return {**patch, "edits": [e for each in patch["edits"] for e in _used(folder, each, shown)]}


def _used(folder: Path, edit: Any, shown: str) -> Sequence[Any]:
    if not isinstance(edit, dict) or set(edit) != {"use"}:
        return [edit]
    known = sorted(f"common/{p.stem}" for p in folder.glob("common/*.yaml") if p.name != PLACES)
    if edit["use"] not in known:
        hint = f"known: {', '.join(known)}"
        raise error(Finding(f"there is no list {edit['use']!r}", shown, hint=hint))
    path = folder / f"{edit['use']}.yaml"
    return list(read_yaml(path, list))


def _said(problem: Any) -> str:
    where = ": ".join(str(part) for part in problem["loc"])
    words = {"extra_forbidden": "is no key of an edit list", "missing": "is missing"}
    return f"{where}: {words.get(problem['type'], problem['msg'])}"


def _names(variant: Variant, kinds: Mapping[str, Kind]) -> Iterator[tuple[str, str]]:
    """What is wrong with the section that describes the variant, and with keys of it."""
    if variant.section not in kinds:
        known = ", ".join(kinds)
        yield f"section: a description has no section {variant.section!r}", f"known: {known}"
        return
    keys = {dashed(name) for name in kinds[variant.section].section.model_fields}
    for name in {*variant.names, *variant.numbers} - keys:
        hint = f"known: {', '.join(sorted(keys))}"
        yield f"names, numbers: {variant.section} has no key {name!r}", hint


def _sites(variant: Variant) -> Iterator[tuple[str, str]]:
    """What is wrong with the edits: sites that are not there, and what they ask for."""
    for edit in (e for patch in (*variant.mends, *variant.patches) for e in patch.edits):
        if edit.site == PREDICATE:
            continue
        if edit.site not in SITES:
            near = nearest(edit.site, [PREDICATE, *SITES])
            hint = f"did you mean {near}?" if near else f"known: {', '.join(SITES)}"
            yield f"there is no site {edit.site!r}", hint
            continue
        site = SITES[edit.site]
        if site.per_arch != edit.per_arch:
            right = "say `per-arch: true`" if site.per_arch else "leave `per-arch` out"
            yield f"{edit.site}: {right}", "docs/sites.md says which sites every architecture has"
        needed = {name for name, optional in site.takes.items() if not optional}
        if needed - set(edit.with_) or set(edit.with_) - set(site.takes):
            takes = (name + "?" * optional for name, optional in site.takes.items())
            right = ", ".join(takes) or "nothing"
            given = ", ".join(edit.with_) or "nothing"
            yield f"{edit.site}: `with:` has {given}", f"it takes {right} (`?`: may be left out)"
