# SPDX-License-Identifier: GPL-2.0-only
"""Which numbers a tree has given away: the values of uAPI macros, worked out by the compiler."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

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


# What is left of a name that is of all the others: `KVM_EXIT_NR`, `KVM_X86_MAX_VM`.
_LIMIT = r"(?:NR|NUM|NUMBER|COUNT|TOTAL|SIZE|MAX|LAST|END|LIMIT)"
_SIZED = (
    rb"(?:\b(?!return\b|else\b|case\b|goto\b)\w+[ \t*]+\w+[ \t]*(?:\[[^\]\n]*\][ \t]*)*\[\s*"
    rb"|\bDECLARE_BITMAP\(\s*\w+\s*,\s*)%s\s*[\])]"
)
_ROOM = 256  # numbers that may be free between a family's first ones
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

    `bits` says that each value is one bit and that numbers count bits.  `apart` are a few far
    beyond the others, such as those of a vendor: no number follows them.  `limits` have no number:
    they say how many there are, or which is the last.
    """

    prefix: str
    suffix: str
    bits: bool
    members: tuple[NumberMacro, ...]
    apart: tuple[NumberMacro, ...] = ()
    limits: tuple[NumberMacro, ...] = ()

    @property
    def numbered(self) -> tuple[NumberMacro, ...]:
        """All that have a number, whether others follow it or not."""
        return (*self.members, *self.apart)

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
        taken = frozenset(claimed).union(member.value for member in self.apart)
        while number in taken:
            number += 1
        return number

    def named(self, name: str) -> NumberMacro | None:
        """The member of that name."""
        return next((member for member in self.numbered if member.name == name), None)


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
    """The macros named `prefix*suffix`; as members of bits, values of one bit below `limit`.

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
    if ioctls_below:
        return Family(prefix, suffix, False, _by_value(members))
    said = re.compile(re.escape(prefix) + _LIMIT + re.escape(suffix))
    last = [c for c in members if said.fullmatch(c.name)]
    rest = [c for c in members if c not in last]
    if bits:
        rest, others = [c for c in rest if _is_bit(c, limit)], rest
        top = max((c.value.bit_length() - 1 for c in rest), default=-1)
        last += [c for c in others if c.value == top + 1 and c not in rest and sizes(survey, c)]
        limits = [c for c in last if c.value in (top, top + 1, 1 << max(top, 0))]
        rest += [c for c in last if c not in limits and _is_bit(c, limit)]
        return Family(prefix, suffix, True, _by_value(rest), (), tuple(limits))
    near, apart = _together(_by_value(rest))
    if len(near) > 1 and near[-1].value == near[-2].value + 1 and sizes(survey, near[-1]):
        near, last = near[:-1], [*last, near[-1]]
    top = near[-1].value if near else -1
    limits = [c for c in last if c.value in (top, top + 1)]
    near = _by_value([*near, *(c for c in last if c.value < top)])
    apart = _by_value([*apart, *(c for c in last if c.value > top + 1)])
    return Family(prefix, suffix, False, near, apart, tuple(limits))


def _is_bit(constant: NumberMacro, limit: int) -> bool:
    value = constant.value
    return value > 0 and value.bit_count() == 1 and value < 1 << limit


def _by_value(constants: Iterable[NumberMacro]) -> tuple[NumberMacro, ...]:
    return tuple(sorted(constants, key=lambda c: (c.value, c.extent.start)))


def _together(
    constants: tuple[NumberMacro, ...],
) -> tuple[tuple[NumberMacro, ...], tuple[NumberMacro, ...]]:
    """Those up to the end of the crowd, and what is beyond it.

    Numbers are given one after the other: one that is more than twice as high as all below it, and
    `_ROOM` more, begins another crowd.  The next number is that of the largest.
    """
    begun = [0]
    for index, (below, constant) in enumerate(pairwise(constants), 1):
        if constant.value > 2 * max(below.value, 0) + _ROOM:
            begun.append(index)
    crowds = list(pairwise([*begun, len(constants)]))
    _, end = max(crowds, key=lambda crowd: (crowd[1] - crowd[0], crowd))
    return constants[:end], constants[end:]


def sizes(survey: Survey, constant: NumberMacro) -> str:
    """Where KVM's code has an array of that size, `file:line`: so it says how many there are."""
    declared = re.compile(_SIZED % re.escape(constant.name.encode()))
    for path in survey.holding(constant.name, survey.kvm_prefixes()):
        if found := declared.search(survey.tree.read(path)):
            line = survey.tree.read(path).count(b"\n", 0, found.start()) + 1
            return f"{path}:{line}"
    return ""


def refuse_limits(survey: Survey, known: Family, allowed: Collection[str]) -> None:
    """Raise FindingsError where macros count a family, or name its last, that gets a new one.

    But for those that a description allows to stay as they are.
    """
    found = [limit for limit in known.limits if limit.name not in allowed]
    if found:
        raise error(*(_stale(survey, known, limit) for limit in found))


def _stale(survey: Survey, known: Family, limit: NumberMacro) -> Finding:
    shown = f"{known.prefix}*{known.suffix}"
    what = f"{limit.name} = {limit.value} says how many {shown} there are, or which is the last"
    used = sizes(survey, limit)
    hints = [f"there: {limit.where()}{f', and the size of an array at {used}' if used else ''}"]
    hints += ["gen adds one and leaves this as it is: what is counted by it would be too small"]
    hints += [f"to mend: if it may stay, or a commit before moves it, say `not-in: [{limit.name}]`"]
    return Finding(f"{what}: a new one is beyond it", hint="\n".join(hints), site="uapi-constant")


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
