# SPDX-License-Identifier: GPL-2.0-only
"""How packed arguments are taken apart in C, put together again, and what a selftest tries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.kinds.packed import (
    ARG_BITS,
    ARGS,
    PackedMask,
    PackedNumber,
    PackedPart,
    PackedValues,
    parts,
    width,
)

_NUMBER = re.compile(r"(0x[0-9a-f]+|\d+)(ull)?")
Values = Mapping[str, str]  # C for each part, by its name


def _literal(value: int) -> str:
    """A number in C, large ones in hexadecimal."""
    shown = str(value) if value < 1 << 16 else f"0x{value:x}"
    return shown if value < 1 << 31 else f"{shown}ull"


def _in(field: PackedValues, arg: int) -> list[PackedPart]:
    return sorted((p for p in field.parts if p.arg == arg), key=lambda part: part.shift)


def _room(field: PackedValues, part: PackedPart) -> int:
    """The bits from a part on to the next one: it is tested with those that nobody has."""
    after = [other.shift for other in _in(field, part.arg) if other.shift > part.shift]
    return min(after, default=ARG_BITS) - int(part.shift)


def _taken(field: PackedValues, part: PackedPart, args: str) -> str:
    """A part and the unused bits above it, taken out of the arguments."""
    arg, room = f"{args}[{part.arg}]", _room(field, part)
    shifted = f"{arg} >> {part.shift}" if part.shift else arg
    if part.shift + room == ARG_BITS:
        return shifted
    operand = f"({shifted})" if part.shift else arg
    return f"(u32){operand}" if room == 32 else f"{operand} & GENMASK_ULL({room - 1}, 0)"


def packed_values(field: PackedValues, args: str) -> list[tuple[str, str]]:
    """The field of each part, and its value in C."""
    return [(part.name, _taken(field, part, args)) for part in field.parts]


def packed_tests(field: PackedValues, args: str) -> list[str]:
    """The C tests of which one holds if the arguments are none that the parts take."""
    tests: list[str] = []
    for arg in range(ARGS):
        here = _in(field, arg)
        if not here:
            tests.append(f"{args}[{arg}]")
            continue
        if here[0].shift:
            tests.append(f"({args}[{arg}] & GENMASK_ULL({here[0].shift - 1}, 0))")
        for part in here:
            tests += _part_tests(part, _taken(field, part, args), _room(field, part))
    return tests


def _part_tests(part: PackedPart, value: str, room: int) -> Iterator[str]:
    operand = f"({value})" if ">>" in value or " & " in value else value
    if part.type == "bool":
        if room > 1:
            yield f"({operand} & ~1)"
    elif part.type == "mask":
        named = " | ".join(bit.name for bit in part.bits)
        mask = f"({named})" if len(part.bits) > 1 else named
        wide = "" if value.startswith("(u32)") else "(u64)"
        yield f"({operand} & ~{wide}{mask})"
        yield from (f"!({operand} & {name})" for name in part.required)
    else:
        compared = operand if " & " in value else value
        if part.min:
            yield f"!{operand}" if part.min == 1 else f"{compared} < {_literal(part.min)}"
        if part.max < (1 << room) - 1:
            yield f"{compared} > {_literal(part.max)}"


def packed_arguments(
    field: PackedValues, values: Values | None = None, wide: str = "uint64_t"
) -> list[str]:
    """The arguments in C, without zeros at the end; of the parts' names, where no values are given.

    `wide` is the type of 64 bits there.
    """
    said = values or {part.name: part.name for part in field.parts}
    made = []
    for arg in range(ARGS):
        terms = [_placed(part, said[part.name], wide) for part in _in(field, arg)]
        terms = [term for term in terms if term != "0"]
        made.append(" | ".join(terms) or "0")
    while made[1:] and made[-1] == "0":
        made.pop()
    return made


def _placed(part: PackedPart, value: str, wide: str) -> str:
    """A value at its place in an argument."""
    if not part.shift or value == "0":
        return value
    number = _NUMBER.fullmatch(value)
    if number:
        return f"{number[1]}ull << {part.shift}"
    operand = f"({value})" if " " in value else value
    return f"({wide}){operand} << {part.shift}"


@dataclass(frozen=True)
class PackedTest:
    """What a selftest tries: arguments in C by their index.

    `used` are those that have a meaning, `good` some that are accepted, `known` the bits that may
    be set at all, `accepted` and `refused` single arguments beside those of `good`, with their
    index.  Each of `cases` has the values of all parts, of which the effect is looked at, `off`
    those while nothing is enabled.
    """

    used: Sequence[int]
    good: Sequence[str]
    known: Sequence[str]
    accepted: Sequence[tuple[int, str]]
    refused: Sequence[tuple[int, str]]
    cases: Sequence[Sequence[str]]
    off: Sequence[str]

    @property
    def shown(self) -> str:
        """A format for the arguments that have a meaning."""
        return ", ".join(f"args[{arg}] = 0x%lx" for arg in self.used)

    @property
    def printed(self) -> str:
        """What is printed by it, of `args`."""
        return ", ".join(f"(unsigned long)args[{arg}]" for arg in self.used)


def packed_test(field: PackedValues) -> PackedTest:
    """What a selftest tries of packed arguments."""
    usual = {part.name: _tried(part)[0] for part in field.parts}

    def others(values: Mapping[str, Sequence[str]]) -> list[tuple[int, str]]:
        tried = []
        for part in field.parts:
            for value in values[part.name]:
                made = packed_arguments(field, {**usual, part.name: value})
                tried.append((part.arg, made[part.arg] if part.arg < len(made) else "0"))
        return list(dict.fromkeys(tried))

    every = [{**usual, part.name: value} for part in field.parts for value in _tried(part)]
    cases = dict.fromkeys(tuple(case.values()) for case in every)
    return PackedTest(
        used=sorted({part.arg for part in field.parts}),
        good=packed_arguments(field, usual),
        known=[_known(field, arg) for arg in range(ARGS)],
        accepted=others({part.name: _edges(part) for part in field.parts}),
        refused=others({part.name: _outside(part) for part in field.parts}),
        cases=list(cases),
        off=["false" if p.type == "bool" else getattr(p, "default", "0") for p in field.parts],
    )


def _joined(names: Sequence[str]) -> str:
    return " | ".join(names) or "0"


def _masks(part: PackedMask) -> list[str]:
    """The masks that the bits make, one beside those that have to be set, and all."""
    names = [bit.name for bit in part.bits]
    single = [[n for n in names if n in part.required or n == name] for name in names]
    return list(dict.fromkeys(map(_joined, [*single, names])))


def _tried(part: PackedPart) -> list[str]:
    """The values of which the effect is looked at, a good one first."""
    if part.type == "bool":
        return ["1", "0"]
    if part.type == "mask":
        return _masks(part)
    return [_literal(value) for value in part.values or [part.max]]


def _edges(part: PackedPart) -> list[str]:
    """Values that are accepted, at the edges of what is."""
    if part.type == "bool":
        return ["0", "1"]
    if part.type == "mask":
        return _masks(part) if part.required else ["0", *_masks(part)]
    return list(dict.fromkeys(map(_literal, (part.min, part.max))))


def _outside(part: PackedPart) -> list[str]:
    """Values of the part's own bits that are refused; bits that nobody has are another matter."""
    if part.type == "bool":
        return []
    if part.type == "mask":
        names = [bit.name for bit in part.bits]
        return [_joined([n for n in names if n != name]) for name in part.required]
    below = [part.min - 1] if part.min else []
    above = [part.max + 1] if part.max < (1 << width(part)) - 1 else []
    return [_literal(value) for value in below + above]


def _known(field: PackedValues, arg: int) -> str:
    """The bits of an argument that may be set."""
    terms = []
    for part in _in(field, arg):
        every = _joined([bit.name for bit in part.bits]) if part.type == "mask" else ""
        bits = _literal(((1 << width(part)) - 1) << part.shift)
        terms.append(_placed(part, every, "uint64_t") if every else bits)
    return _joined(terms)


def argument_bits(part: PackedPart) -> str:
    """Where a part is, as people say it."""
    bits = width(part)
    if bits == ARG_BITS:
        return f"args[{part.arg}]"
    if bits == 1:
        return f"bit {part.shift} of args[{part.arg}]"
    return f"bits {part.shift + bits - 1}:{part.shift} of args[{part.arg}]"


def number_range(part: PackedNumber) -> str:
    """The range of a number, as people say it: large ones in hexadecimal."""
    shown = hex if part.min >= 1 << 16 else str
    return f"{shown(part.min)} to {shown(part.max)}"


def check_arguments(field: PackedValues, style: str = "uint%d_t") -> str:
    """The parameters of a function of userspace's that takes all values; numbers by a `style`."""
    return ", ".join(
        f"{'bool' if part.type == 'bool' else style % width(part)} {part.name}"
        for part in field.parts
    )


FILTERS = {
    function.__name__: function
    for function in (
        argument_bits,
        check_arguments,
        number_range,
        packed_arguments,
        packed_values,
        parts,
    )
}
