# SPDX-License-Identifier: GPL-2.0-only
"""The part of a description that says what KVM does about the knob: its mechanism, as edits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from codegen.architectures import ARCHITECTURES
from codegen.vocabulary.ccode import (
    CType,
    Expression,
    Fragment,
    Keywordless,
    Parameters,
    Statements,
)
from codegen.vocabulary.part import Identifier, Part, Where, matching
from codegen.vocabulary.text import Documentation, LineText, Prose, Sentences, Subject

CName = Annotated[str, matching(r"^[A-Za-z_][A-Za-z0-9_]*$", "kvm_mmu_zap_all_fast"), Keywordless]
ConfigSymbol = Annotated[str, matching(r"^[A-Z][A-Z0-9_]*$", "KVM_GENERIC_ZAP_LEAFS")]
if TYPE_CHECKING:
    Topic: TypeAlias = str
else:
    Topic = Literal[tuple(topic for each in ARCHITECTURES.values() for topic in each.topics)]
Header = Annotated[
    str, matching(r'^(<[A-Za-z0-9_/.-]+\.h>|"[A-Za-z0-9_/.-]+\.h")$', "<linux/kvm_host.h>")
]
PatchFile = Annotated[
    str,
    matching(r"^[A-Za-z0-9_][A-Za-z0-9_./-]*\.(patch|diff|mbox)$", "0001-mechanism.patch", 200),
]
CommitId = Annotated[str, matching(r"^[0-9a-f]{12,64}$", "0123456789ab")]


class Edit(Part):
    """One edit by meaning. Exactly one of the ways to name the place is given."""

    in_: Annotated[CName | None, Field(alias="in", description="the function to edit")] = None
    before: Annotated[Fragment | None, Field(description="the statement to insert before")] = None
    after: Annotated[Fragment | None, Field(description="the statement to insert after")] = None
    instead_of: Annotated[Fragment | None, Field(description="the fragment to replace")] = None
    new_function_before: Annotated[CName | None, Field(description="a function of the file")] = None
    new_member_of: Annotated[CName | None, Field(description="a struct that gets it")] = None
    include: Annotated[Header | None, Field(description="a header to include")] = None
    remove_macro: Annotated[CName | None, Field(description="a macro that nobody uses now")] = None
    kconfig: Annotated[ConfigSymbol | None, Field(description="a new symbol of virt/kvm")] = None
    takes: Annotated[
        list[Fragment],
        Field(max_length=8, description="parameters of the function, for their holes"),
    ] = []
    put: Annotated[Statements | None, Field(description="the text that goes there")] = None
    tight: Annotated[bool, Field(description="no blank line between it and its neighbour")] = False
    untested: Annotated[
        Sentences | None, Field(description="why no selftest can see what it does to the knob")
    ] = None


class Upstream(Part):
    """A commit of Linux."""

    commit: Annotated[CommitId, Field(description="its id")]
    title: Annotated[LineText, Field(description="of that commit")]


class Landmark(Part):
    """A statement by which a tree is known."""

    in_: Annotated[CName, Field(alias="in", description="a function of the tree")]
    statement: Annotated[Fragment, Field(description="what stands in it")]


class Alternative(Part):
    """The mechanism as one kind of tree needs it; the first whose sites all resolve is taken."""

    tree: Annotated[LineText, Field(description="what such a tree looks like, for people")]
    lacking: Annotated[
        list[CName], Field(max_length=8, description="functions that such a tree does not have")
    ] = []
    edits: Annotated[
        list[Edit], Field(max_length=64, description="none where there is nothing to do")
    ]
    holds: Annotated[
        list[Landmark], Field(max_length=8, description="statements that such a tree has")
    ] = []
    why: Annotated[Prose | None, Field(description="more for the commit message")] = None
    documentation: Annotated[Documentation | None, Field(description="more for api.rst")] = None
    fixes: Annotated[
        list[Upstream], Field(max_length=4, description="what the patch repairs in such a tree")
    ] = []


class Predicate(Part):
    """The kernel function that says whether the knob is on, or what its value is."""

    name: Annotated[Identifier, Field(description="the function's name")]
    args: Annotated[Parameters, Field(description="its parameters, in C")]
    before: Annotated[
        list[CName],
        Field(max_length=8, description="defined before the first of these functions"),
    ] = []
    returns: Annotated[CType, Field(description="its type, in C")] = "bool"
    off: Annotated[Expression, Field(description="what it returns while nothing sets the knob")] = (
        "false"
    )
    comment: Prose | None = None


# Off is what the tree does, unless a patch says otherwise.
_Changes = Annotated[
    bool, Field(description="KVM acts otherwise even while nothing sets the knob: `why` says how")
]


class Stage(Part):
    """A patch of the mechanism, such as that of one architecture."""

    topic: Annotated[Topic | None, Field(description="of this patch; none is generic code")] = None
    subject: Annotated[Subject, Field(description="the patch's subject without its prefix")]
    why: Annotated[Prose, Field(description="the patch's changelog")]
    changes: _Changes = False
    alternatives: Annotated[list[Alternative], Field(min_length=1, max_length=16)]


class Mechanism(Part):
    """The kernel code that acts on the knob, the same for every variant.

    Patches and commits have messages of their own.
    """

    subject: Annotated[Subject, Field(description="the patch's subject without its prefix")] = ""
    why: Annotated[Prose, Field(description="the patch's changelog")] = ""
    changes: _Changes = False
    alternatives: Annotated[list[Alternative], Field(max_length=16)] = []
    first: Annotated[
        list[Stage], Field(max_length=8, description="patches ahead of that one, in this order")
    ] = []
    then: Annotated[
        list[Stage], Field(max_length=8, description="patches behind that one, in this order")
    ] = []
    patches: Annotated[list[PatchFile], Field(max_length=32)] = []
    commits: Annotated[list[CommitId], Field(max_length=32)] = []

    @property
    def steps(self) -> Iterator[tuple[Where, Mechanism | Stage]]:
        """Its patches that are described by alternatives, and where below `mechanism` each is."""
        for index, step in enumerate(self.first):
            yield ("first", index), step
        if self.alternatives:
            yield (), self
        for index, step in enumerate(self.then):
            yield ("then", index), step
