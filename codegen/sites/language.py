# SPDX-License-Identifier: GPL-2.0-only
"""The language of places: what `places.yaml` of a folder of templates says of a tree.

A place is looked for in scopes (functions, sections of a document), the first that has it; it is
known by shapes, the first that fits; and it is before, after or instead of what was found.  What a
tree calls things are the holes of the patterns: templates see them as `place.names`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from codegen.c.pattern import holes
from codegen.vocabulary.part import dashed, invalid


def _several(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _shape(value: Any) -> Any:
    return {"pattern": value} if isinstance(value, str) else value


class _Said(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=dashed, populate_by_name=True
    )


class Functions(_Said):
    """Functions by what they hold: words of their text, patterns of their parameters."""

    of: Literal["generic", "arch"]
    arch: str | None = None  # for a kind that one architecture has
    naming: list[str] = []
    lacking: list[str] = []
    taking: list[str] = []


class Sections(_Said):
    """Sections of a document by a word of their title, and by what stands in them."""

    titled: str
    having: list[str] = []
    lacking: list[str] = []


class Scope(_Said):
    """Where a place is looked for: in C by one of the first three, in a document by the others."""

    function: str | None = None
    functions: Functions | None = None
    struct: str | None = None  # a definition of it
    section: str | None = None  # a word of its title
    chapter: str | None = None  # a word of its title
    sections: Sections | None = None  # the chapter that has most of these


class MaskPlace(_Said):
    """What is put into a mask: where the operand of a hole is written as `|` of such names."""

    hole: str
    of: str  # a name, or the beginning of names with a `_` at its end


class Shape(_Said):
    """One way to write what is looked for.

    C: a pattern, and `given` what has to stand before it in the function, the first that does.
    A document: a line with `*`, a paragraph with all these words, or the literal block that begins
    with such a one, from its `::` on and with the blank lines above.
    """

    pattern: str = ""
    given: Annotated[list[str], BeforeValidator(_several)] = []
    names: list[str] = []  # holes that must be one name
    into: MaskPlace | None = None
    line: str | None = None
    paragraph: list[str] = []
    literal: list[str] = []
    table: bool = False


class Told(_Said):
    """A call by which a tree tells something: by its arguments, a word or a local made of it.

    Or by what stands around it: the word, and something of the shape of one `near`.
    """

    call: Annotated[list[str], BeforeValidator(_several)]  # what names of functions begin with
    about: str
    near: Annotated[list[str], BeforeValidator(_several)] = []


class Taken(_Said):
    """What takes something that lasts to the end of its block, or `until` it is given back.

    Or `over` the one statement behind it.
    """

    by: Annotated[list[str], BeforeValidator(_several)]
    until: str = ""
    over: Literal["block", "statement"] = "block"


_Shapes = Annotated[list[Annotated[Shape, BeforeValidator(_shape)]], BeforeValidator(_several)]
_Put = Literal[
    "labels", "before", "after", "instead", "start", "above", "behind", "end", "new-section"
]


class Otherwise(_Said):
    """What is looked for where the scopes have none of the shapes, in them or `in` others.

    Templates see `place.names.alone`.
    """

    in_: Annotated[list[Scope], BeforeValidator(_several), Field(alias="in")] = []
    find: _Shapes = []
    ends: list[str] = []
    level: int | None = None
    kept: list[str] = []
    pick: Literal["only", "first", "last"] = "only"
    put: _Put

    def said(self) -> dict[str, Any]:
        """Its keys and values, as those of a place."""
        said = {key: getattr(self, key) for key in type(self).model_fields}
        return said if self.in_ else {key: said[key] for key in said if key != "in_"}


class PlaceSpec(_Said):
    """A place as data; see docs/sites.md."""

    about: str
    per_arch: bool = False
    given: list[str] = []  # what an edit list says `with:`, for `{name}` in the texts below
    in_: Annotated[list[Scope], BeforeValidator(_several), Field(alias="in")]
    takes: list[str] = []  # patterns of parameters, for their holes
    ends: list[str] = []  # patterns whose last match has further holes
    known: list[str] = []  # holes that must be found, and be one name
    find: _Shapes = []
    level: int | None = None  # how many `{` are open; no `#if`
    straight: bool = False  # reached whenever the function succeeds
    kept: list[str] = []  # holes that the function sets no more behind the block of the place
    pick: Literal["only", "first", "last", "most", "most-labels"] = "only"
    put: _Put
    outside: list[Taken] = []  # what must not be held there, by no caller either
    otherwise: Otherwise | None = None
    what: str = ""  # what is looked for, for messages
    how: str = ""  # what the place is, for people who read what was found
    word: str = ""  # which word files name that may have it, for messages
    if_none: Literal["refuse", "skip"] = "refuse"
    unless: Told | None = None  # what shows that there is one, written otherwise
    opposite: _Shapes = []  # what shows that there is none: the same, said the other way round

    @cached_property
    def holes(self) -> tuple[str, ...]:
        """The names of all holes; where nothing matched one, `place.names` has an empty text."""
        shapes = (*self.find, *(self.otherwise.find if self.otherwise else ()))
        said = [*self.takes, *self.ends, *(self.otherwise.ends if self.otherwise else ())]
        said += [p for shape in shapes for p in (shape.pattern, *shape.given)]
        return tuple(sorted({name for each in said for name in holes(each)}))

    def filled(self, said: Mapping[str, str]) -> PlaceSpec:
        """The place with what an edit list says of it."""
        if not self.given:
            return self
        return type(self).model_validate(_filled(self.model_dump(by_alias=True), said))

    @property
    def is_document(self) -> bool:
        """Whether it is a place in a document."""
        return not any(s.function or s.functions or s.struct for s in self.in_)


def _filled(value: Any, said: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, said) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, said) for each in value]
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda name: said.get(name[1], name[0]), value)
    return value


_PLACES = TypeAdapter(dict[str, PlaceSpec])


def read_places(path: Path, said: Mapping[str, Any]) -> Mapping[str, PlaceSpec]:
    """The places that a `places.yaml` says.  Raises FindingsError with the key that is wrong."""
    try:
        return _PLACES.validate_python(said)
    except ValidationError as problem:
        shown = f"templates/{path.parent.name}/{path.name}"
        raise invalid(problem, shown) from None
