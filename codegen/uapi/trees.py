# SPDX-License-Identifier: GPL-2.0-only
"""The differences between the ABIs of two trees, on all architectures together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, replace

from codegen.architectures import ARCHITECTURES
from codegen.base.errors import FindingsError, UsageError
from codegen.base.findings import Finding, error
from codegen.base.progress import Report, silent
from codegen.c.remembered import parser
from codegen.store import answers, owncode
from codegen.tree.reader import Tree
from codegen.uapi.compare import compare
from codegen.uapi.difference import Change, Difference, gathered
from codegen.uapi.headers import UapiHeaders, read_headers
from codegen.uapi.model import Abi
from codegen.uapi.read import read_abi

Abis = Mapping[str, Abi]


def differences(old: Tree, new: Tree, progress: Report = silent) -> tuple[Difference, ...]:
    """What changed in KVM's uAPI between two trees, by header.

    `progress` counts the architectures of both.
    It is found out once for the same headers.
    Raises FindingsError where a header does not parse, UsageError where no tree has one.
    """
    one = {headers.arch: headers for headers in read_headers(old)}
    other = {headers.arch: headers for headers in read_headers(new)}
    if not one and not other:
        raise UsageError("neither tree has uAPI headers of KVM: arch/*/include/uapi/asm/kvm*.h")
    question = [_made_by(), *_asked(one), *_asked(other)]
    said = answers.known("abi-differences", question)
    if said is None:
        found = _differences(one, other, progress)
        answers.keep("abi-differences", question, [astuple(each) for each in found])
        return found
    return tuple(
        Difference(Change(change), name, header, line, before, after, tuple(archs), everywhere)
        for change, name, header, line, before, after, archs, everywhere in said
    )


def _made_by() -> bytes:
    """What the answer depends on beside the headers."""
    return owncode.code(("architectures", "c", "uapi")).encode() + parser()


def _asked(headers: Mapping[str, UapiHeaders]) -> Iterator[bytes]:
    """The headers of a tree: who has which, and once what is in them."""
    files = {path: data for h in headers.values() for path, data in (*h.own, *h.others)}
    having = [
        (arch, [[path for path, _ in part] for part in (h.own, h.others)], h.missing)
        for arch, h in headers.items()
    ]
    yield repr((having, sorted(files))).encode()
    yield from (files[path] for path in sorted(files))


def _differences(
    one: Mapping[str, UapiHeaders], other: Mapping[str, UapiHeaders], progress: Report
) -> tuple[Difference, ...]:
    touched = [arch for arch in ARCHITECTURES if one.get(arch) != other.get(arch)]
    total = 2 * len(touched)
    before, problems = _read(one, touched, lambda n, arch: progress(n, total, f"reading {arch}"))
    half = len(touched)
    after, more = _read(
        other, touched, lambda n, arch: progress(half + n, total, f"reading {arch}")
    )
    if problems or more:
        raise error(*_said(problems, more))
    found: list[Difference] = []
    for arch in touched:
        if arch in before and arch in after:
            found += compare(before[arch], after[arch])
        else:
            found += compare(_alone(before, arch), _alone(after, arch))
    found += _unseen(before, after)
    common = one.keys() & other.keys()
    return tuple(
        replace(each, everywhere=_of_one_arch(each.header) or common == set(each.architectures))
        for each in gathered(found)
        if not _only_reworded(each, before, after)
    )


def _read(
    headers: Mapping[str, UapiHeaders], touched: Iterable[str], tell: Callable[[int, str], None]
) -> tuple[Abis, list[Finding]]:
    """The ABIs by architecture, and what is wrong with their headers."""
    abis: dict[str, Abi] = {}
    problems: dict[Finding, None] = {}
    for number, arch in enumerate(touched):
        tell(number, arch)
        try:
            if arch in headers:
                abis[arch] = read_abi(headers[arch])
        except FindingsError as problem:
            problems |= dict.fromkeys(problem.findings)
    return abis, list(problems)


def _said(old: Iterable[Finding], new: Iterable[Finding]) -> Iterable[Finding]:
    for ordinal, findings in (("first", old), ("second", new)):
        for finding in findings:
            yield replace(finding, message=f"in the {ordinal} tree {finding.message}")


def _of_one_arch(header: str) -> bool:
    return header.startswith("arch/")


def _alone(abis: Abis, arch: str) -> Abi:
    """An architecture that only one of the trees has: its own headers, or nothing.

    What the generic headers say on it says nothing about a difference.
    """
    if arch not in abis:
        return Abi(arch, {}, {}, {}, {})
    abi = abis[arch]
    return Abi(
        arch,
        {name: c for name, c in abi.constants.items() if _of_one_arch(c.at.header)},
        {name: r for name, r in abi.records.items() if _of_one_arch(r.at.header)},
        {},
        {header: brought for header, brought in abi.brings.items() if _of_one_arch(header)},
    )


def _unseen(before: Abis, after: Abis) -> Iterator[Difference]:
    """Macros that no architecture sees: numbers may be meant by them, in an `#if` that is wrong."""
    known = {name for abi in before.values() for name in (*abi.constants, *abi.unseen)}
    known.update(name for abi in after.values() for name in abi.constants)
    for arch in before.keys() & after.keys():
        for name, at in after[arch].unseen.items():
            if name not in known:
                text = " ".join(at.text.removeprefix(name).split())
                yield Difference(Change.UNSEEN, name, at.header, at.line, "", text, (arch,))


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
