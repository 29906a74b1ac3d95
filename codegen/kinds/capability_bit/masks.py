# SPDX-License-Identifier: GPL-2.0-only
"""How a tree takes the mask of a capability: what it accepts, answers, and keeps."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.c.pattern import find, last_holes, texts
from codegen.kernel.survey import Survey
from codegen.kinds.masks import CapCase, cases, parameter
from codegen.sites.code import code_tokens
from codegen.sites.language import Scope
from codegen.sites.scopes import Tokens, head
from codegen.sites.vm import ENABLING

ANSWERING = (Scope(function="kvm_vm_ioctl_check_extension"),)


@dataclass(frozen=True, slots=True)
class Enabling:
    """Where the mask is enabled: `cap` is the argument's name, `mask` what args[0] may have,
    and `behind` the index in the case behind the statement that refuses all else."""

    case: CapCase
    cap: str
    mask: Tokens
    behind: int


def enabling(survey: Survey, arch: str, capability: str) -> Enabling | None:
    """Where a capability refuses what is not in its mask; None where it does not so."""
    for case in cases(survey, "capability-bit", ENABLING, arch, capability):
        cap = last_holes("struct kvm_enable_cap *$cap", head(case.tokens)).get("cap", "")
        for match in find(f"if ({cap}->args[0] & ~$mask) break;", case.inner):
            first, last = match.holes["mask"][0]
            return Enabling(case, cap, case.inner[first:last], match.last)
    return None


def word(survey: Survey, made: Enabling) -> str:
    """The member of kvm->arch that keeps the whole mask; empty where bits are told apart.

    It is set to args[0], or a function that is given args[0] sets it to that parameter.
    """
    given = f"{made.cap}->args[0]"
    kept = _kept(survey, made.case.inner, given)
    for match in find(f"(kvm, {given})", made.case.inner) if not kept else ():
        name = made.case.inner[match.first - 1].text
        for found in survey.definitions("function", name) if name.isidentifier() else ():
            tokens = code_tokens(found)
            kept = kept or _kept(survey, tokens, parameter(found, tokens, 1))
    return kept


def _kept(survey: Survey, tokens: Tokens, given: str) -> str:
    """The member that statements set to what is given; one that says yes or no keeps no mask."""
    for pattern in (f"kvm->arch.$word = {given};", f"kvm->arch.$word |= {given};"):
        for match in find(pattern, tokens) if given else ():
            member = texts(tokens, match)["word"]
            structs = survey.definitions("struct", "kvm_arch")
            if not any(any(find(f"bool {member}", code_tokens(each))) for each in structs):
                return member
    return ""
