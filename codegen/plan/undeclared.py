# SPDX-License-Identifier: GPL-2.0-only
"""What is said of names that are not declared where they are used, at the description's line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from codegen.base.findings import Finding
from codegen.c.definitions import Definition, definitions
from codegen.c.outline import outline
from codegen.description.load import Description
from codegen.kernel.survey import SELFTESTS
from codegen.mail.patch import Patch
from codegen.plan.names import Missing, places
from codegen.plan.plan import Plan
from codegen.sites.code import C_FILES
from codegen.tree.reader import Overlay, Tree
from codegen.vocabulary.lexer import tokens
from codegen.vocabulary.part import Where

# The keys of a description whose values are C.
_CODE = frozenset(
    "put off args returns condition expression value check-extension code requires default setup "
    "expected field mixed times does call answer size".split()
)


def findings(plan: Plan, missing: Sequence[tuple[int, Missing]], tree: Tree) -> Iterator[Finding]:
    """What is missing in a plan, and where the description says it."""
    for number, each in missing:
        patch, behind = plan.patches[number], tree
        for before in plan.patches[: number + 1]:
            behind = Overlay(behind, before.files)
        later = next((p.subject for p in plan.patches[number + 1 :] if _defines(p, each.name)), "")
        parts = _parts(plan, patch, number, each.path)
        yield _finding(plan.description, parts, each, behind, later)


def _defines(patch: Patch, name: str) -> bool:
    """Whether one of the new lines of a patch defines a name."""
    for path, made in patch.changes.items():
        if path.endswith(C_FILES):
            for each in definitions(outline(made.after or b""), name):
                if any(span.start <= each.at < span.end for span in made.new):
                    return True
    return False


def _parts(plan: Plan, patch: Patch, number: int, path: str) -> list[Where]:
    """The parts of a description that a file of a patch is made of, the likeliest first."""
    section = plan.variant.section
    if patch.part == "given":
        return [("mechanism", "patches", number), ("mechanism", "commits", number)]
    if path.startswith(SELFTESTS):
        return [("test",), (section,)]
    if patch.part == "mechanism":
        first = next(at for at, made in enumerate(plan.patches) if made.part == "mechanism")
        return [plan.alternatives[number - first], ("predicate",)]
    return [(section,), ("predicate",)]


def _finding(
    description: Description,
    parts: Sequence[Where],
    each: Missing,
    tree: Tree,
    later: str,
) -> Finding:
    """A name that is missing as a finding: where the description says it, and what would be right.

    `parts` are the parts of the description that the patch is made of, `later` is the patch that
    defines the name after this one, if one does.
    """
    use, where = each.unseen.use, f"{each.path}:{each.line}"
    if use.kind == "label":
        message = f"there is no label `{each.name}` in the function at {where}"
    elif use.kind == "member" and each.unseen.tag:
        message = f"`struct {each.unseen.tag}` has no member `{each.name}`, used at {where}"
    elif use.kind == "member":
        message = f"no struct that {where} sees has a member `{each.name}`"
    else:
        message = f"`{each.shown}` is not declared where {where} uses it"
    hints = []
    if later:
        hints.append(f"a later patch defines it: {later}")
    elif use.kind in ("name", "tag"):
        hints += _elsewhere(tree, each)
    hints += [f"nearest that is visible: `{each.near}`"] if each.near else []
    hint = "\n".join(hints)
    for part in parts:
        for place, text in code_texts(description, part):
            at = _token(text, each.name)
            if at >= 0:
                return description.finding_in(place, text, at, message, hint)
    return Finding(message, each.path, each.line, hint=hint)


def _token(text: str, name: str) -> int:
    return next((token.at for token in tokens(text) if token.text == name), -1)


def _elsewhere(tree: Tree, each: Missing) -> Iterator[str]:
    """Where a name is defined that is not visible, as far as the tree has it."""
    for path, data in places(tree, each.name, each.path):
        found = definitions(outline(data), each.name)
        if found:
            yield _said(found[0], path, data, each.path)
            return
    yield "no file of this tree defines it"


def _said(found: Definition, path: str, data: bytes, user: str) -> str:
    line = data.count(b"\n", 0, found.at) + 1
    where = f"{path}:{line}"
    if path == user:
        return f"it is declared below, at {where}"
    if path.endswith(".h"):
        return f"{where} defines it, which {user} does not include"
    if found.static:
        return f"it is static in another file: {where}"
    return f"{where} defines it, and no header that {user} includes declares it"


def code_texts(
    description: Description, part: Sequence[str | int]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The values that are C in a part of a description, with where they are."""
    value: Any = description.knob.model_dump(by_alias=True)
    for key in part:
        value = value[key] if value is not None else None
    yield from _texts(value, tuple(part))


def _texts(value: Any, where: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        if any(key in _CODE for key in where) and where[-1] not in (
            "comment",
            "type",
            "unit",
            "means",
        ):
            yield where, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*where, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*where, index))
