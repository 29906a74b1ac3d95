# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a description although each of its values is well formed: each part alone.

How parts go together is in `together`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from codegen.description.model import (
    Alternative,
    Edit,
    Hardcoded,
    Mask,
    Mechanism,
    MemslotFlag,
    Number,
    Part,
    Predicate,
    Test,
    VmType,
)
from codegen.description.reading import Where
from codegen.findings import Finding

Find = Callable[[Sequence[str | int], str, str], Finding]
_WAYS = (
    "before",
    "after",
    "instead_of",
    "new_function_before",
    "include",
    "remove_macro",
    "kconfig",
)
_IN_FUNCTION = ("before", "after", "instead_of", "include")
_WITH_TEXT = ("before", "after", "instead_of", "new_function_before")


def check_parts(parts: Mapping[Where, Part], find: Find) -> Iterator[Finding]:
    """Findings about the parts that are well formed, by where they are."""
    for where, part in parts.items():
        make = _CHECKS.get(type(part))
        if make is not None:
            yield from make(part, where, find)


def twice(values: Sequence[Hashable]) -> Iterator[int]:
    """The indexes of values that stood before."""
    for index, value in enumerate(values):
        if value in values[:index]:
            yield index


def _repeated(
    values: Sequence[Hashable] | None, where: Where, find: Find, key: str = ""
) -> Iterator[Finding]:
    for index in twice(values or ()):
        last = (key,) if key else ()
        yield find((*where, index, *last), f"`{(values or ())[index]}` is given twice", "")


def _edit(edit: Edit, where: Where, find: Find) -> Iterator[Finding]:
    given = [way for way in _WAYS if getattr(edit, way)]
    if len(given) != 1:
        names = ", ".join(_key(way) for way in _WAYS)
        said = "names no place" if not given else f"names {len(given)} places"
        place = (*where, _key(given[1])) if given else where
        yield find(place, f"an edit names one place; this one {said}", f"one of: {names}")
        return
    way, key = given[0], _key(given[0])
    if way in _IN_FUNCTION and not edit.in_:
        yield find((*where, key), f"`{key}` needs `in`", "`in` names the function that it is in")
    if way not in _IN_FUNCTION and edit.in_:
        yield find((*where, "in"), f"`{key}` takes no `in`", "leave it out")
    if way in _WITH_TEXT and not edit.put:
        yield find((*where, key), f"`{key}` needs `put`", "`put` is the text that goes there")
    if way not in _WITH_TEXT and edit.put:
        yield find((*where, "put"), f"`{key}` takes no `put`", "leave it out")
    if edit.tight and way not in ("before", "after", "new_function_before"):
        yield find((*where, "tight"), f"`{key}` is not `tight`", "leave it out")
    if edit.include and (".." in edit.include or edit.include[1] == "/"):
        yield find((*where, key), "a header outside of the tree", "such as <linux/kvm_host.h>")


def _key(attribute: str) -> str:
    return attribute.replace("_", "-")


def _alternative(part: Alternative, where: Where, find: Find) -> Iterator[Finding]:
    seen = [tuple(edit) for edit in part.edits]
    for index in twice(seen):
        yield find((*where, "edits", index), "this edit is given twice", "")


def _predicate(part: Predicate, where: Where, find: Find) -> Iterator[Finding]:
    yield from _repeated(part.before, (*where, "before"), find)
    for index, name in enumerate(part.before):
        if name == part.name:
            hint = "name a function of the tree that calls it, or one before that"
            message = "the predicate cannot be defined before itself"
            yield find((*where, "before", index), message, hint)


def _mechanism(part: Mechanism, where: Where, find: Find) -> Iterator[Finding]:
    ways = ("alternatives", "patches", "commits")
    given = [way for way in ways if getattr(part, way)]
    if not given:
        hint = f"give one of: {', '.join(ways)}"
        yield find(where, "the mechanism has no edits", hint)
    for way in given[1:]:
        message = f"the mechanism is given by `{given[0]}` already"
        yield find((*where, way), message, "leave one of them out")
    yield from _repeated(part.patches, (*where, "patches"), find)
    yield from _repeated(part.commits, (*where, "commits"), find)
    for index, path in enumerate(part.patches):
        if ".." in path.split("/"):
            hint = "patches lie in the description's folder, or in folders of it"
            yield find((*where, "patches", index), "a path outside of the folder", hint)


def _expressions(part: Any, names: Sequence[str], where: Where, find: Find) -> Iterator[Finding]:
    for name in names:
        yield from _repeated(getattr(part, name), (*where, name), find)


def _memslot_flag(part: MemslotFlag, where: Where, find: Find) -> Iterator[Finding]:
    flags = [excluded.flag for excluded in part.excludes]
    yield from _repeated(flags, (*where, "excludes"), find, "flag")
    for index, flag in enumerate(flags):
        if flag == part.flag:
            yield find((*where, "excludes", index, "flag"), "the flag excludes itself", "")


def _mask(part: Mask, where: Where, find: Find) -> Iterator[Finding]:
    for name, said in (("bit", "number"), ("name", "name")):
        values = [getattr(bit, name) for bit in part.bits]
        for index in twice(values):
            message = f"two bits have the same {said}: {values[index]}"
            yield find((*where, "bits", index, name), message, "")


def _number(part: Number, where: Where, find: Find) -> Iterator[Finding]:
    if part.type == "u32":
        for name in ("min", "max"):
            if getattr(part, name) >= 1 << 32:
                message = f"`{name}` does not fit into a u32: {getattr(part, name)}"
                yield find((*where, name), message, f"at most {(1 << 32) - 1}, or `type: u64`")
    if part.min > part.max:
        message = f"the range is empty: {part.min} to {part.max}"
        yield find((*where, "min"), message, "`min` is at most `max`")
    default = number(part.default)
    # 0 is what the field holds while nobody set it; it need not be a value to set
    if default and part.min <= part.max and not part.min <= default <= part.max:
        hint = f"a number from {part.min} to {part.max}, a constant of the tree, or 0"
        yield find((*where, "default"), f"the default is out of range: {default}", hint)


def number(text: str) -> int | None:
    """The number that an expression of C is, if it is one."""
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)[uUlL]*", text.strip())
    return int(found[1], 0) if found else None


def _hardcoded(part: Hardcoded, where: Where, find: Find) -> Iterator[Finding]:
    hint = "an expression, or a field and the value that it is set to"
    if not part.expression and not part.field and not part.value:
        yield find(where, "how KVM decides is missing", hint)
    if part.expression and (part.field or part.value):
        other = "field" if part.field else "value"
        yield find((*where, other), "`expression` says how KVM decides already", hint)
    elif part.field and not part.value:
        yield find((*where, "field"), "`field` needs `value`: what it is set to", "")
    elif part.value and not part.field:
        yield find((*where, "value"), "`value` needs `field`: what is set to it", "")
    yield from _expressions(part, ("expression", "value"), where, find)


def _conditions(part: Any, where: Where, find: Find) -> Iterator[Finding]:
    yield from _expressions(part, ("condition",), where, find)


def _vm_type(part: VmType, where: Where, find: Find) -> Iterator[Finding]:
    yield from _conditions(part, where, find)
    if not part.new and part.condition:
        hint = "whether an existing type is supported is decided already"
        yield find((*where, "condition"), "`condition` is for a new type", hint)


def _test(part: Test, where: Where, find: Find) -> Iterator[Finding]:
    yield from _repeated(part.values, (*where, "values"), find)
    if part.code is None:
        return
    wanted = {
        "guest_code": "static void guest_code(void)",
        "observe": "static bool observe(struct kvm_vm *vm, struct kvm_vcpu *vcpu, …)",
    }
    for name, hint in wanted.items():
        if not re.search(rf"^[ \t]*\w[\w \t*]*\b{name}\s*\(", part.code, re.M):
            message = f"the snippet does not define {name}()"
            yield find((*where, "code"), message, f"`{hint}`")
    if re.search(r"^\s*(?:static\s+)?int\s+main\s*\(", part.code, re.M):
        yield find((*where, "code"), "the snippet defines main()", "gen writes it")


def _memslot(part: MemslotFlag, where: Where, find: Find) -> Iterator[Finding]:
    yield from _memslot_flag(part, where, find)
    yield from _conditions(part, where, find)


_CHECKS: dict[type[Part], Callable[[Any, Where, Find], Iterator[Finding]]] = {
    Edit: _edit,
    Alternative: _alternative,
    Predicate: _predicate,
    Mechanism: _mechanism,
    MemslotFlag: _memslot,
    Mask: _mask,
    Number: _number,
    Hardcoded: _hardcoded,
    VmType: _vm_type,
    Test: _test,
}
