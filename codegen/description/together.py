# SPDX-License-Identifier: GPL-2.0-only
"""How the parts of a description go together.

Each check names the keys that it needs to be well formed, so that one mistake hides no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set

from codegen.description.ccode import tokens
from codegen.description.checks import Find, number, twice
from codegen.description.model import Knob, Number
from codegen.findings import Finding

_COLUMNS = 75  # Documentation/process/submitting-patches.rst, "The canonical patch format"
_VARIANTS = ("memslot_flag", "vm_capability", "quirk", "vm_type", "hardcoded")
_X86_PREFIXES = ("KVM_CAP_X86_", "KVM_MEM_X86_")


def check_together(knob: Knob, sound: Set[str], find: Find) -> Iterator[Finding]:
    """Findings about a knob of whose attributes only the `sound` ones may be looked at."""
    for needs, make in _CHECKS:
        if needs <= sound:
            yield from make(knob, find)


def _variants(knob: Knob, find: Find) -> Iterator[Finding]:
    if not any(getattr(knob, name) for name in _VARIANTS):
        names = ", ".join(name.replace("_", "-") for name in _VARIANTS)
        yield find((), "no variant is described", f"describe at least one of: {names}")


def _quirk(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.quirk and "x86" not in knob.architectures:
        yield find(("quirk",), "quirks exist on x86 only", "add x86 to `architectures`")


def _vm_type(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.vm_type and "x86" not in knob.architectures:
        message = "VM types of this kind exist on x86 only"
        yield find(("vm-type",), message, "add x86 to `architectures`")


def _architectures(knob: Knob, find: Find) -> Iterator[Finding]:
    for index in twice(knob.architectures):
        name = knob.architectures[index]
        yield find(("architectures", index), f"`{name}` is given twice", "")


def _x86_name(knob: Knob, find: Find) -> Iterator[Finding]:
    section = knob.vm_capability
    if section and section.capability.startswith(_X86_PREFIXES) and "x86" not in knob.architectures:
        hint = f"without X86, or with x86 in `architectures`: {', '.join(knob.architectures)}"
        message = f"`{section.capability}` is named for x86"
        yield find(("vm-capability", "capability"), message, hint)


def _title(knob: Knob, find: Find) -> Iterator[Finding]:
    yield from _subject(knob, ("title",), knob.title, find)


def _mechanism_subject(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.mechanism:
        yield from _subject(knob, ("mechanism", "subject"), knob.mechanism.subject, find)


def _subject(knob: Knob, where: tuple[str, ...], text: str, find: Find) -> Iterator[Finding]:
    prefix = f"KVM: {knob.topic}: " if knob.topic else "KVM: "
    columns = len(prefix) + len(text.strip())
    if columns > _COLUMNS:
        message = f"the subject `{prefix}{text.strip()}` has {columns} columns"
        yield find(where, message, f"at most {_COLUMNS}, so {_COLUMNS - len(prefix)} for the text")


def _mechanism(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.mechanism is None and not knob.rfc:
        hint = "describe it, or say `rfc: true` for plumbing alone"
        yield find((), "`mechanism` is missing", hint)


def _predicate_called(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.mechanism is None:
        return
    name = knob.predicate.name
    for number_, alternative in enumerate(knob.mechanism.alternatives):
        texts = (edit.put for edit in alternative.edits if edit.put)
        if not any(token.text == name for text in texts for token in tokens(text)):
            message = f"no edit of this alternative calls the predicate {name}()"
            hint = "the mechanism acts on the knob by calling it"
            yield find(("mechanism", "alternatives", number_), message, hint)


def _decided_by(knob: Knob, find: Find) -> Iterator[Finding]:
    """What a variant decides by is a parameter of the predicate; a vCPU has its VM at hand."""
    args = knob.predicate.args
    slot = re.search(r"struct\s+kvm_memory_slot\s*\*", args)
    vm = re.search(r"struct\s+kvm(_vcpu)?\s*\*", args)
    hardcoded = knob.hardcoded and knob.hardcoded.field
    by_vm = {"vm-capability": knob.vm_capability, "quirk": knob.quirk, "vm-type": knob.vm_type}
    deciding = [name for name, section in {**by_vm, "hardcoded": hardcoded}.items() if section]
    for name, what, struct in (
        *((name, "VM", "struct kvm *kvm") for name in deciding if not vm),
        *([("memslot-flag", "memslot", "const struct kvm_memory_slot *slot")]
          if knob.memslot_flag and not slot else []),
    ):  # fmt: skip
        message = f"{knob.predicate.name}() takes no {what}, which `{name}` decides by"
        yield find(("predicate", "args"), message, f"add `{struct}`")


def _code(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.test.code is None and not knob.rfc:
        hint = "C that observes the mechanism; or say `rfc: true` for plumbing alone"
        yield find(("test",), "`code` is missing in `test`", hint)


def _values(knob: Knob, find: Find) -> Iterator[Finding]:
    field = knob.vm_capability and knob.vm_capability.field
    if not isinstance(field, Number):
        hint = "leave it out, or give `vm-capability` a field of type u32 or u64"
        for key, given in (("values", knob.test.values), ("default", knob.test.default)):
            if given:
                yield find(("test", key), f"`{key}` is for a capability with a number", hint)
        return
    for index, value in enumerate(knob.test.values):
        if not field.min <= value <= field.max:
            message = f"the capability does not take {value}"
            hint = f"a number from {field.min} to {field.max}"
            yield find(("test", "values", index), message, hint)
    unknown = number(field.default) is None and not field.default.startswith("KVM_")
    if knob.test.code and knob.test.default is None and unknown:
        message = f"the selftest does not know `{field.default}`"
        yield find(("test",), message, "`default` in `test` is the same for the selftest")


_Check = Callable[[Knob, Find], Iterator[Finding]]
_CHECKS: tuple[tuple[frozenset[str], _Check], ...] = tuple(
    (frozenset(needs.split()), make)
    for needs, make in (
        (" ".join(_VARIANTS), _variants),
        ("quirk architectures", _quirk),
        ("vm_type architectures", _vm_type),
        ("vm_capability architectures", _x86_name),
        ("architectures", _architectures),
        ("title topic", _title),
        ("mechanism topic", _mechanism_subject),
        ("mechanism rfc", _mechanism),
        ("mechanism predicate", _predicate_called),
        (" ".join(("predicate", *_VARIANTS)), _decided_by),
        ("test rfc", _code),
        ("test vm_capability", _values),
    )
)
