# SPDX-License-Identifier: GPL-2.0-only
"""What a kind says of itself to userspace, as data: `templates/KIND/compare/facts.yaml`.

`vmm.c.j2` beside it is what a VMM does to have the knob, in C.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error
from codegen.compare.model import Statement
from codegen.kinds import read_yaml
from codegen.plan.templates import Renderer
from codegen.vocabulary.part import invalid

# The keys of facts.yaml, but for `said`, with what they are about; the second has sentences.
SHORT: Mapping[str, str] = {
    "granularity": "granularity",
    "settable": "when it is set",
    "calls": "calls to turn it on",
    "changes": "may it change later",
    "default": "default",
}
LONG: Mapping[str, str] = {
    "discovered": "how it is discovered",
    "old-vmm": "an old VMM on a new kernel",
    "new-vmm": "a new VMM on an old kernel",
    "mixed": "mixed use",
    "again": "to repeat after a migration or reset",
    "limits": "limits of the ABI",
}
_FOLDER = "compare"


class _Opinion(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str
    kind: Literal["opinion", "fact"]
    what: str
    subject: str = ""


@dataclass(frozen=True)
class Facts:
    """What a kind says, as text for one knob; `vmm` is C."""

    texts: Mapping[str, str]
    said: tuple[Statement, ...]
    vmm: str
    path: str


def facts(templates: Path, variant: str, sees: Mapping[str, Any]) -> Facts | None:
    """What a variant's folder says of a knob that its templates see; None where it says nothing.

    Raises FindingsError for what is wrong there.
    """
    path = templates / variant / _FOLDER / "facts.yaml"
    if not path.is_file():
        return None
    shown = f"templates/{variant}/{_FOLDER}/{path.name}"
    told = dict(read_yaml(path, dict))
    try:
        said = TypeAdapter(list[_Opinion]).validate_python(told.pop("said", []))
    except ValidationError as problem:
        raise invalid(problem, shown, "said") from None
    known = {**SHORT, **LONG}
    if set(told) != set(known):
        odd = sorted(set(told) ^ set(known))[0]
        what = "is missing" if odd in known else "is no key"
        raise error(Finding(f"{odd!r} {what}", shown, hint=f"known: {', '.join(known)}, said"))
    renderer = Renderer(templates, sees)
    texts = {key: _told(renderer, str(told[key]), f"{shown}: {key}") for key in known}
    opinions = tuple(
        Statement(variant, each.when, each.kind, " ".join(each.what.split()), each.subject)
        for each in said
    )
    vmm = renderer.render(f"{variant}/{_FOLDER}/vmm.c").lstrip("\n")
    return Facts(texts, opinions, vmm, shown)


def _told(renderer: Renderer, text: str, where: str) -> str:
    """A text on one line.  Raises FindingsError that says where it is wrong."""
    try:
        return " ".join(renderer.inline(text).split())
    except FindingsError as problem:
        why = str(problem).rpartition(": ")[2]
        raise error(Finding(why, where)) from None
