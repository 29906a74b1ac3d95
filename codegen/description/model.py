# SPDX-License-Identifier: GPL-2.0-only
"""What a description says. The JSON Schema of `gen schema` is made from these classes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    model_validator,
)

from codegen.description.ccode import (
    CType,
    Expression,
    Fragment,
    Keywordless,
    Parameters,
    Setup,
    Statements,
    TestCode,
)
from codegen.description.people import author
from codegen.description.rules import characters, holds
from codegen.description.text import (
    Clause,
    Comment,
    Line,
    Permission,
    Phrase,
    Prose,
    Subject,
    Unit,
)


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class Part(BaseModel):
    """Every part of a description: frozen, no unknown key, keys written with dashes."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=_dashed, populate_by_name=False
    )

    @model_validator(mode="wrap")
    @classmethod
    def _keep(
        cls, said: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Hand a part that is well formed to the loader, which checks it although others are not.

        The loader gives a dictionary as context; it gets the part under the identity of what the
        part was made of.
        """
        part = handler(said)
        if info.context is not None:
            info.context[id(said)] = part
        return part


def _matching(pattern: str, example: str, length: int = 64) -> Any:
    return Field(pattern=pattern, max_length=length, examples=[example])


Name = Annotated[str, _matching(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "zap-leafs-only")]
Identifier = Annotated[str, _matching(r"^[a-z_][a-z0-9_]*$", "kvm_zap_leafs_only"), Keywordless]
CName = Annotated[str, _matching(r"^[A-Za-z_][A-Za-z0-9_]*$", "kvm_mmu_zap_all_fast"), Keywordless]
MemFlag = Annotated[str, _matching(r"^KVM_MEM_[A-Z0-9_]*[A-Z0-9]$", "KVM_MEM_ZAP_LEAFS_ONLY")]
Capability = Annotated[
    str, _matching(r"^KVM_CAP_[A-Z0-9_]*[A-Z0-9]$", "KVM_CAP_X86_ZAP_LEAFS_ONLY")
]
QuirkName = Annotated[
    str, _matching(r"^KVM_X86_QUIRK_[A-Z0-9_]*[A-Z0-9]$", "KVM_X86_QUIRK_SLOT_ZAP_ALL")
]
VmTypeName = Annotated[str, _matching(r"^KVM_X86_[A-Z0-9_]+_VM$", "KVM_X86_ZAP_LEAFS_VM")]
BitName = Annotated[str, _matching(r"^KVM_[A-Z0-9_]*[A-Z0-9]$", "KVM_X86_ZAP_LEAFS_ON_MOVE")]
KvmSymbol = Annotated[
    str, _matching(r"^(HAVE_)?KVM_[A-Z0-9_]+$", "HAVE_KVM_MEMSLOT_ZAP_LEAFS_ONLY")
]
ConfigSymbol = Annotated[str, _matching(r"^[A-Z][A-Z0-9_]*$", "KVM_GENERIC_ZAP_LEAFS")]
Privilege = Annotated[str, _matching(r"^CAP_[A-Z_]+$", "CAP_SYS_ADMIN")]
# Documentation/process/maintainer-kvm-x86.rst, "Shortlog", and what other architectures use
Topic = Literal[
    "x86", "x86/mmu", "x86/pmu", "x86/xen", "SVM", "nSVM", "VMX", "nVMX",
    "arm64", "s390", "RISC-V", "PPC", "LoongArch", "MIPS",
]  # fmt: skip
Arch = Literal["x86", "arm64", "s390", "riscv", "loongarch", "powerpc", "mips"]
Unsigned = Annotated[int, Field(ge=0, le=(1 << 64) - 1)]
Header = Annotated[
    str, _matching(r'^(<[A-Za-z0-9_/.-]+\.h>|"[A-Za-z0-9_/.-]+\.h")$', "<linux/kvm_host.h>")
]
PatchFile = Annotated[
    str,
    _matching(r"^[A-Za-z0-9_][A-Za-z0-9_./-]*\.(patch|diff|mbox)$", "0001-mechanism.patch", 200),
]
CommitId = Annotated[str, _matching(r"^[0-9a-f]{12,64}$", "0123456789ab")]
Person = Annotated[
    str,
    _matching(
        r"^[^<>\x00-\x1f]{1,80} <[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>$",
        "A Developer <developer@example.org>",
        160,
    ),
    holds(characters(), author),
]
# A C expression in kernel terms; a list of them is tried in order: the first whose names the
# tree knows is taken.
Expressions = Annotated[list[Expression], Field(min_length=1, max_length=8)]


class Edit(Part):
    """One edit by meaning. Exactly one of the ways to name the place is given."""

    in_: Annotated[CName | None, Field(alias="in", description="the function to edit")] = None
    before: Annotated[Fragment | None, Field(description="the statement to insert before")] = None
    after: Annotated[Fragment | None, Field(description="the statement to insert after")] = None
    instead_of: Annotated[Fragment | None, Field(description="the fragment to replace")] = None
    new_function_before: Annotated[CName | None, Field(description="a function of the file")] = None
    include: Annotated[Header | None, Field(description="a header to include")] = None
    remove_macro: Annotated[CName | None, Field(description="a macro that nobody uses now")] = None
    kconfig: Annotated[ConfigSymbol | None, Field(description="a new symbol of virt/kvm")] = None
    put: Annotated[Statements | None, Field(description="the text that goes there")] = None
    tight: Annotated[bool, Field(description="no blank line between it and its neighbour")] = False


class Alternative(Part):
    """The mechanism as one kind of tree needs it; the first whose sites all resolve is taken."""

    tree: Annotated[Line, Field(description="what such a tree looks like, for people")]
    edits: Annotated[list[Edit], Field(min_length=1, max_length=64)]
    why: Annotated[Prose | None, Field(description="more for the commit message")] = None


class Predicate(Part):
    """The kernel function that says whether the knob is on, or what its value is."""

    name: Annotated[Identifier, Field(description="the function's name")]
    args: Annotated[Parameters, Field(description="its parameters, in C")]
    before: Annotated[
        list[CName],
        Field(
            min_length=1, max_length=8, description="defined before the first of these functions"
        ),
    ]
    returns: Annotated[CType, Field(description="its type, in C")] = "bool"
    off: Annotated[Expression, Field(description="what it returns while nothing sets the knob")] = (
        "false"
    )
    comment: Prose | None = None


class Mechanism(Part):
    """The kernel code that acts on the knob, the same for every variant."""

    subject: Annotated[Subject, Field(description="the patch's subject without its prefix")]
    why: Annotated[Prose, Field(description="the patch's changelog")]
    alternatives: Annotated[list[Alternative], Field(max_length=16)] = []
    patches: Annotated[list[PatchFile], Field(max_length=32)] = []
    commits: Annotated[list[CommitId], Field(max_length=32)] = []


class Excluded(Part):
    """A flag that cannot be combined with the knob's; optional where not every tree has it."""

    flag: Annotated[MemFlag, Field(description="a flag of the tree")]
    optional: bool = False


class MemslotFlag(Part):
    """`KVM_MEM_*`: userspace sets the knob for one memslot."""

    flag: Annotated[MemFlag, Field(description="the flag's name")]
    capability: Annotated[Capability, Field(description="makes the flag discoverable")]
    config: Annotated[KvmSymbol, Field(description="selected by architectures that accept it")]
    v1: Annotated[bool, Field(description="usable through KVM_SET_USER_MEMORY_REGION as well")]
    mutable: Annotated[bool, Field(description="may change on an existing memslot")] = False
    excludes: Annotated[list[Excluded], Field(max_length=16)] = []
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None


class Bit(Part):
    """A named bit of a capability's argument."""

    name: Annotated[BitName, Field(description="the bit's name")]
    bit: Annotated[
        int, Field(ge=0, le=30, description="its number, from 0 to 30: an ioctl returns an int")
    ]
    means: Annotated[Clause, Field(description="what KVM may do if it is set")]


class Bool(Part):
    """On or off."""

    type: Literal["bool"]
    name: Annotated[Identifier, Field(description="of the field in struct kvm_arch")]
    comment: Comment | None = None


class Mask(Part):
    """Any of some named bits."""

    type: Literal["mask"]
    name: Annotated[Identifier, Field(description="of the field in struct kvm_arch")]
    bits: Annotated[list[Bit], Field(min_length=1, max_length=31, description="the named bits")]
    comment: Comment | None = None


class Number(Part):
    """A number with a range, a unit and a default."""

    type: Literal["u32", "u64"]
    name: Annotated[Identifier, Field(description="of the field in struct kvm_arch")]
    min: Annotated[Unsigned, Field(description="the smallest number that KVM takes")]
    max: Annotated[Unsigned, Field(description="the largest number that KVM takes")]
    unit: Annotated[Unit, Field(description="what it counts, such as nanoseconds")]
    default: Annotated[Expression, Field(description="a constant of the tree, or a number")] = "0"
    range_why: Annotated[Comment | None, Field(description="a comment above the test")] = None
    comment: Comment | None = None


class VmCapability(Part):
    """A capability that userspace enables for a VM."""

    capability: Annotated[Capability, Field(description="the capability's name")]
    field: Annotated[Bool | Mask | Number, Field(discriminator="type")]
    when: Literal["before-vcpus", "before-memslots", "any-time", "once"] = "before-vcpus"
    condition: Annotated[Expressions | None, Field(description="must hold, else -EINVAL")] = None
    condition_why: Annotated[Prose | None, Field(description="for the commit message")] = None
    privilege: Annotated[Privilege | None, Field(description="the capable() it takes")] = None
    check_extension: Annotated[
        Expression | None, Field(description="what KVM_CHECK_EXTENSION returns, if not the usual")
    ] = None


class Quirk(Part):
    """`KVM_X86_QUIRK_*`: on is the old behaviour, userspace disables it."""

    name: Annotated[QuirkName, Field(description="the quirk's name")]
    by_default: Annotated[Clause, Field(description="what KVM does while the quirk is on")]


class VmType(Part):
    """A type given to KVM_CREATE_VM."""

    name: Annotated[VmTypeName, Field(description="the type's name")]
    new: bool = True
    condition: Annotated[Expressions | None, Field(description="must hold, else unsupported")] = (
        None
    )


class Hardcoded(Part):
    """No uAPI: an expression over kernel state, or a field and what it is set to."""

    expression: Annotated[Expressions | None, Field(description="what the predicate returns")] = (
        None
    )
    field: Bool | None = None
    value: Annotated[Expressions | None, Field(description="what the field is set to")] = None
    reason: Annotated[Prose, Field(description="why KVM decides so")]
    expected: Annotated[
        Expression, Field(description="in the selftest: whether the knob is on")
    ] = "true"
    subject: Annotated[
        Subject | None, Field(description="the subject of the patch and of the cover letter")
    ] = None
    setup: Annotated[
        Setup | None, Field(description="in the selftest: what makes KVM decide so, before vCPUs")
    ] = None
    off_untested: Annotated[
        Prose | None,
        Field(description="why no selftest can see the knob off, where KVM decides otherwise"),
    ] = None


class Test(Part):
    """The behaviour test: C that observes the mechanism; gen writes the rest around it."""

    name: Annotated[Identifier, Field(description="of the selftest, such as zap_leafs_only_test")]
    code: Annotated[
        TestCode | None, Field(description="must define guest_code() and observe()")
    ] = None
    requires: Annotated[
        Expression | None, Field(description="without it the behaviour is not tested")
    ] = None
    checks: Annotated[Phrase | None, Field(description="what observe() looks at, for people")] = (
        None
    )
    values: Annotated[list[Unsigned], Field(max_length=8, description="to try, of a number")] = []
    default: Annotated[Expression | None, Field(description="of a number, for the selftest")] = None


class Knob(Part):
    """One behaviour of KVM that userspace shall control."""

    name: Annotated[Name, Field(description="what the knob is called, such as zap-leafs-only")]
    title: Annotated[Subject, Field(description="an imperative, without a full stop")]
    topic: Annotated[Topic | None, Field(description="shortlog topic; none is generic code")] = None
    architectures: Annotated[list[Arch], Field(min_length=1, max_length=7)] = ["x86"]
    may: Annotated[Permission, Field(description="what KVM may do when the knob is on")]
    otherwise: Annotated[Clause, Field(description="what KVM does when it is off")]
    wish: Annotated[
        Literal["permit", "ask"], Field(description="whether userspace permits KVM to, or asks it")
    ] = "permit"
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
