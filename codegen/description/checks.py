# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a description although each of its values is well formed: each part alone.

How parts go together is in `consistency`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from codegen.base.findings import Finding
from codegen.c.pattern import holes
from codegen.description.mechanism import Alternative, Edit, Mechanism, Predicate
from codegen.description.model import Test
from codegen.kinds import kinds
from codegen.kinds.kind import PartCheck
from codegen.kinds.section import Correction
from codegen.vocabulary.ccode import defines
from codegen.vocabulary.lexer import tokens
from codegen.vocabulary.part import Find, Part, Where, dashed, expression_keys, repeated, twice

_WAYS = (
    "before",
    "after",
    "instead_of",
    "new_function_before",
    "new_member_of",
    "include",
    "remove_macro",
    "kconfig",
)
_IN_FUNCTION = ("before", "after", "instead_of", "include")
_WITH_TEXT = ("before", "after", "instead_of", "new_function_before", "new_member_of")


def check_parts(parts: Mapping[Where, Part], find: Find) -> Iterator[Finding]:
    """Findings about the parts that are well formed, by where they are."""
    checks = _all_checks()
    for where, part in parts.items():
        for name in expression_keys(type(part)):
            yield from repeated(getattr(part, name), (*where, dashed(name)), find)
        make = checks.get(type(part))
        if make is not None:
            yield from make(part, where, find)


def _edit(edit: Edit, where: Where, find: Find) -> Iterator[Finding]:
    given = [way for way in _WAYS if getattr(edit, way)]
    if len(given) != 1:
        names = ", ".join(dashed(way) for way in _WAYS)
        said = "names no place" if not given else f"names {len(given)} places"
        place = (*where, dashed(given[1])) if given else where
        yield find(place, f"an edit names one place; this one {said}", f"one of: {names}")
        return
    way, key = given[0], dashed(given[0])
    if way in _IN_FUNCTION and not edit.in_:
        yield find((*where, key), f"`{key}` needs `in`", "`in` names the function that it is in")
    if way not in _IN_FUNCTION and edit.in_:
        yield find((*where, "in"), f"`{key}` takes no `in`", "leave it out")
    if way in _WITH_TEXT and not edit.put:
        yield find((*where, key), f"`{key}` needs `put`", "`put` is the text that goes there")
    if way not in _WITH_TEXT and edit.put:
        yield find((*where, "put"), f"`{key}` takes no `put`", "leave it out")
    if edit.tight and way not in ("before", "after", "new_function_before", "new_member_of"):
        yield find((*where, "tight"), f"`{key}` is not `tight`", "leave it out")
    if edit.new_member_of and edit.put:
        code = [t.text for t in tokens(edit.put) if not t.text.startswith(("/*", "//"))]
        if "{" in code or code[-1:] != [";"]:
            hint = "such as `u32 limit;`; a struct of its own is defined by another edit"
            yield find((*where, "put"), "that is no member of a struct", hint)
    yield from _holes(edit, where, find)
    if edit.include and (".." in edit.include or edit.include[1] == "/"):
        yield find((*where, key), "a header outside of the tree", "such as <linux/kvm_host.h>")


def _holes(edit: Edit, where: Where, find: Find) -> Iterator[Finding]:
    """What `put` says of the tree's names has to be found by a pattern."""
    patterns = [*edit.takes, *filter(None, (edit.before, edit.after, edit.instead_of))]
    known = sorted({hole for each in patterns for hole in holes(each)})
    for name in sorted(holes(edit.put or "") - set(known)):
        have = ", ".join(f"${each}" for each in known)
        hint = f"holes: {have}" if have else "write it in the pattern as well, or in `takes`"
        yield find((*where, "put"), f"`${name}` is no hole of a pattern", hint)
    if edit.takes and not edit.in_:
        yield find((*where, "takes"), "`takes` needs `in`", "parameters are those of a function")


def _alternative(part: Alternative, where: Where, find: Find) -> Iterator[Finding]:
    seen = [tuple(edit) for edit in part.edits]
    for index in twice(seen):
        yield find((*where, "edits", index), "this edit is given twice", "")


def _predicate(part: Predicate, where: Where, find: Find) -> Iterator[Finding]:
    yield from repeated(part.before, (*where, "before"), find)
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
    for name in ("subject", "why"):
        if part.alternatives and not getattr(part, name):
            hint = str(type(part).model_fields[name].description)
            yield find(where, f"`{name}` is missing in `mechanism`", hint)
    for name, hint in (("first", "it comes ahead of"), ("then", "it comes behind")):
        if getattr(part, name) and not part.alternatives:
            message = f"`{name}` is beside nothing"
            yield find((*where, name), message, f"{hint} `alternatives`")
    for key, step in part.steps:
        for index, alternative in enumerate(step.alternatives):
            there = (*where, *key, "alternatives", index)
            if not alternative.edits and not part.then and not alternative.holds:
                yield find(there, "an alternative without edits", "say what is to be edited")
            elif not alternative.edits and key and not alternative.holds:
                hint = "`holds`: a statement of the trees in which there is nothing to do"
                yield find(there, "any tree would fit this", hint)
    for way in given[1:]:
        message = f"the mechanism is given by `{given[0]}` already"
        yield find((*where, way), message, "leave one of them out")
    yield from repeated(part.patches, (*where, "patches"), find)
    yield from repeated(part.commits, (*where, "commits"), find)
    for index, path in enumerate(part.patches):
        if ".." in path.split("/"):
            hint = "patches lie in the description's folder, or in folders of it"
            yield find((*where, "patches", index), "a path outside of the folder", hint)


def _test(part: Test, where: Where, find: Find) -> Iterator[Finding]:
    yield from repeated(part.values, (*where, "values"), find)
    if part.code is None:
        return
    wanted = {
        "guest_code": "static void guest_code(void)",
        "observe": "static bool observe(struct kvm_vm *vm, struct kvm_vcpu *vcpu, …)",
    }
    for name, hint in wanted.items():
        if not defines(part.code, name):
            message = f"the snippet does not define {name}()"
            yield find((*where, "code"), message, f"`{hint}`")
    if re.search(r"^\s*(?:static\s+)?int\s+main\s*\(", part.code, re.M):
        yield find((*where, "code"), "the snippet defines main()", "gen writes it")


def _correction(part: Correction, where: Where, find: Find) -> Iterator[Finding]:
    if bool(part.section) == bool(part.in_):
        hint = "`section`, of the documentation, or `in`, a function with it in a comment"
        yield find(where, "a correction names one place", hint)
    if " ".join(part.says.split()) == " ".join(part.put.split()):
        yield find((*where, "put"), "the sentence stays as it is", "")
    for key in ("says", "put"):
        if "\n\n" in getattr(part, key).strip():
            yield find((*where, key), "a sentence is one paragraph", "a correction for each")


_CHECKS: Mapping[type[Part], PartCheck] = {
    Edit: _edit,
    Alternative: _alternative,
    Predicate: _predicate,
    Mechanism: _mechanism,
    Test: _test,
    Correction: _correction,
}


@lru_cache(maxsize=1)
def _all_checks() -> Mapping[type[Part], PartCheck]:
    """Those of the kinds as well; a part that several kinds have is checked once."""
    made = dict(_CHECKS)
    for kind in kinds().values():
        made.update(kind.checks)
    return made
