# SPDX-License-Identifier: GPL-2.0-only
"""What a series is made of, as a key of the store, and series that were made of it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, HereAlready, NotHere
from codegen.base.resources import resources
from codegen.description.load import Description
from codegen.plan.context import Reserved
from codegen.plan.sites import PLACES, SITES
from codegen.plan.variants import Variant, load_variant
from codegen.series.make import Generated
from codegen.store import owncode
from codegen.store.store import Kept, key, store
from codegen.tree.locate import TreeLocation

_KIND = "series"
# The rooms that take part, and the packages: a test holds the first to what is imported.
ROOMS = (
    "base", "architectures", "vocabulary", "c", "tree", "store", "uapi", "kernel", "sites",
    "style", "kinds", "description", "sandbox", "mail", "plan", "series",
)  # fmt: skip
_PACKAGES = ("jinja2", "libclang")
_SHARED = "common"  # the folder of templates that belongs to no kind


@dataclass(frozen=True)
class Known:
    """A series that was made, or the reason why there is none: all that others tell of it.

    `refused` has findings, and nothing else is there then; `already` if it is as the tree has what
    the series is for, `failed` if it is no answer but a mistake, or a place that is not found.
    """

    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    call: str = ""
    named_numbers: Mapping[str, str] | None = None
    prior_art: tuple[Mapping[str, str], ...] = ()
    refused: tuple[Finding, ...] = ()
    already: bool = False
    failed: bool = False

    @property
    def patches(self) -> tuple[str, ...]:
        """The names of the patches' files, in their order."""
        return tuple(patch["file"] for patch in self.manifest.get("patches", ()))

    @property
    def tip(self) -> str:
        """The id of the tree behind the last patch."""
        return str(self.manifest["patches"][-1]["tree"])


def identity(
    description: Description,
    variant: Variant,
    location: TreeLocation,
    reserved: Reserved | None = None,
    *,
    redundant: bool = False,
) -> str | None:
    """The key of a series; None for a tree that is a folder, which may change at any time."""
    if location.commit is None:
        return None
    numbers = (reserved or Reserved()).numbers
    where = (location.name, location.spec, location.commit)
    told = (description.path, description.files(description.path))
    needed = [load_variant(resources("templates"), name) for _, name in description.needed]
    packages = [version(name) for name in _PACKAGES]
    asked = ({k: sorted(v) for k, v in numbers.items()}, redundant)
    return key(
        owncode.code(ROOMS),
        [_templates(each) for each in (variant, *needed)],
        packages,
        where,
        told,
        asked,
    )


@lru_cache(maxsize=32)
def _templates_of(folders: tuple[str, ...]) -> str:
    root = resources("templates")
    own = (path for folder in folders for path in (root / folder).iterdir() if path.is_file())
    return owncode.digest(root, own)


def _templates(variant: Variant) -> str:
    """The digest of the folders that a variant's texts and places come from."""
    return _templates_of(folders_of(variant, resources("templates")))


def folders_of(variant: Variant, root: Path) -> tuple[str, ...]:
    """The folders of templates that a variant is made of: its own and those that it names.

    What lies in a folder of such a folder makes no series.
    """
    known = sorted(path.name for path in root.iterdir() if path.is_dir())
    found: list[str] = []
    left = [variant.name, variant.section, _SHARED, *_of_places(variant, root, known)]
    while left:
        folder = left.pop()
        if folder in found:
            continue
        found.append(folder)
        text = "\n".join(p.read_text() for p in (root / folder).iterdir() if p.is_file())
        left += [name for name in known if f"{name}/" in text]
    return tuple(sorted(found))


def _of_places(variant: Variant, root: Path, known: list[str]) -> Iterator[str]:
    """The folders whose places the variant's edits go to."""
    sites = {edit.site for patch in variant.patches for edit in patch.edits} & set(SITES)
    for name in known:
        path = root / name / PLACES
        if path.is_file() and any(f"\n{site}:" in f"\n{path.read_text()}" for site in sites):
            yield name


def remember(made: Generated, name: str | None) -> Known:
    """What others tell of a series, kept for the next time; `name` is its key, if it has one."""
    found = Known(
        files=made.files,
        manifest=made.manifest,
        call=made.plan.call,
        named_numbers=made.plan.named_numbers,
        prior_art=tuple(art.model_dump() for art in made.plan.prior_art),
    )
    if name and not made.unaddressed:
        told = {"call": found.call, "numbers": found.named_numbers, "prior_art": found.prior_art}
        store().put(_KIND, name, {**told, "manifest": made.manifest}, made.files)
    return found


def refused(problem: FindingsError) -> Known:
    """The series that there is not, with what was found instead."""
    findings = (e if isinstance(e, Finding) else Finding(str(e)) for e in problem.findings)
    already, failed = isinstance(problem, HereAlready), not isinstance(problem, NotHere)
    return Known({}, {}, refused=tuple(findings), already=already, failed=failed)


def remember_answer(answer: NotHere, name: str | None) -> Known:
    """The same of the answer that there is none, kept for the next time."""
    found = refused(answer)
    if name:
        findings = [each.as_json() for each in found.refused]
        store().put(_KIND, name, {"refused": findings, "already": found.already})
    return found


def recall(name: str | None) -> Known | None:
    """The series of a key, or the answer; None where nobody has made it."""
    kept = store().get(_KIND, name) if name else None
    try:
        return _known(kept) if kept else None
    except (FileNotFoundError, LookupError, TypeError):
        return None


def _known(kept: Kept) -> Known:
    said = kept.said
    if "refused" in said:
        findings = tuple(Finding(**each) for each in said["refused"])
        return Known({}, {}, refused=findings, already=said["already"])
    files = {name: kept.read(name) for name in kept.files}
    art = tuple(said["prior_art"])
    return Known(files, said["manifest"], said["call"], said["numbers"], art)
