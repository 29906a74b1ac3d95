# SPDX-License-Identifier: GPL-2.0-only
"""Where device attributes of the system, of a VM and of a vCPU are told apart by their group.

An ioctl on attributes goes from function to function until one looks at the group: that is the
gate, where a further group is let in.  No name of these functions says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from codegen.c.cases import case_of
from codegen.c.pattern import Match, find, last_holes, texts
from codegen.c.statements import body, nesting
from codegen.kernel.numbers import NumberMacro, constants
from codegen.kernel.survey import Found, Survey
from codegen.kinds.levels import IOCTLS, Level
from codegen.sites.code import C_FILES, code_tokens, functions_naming
from codegen.sites.scopes import Tokens, head

# What is asked of an attribute, by the ioctl that asks it.
ASKED: Mapping[str, str] = {
    "has": "KVM_HAS_DEVICE_ATTR",
    "get": "KVM_GET_DEVICE_ATTR",
    "set": "KVM_SET_DEVICE_ATTR",
}
_STRUCT = "kvm_device_attr"
_Function = tuple[Found, Tokens]
_PARAMETERS = (
    "struct kvm_vcpu *$vcpu",
    "struct kvm *$kvm",
    "unsigned int $ioctl",
    "u64 *$value",
)


@dataclass(frozen=True, slots=True)
class Gate:
    """A function that looks at the group, and the token before which a further group goes.

    `asked` are those of has, get and set that come here, `group` is what it calls the group,
    `known` are the groups that it names, `result` is the variable in which it returns an error;
    empty where it returns at once.  In a `switch` a group is a case.
    """

    found: Found
    tokens: Tokens
    at: int
    group: str
    asked: tuple[str, ...]
    known: frozenset[str]
    switch: bool
    result: str = ""

    @property
    def names(self) -> Mapping[str, str]:
        """What templates call things here."""
        holder = self.group.removesuffix("group")
        names = dict.fromkeys(("vcpu", "kvm", "ioctl", "value", "address", "checked"), "")
        for pattern in _PARAMETERS:
            names |= last_holes(pattern, head(self.tokens))
        inner = self.tokens[body(self.tokens) :]
        names |= last_holes("u64 __user *$address = ...;", inner)
        if any(find(f"if (IS_ERR({names['address']}))", inner)):
            names["checked"] = "yes"
        return {
            **names,
            "group": self.group,
            "holder": holder,
            "pointer": holder.removesuffix("->") if "->" in holder else f"&{holder[:-1]}",
            "asked": " ".join(self.asked),
            "switch": "yes" if self.switch else "",
            "result": self.result,
        }


def gates(survey: Survey, arch: str, level: Level) -> tuple[Gate, ...]:
    """The gates of a level, each once, in the order of has, get and set; none where the
    architecture has no attributes of that level."""
    about: dict[str, _Function] = {}
    prefixes = survey.kvm_prefixes(arch)
    for each, tokens in functions_naming(survey, prefixes, _STRUCT, suffix=C_FILES):
        about.setdefault(each.extent.name, (each, tokens))
    found: dict[str, Gate] = {}
    for asked, ioctl in ASKED.items():
        for each in survey.definitions("function", f"kvm_arch_{IOCTLS[level]}_ioctl", arch):
            tokens = code_tokens(each)
            span = case_of(tokens, ioctl)
            gate = _behind(tokens[span.start : span.stop], about)
            if gate:
                name = gate.found.extent.name
                before = found[name].asked if name in found else ()
                found[name] = replace(gate, asked=(*before, asked))
    return tuple(found.values())


def _behind(tokens: Tokens, about: Mapping[str, _Function]) -> Gate | None:
    """The gate that calls lead to: one that knows groups, or the last one that knows none."""
    todo, seen = list(_called(tokens, about)), set[str]()
    last = None
    while todo:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        gate = _gate(*about[name])
        last = gate or last
        # a switch without a group leaves them to another
        if gate and (gate.known or not gate.switch):
            return gate
        todo += _called(about[name][1], about)
    return last


def _called(tokens: Tokens, about: Mapping[str, _Function]) -> Iterator[str]:
    for name, bracket in pairwise(tokens):
        if bracket.text == "(" and name.text in about:
            yield name.text


def _gate(found: Found, tokens: Tokens) -> Gate | None:
    """The gate in a function, by what it does with a group that it does not know."""
    made = Gate(found, tokens, 0, "", (), frozenset(), switch=False)
    for pattern in ("switch ($group) {", "if ($group)", "if ($group != $known) return ...;"):
        for match in find(pattern, tokens):
            group = texts(tokens, match)["group"]
            if group.split("->")[-1].split(".")[-1] != "group":
                continue
            if pattern.startswith("switch"):
                return _switch(made, match, group)
            known = _compared(tokens, group)
            return replace(made, at=match.first, group=group, known=known)
    return None


def _compared(tokens: Tokens, group: str) -> frozenset[str]:
    return frozenset(
        texts(tokens, match)["known"]
        for operator in ("==", "!=")
        for match in find(f"{group} {operator} $known", tokens)
    )


def _switch(made: Gate, match: Match, group: str) -> Gate | None:
    """Before the `default:` of a switch over groups, whatever other switches are in its cases."""
    tokens, first = made.tokens, match.last
    depths = [depth for depth, _ in nesting(tokens)]
    level = depths[first - 1]
    known: set[str] = set()
    for index in range(first, len(tokens)):
        if depths[index] < level:
            break
        if depths[index] == level and tokens[index].text == "case":
            known.add(tokens[index + 1].text)
        if depths[index] == level and tokens[index].text == "default":
            result = _assigned(tokens[index:])
            return replace(
                made, at=index, group=group, known=frozenset(known), switch=True, result=result
            )
    return None


def _assigned(tokens: Tokens) -> str:
    match = next(find("default: $result = ...;", tokens), None)
    return texts(tokens, match)["result"] if match and match.first == 0 else ""


def numbered(survey: Survey, names: Collection[str]) -> NumberMacro | None:
    """Of some macros of uAPI headers, the one with the highest number."""
    found = [macro for macro in constants(survey) if macro.name in names]
    return max(found, key=lambda macro: macro.value, default=None)
