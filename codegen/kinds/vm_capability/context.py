# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of VM capabilities see, and how they say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codegen.c import layout
from codegen.kinds import packing
from codegen.kinds.fields import c_type, initial
from codegen.kinds.packed import parts
from codegen.kinds.vm_capability.flags import flag_word
from codegen.style.filters import for_any_vm, literal

if TYPE_CHECKING:
    from codegen.plan.asked import Asked


def context(asked: Asked) -> Mapping[str, Any]:
    """What is asked of a capability on a tree.

    `answer`, `good` (an argument that it takes), `default` (of a number, as the selftest says
    it), `bare` (in the selftest: what makes a VM that has nothing but its needs), `starts`,
    whether a new VM's value is not 0, `masks`, the fields that are new masks, `generic`, the
    symbol by which generic code has it, `flag`, where the tree keeps it as a bit: the bit's `name`
    and the `word` of kvm->arch, `packed`, what a selftest tries of packed arguments, and `by`, by
    what KVM does what the knob is about, if the capability is not all.
    """
    field = asked.section.field
    default = field.default if field.type in ("u32", "u64") else "0"
    return {
        "answer": _answer(asked.section, asked.chosen["condition"]),
        "good": _good_argument(field),
        "default": asked.knob.test.default or default,
        "starts": any(initial(each) != "0" for each in parts(field)),
        "masks": [each for each in parts(field) if each.type == "mask" and each.new],
        "packed": packing.packed_test(field) if field.type == "packed" else None,
        "by": "",
        "generic": asked.section.config,
        "flag": None if asked.section.config else _flag(asked, field),
        "bare": "create_with_needs()" if asked.section.needs else "vm_create_barebones()",
    }


def _flag(asked: Asked, field: Any) -> Mapping[str, str] | None:
    """The bit of a bool, where all of the knob's architectures keep theirs in such a word."""
    if field.type != "bool":
        return None
    words = {flag_word(asked.survey, arch) for arch in asked.knob.architectures}
    known, *others = words
    if known is None or others:
        return None
    return {"name": f"{known.prefix}{field.name.upper()}", "word": known.word}


def _good_argument(field: Any) -> str:
    """An argument that the capability takes, in C: args[0], where there are several."""
    if field.type == "packed":
        return "good[0]"
    if field.type == "mask":
        return str(field.bits[0].name)
    if field.type == "bool":
        return "0" if field.one_way else "1"
    return literal(field.max)


def _answer(section: Any, condition: str) -> str:
    """What KVM_CHECK_EXTENSION returns for the capability, in C."""
    if section.check_extension:
        return str(section.check_extension)
    field = section.field
    if field.type == "mask":
        usual = " | ".join(bit.name for bit in field.bits)
        usual = f"({usual})" if condition and len(field.bits) > 1 else usual
    elif field.type in ("u32", "u64"):
        usual = field.default if field.default != "0" else "1"
    else:
        usual = "1"
    if not condition:
        return usual
    holds = for_any_vm(condition)
    if usual == "1":
        return holds
    return f"({holds}) ? {usual} : 0" if holds != condition else f"{condition} ? {usual} : 0"


def argument_test(field: Any, args: str) -> str:
    """The C test that says whether a capability's arguments are none that the field takes."""
    if field.type == "packed":
        return " || ".join(packing.packed_tests(field, args))
    others = [f"{args}[{n}]" for n in (1, 2, 3)]
    return " || ".join([*_value_tests(field, f"{args}[0]"), *others, *_overflow(field, args)])


def _overflow(field: Any, args: str) -> list[str]:
    """The test of a number that is multiplied, the longest one and so the last."""
    times = field.type in ("u32", "u64") and field.times
    return [f"check_mul_overflow({args}[0], {times}, &product)"] if times else []


def _value_tests(field: Any, value: str) -> list[str]:
    if field.type == "bool":
        return [value if field.one_way else f"({value} & ~1)"]
    if field.type == "mask":
        names = " | ".join(bit.name for bit in field.bits)
        mask = f"({names})" if len(field.bits) > 1 else names
        return [f"({value} & ~(u64){mask})"]
    tests = [f"{value} < {literal(field.min)}"] if field.min > 1 else []
    tests += [f"!{value}"] if field.min == 1 else []
    if not field.times and field.max < 2**64 - 1:
        tests += [f"{value} > {literal(field.max)}"]
    return tests


def argument_values(field: Any) -> str:
    """The values that switch a capability on, as people say them."""
    if field.type == "packed":
        first, *more = packing.packed_arguments(field, wide="__u64")
        return ", ".join([first, *(f"args[{n}] = {arg}" for n, arg in enumerate(more, start=1))])
    if field.type == "bool":
        return "0" if field.one_way else "1"
    if field.type == "mask":
        return " | ".join(bit.name for bit in field.bits)
    return f"{field.min} to {field.max}"


def bit_defines(bits: Sequence[Any], one: str = "1") -> str:
    """`#define` for each bit of a mask, the values in one column; `one` is what is shifted."""
    start = max(layout.width(f"#define {bit.name}") for bit in bits) // 8 + 1
    lines = []
    for bit in bits:
        line = f"#define {bit.name}"
        tabs = "\t" * (start - layout.width(line) // 8)
        lines.append(f"{line}{tabs}({one} << {bit.bit})")
    return "\n".join(lines)


FILTERS = {
    function.__name__: function
    for function in (argument_test, argument_values, bit_defines, c_type, initial)
} | packing.FILTERS
