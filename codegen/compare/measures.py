# SPDX-License-Identifier: GPL-2.0-only
"""What is measured of a knob in a guest, as data beside its description: `measures/KNOB.yaml`.

It is no part of the description: no series changes with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from codegen.base.resources import resources
from codegen.compare.contender import Contender
from codegen.compare.userspace import sees
from codegen.description.load import Description
from codegen.kernel.dialect import translated
from codegen.kernel.survey import Survey
from codegen.kinds import read_yaml
from codegen.plan.templates import Renderer
from codegen.store import owncode
from codegen.store.store import key
from codegen.tree.reader import Tree
from codegen.vocabulary.ccode import TestCode
from codegen.vocabulary.part import Identifier, Part, Unsigned, invalid
from codegen.vocabulary.text import LineText

_TEMPLATE = "measure"
_ROOMS = ("kernel",)  # that take part


class Measure(Part):
    """C that defines guest_code() and measure(), which calls figure(NAME, X, VALUE)."""

    x: Annotated[LineText, Field(description="what is varied")]
    at: Annotated[list[Unsigned], Field(min_length=1, max_length=16, description="its values")]
    figures: Annotated[
        dict[Identifier, LineText], Field(min_length=1, max_length=8, description="by name")
    ]
    code: Annotated[TestCode, Field(description="of a selftest")]


def _path(description: Description) -> Path:
    return description.folder / "measures" / f"{description.knob.name}.yaml"


def measure_of(description: Description) -> Measure | None:
    """What is measured of a knob; None where nothing is.  Raises FindingsError for a wrong file."""
    path = _path(description)
    if not path.is_file():
        return None
    try:
        return Measure.model_validate(read_yaml(path, dict))
    except ValidationError as problem:
        raise invalid(problem, str(path)) from None


def program_key(contender: Contender) -> str:
    """What the program of a variant is made of: the knob's file, the kind's template, and gen."""
    templates, description = resources("templates"), contender.description
    paths = [
        templates / folder / "compare" / f"{_TEMPLATE}.j2"
        for folder in ("common", contender.variant.name)
    ]
    there = owncode.digest(templates, (path for path in paths if path.is_file()))
    own = _path(description)
    text = own.read_text() if own.is_file() else ""
    return key(owncode.code(_ROOMS, "codegen.compare.measures"), there, description.text, text)


def program(contender: Contender, measure: Measure, tree: Tree) -> str | None:
    """The C of the program that measures a variant, as its tree writes it; None where the kind
    does not say how its knob is turned on."""
    templates, name = resources("templates"), contender.variant.name
    template = f"{name}/compare/{_TEMPLATE}"
    if not (templates / f"{template}.j2").is_file():
        return None
    text = Renderer(templates, {**sees(contender), "measure": measure}).render(template)
    return translated(Survey(tree, contender.description.knob.architectures), text)
