# SPDX-License-Identifier: GPL-2.0-only
"""Where the state of a VM and of its vCPUs is kept."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.kernel.survey import Survey
from codegen.sites.language import Functions, Scope
from codegen.sites.members import behind_last
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.sites.scopes import functions_of

_VCPU = (
    Scope(function="kvm_vcpu_ioctl_enable_cap"),
    Scope(functions=Functions(of="arch", taking=["struct kvm_vcpu *", "struct kvm_enable_cap *"])),
)
_TAKES = ["struct kvm *", "struct kvm_enable_cap *"]
# The functions of an architecture that enable a VM's capabilities, by name or by what they take.
ENABLING = (
    Scope(function="kvm_vm_ioctl_enable_cap"),
    Scope(functions=Functions(of="arch", taking=_TAKES)),
)
_GENERIC = (
    Scope(function="kvm_vm_ioctl_enable_cap_generic"),
    Scope(functions=Functions(of="generic", taking=_TAKES)),
)


@site("arch-field")
def arch_field(survey: Survey, *, arch: str) -> Place:
    """Behind the last field of struct kvm_arch that enable_cap sets, outside of any `#if`.

    Fields of capabilities stand together; which ones these are, the code that sets them says.
    Where it sets none, behind the last field of all.
    """
    return _field(survey, "arch-field", "kvm_arch", "kvm->arch.", ENABLING, arch)


@site("vm-field")
def vm_field(survey: Survey) -> Place:
    """Behind the last field of struct kvm that generic code's enable_cap sets, outside of any
    `#if`; where it sets none, behind the last field of all."""
    return _field(survey, "vm-field", "kvm", "kvm->", _GENERIC, None)


@site("vcpu-field")
def vcpu_field(survey: Survey, *, arch: str) -> Place:
    """Behind the last field of struct kvm_vcpu_arch that enable_cap of vCPUs sets, outside of any
    `#if`; where it sets none, behind the last field of all."""
    return _field(survey, "vcpu-field", "kvm_vcpu_arch", "vcpu->arch.", _VCPU, arch)


def _field(
    survey: Survey,
    site_name: str,
    struct: str,
    path: str,
    enabling: Sequence[Scope],
    arch: str | None,
) -> Place:
    structs = survey.definitions("struct", struct, arch)
    if len(structs) != 1:
        what = f"one definition of struct {struct}"
        raise not_found(site_name, what, survey.kvm_prefixes(arch))
    found = structs[0]
    for scope in enabling:
        for _, tokens in functions_of(survey, site_name, scope, arch):
            place = behind_last(found, _assigned_fields(path, tokens))
            if place:
                return place
    place = behind_last(found, None)
    if place is None:
        raise not_found(site_name, f"a field of struct {struct}", [found.source.path])
    return place


def _assigned_fields(path: str, tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(
        tokens[match.last].text
        for match in find(path, tokens)
        if match.last + 1 < len(tokens) and tokens[match.last + 1].text in ("=", "|=")
    )
