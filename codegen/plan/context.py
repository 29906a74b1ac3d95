# SPDX-License-Identifier: GPL-2.0-only
"""What a variant needs to know of a tree before it can say anything: numbers, names, conditions."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codegen.base.findings import Finding, NotHere, error
from codegen.c.source import lex
from codegen.description.load import Description
from codegen.description.model import Knob, Merged
from codegen.kernel.dialect import translated
from codegen.kernel.numbers import NumberMacro, constants, refuse_enumerators, refuse_limits
from codegen.kernel.survey import Survey
from codegen.kinds import templates_see
from codegen.plan.asked import Asked, TreeFacts
from codegen.plan.variants import Variant
from codegen.sites.selftest import for_tree, included, names_ucall, test_path
from codegen.style.filters import for_any_vm
from codegen.vocabulary.parameters import pointers
from codegen.vocabulary.part import Part, attribute, dashed, expression_keys

_KEYWORDS = frozenset(
    "struct arch true false NULL sizeof kvm slot vcpu u8 u16 u32 u64 int bool".split()
)


@dataclass(frozen=True, slots=True)
class Reserved:
    """Numbers claimed elsewhere, by the prefix of their family, such as `KVM_CAP_`."""

    numbers: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def of(self, prefix: str) -> frozenset[int]:
        """What is claimed of one family."""
        return self.numbers.get(prefix, frozenset())


def names_in(expression: str) -> tuple[str, ...]:
    """The identifiers of a C expression that a tree has to know, fields as well."""
    tokens = lex(expression)
    return tuple(
        token.text
        for token in tokens
        if re.fullmatch(r"[A-Za-z_]\w*", token.text) and token.text not in _KEYWORDS
    )


def known_expression(
    survey: Survey,
    description: Description,
    where: Sequence[str],
    expressions: Sequence[str] | None,
    refused: Container[str] = (),
) -> str:
    """The first expression whose names the tree knows; empty where none is asked for.

    `refused` are passed over.  Raises NotHere where the tree knows the names of none.
    """
    if not expressions:
        return ""
    missing: dict[str, str] = {}
    for expression in (each for each in expressions if each not in refused):
        unknown = [name for name in names_in(expression) if not survey.has(name)]
        if not unknown:
            return expression
        missing[expression] = unknown[0]
    said = "; ".join(f"`{e}` names {name}" for e, name in missing.items())
    finding = description.finding(
        where,
        f"no alternative of {'.'.join(where)} fits this tree: {said}, which it does not have",
        "add an alternative in this tree's terms",
    )
    raise NotHere(finding.message, (finding,))


def numbers(
    survey: Survey, description: Description, variant: Variant, reserved: Reserved
) -> dict[str, int]:
    """The number of each family that the variant takes one of: Linux's own where it has merged the
    name, else the next free one.
    """
    taken = {}
    names = names_of(description.knob, variant)
    for key, spec in variant.numbers.items():
        if not spec.ioctls_below:  # no ioctl is one
            refuse_enumerators(survey, spec.prefix, spec.suffix)
        members = spec.family(survey)
        if not members.members and not spec.may_begin:
            searched = ", ".join(dict.fromkeys(c.source.path for c in constants(survey)))
            raise error(
                Finding(
                    f"this tree has no macro {spec.prefix}*{spec.suffix}: there is no number "
                    "to continue from",
                    hint=f"searched: {searched or 'no uAPI header has a macro KVM_*'}",
                )
            )
        refuse_limits(survey, members, description.knob.not_in)
        # an ioctl counts by its direction and struct as well: Linux gives several one number, and
        # what has all of that in common is found where the ABIs are compared
        refused = () if spec.ioctls_below else members.numbered
        number = _given(description, names[key], {members.number(m): m for m in refused})
        if number is None:
            number = members.next(reserved.of(spec.prefix))
        if number > spec.most:
            raise error(
                Finding(
                    f"{spec.prefix}*{spec.suffix} is full: {number} would be the next, "
                    f"{spec.most} is the last",
                    hint=spec.when_full,
                )
            )
        taken[key] = number
    return taken


def _given(description: Description, name: str, gone: Mapping[int, NumberMacro]) -> int | None:
    """The number that Linux gave a name.  Raises FindingsError where it is `gone`, to another."""
    for index, each in enumerate(description.knob.merged):
        number = each.numbers.get(name)
        if number is None:
            continue
        other = gone.get(number)
        if other:
            what = f"{number} is {other.name} in this tree: {other.where()}"
            where = ("merged", index, "numbers", name)
            raise error(description.finding(where, what, "this tree has given the number away"))
        return number
    return None


def names_of(knob: Knob, variant: Variant) -> dict[str, str]:
    """The names that have the variant's numbers, by their keys in the section."""
    section = knob.section(variant.section)
    return {key: str(getattr(section, attribute(key), key)) for key in variant.numbers}


def merged_as(knob: Knob, variant: Variant) -> tuple[Merged, ...]:
    """What Linux has of the variant."""
    names = set(names_of(knob, variant).values())
    return tuple(each for each in knob.merged if names & set(each.numbers))


def selftest(survey: Survey, knob: Knob, tree: TreeFacts) -> dict[str, Any]:
    """What templates say of the knob's selftest, in the tree's own dialect."""
    path = test_path(survey, knob.architectures, knob.test.name)
    system, own, code = included(for_tree(knob.test.code or "", tree.macro))
    return {
        "path": path,
        "names_ucall": names_ucall(survey, knob.architectures),
        "file": f"{survey.folders.selftests}{path}.c",
        "system_headers": system,
        "own_headers": own,
        "code": code.rstrip("\n"),
        "checks": knob.test.checks or "",
        "unseen": " ".join((knob.test.unseen or "").split()),
        "requires": knob.test.requires or "",
        "tried": knob.test.tried,
        "knob_values": knob.test.values,
    }


def tree_facts(survey: Survey, description: Description, variant: Variant) -> dict[str, Any]:
    """What can be said before anything is chosen: whether the tree can have the variant at all."""
    knob = description.knob
    return {
        "knob": knob,
        "v": knob.section(variant.section),
        "variant": variant,
        "tree": TreeFacts(survey),
        "predicate": pointers(knob.predicate.args if knob.predicate else ""),
    }


def context(
    survey: Survey,
    description: Description,
    variant: Variant,
    refused: Container[str] = (),
) -> dict[str, Any]:
    """Everything that the variant's templates may speak of.

    `refused` are expressions whose names are not visible where they are used.
    """
    knob = description.knob
    facts = tree_facts(survey, description, variant)
    section: Part = facts["v"]
    chosen = {
        key: known_expression(
            survey, description, (variant.section, dashed(key)), getattr(section, key), refused
        )
        for key in expression_keys(type(section))
    }
    tree = facts["tree"]
    made = {
        **facts,
        "test": selftest(survey, knob, tree),
        "chosen": chosen,
        "answer": for_any_vm(chosen.get("condition", "")) or "1",  # of KVM_CHECK_EXTENSION
        "prior_art": tuple(art for art in knob.prior_art if tree.macro(art.tree_has)),
    }
    own = getattr(templates_see(variant.section), "context", None)
    asked = Asked(description, variant.section, section, survey, tree, chosen)
    return {**made, **own(asked)} if own else made


def survey_dialect(survey: Survey, path: str, text: str) -> str:
    """A text for a file of the tree: selftests speak the tree's dialect."""
    ours = path.startswith(survey.folders.selftests) and path.endswith(".c")
    return translated(survey, text) if ours else text
