# SPDX-License-Identifier: GPL-2.0-only
"""What a description says of any kind of uAPI: why it is this one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from codegen.vocabulary.part import Part
from codegen.vocabulary.text import Prose


class KindSection(Part):
    """What a description says of a kind.

    `why` is the argument that maintainers ask for first.  `adds` is what the knob gains where a
    tree has prior art for it: without, the prior art is the answer there.
    """

    why: Annotated[Prose, Field(description="why this uAPI and not another, for the list")]
    adds: Annotated[
        Prose | None, Field(description="what it adds where a tree has prior art of the knob")
    ] = None
