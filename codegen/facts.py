# SPDX-License-Identifier: GPL-2.0-only
"""What a variant needs to know of a tree before it can say anything: numbers, names, conditions."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codegen.c.source import lex
from codegen.description.load import Description
from codegen.description.model import Knob
from codegen.dialect import translated
from codegen.findings import Finding, NotHere, error
from codegen.numbers import constants, enumerators, family, refuse_enumerators
from codegen.render import for_any_vm, literal
from codegen.sites.flagtest import flag_test
from codegen.sites.selftest import test_path
from codegen.survey import Survey
from codegen.variants import Variant

# What the context says of expressions that a description gives as alternatives.
EXPRESSIONS = ("condition", "expression", "value_of_field")
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


class TreeFacts:
    """What templates may ask of the tree."""

    def __init__(self, survey: Survey) -> None:
        self._macros = {c.name: c for c in constants(survey)}
        self._enumerators = enumerators(survey)
        self._survey = survey

    def macro(self, name: str) -> bool:
        """Whether a uAPI header of the tree defines it, be it a number or not."""
        if name in self._macros or name in self._enumerators:
            return True
        headers = (p for p in self._survey.kvm_prefixes() if "uapi" in p)
        return any(
            self._survey.source(path).find("macro", name)
            for path in self._survey.holding(name, headers)
        )

    def declares(self, name: str) -> bool:
        """Whether a header of KVM's generic code declares that function."""
        headers = self._survey.holding(f"{name}(", self._survey.folders.code)
        return any(path.endswith(".h") for path in headers)

    def tests_memslot_flags(self) -> bool:
        """Whether the tree has a test of invalid memslot flags, which must know a new one."""
        return flag_test(self._survey, "selftest-memslot-flags") is not None

    def where(self, name: str) -> str:
        """`file:line` of a uAPI macro or enumerator; empty where there is none."""
        return (
            self._macros[name].where() if name in self._macros else self._enumerators.get(name, "")
        )


@dataclass(frozen=True, slots=True)
class PredicateNames:
    """What the predicate calls its parameters."""

    kvm: str
    slot: str
    const: bool  # whether the VM is


def predicate_names(args: str) -> PredicateNames:
    """The names of the parameters that are a VM and a memslot; empty where there is none.

    A vCPU has its VM at hand.
    """

    def name(struct: str) -> str:
        found = re.search(rf"struct\s+{struct}\s*\*\s*(?:const\s+)?(\w+)", args)
        return found[1] if found else ""

    kvm, vcpu = name("kvm"), name("kvm_vcpu")
    const = bool(re.search(r"\bconst\s+struct\s+kvm\s*\*", args))
    return PredicateNames(kvm or (vcpu and f"{vcpu}->kvm"), name("kvm_memory_slot"), const)


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
        unknown = [name for name in names_in(expression) if not survey.knows(name)]
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


def numbers(survey: Survey, variant: Variant, reserved: Reserved) -> dict[str, int]:
    """The next free number of each family that the variant takes one of."""
    taken = {}
    for key, spec in variant.numbers.items():
        refuse_enumerators(survey, spec.prefix, spec.suffix)
        members = family(survey, spec.prefix, spec.suffix, bits=spec.bits, limit=spec.limit)
        if not members.members:
            searched = ", ".join(dict.fromkeys(c.source.path for c in constants(survey)))
            raise error(
                Finding(
                    f"this tree has no macro {spec.prefix}*{spec.suffix}: there is no number "
                    "to continue from",
                    hint=f"searched: {searched or 'no uAPI header has a macro KVM_*'}",
                )
            )
        number = members.next(reserved.of(spec.prefix))
        highest = spec.limit if spec.bits else spec.below
        if number >= highest:
            raise error(
                Finding(
                    f"{spec.prefix}*{spec.suffix} is full: {number} would be the next, "
                    f"{highest - 1} is the last",
                    hint="bits 16 and up are KVM's own" if spec.prefix == "KVM_MEM_" else "",
                )
            )
        taken[key] = number
    return taken


def selftest(survey: Survey, knob: Knob) -> dict[str, Any]:
    """What templates say of the knob's selftest, in the tree's own dialect."""
    path = test_path(survey, knob.architectures, knob.test.name)
    number = knob.vm_capability and knob.vm_capability.field
    default = number.default if number and number.type in ("u32", "u64") else "0"
    return {
        "path": path,
        "file": f"{survey.folders.selftests}{path}.c",
        "code": knob.test.code.rstrip("\n") if knob.test.code else "",
        "checks": knob.test.checks or "",
        "requires": knob.test.requires or "",
        "knob_values": knob.test.values,
        "default": knob.test.default or default,
        "good": _good_argument(number) if number else "",
    }


def _good_argument(field_: Any) -> str:
    """An argument that the capability takes, in C."""
    if field_.type == "mask":
        return str(field_.bits[0].name)
    return "1" if field_.type == "bool" else literal(field_.max)


def context(
    survey: Survey,
    description: Description,
    variant: Variant,
    reserved: Reserved,
    refused: Container[str] = (),
) -> dict[str, Any]:
    """Everything that the variant's templates may speak of.

    `refused` are expressions whose names are not visible where they are used.
    """
    knob = description.knob
    section = getattr(knob, variant.section)
    tree = TreeFacts(survey)
    condition = known_expression(
        survey,
        description,
        (variant.name, "condition"),
        getattr(section, "condition", None),
        refused,
    )
    made: dict[str, Any] = {
        "knob": knob,
        "v": section,
        "variant": variant,
        "tree": tree,
        "predicate": predicate_names(knob.predicate.args),
        "test": selftest(survey, knob),
        "condition": condition,
        "excluded": _excluded(description, variant, section, tree),
        "answer": _answer(section, condition),
        "expression": "",
        "value_of_field": "",
    }
    if hasattr(section, "expression"):
        where = (variant.name, "expression")
        made["expression"] = known_expression(
            survey, description, where, section.expression, refused
        )
        where = (variant.name, "value")
        made["value_of_field"] = known_expression(
            survey, description, where, section.value, refused
        )
        if section.field:
            made["expression"] = f"{made['predicate'].kvm}->arch.{section.field.name}"
    return made


def _excluded(
    description: Description, variant: Variant, section: Any, tree: TreeFacts
) -> tuple[str, ...]:
    found = []
    for index, excluded in enumerate(getattr(section, "excludes", ())):
        if tree.macro(excluded.flag):
            found.append(excluded.flag)
        elif not excluded.optional:
            raise error(
                description.finding(
                    (variant.name, "excludes", index, "flag"),
                    f"this tree has no flag {excluded.flag}",
                    "`optional: true` excludes it where there is one",
                )
            )
    return tuple(found)


def _answer(section: Any, condition: str) -> str:
    """What KVM_CHECK_EXTENSION returns for a capability, in C."""
    if getattr(section, "check_extension", None):
        return str(section.check_extension)
    field_ = getattr(section, "field", None)
    kind = getattr(field_, "type", "bool")
    if kind == "mask" and field_ is not None:
        usual = " | ".join(bit.name for bit in field_.bits)
        usual = f"({usual})" if condition and len(field_.bits) > 1 else usual
    elif kind in ("u32", "u64") and field_ is not None:
        usual = field_.default if field_.default != "0" else "1"
    else:
        usual = "1"
    if not condition:
        return usual
    holds = for_any_vm(condition)
    if usual == "1":
        return holds
    return f"({holds}) ? {usual} : 0" if holds != condition else f"{condition} ? {usual} : 0"


def survey_dialect(survey: Survey, path: str, text: str) -> str:
    """A text for a file of the tree: selftests speak the tree's dialect."""
    ours = path.startswith(survey.folders.selftests) and path.endswith(".c")
    return translated(survey, text) if ours else text
