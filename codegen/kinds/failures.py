# SPDX-License-Identifier: GPL-2.0-only
"""The errors of a function of the developer's, as kinds that call one have them described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from codegen.vocabulary.ccode import Setup
from codegen.vocabulary.part import Errno, Part
from codegen.vocabulary.text import Clause


class Failure(Part):
    """An error of the developer's function: when, and a call of the selftest that gets it."""

    error: Annotated[Errno, Field(description="as errno has it, without a sign")]
    when: Annotated[Clause, Field(description="a clause for the documentation")]
    call: Annotated[
        Setup | None,
        Field(description="in the selftest: what makes a good `args`, or `arg`, such a call"),
    ] = None


def reasons(
    own: Mapping[str, Sequence[str]], errors: Iterable[Failure]
) -> Mapping[str, tuple[str, ...]]:
    """Each error with all that it is returned for: what gen's own code refuses, then the rest."""
    found = {error: tuple(whens) for error, whens in own.items() if whens}
    for each in errors:
        found[each.error] = (*found.get(each.error, ()), each.when)
    return found
