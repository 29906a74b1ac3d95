# SPDX-License-Identifier: GPL-2.0-only
"""The differences between the ABIs of two trees, on all architectures together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from codegen.errors import FindingsError, UsageError
from codegen.findings import Finding, error
from codegen.tree.reader import Tree
from codegen.uapi.compare import compare
from codegen.uapi.difference import Change, Difference, gathered
from codegen.uapi.headers import read_headers
from codegen.uapi.model import Abi
from codegen.uapi.read import read_abi

Abis = Mapping[str, Abi]


def differences(old: Tree, new: Tree) -> tuple[Difference, ...]:
    """What changed in KVM's uAPI between two trees, by header.

    Raises FindingsError where a header does not parse, UsageError where no tree has one.
    """
    (before, problems), (after, more) = _read(old), _read(new)
    if problems or more:
        raise error(*_said(problems, more))
    if not before and not after:
        raise UsageError("neither tree has uAPI headers of KVM: arch/*/include/uapi/asm/kvm*.h")
    common = before.keys() & after.keys()
    found: list[Difference] = []
    for arch in before.keys() | after.keys():
        one, other = before.get(arch), after.get(arch)
        found += compare(
            one if one and other else _alone(one, arch),
            other if one and other else _alone(other, arch),
        )
    found = [each for each in found if not _only_reworded(each, before, after)]
    return tuple(
        replace(each, everywhere=_of_one_arch(each.header) or common == set(each.architectures))
        for each in gathered(found)
    )


def _read(tree: Tree) -> tuple[Abis, tuple[Finding, ...]]:
    """The ABIs by architecture, and what is wrong with their headers."""
    abis: dict[str, Abi] = {}
    problems: list[Finding] = []
    for headers in read_headers(tree):
        try:
            abis[headers.arch] = read_abi(headers)
        except FindingsError as problem:
            problems += problem.findings
    return abis, tuple(dict.fromkeys(problems))


def _said(old: Iterable[Finding], new: Iterable[Finding]) -> Iterable[Finding]:
    for ordinal, findings in (("first", old), ("second", new)):
        for finding in findings:
            yield replace(finding, message=f"in the {ordinal} tree {finding.message}")


def _of_one_arch(header: str) -> bool:
    return header.startswith("arch/")


def _alone(abi: Abi | None, arch: str) -> Abi:
    """An architecture that only one of the trees has: its own headers, or nothing.

    What the generic headers say on it says nothing about a difference.
    """
    if abi is None:
        return Abi(arch, {}, {}, {})
    return Abi(
        arch,
        {name: c for name, c in abi.constants.items() if _of_one_arch(c.at.header)},
        {name: r for name, r in abi.records.items() if _of_one_arch(r.at.header)},
        {header: brought for header, brought in abi.brings.items() if _of_one_arch(header)},
    )


def _only_reworded(each: Difference, before: Abis, after: Abis) -> bool:
    """Whether a macro has other words here and, where it is a number, the same as before.

    An ioctl of one architecture is no number on another, which lacks the struct of its argument.
    """
    return each.change is Change.REWORDED and any(
        _is_number(each.name, before[arch]) and _is_number(each.name, after[arch])
        for arch in before.keys() & after.keys()
    )


def _is_number(name: str, abi: Abi) -> bool:
    constant = abi.constants.get(name)
    return constant is not None and constant.value is not None
