# SPDX-License-Identifier: GPL-2.0-only
"""What a new uAPI has to come with: rules R5 to R7."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from codegen.architectures import ARCHITECTURES
from codegen.c.source import Token
from codegen.check.remark import Remark
from codegen.check.view import View
from codegen.kernel.survey import API, Found, Survey

DOCS = "Documentation/virt/kvm/"
_HOST_STRUCTS = ("kvm_arch", "kvm")
_INITS = ("kvm_arch_init_vm", "kvm_create_vm")


def documented(view: View) -> Iterator[Remark]:
    """R5: api.rst changes with the uAPI, and KVM_CHECK_EXTENSION tells what is there."""
    new = [m for m in view.new_macros.values() if not _internal(m.name)]
    if not new:
        return
    if not any(True for _ in view.changes(DOCS)):
        first = new[0]
        what = f"{first.name} is new, and {API} does not change"
        yield Remark(what, first.patch.name, first.line, "describe the uAPI in the same series")
        return
    text = "\n".join(
        view.after.tree.read(path).decode("utf-8", "replace") for path in view.after.files(DOCS)
    )
    asked = _words(_functions(view.after, "check_extension"))
    for macro in new:
        capability = macro.name.startswith("KVM_CAP_")
        if capability and macro.name not in asked:
            what = f"KVM_CHECK_EXTENSION does not know {macro.name}"
            yield Remark(what, macro.patch.name, macro.line, "userspace has to discover it")
        if capability and not has_section(text, macro.name):
            hint = "a section with its name as title, or `:Capability:` of an ioctl's section"
            yield Remark(
                f"{API} has no section on {macro.name}", macro.patch.name, macro.line, hint
            )
        elif not capability and not re.search(rf"\b{macro.name}\b", text):
            what = f"{macro.name} is nowhere in {DOCS}"
            yield Remark(what, macro.patch.name, macro.line, note=True)
    yield from _undiscovered(view)


def _undiscovered(view: View) -> Iterator[Remark]:
    """New memslot flags while nothing that KVM_CHECK_EXTENSION answers has changed."""
    flags = view.new_named("KVM_MEM_")
    before, after = (
        [found.text() for found in _functions(survey, "check_extension")]
        for survey in (view.before, view.after)
    )
    if flags and before == after:
        what = f"nothing tells userspace whether there is {flags[0].name}"
        hint = "add a capability, or a bit to what one returns"
        yield Remark(what, flags[0].patch.name, flags[0].line, hint)


def _internal(name: str) -> bool:
    """Include guards and the like."""
    return name.endswith(("_H", "_H_", "__"))


def has_section(text: str, name: str) -> bool:
    """Whether a document has a title, a label or a field `:Capability:` with a name."""
    word = rf"(?<!\w){name}(?!\w)"
    title = rf"^.*{word}.*\n[=~^\"'#*+-]{{4,}}\s*$"
    # its further lines are indented; one blank tells that, and leaves a line one way to match
    field = rf"^:Capability: .*?(?:\n[ \t].*?)*?{word}"
    return bool(re.search(rf"{title}|{field}|^\.\. _{word}:", text, re.M))


def _functions(survey: Survey, part: str) -> list[Found]:
    """KVM's functions with a word in their name."""
    sources = map(survey.source, survey.holding(part, survey.kvm_prefixes()))
    return [
        Found(source, extent)
        for source in sources
        for extent in source.all("function")
        if part in extent.name
    ]


def _words(functions: Iterable[Found]) -> set[str]:
    return {token.text for function in functions for token in _tokens(function)}


def _tokens(function: Found) -> list[Token]:
    extent = function.extent
    return [t for t in function.source.tokens(extent.start, extent.end) if not t.comment]


def off_by_default(view: View) -> Iterator[Remark]:
    """R6: features are off until userspace asks, quirks are on until userspace disables them."""
    for prefix, valid in (each.quirks for each in ARCHITECTURES.values() if each.quirks):
        quirks = view.new_named(prefix)
        masks = view.after.definitions("macro", valid) if quirks else ()
        known = {t.text for mask in masks for t in _tokens(mask)}
        for macro in quirks:
            if masks and macro.name not in known:
                what = f"{valid} lacks {macro.name}: userspace cannot disable it"
                yield Remark(what, macro.patch.name, macro.line)
    yield from _on_from_start(view)


def _on_from_start(view: View) -> Iterator[Remark]:
    """New fields of a VM that its creation sets to true."""
    new = new_fields(view)
    inits = [f for name in _INITS for f in view.after.definitions("function", name)] if new else []
    for init in inits:
        words = [token.text for token in _tokens(init)]
        for field, sign, value in zip(words, words[1:], words[2:], strict=False):
            if field in new and (sign, value) == ("=", "true"):
                patch = _patch_with(view, f"{field} = true")
                what = f"{init.extent.name}() sets {field}: the feature is on by default"
                yield Remark(what, *patch, "userspace that does not know it must see no change")


def new_fields(view: View) -> set[str]:
    """The fields that a series adds to the structs of a VM."""
    return {
        name
        for struct in _HOST_STRUCTS
        for name in _fields(view.after, struct) - _fields(view.before, struct)
    }


def _fields(survey: Survey, struct: str) -> set[str]:
    """The names in a struct that stand before a semicolon."""
    found = set()
    for definition in survey.definitions("struct", struct):
        words = [token.text for token in _tokens(definition)]
        found |= {a for a, b in pairwise(words) if b == ";"}
    return found


def _patch_with(view: View, text: str) -> tuple[str, int]:
    for patch, change in view.changes():
        for line in change.added.values():
            if text in line:
                return patch.name, patch.line_of(change.path, line)
    return "", 0


def strict(view: View) -> Iterator[Remark]:
    """R7: what KVM does not know in flags and arguments is refused."""
    capabilities = view.new_named("KVM_CAP_")
    functions = _functions(view.after, "enable_cap") if capabilities else []
    for function in functions:
        words = [token.text for token in _tokens(function)]
        for macro in capabilities:
            case = _case(words, macro.name)
            if case and not _looks(case, "_generic" in function.extent.name):
                name = f"{function.extent.name}()"
                what = f"{name} takes whatever flags and arguments come with {macro.name}"
                hint = (
                    "-EINVAL for every bit that means nothing, so that it can mean something later"
                )
                patch = _patch_with(view, f"case {macro.name}:")
                yield Remark(what, *patch, hint)
    code = [prefix for prefix in view.after.kvm_prefixes() if "/uapi/" not in prefix]
    for macro in view.new_named("KVM_MEM_"):
        if not view.after.knows(macro.name, code):
            what = f"no code of KVM's knows {macro.name}: it is refused as unknown"
            yield Remark(what, macro.patch.name, macro.line)


def _case(words: list[str], name: str) -> list[str]:
    """The tokens behind `case NAME:`, up to the next label of the same switch."""
    at = next((i for i, w in enumerate(words[:-1]) if w == "case" and words[i + 1] == name), None)
    if at is None:
        return []
    body: list[str] = []
    depth, labels = 0, True
    at += 3
    while at < len(words) and depth >= 0:
        word = words[at]
        depth += (word == "{") - (word == "}")
        if word in ("case", "default") and depth == 0:
            if not labels:
                break
            at = next((i for i in range(at, len(words)) if words[i] == ":"), len(words)) + 1
            continue
        labels = False
        body.append(word)
        at += 1
    return body


def _looks(case: list[str], generic: bool) -> bool:
    """Whether a case looks at what came, or hands it on.

    The generic function does not look at the flags before its cases, the others do.
    """
    handed = any(a == "cap" and b in (")", ",") for a, b in pairwise(case))
    return handed or "flags" in case or (not generic and "args" in case)
