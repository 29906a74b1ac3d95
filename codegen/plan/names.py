# SPDX-License-Identifier: GPL-2.0-only
"""Whether all names that a patch uses are declared where it uses them, and what to say if not.

The tree is that behind the patch.  Names of the patch's own lines are asked for, be they from the
description or from gen's templates; `codegen.c.visible` says what it is to be visible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.architectures import ARCHITECTURES
from codegen.base.findings import Finding
from codegen.c.definitions import Definition, definitions
from codegen.c.outline import Outline, covers, includes, outline
from codegen.c.uses import Use
from codegen.c.visible import Unseen, Visibility
from codegen.description.load import Description
from codegen.kernel.folders import folders
from codegen.kernel.survey import SELFTESTS, Survey
from codegen.mail.patch import Patch
from codegen.tree.changed import Changed, NewSpan
from codegen.tree.reader import Overlay, Tree, read_or_none
from codegen.vocabulary.ccode import tokens
from codegen.vocabulary.part import Where

if TYPE_CHECKING:
    from codegen.plan.plan import Plan

_C = (".c", ".h")
_CONFIG = re.compile(r"\bCONFIG_(\w+)")
_MOST_FILES = 60  # in which a name that is not visible is looked for
# The keys of a description whose values are C.
_CODE = frozenset(
    "put off args returns condition expression value check-extension code requires default setup "
    "expected field mixed times does call answer size".split()
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that is not visible: the file and line of the tree behind the patch that use it."""

    path: str
    line: int
    unseen: Unseen
    near: str

    @property
    def name(self) -> str:
        """The name."""
        return self.unseen.use.name

    @property
    def shown(self) -> str:
        """The name as messages show it."""
        return f"struct {self.name}" if self.unseen.use.kind == "tag" else self.name


def missing(
    tree: Tree, files: Mapping[str, Changed], architectures: Sequence[str]
) -> tuple[Missing, ...]:
    """The names that the new lines of a tree's changed files use and that are not visible there."""
    tree = Overlay(tree, {path: made.after for path, made in files.items()})
    found: dict[tuple[str, str], Missing] = {}
    for path, made in files.items():
        if path.endswith(_C) and made.new and made.after is not None:
            for each in _missing_in(tree, path, made.after, made.new, architectures):
                found.setdefault((path, each.name), each)
    return tuple(found.values())


def _missing_in(
    tree: Tree, path: str, data: bytes, new: Sequence[NewSpan], architectures: Sequence[str]
) -> Iterator[Missing]:
    own = re.match(r"arch/(\w+)/", path)
    ranges = [(each.start, each.end) for each in new]
    for arch in (own[1],) if own else _building(tree, path, architectures):
        view = Visibility(path, data, lambda at: read_or_none(tree, at), arch)
        others = arch not in architectures and not own
        out = _left_out(tree, view.outline, arch) if others else []
        for unseen in view.unseen(ranges):
            if not (
                covers(out, unseen.use.at)
                or _of_another(view.outline, unseen.use.at, arch)
                or _seen_otherwise(tree, path, unseen.use, arch)
            ):
                line = data.count(b"\n", 0, unseen.use.at) + 1
                yield Missing(path, line, unseen, view.nearest(unseen))


def _building(tree: Tree, path: str, architectures: Sequence[str]) -> Iterator[str]:
    """The architectures that a file is for: of KVM's generic code, all that have KVM."""
    yield from architectures
    where = folders(tree)
    if path.startswith(where.code) and "/uapi/" not in path:
        yield from (a for a in ARCHITECTURES if a not in architectures and where.arch_kconfig(a))


def _left_out(tree: Tree, text: Outline, arch: str) -> list[tuple[int, int]]:
    """What is compiled only with a symbol of Kconfig that KVM of an architecture does not have."""
    kconfig = read_or_none(tree, folders(tree).arch_kconfig(arch) or "") or b""
    named = {s for each in text.directives for s in _CONFIG.findall(each.rest)}
    lacking = [f"CONFIG_{s}" for s in named if not re.search(rf"\b{s}\b".encode(), kconfig)]
    return [span for symbol in lacking for span in text.only_with(symbol)]


def _of_another(file: Outline, offset: int, arch: str) -> bool:
    """Whether what stands at an offset is compiled for other architectures alone."""
    others = (each.macro for name, each in ARCHITECTURES.items() if name != arch)
    return covers(file.only_with(*others), offset) and not covers(
        file.only_with(ARCHITECTURES[arch].macro), offset
    )


def _seen_otherwise(tree: Tree, path: str, use: Use, arch: str) -> bool:
    """Whether a name may be visible although the file's own headers do not show it.

    A header sees what is included before it.  A name that other files use, and that no file
    defines, is from a header that the build writes.
    """
    if use.kind != "name":
        return False
    if path.endswith(".h") and _seen_by_includer(tree, path, use, arch):
        return True
    places = _places(tree, use.name, path)
    if any(definitions(outline(data), use.name) for _, data in places):
        return False
    return any(
        view.shows_use(use.name)
        for at, data in places
        if at.endswith(".c") and at != path
        for view in [Visibility(at, data, lambda other: read_or_none(tree, other), arch)]
    )


def _seen_by_includer(tree: Tree, path: str, use: Use, arch: str) -> bool:
    name = path.rpartition("/")[2]
    survey = Survey(tree, (arch,))
    for at in survey.holding(name, survey.kvm_prefixes()):
        data = tree.read(at)
        for offset, header, _ in includes(data):
            if header.rpartition("/")[2] == name:
                view = Visibility(at, data, lambda other: read_or_none(tree, other), arch)
                if view.seen([use.name], offset):
                    return True
    return False


def _places(tree: Tree, name: str, path: str) -> list[tuple[str, bytes]]:
    """Files that hold a name, the nearest to a path first; those of other architectures not."""
    top = path.split("/")

    def distance(other: str) -> tuple[int, str]:
        parts = other.split("/")
        same = sum(1 for a, b in zip(top, parts, strict=False) if a == b)
        return -same - (parts[0] == "include") - ("kvm" in other), other

    own = path.startswith("tools/")
    arch = re.match(r"arch/\w+/", path)
    paths = [
        each
        for each in tree.grep(name)
        if each.startswith("tools/") == own
        and (not each.startswith("arch/") or not arch or each.startswith(arch[0]))
    ]
    return [(p, read_or_none(tree, p) or b"") for p in sorted(paths, key=distance)[:_MOST_FILES]]


def missing_of_series(
    tree: Tree, patches: Sequence[Patch], architectures: Sequence[str]
) -> list[tuple[int, Missing]]:
    """The same for each patch of a series, with the number of the patch, from 0."""
    found: list[tuple[int, Missing]] = []
    for number, patch in enumerate(patches):
        found += [(number, each) for each in missing(tree, patch.changes, architectures)]
        tree = Overlay(tree, patch.files)
    return found


# What is said


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
        if path.endswith(_C):
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
    for path, data in _places(tree, each.name, each.path):
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
