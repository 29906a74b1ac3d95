# SPDX-License-Identifier: GPL-2.0-only
"""Whether gen's series on a drifted tree is right.

Right is what means the same as the series on the tree without drift.  A refusal is honest if it
names a place that the drift has changed and speaks of what stands there now; it misleads if it
blames something else or says what is false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.base.errors import GenError
from codegen.base.findings import Finding, NotHere
from codegen.plan.plan import Plan
from codegen.tree.reader import Overlay, Tree, read_or_none
from tests.drift.draft import KVM, Draft, NotApplicable, functions
from tests.drift.drift import Drift
from tests.drift.facts import facts
from tests.drift.probe import behaviour
from tests.drift.trees import Base, Cell

RIGHT, REFUSED, MISLEADING, WRONG = "right", "refused", "misleading", "wrong"
VERDICTS = (RIGHT, REFUSED, MISLEADING, WRONG)


@dataclass(frozen=True)
class Outcome:
    """What came of one drift with one series; `why` is for people, and empty if all is right."""

    drift: str
    group: str
    cell: str
    verdict: str
    why: str = ""


class Spoilt(AssertionError):
    """A drift that does more than it should: the tree does not compile or behaves otherwise."""


def drifted(drift: Drift, base: Base) -> Draft:
    """The drifted tree; NotApplicable, or Spoilt if it is no refactoring."""
    tree = drift.on(base.tree)
    if base.small and any(path.endswith((".c", ".h")) for path in tree.changed):
        before = behaviour(base.tree, {}, (), frozenset())
        behind = behaviour(tree, drift.moved, (), frozenset())
        if before != behind:
            raise Spoilt(f"{drift.name}: {_first_difference(before, behind)}")
    return tree


def outcomes(drift: Drift, base: Base, tree: Draft) -> Iterator[Outcome]:
    """What came of each series that the drift concerns."""
    for cell, plan in base.plans.items():
        if set(drift.concerns) & {edit.site for patch in plan.patches for edit in patch.edits}:
            verdict, why = _judged(drift, base, tree, cell, plan)
            yield Outcome(drift.name, drift.group, cell.name, verdict, why)


def _judged(drift: Drift, base: Base, tree: Draft, cell: Cell, plan: Plan) -> tuple[str, str]:
    try:
        made = cell.plan(tree)
    except NotHere as answer:
        return MISLEADING, f"says that it cannot be here: {_shown(answer)}"
    except GenError as refusal:
        lie = _misleads(drift, tree, refusal)
        return (MISLEADING, f"{lie}\n{_shown(refusal)}") if lie else (REFUSED, _shown(refusal))
    except (
        ArithmeticError,
        AssertionError,
        LookupError,
        StopIteration,
        TypeError,
        ValueError,
    ) as slip:
        return MISLEADING, f"breaks off: {type(slip).__name__}: {slip}"
    if _commutes(drift, base, tree, plan, made):
        return RIGHT, ""
    problems = list(_differences(drift, base, tree, plan, made))
    return (WRONG, "\n".join(problems)) if problems else (RIGHT, "")


def _commutes(drift: Drift, base: Base, tree: Draft, plan: Plan, made: Plan) -> bool:
    """Whether the drift of the series' result is the series on the drifted tree, byte for byte.

    Then it is right, since a drift changes no meaning.
    """
    try:
        wanted = drift.on(Overlay(base.tree, plan.files))
    except NotApplicable:
        return False
    found = Overlay(tree, made.files)
    paths = {*plan.files, *made.files, *wanted.changed, *tree.changed}
    return all(read_or_none(wanted, path) == read_or_none(found, path) for path in paths)


def _differences(drift: Drift, base: Base, tree: Tree, plan: Plan, made: Plan) -> Iterator[str]:
    """In what the series on the drifted tree says something else."""
    wanted = facts(plan, base.tree, drift.moved)
    found = facts(made, tree, drift.moved)
    for key, values in wanted.items():
        missing, more = sorted(values - found[key]), sorted(found[key] - values)
        if missing or more:
            yield f"{key}: lacks {_short(missing)}; has instead {_short(more)}"
    if base.small:
        config = _config(plan)
        before = behaviour(Overlay(base.tree, plan.files), {}, config, _new(plan, base.tree))
        behind = behaviour(Overlay(tree, made.files), drift.moved, config, _new(made, tree))
        if before != behind:
            yield f"behaviour: {_first_difference(before, behind)}"


def _new(plan: Plan, tree: Tree) -> frozenset[str]:
    known = set(tree.paths("tools/"))
    return frozenset(path for path in plan.files if path.startswith("tools/") and path not in known)


def _config(plan: Plan) -> tuple[str, ...]:
    section = plan.description.knob.section(plan.variant.section)
    return tuple(filter(None, [getattr(section, "config", "")]))


def _short(values: list[str]) -> str:
    return "; ".join(value[:160] for value in values) or "nothing"


def _first_difference(before: str, behind: str) -> str:
    old, new = before.splitlines(), behind.splitlines()
    if behind.startswith("does not compile"):
        return behind
    for number, line in enumerate(old):
        if number >= len(new) or new[number] != line:
            context = f" (behind `{old[number - 1]}`)" if number else ""
            return (
                f"`{line}` has become `{new[number] if number < len(new) else 'nothing'}`{context}"
            )
    return f"`{new[len(old)]}` is new" if len(new) > len(old) else ""


def _shown(problem: GenError) -> str:
    findings = getattr(problem, "findings", ())
    return "\n".join(f.render() if isinstance(f, Finding) else str(f) for f in findings) or str(
        problem
    )


def _misleads(drift: Drift, tree: Draft, refusal: GenError) -> str:
    """What a refusal says that is false or beside the point; nothing if it is honest."""
    findings = [f for f in getattr(refusal, "findings", ()) if isinstance(f, Finding)]
    for finding in findings:
        lie = _false(finding, tree)
        if lie:
            return lie
    text = _shown(refusal)
    text += "".join(f.site for f in findings)
    if any(f.site for f in findings) and not any(site in text for site in drift.concerns):
        return f"it names none of {', '.join(drift.concerns)}"
    if not any(shape in text for shape in drift.shape):
        return f"it speaks of none of {', '.join(drift.shape)}"
    return ""


def _false(finding: Finding, tree: Draft) -> str:
    """A statement of a finding that the tree belies."""
    text = f"{finding.message}\n{finding.hint}"
    absent = r"(?:definition of function )?(\w+)\(\) (?:not found|is nowhere in KVM's folders)"
    for name in re.findall(absent, text):
        for path in tree.holding(f"{name}(", KVM):
            if any(functions(tree.text(path), name)):
                return f"it says that {name}() is not there, {path} has it"
    if "no file of the tree names it" in text:
        names = re.findall(r"\b(?:KVM_\w+|kvm_\w+|supported_\w+)\b", finding.message)
        for name in names:
            if list(tree.holding(name, KVM)):
                return f"it says that nothing names {name}, the tree does"
    if "without VM types" in text and "KVM_X86_DEFAULT_VM" in tree.text(
        "arch/x86/include/uapi/asm/kvm.h"
    ):
        return "it says that the tree has no VM types"
    if "there is no number to continue from" in text:
        return "it says that the tree has no number of that family"
    return ""


__all__ = [
    "MISLEADING",
    "REFUSED",
    "RIGHT",
    "VERDICTS",
    "WRONG",
    "NotApplicable",
    "Outcome",
    "Spoilt",
    "drifted",
    "outcomes",
]
