# SPDX-License-Identifier: GPL-2.0-only
"""A member that comes with a flag: cut from a struct's padding, since the struct's size is ABI."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from codegen.kinds.structs import Type
from codegen.vocabulary.part import Identifier, Part
from codegen.vocabulary.text import Phrase


class CarriedMember(Part):
    """A member that is read where the flag is set, and is padding as before where it is not."""

    name: Annotated[Identifier, Field(description="the member's name")]
    type: Annotated[Type, Field(description="of a size that is the same everywhere")]
    takes: Annotated[Identifier, Field(description="the padding that it is cut from")]
    means: Annotated[Phrase, Field(description="what it is, for api.rst")]
