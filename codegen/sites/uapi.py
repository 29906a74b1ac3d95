# SPDX-License-Identifier: GPL-2.0-only
"""Places in uAPI headers, and in the mechanism's predicate."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.c.outline import Directive, outline
from codegen.c.pattern import find
from codegen.c.source import CSource
from codegen.kernel.numbers import NumberMacro, family
from codegen.kernel.survey import Survey
from codegen.sites import code, named
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site


@site("uapi-constant")
def uapi_constant(
    survey: Survey, *, prefix: str, suffix: str = "", bits: bool = False, limit: int = 64
) -> Place:
    """The line after the definition with the highest number of a family of macros, and after the
    `#if` in which it is, unless most of the family are.
    """
    members = family(survey, prefix, suffix, bits=bits, limit=limit).members
    if not members:
        raise not_found("uapi-constant", f"a macro {prefix}*{suffix}", _headers(survey))
    last = members[-1]
    source = last.source
    start, end = source.line_start(last.extent.start), source.line_end(last.extent.end)
    how = f"after {last.name}"
    closed = _closed(members)
    if closed > end:
        end, how = closed, f"{how} and the #endif behind it"
    return Place(
        source.path,
        end,
        end,
        source.line(start),
        how,
        names={"sibling": _typical(members)},
    )


def _closed(members: Sequence[NumberMacro]) -> int:
    """Where the outermost `#if` around the last is closed that is not around most of its header's.

    A header's own guard is around all of them, and stays so; 0 where there is no other one.
    """
    last = members[-1]
    around = [m.extent.start for m in members if m.source.path == last.source.path]
    lines = outline(last.source.data).directives
    opened: list[Directive] = []
    closed = 0
    for line in lines:
        if line.word in ("if", "ifdef", "ifndef"):
            opened.append(line)
        elif line.word == "endif" and opened:
            first = opened.pop()
            inside = sum(first.start < each < line.start for each in around)
            most = (inside > 1 and 2 * inside > len(around)) or first is lines[0]
            own = last.name in first.words  # `#ifndef X`, `#define X`
            if first.start < last.extent.start < line.start and (own or not most):
                closed = max(closed, last.source.line_end(line.start))
    return closed


def _typical(members: Sequence[NumberMacro]) -> str:
    """The latest definition that is spaced as most are: one with too long a name is not."""
    lines = []
    for member in members:
        start, end = member.extent.start, member.extent.end
        lines.append(member.source.text(member.source.line_start(start), end))
    tabs = [line for line in lines if "\t" in line]
    return tabs[-1] if 2 * len(tabs) > len(lines) else lines[-1]


def _headers(survey: Survey) -> tuple[str, ...]:
    return tuple(
        p for prefix in survey.kvm_prefixes() if "uapi" in prefix for p in survey.files(prefix)
    )


@site("predicate-value")
def predicate_value(survey: Survey, *, name: str, off: str) -> Place:
    """What the predicate returns, as the mechanism's patch has left it: off."""
    found, match = named.matches(survey, "predicate-value", name, f"return {off};")
    tokens = code.code_tokens(found)
    inner = next(find(off, tokens[match.first + 1 : match.last]))
    shifted = type(match)(match.first + 1 + inner.first, match.first + 1 + inner.last)
    return code.span(found, shifted, f"{name}(): what it returns")


@site("uapi-arch-header")
def uapi_arch_header(survey: Survey, *, arch: str) -> Place:
    """Before the `#endif` that closes the architecture's uAPI header."""
    path = f"arch/{arch}/include/uapi/asm/kvm.h"
    try:
        return _header_end("uapi-arch-header", survey.source(path))
    except FileNotFoundError:
        raise not_found("uapi-arch-header", f"the file {path}", [path]) from None


@site("uapi-header")
def uapi_header(survey: Survey) -> Place:
    """Before the `#endif` that closes the uAPI header in which the ioctls are, for a new one."""
    ioctls = family(survey, "KVM_", ioctls_below=1 << 8).members
    if not ioctls:
        raise not_found("uapi-header", "an ioctl of KVM's", _headers(survey))
    return _header_end("uapi-header", ioctls[-1].source)


@site("exit-filled")
def exit_filled(survey: Survey, *, before: str = "") -> Place:
    """Before the first of the functions `before` that the tree has, for one that fills an exit;
    without such, before the `#endif` that closes the header of generic code with struct kvm_vcpu.
    """
    for name in before.split():
        if survey.definitions("function", name):
            return named.new_function_before(survey, "exit-filled", name)
    found = [f for f in survey.definitions("struct", "kvm_vcpu") if f.source.path.endswith(".h")]
    if len(found) != 1:
        raise not_found("exit-filled", "a header with struct kvm_vcpu", survey.folders.code)
    return _header_end("exit-filled", found[0].source)


def _header_end(name: str, source: CSource) -> Place:
    at = source.data.rfind(b"#endif")
    if at < 0:
        raise not_found(name, "the last #endif", [source.path])
    return Place(source.path, at, at, source.line(at), "before the last #endif")
