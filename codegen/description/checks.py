# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a description although each of its values is well formed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from codegen.description.model import Edit, Knob, Number
from codegen.findings import Finding

Find = Callable[[Sequence[str | int], str, str], Finding]
_VARIANTS = ("memslot_flag", "vm_capability", "quirk", "vm_type", "hardcoded")
_WAYS = ("before", "after", "instead_of", "new_function_before", "include", "remove_macro", "kconfig")


def check(knob: Knob, find: Find) -> list[Finding]:
    """Findings about how the values go together."""
    return [
        *_variants(knob, find),
        *_mechanism(knob, find),
        *_memslot_flag(knob, find),
        *_vm_capability(knob, find),
        *_hardcoded(knob, find),
        *_test(knob, find),
    ]


def _variants(knob: Knob, find: Find) -> Iterator[Finding]:
    if not any(getattr(knob, name) for name in _VARIANTS):
        names = ", ".join(name.replace("_", "-") for name in _VARIANTS)
        yield find((), "no variant is described", f"describe at least one of: {names}")
    if "x86" not in knob.architectures:
        for name in ("quirk", "vm_type"):
            if getattr(knob, name):
                key = name.replace("_", "-")
                yield find((key,), f"{key} exists on x86 only", "add x86 to `architectures`")
    if len(set(knob.architectures)) != len(knob.architectures):
        yield find(("architectures",), "an architecture is named twice", "")
    if knob.title.endswith("."):
        yield find(("title",), "the title ends with a full stop", "leave it out: it is a subject")


def _mechanism(knob: Knob, find: Find) -> Iterator[Finding]:
    mechanism = knob.mechanism
    if mechanism is None:
        if not knob.rfc:
            hint = "describe it, or say `rfc: true` for plumbing alone"
            yield find((), "`mechanism` is missing", hint)
        return
    ways = [mechanism.alternatives, mechanism.patches, mechanism.commits]
    if sum(bool(way) for way in ways) != 1:
        hint = "give one of: alternatives, patches, commits"
        yield find(("mechanism",), "the mechanism is given in no way, or in several", hint)
    for number, alternative in enumerate(mechanism.alternatives):
        for index, edit in enumerate(alternative.edits):
            where = ("mechanism", "alternatives", number, "edits", index)
            yield from _edit(edit, where, find)
    for index, path in enumerate(mechanism.patches):
        if ".." in path.split("/"):
            yield find(("mechanism", "patches", index), "a path outside of the folder", "")
    if mechanism.alternatives:
        text = "\n".join(e.put or "" for a in mechanism.alternatives for e in a.edits)
        if knob.predicate.name not in text:
            yield find(
                ("mechanism",),
                f"no edit calls the predicate {knob.predicate.name}()",
                "the mechanism acts on the knob by calling the predicate",
            )


def _edit(edit: Edit, where: Sequence[str | int], find: Find) -> Iterator[Finding]:
    given = [way for way in _WAYS if getattr(edit, way)]
    names = ", ".join(way.replace("_", "-") for way in _WAYS)
    if len(given) != 1:
        yield find(where, "an edit names one place, in one way", f"one of: {names}")
        return
    way = given[0].replace("_", "-")
    if way in ("before", "after", "instead-of", "include") and not edit.in_:
        yield find(where, f"`{way}` needs `in`: the function that it is in", "")
    if way in ("new-function-before", "remove-macro", "kconfig") and edit.in_:
        yield find((*where, "in"), f"`{way}` takes no `in`", "leave it out")
    takes_text = way in ("before", "after", "instead-of", "new-function-before")
    if takes_text and not edit.put:
        yield find(where, "`put` is missing: the text that goes there", "")
    if not takes_text and edit.put:
        yield find((*where, "put"), f"`{way}` takes no text", "leave `put` out")


def _memslot_flag(knob: Knob, find: Find) -> Iterator[Finding]:
    section = knob.memslot_flag
    if section is None:
        return
    for index, excluded in enumerate(section.excludes):
        if excluded.flag == section.flag:
            where = ("memslot-flag", "excludes", index, "flag")
            yield find(where, "the flag excludes itself", "")
    flags = [excluded.flag for excluded in section.excludes]
    if len(set(flags)) != len(flags):
        yield find(("memslot-flag", "excludes"), "a flag is excluded twice", "")
    if not re.match(r"(HAVE_KVM|KVM)_", section.config):
        yield find(
            ("memslot-flag", "config"),
            f"`{section.config}` is not named like KVM's symbols",
            "such as HAVE_KVM_…, for what an architecture selects",
        )


def _vm_capability(knob: Knob, find: Find) -> Iterator[Finding]:
    section = knob.vm_capability
    if section is None:
        return
    field = section.field
    if isinstance(field, Number):
        if field.min > field.max:
            where = ("vm-capability", "field", "min")
            yield find(where, f"the range is empty: {field.min} to {field.max}", "min <= max")
        if field.type == "u32" and field.max >= 1 << 32:
            where = ("vm-capability", "field", "max")
            yield find(where, f"{field.max} does not fit into a u32", f"at most {(1 << 32) - 1}")
        if field.default.isdecimal() and int(field.default) != 0:
            if not field.min <= int(field.default) <= field.max:
                where = ("vm-capability", "field", "default")
                yield find(where, f"the default {field.default} is out of range", "")
    elif field.type == "mask":
        for attribute in ("bit", "name"):
            values = [getattr(bit, attribute) for bit in field.bits]
            if len(set(values)) != len(values):
                where = ("vm-capability", "field", "bits")
                yield find(where, f"two bits have the same {attribute}", "")


def _hardcoded(knob: Knob, find: Find) -> Iterator[Finding]:
    section = knob.hardcoded
    if section is None:
        return
    if bool(section.expression) == bool(section.field):
        hint = "an expression, or a field and the value it is set to"
        yield find(("hardcoded",), "say how KVM decides, in one way", hint)
    if section.field and not section.value:
        yield find(("hardcoded",), "`value` is missing: what the field is set to", "")
    if section.value and not section.field:
        yield find(("hardcoded", "value"), "a value without a field", "")


def _test(knob: Knob, find: Find) -> Iterator[Finding]:
    code = knob.test.code
    if code is None:
        if not knob.rfc:
            yield find(("test",), "`code` is missing", "or say `rfc: true` for plumbing alone")
        return
    for name in ("guest_code", "observe"):
        if not re.search(rf"\b{name}\s*\(", code):
            yield find(("test", "code"), f"the snippet does not define {name}()", "")
    field = knob.vm_capability and knob.vm_capability.field
    for index, value in enumerate(knob.test.values):
        if not isinstance(field, Number) or not field.min <= value <= field.max:
            where = ("test", "values", index)
            yield find(where, f"{value} is no value that the capability takes", "")
