# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of actions of VMs see, and how they say them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codegen.kinds.failures import reasons
from codegen.kinds.packed import ARGS
from codegen.style.filters import listing

if TYPE_CHECKING:
    from codegen.plan.asked import Asked

# `kvm` and `args` where they are names of their own, and no members.
_SAID = re.compile(r"(?<!->)(?<![\w.])(kvm|args)\b")


def context(asked: Asked) -> Mapping[str, Any]:
    """`generic`, the symbol by which generic code has it, `unused`, the arguments that have to be
    0, by number, and `failures`, the errors with the clauses for which each is returned.
    """
    v = asked.section
    unused = tuple(range(len(v.args), ARGS))
    refused = [f"{_listed(unused)} is not 0"]
    refused += ["the capability is not available"] if asked.chosen["condition"] else []
    return {
        "generic": v.config,
        "unused": unused,
        "failures": {
            error: [f"if {when}" for when in whens]
            for error, whens in reasons({"EINVAL": refused}, v.errors).items()
        },
    }


def _listed(numbers: Sequence[int]) -> str:
    """What has to be 0, as documentation says it: arguments, or the flags alone."""
    if len(numbers) in (0, ARGS):
        return "an argument" if numbers else "a flag"
    return listing([f"args[{number}]" for number in numbers], "or")


def said_of(expression: str, kvm: str, args: str) -> str:
    """An expression over `kvm` and `args`, with what they are called where it stands."""
    return _SAID.sub(lambda found: {"kvm": kvm, "args": args}[found[1]], expression)


def nonzero_test(numbers: Sequence[int], cap: str, *, flags: bool) -> str:
    """The C test whether one of these arguments is not 0, or the flags; empty where none counts."""
    named = [f"{cap}->flags"] if flags else []
    return " || ".join([*named, *(f"{cap}->args[{number}]" for number in numbers)])


FILTERS = {"said_of": said_of, "nonzero_test": nonzero_test}
