# SPDX-License-Identifier: GPL-2.0-only
"""What a description says. The JSON Schema of `gen schema` is made from these classes.

What it says of a kind of uAPI is the kind's own matter (`codegen.kinds`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Field, create_model

from codegen.architectures import ARCHITECTURES, DEFAULT
from codegen.description.mechanism import CName, Mechanism, Predicate, Topic, Upstream
from codegen.kinds import kinds
from codegen.vocabulary.ccode import (
    Expression,
    TestCode,
    defines,
)
from codegen.vocabulary.part import Identifier, Part, Unsigned, attribute, matching
from codegen.vocabulary.people import author
from codegen.vocabulary.rules import characters, holds
from codegen.vocabulary.text import (
    Clause,
    Documentation,
    Permission,
    Phrase,
    Prose,
    Sentences,
    Subject,
)

Name = Annotated[str, matching(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "zap-leafs-only")]
# What the ABI says of what KVM does: that it may, that it is asked to, or that it does.
Contract = Literal["permit", "hint", "guarantee"]
if TYPE_CHECKING:
    Arch: TypeAlias = str
else:
    Arch = Literal[tuple(ARCHITECTURES)]
KvmName = Annotated[str, matching(r"^KVM_[A-Z0-9_]*[A-Z0-9]$", "KVM_X86_QUIRK_SLOT_ZAP_ALL")]
MacroName = Annotated[str, matching(r"^[A-Z][A-Z0-9_]*[A-Z0-9]$", "GUEST_MEMFD_FLAG_MMAP")]
DescriptionFile = Annotated[
    str, matching(r"^[A-Za-z0-9_][A-Za-z0-9_./-]*\.yaml$", "exit-on-missing.yaml", 200)
]
Person = Annotated[
    str,
    matching(
        r"^[^<>\x00-\x1f]{1,80} <[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>$",
        "A Developer <developer@example.org>",
        160,
    ),
    holds(characters(), author),
]


TRIES = "still_holds"


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
    unseen: Annotated[
        Sentences | None, Field(description="instead of `code`: why no selftest can see the effect")
    ] = None
    values: Annotated[list[Unsigned], Field(max_length=8, description="to try, of a number")] = []
    default: Annotated[Expression | None, Field(description="of a number, for the selftest")] = None

    @property
    def tried(self) -> bool:
        """Whether `code` tries what could break what observe() has seen."""
        return defines(self.code or "", TRIES)


class PriorArt(Upstream):
    """What some trees have for the knob already, by another uAPI."""

    tree_has: Annotated[KvmName, Field(description="the macro that tells such a tree")]
    does: Annotated[Clause, Field(description="a main clause: what it does for userspace")]


class Merged(Upstream):
    """What Linux has of the knob meanwhile: on older trees it is the same ABI, with its numbers."""

    numbers: Annotated[
        dict[MacroName, Annotated[int, Field(ge=0, lt=1 << 31)]],
        Field(min_length=1, max_length=8, description="by name; of a bit, its place"),
    ]
    apart: Annotated[
        Prose | None, Field(description="why it is not taken itself, and what differs from it")
    ] = None


class NeededKnob(Part):
    """Another knob that this one needs: on a tree without it, the series brings it first."""

    abi: Annotated[DescriptionFile, Field(description="its description, beside this one or below")]
    as_: Annotated[Name, Field(alias="as", description="the variant that is brought")]


class _Knob(Part):
    """One behaviour of KVM that userspace shall control."""

    name: Annotated[Name, Field(description="what the knob is called, such as zap-leafs-only")]
    title: Annotated[Subject, Field(description="an imperative, without a full stop")]
    topic: Annotated[Topic | None, Field(description="shortlog topic; none is generic code")] = None
    architectures: Annotated[list[Arch], Field(min_length=1, max_length=len(ARCHITECTURES))] = [
        DEFAULT.name
    ]
    may: Annotated[Permission, Field(description="what KVM may do when the knob is on")]
    otherwise: Annotated[Clause, Field(description="what KVM does when it is off")]
    contract: Annotated[
        Contract, Field(description="what userspace gets: KVM may do so, is asked to, or does")
    ]
    background: Annotated[Prose, Field(description="why userspace must have a say")]
    documentation: Annotated[
        Documentation | None,
        Field(description="for api.rst: what userspace sees of it and has to do"),
    ] = None
    prior_art: Annotated[list[PriorArt], Field(max_length=8)] = []
    merged: Annotated[list[Merged], Field(max_length=8)] = []
    needs: Annotated[
        list[NeededKnob], Field(max_length=8, description="knobs that the tree has to have")
    ] = []
    not_in: Annotated[
        list[CName],
        Field(
            max_length=8,
            description="functions, macros and tables that name the siblings of the new names, "
            "and need not name these",
        ),
    ] = []
    author: Person | None = None
    rfc: Annotated[bool, Field(description="marked RFC; the mechanism may be missing")] = False
    predicate: Annotated[
        Predicate | None,
        Field(description="left out where the uAPI does something itself, and nothing is asked"),
    ] = None
    mechanism: Mechanism | None = None
    test: Test

    @property
    def to(self) -> str:
        """What userspace does by turning the knob on, such as `permit KVM to`, before `may`."""
        return {"permit": "permit KVM to", "hint": "ask KVM to", "guarantee": "have KVM"}[
            self.contract
        ]

    @property
    def does(self) -> str:
        """The same of one that does it: `permits KVM to`."""
        verb, _, rest = self.to.partition(" ")
        return f"{'has' if verb == 'have' else f'{verb}s'} {rest}"

    @property
    def but(self) -> str:
        """What the documentation adds to `may`, two blanks first: nothing of a guarantee."""
        return "" if self.contract == "guarantee" else "  KVM need not do so."

    def section(self, name: str) -> Any:
        """What it says of a kind, by the kind's name; None where it says nothing."""
        return getattr(self, attribute(name), None)


if TYPE_CHECKING:
    Knob = _Knob
else:
    _SECTIONS = {attribute(n): (kind.section | None, None) for n, kind in kinds().items()}
    Knob = create_model("Knob", __base__=_Knob, __doc__=_Knob.__doc__, **_SECTIONS)
