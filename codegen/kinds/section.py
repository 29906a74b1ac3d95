# SPDX-License-Identifier: GPL-2.0-only
"""What a description says of any kind of uAPI: why it is this one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from codegen.vocabulary.part import Identifier, Part
from codegen.vocabulary.text import LineText, Prose


class Correction(Part):
    """A sentence of the tree's that the series makes false, and what holds then."""

    section: Annotated[
        LineText | None, Field(description="of the documentation: a word of its title")
    ] = None
    in_: Annotated[
        Identifier | None, Field(alias="in", description="a function with it in a comment")
    ] = None
    says: Annotated[Prose, Field(description="the sentence, or a part of it")]
    put: Annotated[Prose, Field(description="what it says instead")]
    optional: Annotated[bool, Field(description="not every tree says so")] = False


class KindSection(Part):
    """What a description says of a kind.

    `why` is the argument that maintainers ask for first.  `adds` is what the knob gains where a
    tree has prior art for it: without, the prior art is the answer there.  `corrects` is what the
    tree says and the series makes false.
    """

    why: Annotated[Prose, Field(description="why this uAPI and not another, for the list")]
    adds: Annotated[
        Prose | None, Field(description="what it adds where a tree has prior art of the knob")
    ] = None
    corrects: Annotated[
        list[Correction], Field(max_length=16, description="what becomes false of the tree's text")
    ] = []
