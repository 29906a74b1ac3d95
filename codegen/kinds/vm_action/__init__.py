# SPDX-License-Identifier: GPL-2.0-only
"""A capability of VMs that does something whenever userspace enables it, and keeps no value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from codegen.base.findings import Finding
from codegen.kinds.failures import Failure
from codegen.kinds.kind import Kind
from codegen.kinds.packed import ARGS
from codegen.kinds.section import KindSection
from codegen.vocabulary.ccode import CaseSetup, Expression, Setup
from codegen.vocabulary.part import Capability, Expressions, Find, KvmSymbol, Where
from codegen.vocabulary.text import Phrase, Prose


class VmAction(KindSection):
    """`KVM_CAP_*`: KVM_ENABLE_CAP on a VM calls a function of KVM's."""

    capability: Annotated[Capability, Field(description="the capability's name")]
    config: Annotated[
        KvmSymbol | None,
        Field(description="generic code has it, where an architecture selects this symbol"),
    ] = None
    args: Annotated[
        list[Phrase],
        Field(max_length=ARGS, description="what each is, from args[0] on; the rest are 0"),
    ] = []
    does: Annotated[
        Expression,
        Field(description="what is done and returned: 0 or an error, over `kvm` and `args`"),
    ]
    lock: Annotated[
        Literal["lock", "slots_lock"] | None,
        Field(description="the mutex of struct kvm that is held meanwhile"),
    ] = None
    errors: Annotated[list[Failure], Field(max_length=16)] = []
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None
    without: Annotated[
        CaseSetup | None,
        Field(description="in the selftest: makes a `vm` for which the condition does not hold"),
    ] = None
    setup: Annotated[
        Setup | None, Field(description="in the selftest: what a call needs of `vm` and `vcpu`")
    ] = None
    call: Annotated[
        Setup | None, Field(description="in the selftest: fills `args` for a good call")
    ] = None


def _problems(part: VmAction, where: Where, find: Find) -> Iterator[Finding]:
    yield from _arguments(part, where, find)
    if part.args and not part.call:
        hint = "C of the selftest such as `args[0] = 1;`"
        yield find(where, "`call` is missing, which fills `args`", hint)
    if part.call and not part.args:
        yield find((*where, "call"), "there is no argument to fill", "`setup` is for the VM")
    if part.without and not part.condition:
        yield find((*where, "without"), "there is no condition", "leave it out")


def _arguments(part: VmAction, where: Where, find: Find) -> Iterator[Finding]:
    """What `does` uses is said in `args`, and what is said there is used."""
    said = set(range(len(part.args)))
    if re.search(r"\bargs\b(?!\[\d+\])", part.does):  # as a whole
        return
    used = {int(index) for index in re.findall(r"\bargs\[(\d+)\]", part.does)}
    for index in sorted(used - said):
        hint = f"say in `args` what it is, if it is one of the {ARGS}"
        yield find((*where, "does"), f"args[{index}] has to be 0", hint)
    for index in sorted(said - used):
        hint = "leave it out, and it has to be 0"
        yield find((*where, "args", index), f"`does` does not use args[{index}]", hint)


KIND = Kind(section=VmAction, checks={VmAction: _problems})
