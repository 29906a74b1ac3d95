# SPDX-License-Identifier: GPL-2.0-only
"""What userspace compiles against, as data: constants, structs and unions of one architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.c.source import CSource

At = tuple[str, int, int]
"""A file and two numbers: line and column, or the byte offsets of a declaration."""


@dataclass(frozen=True, slots=True)
class UapiDefinition:
    """Where something stands: bytes of a header."""

    source: CSource
    start: int
    end: int

    @property
    def header(self) -> str:
        """The header's path in the tree."""
        return self.source.path

    @property
    def line(self) -> int:
        """The line, from 1."""
        return self.source.line(self.start)

    @property
    def text(self) -> str:
        """How it is written."""
        return self.source.text(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Constant:
    """A macro or an enumerator.

    `value` is None where a macro is no integer constant: then `text` is all there is to it.
    `text` is what is written behind the name, macro parameters included.
    """

    name: str
    value: int | None
    at: UapiDefinition

    @property
    def text(self) -> str:
        """What is written behind the name, as it is written."""
        return self.at.text.removeprefix(self.name)


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a struct; `offset` and `size` count bits.

    Members of a nameless struct count as the struct's around it, `io.port` those of a nameless
    one with a member's name.  A flexible array has size 0.
    """

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Record:
    """A struct or union, `struct kvm_run`; `size` counts bits."""

    name: str
    size: int
    fields: tuple[Field, ...]
    at: UapiDefinition


@dataclass(frozen=True, slots=True)
class Abi:
    """KVM's uAPI on one architecture.

    `unseen` are macros in branches of an `#if` that userspace never takes.  `brings` has for each
    of KVM's headers those that including it brings, itself among them.
    """

    arch: str
    constants: Mapping[str, Constant]
    records: Mapping[str, Record]
    unseen: Mapping[str, UapiDefinition]
    brings: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was parsed.

    `values` is as in `codegen.c.evaluate`.  `errors` are messages, each with the places that it
    is about; without the last bracket closed, the text is not `whole`.  `records` are name, size,
    fields (name, offset, size; all in bits) and place of every struct and union, `enumerators`
    name, value and place; `includes` are the files that the parser asked for.
    """

    values: dict[str, int | None]
    errors: tuple[tuple[str, tuple[At, ...]], ...]
    whole: bool
    records: tuple[tuple[str, int, tuple[tuple[str, int, int], ...], At], ...]
    enumerators: tuple[tuple[str, int, At], ...]
    includes: frozenset[str]
