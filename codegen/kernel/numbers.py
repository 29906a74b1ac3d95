# SPDX-License-Identifier: GPL-2.0-only
"""Which numbers a tree has given away: the values of uAPI macros, worked out by the compiler."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from codegen.base.findings import Finding, error
from codegen.c.remembered import remembered
from codegen.c.source import CSource, Extent, flattened
from codegen.kernel.survey import Survey
from codegen.uapi.headers import prefixes

# What uAPI headers take from <linux/const.h>.
_PRELUDE = (
    *("-D_BITUL(x)=(1UL<<(x))", "-D_BITULL(x)=(1ULL<<(x))", "-DBIT(x)=(1UL<<(x))"),
    # an ioctl counts by its number: two may share one if they differ in direction or size
    *("-D_IO(type,nr)=(nr)", *(f"-D_IO{way}(type,nr,size)=(nr)" for way in ("R", "W", "WR"))),
)


_IOCTL = re.compile(rb"\b_IO[RW]{0,2}\s*\(")


@dataclass(frozen=True, slots=True)
class NumberMacro:
    """A uAPI macro with its value, of an ioctl its number, and the place of its definition."""

    name: str
    value: int
    source: CSource
    extent: Extent

    def where(self) -> str:
        """`file:line`, for messages."""
        return f"{self.source.path}:{self.source.line(self.extent.start)}"

    @property
    def is_ioctl(self) -> bool:
        """Whether it is one, `_IOW(KVMIO, 0xd2, struct …)`."""
        return bool(_IOCTL.search(self.source.data, self.extent.start, self.extent.end))


@dataclass(frozen=True, slots=True)
class Family:
    """The macros that share one space of numbers, such as `KVM_CAP_*`; ordered by value.

    `bits` says that each value is one bit and that numbers count bits.
    """

    prefix: str
    suffix: str
    bits: bool
    members: tuple[NumberMacro, ...]

    def numbers(self) -> frozenset[int]:
        """The numbers in use: bit numbers where the family is one of bits."""
        return frozenset(map(self.number, self.members))

    def number(self, member: NumberMacro) -> int:
        """The number of a member: of its bit where the family is one of bits."""
        return member.value.bit_length() - 1 if self.bits else member.value

    def next(self, claimed: Iterable[int] = ()) -> int:
        """The number after the highest one, passing over those claimed elsewhere.

        Holes stay holes: a number that was once released is never reused.
        """
        number = max(self.numbers(), default=-1) + 1
        taken = frozenset(claimed)
        while number in taken:
            number += 1
        return number

    def named(self, name: str) -> NumberMacro | None:
        """The member of that name."""
        return next((member for member in self.members if member.name == name), None)


@lru_cache(maxsize=32)
def _read(source: CSource) -> tuple[Mapping[str, int], Mapping[str, str]]:
    """The values of a header's macros that are integer constants, and where its enumerators are."""
    names = [e.name for e in source.all("macro")]
    # a number is taken in whatever branch of an `#if` it stands
    values, lines = remembered(
        "codegen.c.evaluate", "constants_of", source.path, flattened(source.data), names, _PRELUDE
    )
    known = {name: value for name, value in values.items() if value is not None}
    enumerators = {n: f"{source.path}:{line}" for n, line in lines.items() if n not in known}
    return known, enumerators


def enumerators(survey: Survey) -> Mapping[str, str]:
    """The enumerators of the uAPI headers that are no macros as well: `file:line` by name."""
    return {name: where for s in _headers(survey) for name, where in _read(s)[1].items()}


def _headers(survey: Survey) -> Iterator[CSource]:
    for prefix in prefixes(survey.architectures):
        yield from (survey.source(p) for p in survey.files(prefix) if p.endswith(".h"))


def constants(survey: Survey) -> tuple[NumberMacro, ...]:
    """Every integer macro of the tree's uAPI headers, generic and per architecture."""
    return tuple(constant for source in _headers(survey) for constant in _constants_of(source))


@lru_cache(maxsize=32)
def _constants_of(source: CSource) -> tuple[NumberMacro, ...]:
    values, _ = _read(source)
    return tuple(
        NumberMacro(extent.name, values[extent.name], source, extent)
        for extent in source.all("macro")
        if extent.name in values
    )


def family(
    survey: Survey,
    prefix: str,
    suffix: str = "",
    *,
    bits: bool = False,
    limit: int = 64,
    ioctls_below: int = 0,
) -> Family:
    """The macros named `prefix*suffix`; of bits, only values of one bit below `limit`.

    Or the ioctls of that name whose numbers are below `ioctls_below`: what is above is a block of
    its own.
    """
    name = re.compile(re.escape(prefix) + r"\w+" + re.escape(suffix))
    members = [c for c in constants(survey) if name.fullmatch(c.name)]
    members = [
        c
        for c in members
        if c.is_ioctl == bool(ioctls_below) and not (c.is_ioctl and c.value >= ioctls_below)
    ]
    if bits:
        members = [
            c for c in members if c.value > 0 and c.value.bit_count() == 1 and c.value < 1 << limit
        ]
    members.sort(key=lambda c: (c.value, c.extent.start))
    return Family(prefix, suffix, bits, tuple(members))


def refuse_enumerators(survey: Survey, prefix: str, suffix: str = "") -> None:
    """Raise FindingsError where some of a family are enumerators.

    A macro beside them would take a number that one of them has.
    """
    name = re.compile(re.escape(prefix) + r"\w+" + re.escape(suffix))
    found = [f"{n} at {where}" for n, where in enumerators(survey).items() if name.fullmatch(n)]
    if found:
        raise error(
            Finding(
                f"{prefix}*{suffix}: some of this family are enumerators, and gen adds a macro",
                hint=f"found: {', '.join(found[:4])}\nto mend: make them macros, "
                "or teach codegen/kernel/numbers.py to add an enumerator",
                site="uapi-constant",
            )
        )
