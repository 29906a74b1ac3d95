# SPDX-License-Identifier: GPL-2.0-only
"""What a description says. The JSON Schema of `gen schema` is made from these classes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from codegen.description.text import Clause, Code, Line, Prose


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class Part(BaseModel):
    """Every part of a description: frozen, no unknown key, keys written with dashes."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=_dashed, populate_by_name=True
    )


def _matching(pattern: str, length: int = 64) -> StringConstraints:
    return StringConstraints(pattern=pattern, max_length=length)


Name = Annotated[str, _matching(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Identifier = Annotated[str, _matching(r"^[a-z_][a-z0-9_]*$")]
CName = Annotated[str, _matching(r"^[A-Za-z_][A-Za-z0-9_]*$")]
MemFlag = Annotated[str, _matching(r"^KVM_MEM_[A-Z0-9_]+$")]
Capability = Annotated[str, _matching(r"^KVM_CAP_[A-Z0-9_]+$")]
QuirkName = Annotated[str, _matching(r"^KVM_X86_QUIRK_[A-Z0-9_]+$")]
VmTypeName = Annotated[str, _matching(r"^KVM_X86_[A-Z0-9_]+_VM$")]
BitName = Annotated[str, _matching(r"^KVM_[A-Z0-9_]+$")]
ConfigSymbol = Annotated[str, _matching(r"^[A-Z][A-Z0-9_]*$")]
Privilege = Annotated[str, _matching(r"^CAP_[A-Z_]+$")]
Topic = Annotated[str, _matching(r"^(x86|x86/[a-z0-9]+|arm64|s390|RISC-V|PPC|SVM|nSVM|VMX|nVMX)$")]
Arch = Literal["x86", "arm64", "s390", "riscv", "loongarch", "powerpc", "mips"]
Unsigned = Annotated[int, Field(ge=0, lt=1 << 64)]
Header = Annotated[str, _matching(r'^(<[A-Za-z0-9_/.-]+\.h>|"[A-Za-z0-9_/.-]+\.h")$')]
PatchFile = Annotated[str, _matching(r"^[A-Za-z0-9_][A-Za-z0-9_./-]*\.(patch|diff|mbox)$", 200)]
CommitId = Annotated[str, _matching(r"^[0-9a-f]{12,64}$")]
Person = Annotated[str, _matching(r"^[^<>\x00-\x1f]{1,80} <[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>$", 160)]
# A C expression in kernel terms; a list of them is tried in order: the first whose names the
# tree knows is taken.
Expressions = Annotated[list[Code], Field(min_length=1, max_length=8)]


class Edit(Part):
    """One edit by meaning. Exactly one of the ways to name the place is given."""

    in_: Annotated[CName | None, Field(alias="in", description="the function to edit")] = None
    before: Annotated[Code | None, Field(description="the statement to insert before")] = None
    after: Annotated[Code | None, Field(description="the statement to insert after")] = None
    instead_of: Annotated[Code | None, Field(description="the fragment to replace")] = None
    new_function_before: Annotated[CName | None, Field(description="a function of the file")] = None
    include: Annotated[Header | None, Field(description="a header to include")] = None
    remove_macro: Annotated[CName | None, Field(description="a macro that nobody uses now")] = None
    kconfig: Annotated[ConfigSymbol | None, Field(description="a new symbol of virt/kvm")] = None
    put: Annotated[Code | None, Field(description="the text that goes there")] = None
    tight: Annotated[bool, Field(description="no blank line between it and its neighbour")] = False


class Alternative(Part):
    """The mechanism as one kind of tree needs it; the first whose sites all resolve is taken."""

    tree: Annotated[Line, Field(description="what such a tree looks like, for people")]
    edits: Annotated[list[Edit], Field(min_length=1, max_length=64)]
    why: Annotated[Prose | None, Field(description="more for the commit message")] = None


class Predicate(Part):
    """The kernel function that says whether the knob is on, or what its value is."""

    name: Identifier
    args: Annotated[Code, Field(description="its parameters, in C")]
    before: Annotated[
        list[CName],
        Field(min_length=1, max_length=8, description="defined before the first of these functions"),
    ]
    returns: Annotated[Code, Field(description="its type, in C")] = "bool"
    off: Annotated[Code, Field(description="what it returns while nothing sets the knob")] = "false"
    comment: Prose | None = None


class Mechanism(Part):
    """The kernel code that acts on the knob, the same for every variant."""

    subject: Annotated[Line, Field(description="the patch's subject without its prefix")]
    why: Annotated[Prose, Field(description="the patch's changelog")]
    alternatives: Annotated[list[Alternative], Field(max_length=16)] = []
    patches: Annotated[list[PatchFile], Field(max_length=32)] = []
    commits: Annotated[list[CommitId], Field(max_length=32)] = []


class Excluded(Part):
    """A flag that cannot be combined with the knob's; optional where not every tree has it."""

    flag: MemFlag
    optional: bool = False


class MemslotFlag(Part):
    """`KVM_MEM_*`: userspace sets the knob for one memslot."""

    flag: MemFlag
    capability: Annotated[Capability, Field(description="makes the flag discoverable")]
    config: Annotated[ConfigSymbol, Field(description="selected by architectures that accept it")]
    v1: Annotated[bool, Field(description="usable through KVM_SET_USER_MEMORY_REGION as well")]
    mutable: Annotated[bool, Field(description="may change on an existing memslot")] = False
    excludes: Annotated[list[Excluded], Field(max_length=16)] = []
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None


class Bit(Part):
    """A named bit of a capability's argument."""

    name: BitName
    bit: Annotated[int, Field(ge=0, le=31)]
    means: Clause


class Bool(Part):
    """On or off."""

    type: Literal["bool"]
    name: Identifier
    comment: Line | None = None


class Mask(Part):
    """Any of some named bits."""

    type: Literal["mask"]
    name: Identifier
    bits: Annotated[list[Bit], Field(min_length=1, max_length=32)]
    comment: Line | None = None


class Number(Part):
    """A number with a range, a unit and a default."""

    type: Literal["u32", "u64"]
    name: Identifier
    min: Unsigned
    max: Unsigned
    unit: Line
    default: Annotated[Code, Field(description="a constant of the tree, or a number")] = "0"
    comment: Line | None = None


class VmCapability(Part):
    """A capability that userspace enables for a VM."""

    capability: Capability
    field: Annotated[Bool | Mask | Number, Field(discriminator="type")]
    when: Literal["before-vcpus", "before-memslots", "any-time", "once"] = "before-vcpus"
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None
    privilege: Annotated[Privilege | None, Field(description="the capable() it takes")] = None
    check_extension: Annotated[
        Code | None, Field(description="what KVM_CHECK_EXTENSION returns, if not the usual")
    ] = None


class Quirk(Part):
    """`KVM_X86_QUIRK_*`: on is the old behaviour, userspace disables it."""

    name: QuirkName
    by_default: Annotated[Clause, Field(description="what KVM does while the quirk is on")]


class VmType(Part):
    """A type given to KVM_CREATE_VM."""

    name: VmTypeName
    new: bool = True
    condition: Annotated[Expressions | None, Field(description="must hold, else unsupported")] = None


class Hardcoded(Part):
    """No uAPI: an expression over kernel state, or a field and what it is set to."""

    expression: Annotated[Expressions | None, Field(description="what the predicate returns")] = None
    field: Bool | None = None
    value: Annotated[Expressions | None, Field(description="what the field is set to")] = None
    reason: Prose
    expected: Annotated[Code, Field(description="in the selftest: whether the knob is on")] = "true"
    setup: Annotated[
        Code | None, Field(description="in the selftest: what makes KVM decide so, before vCPUs")
    ] = None


class Test(Part):
    """The behaviour test: C that observes the mechanism; gen writes the rest around it."""

    name: Identifier
    code: Annotated[
        Code | None, Field(description="must define guest_code() and observe()")
    ] = None
    requires: Annotated[Code | None, Field(description="without it the behaviour is not tested")] = (
        None
    )
    checks: Annotated[Line | None, Field(description="what observe() looks at, for people")] = None
    values: Annotated[list[Unsigned], Field(max_length=8, description="to try, of a number")] = []
    default: Annotated[Code | None, Field(description="of a number, for the selftest")] = None


class Knob(Part):
    """One behaviour of KVM that userspace shall control."""

    name: Name
    title: Annotated[Line, Field(description="an imperative, without a full stop")]
    topic: Annotated[Topic | None, Field(description="shortlog topic; none is generic code")] = None
    architectures: Annotated[list[Arch], Field(min_length=1, max_length=7)] = ["x86"]
    may: Annotated[Clause, Field(description="what KVM may do when the knob is on")]
    otherwise: Annotated[Clause, Field(description="what KVM does when it is off")]
    background: Annotated[Prose, Field(description="why userspace must have a say")]
    author: Person | None = None
    rfc: Annotated[bool, Field(description="marked RFC; the mechanism may be missing")] = False
    predicate: Predicate
    mechanism: Mechanism | None = None
    memslot_flag: MemslotFlag | None = None
    vm_capability: VmCapability | None = None
    quirk: Quirk | None = None
    vm_type: VmType | None = None
    hardcoded: Hardcoded | None = None
    test: Test
