# SPDX-License-Identifier: GPL-2.0-only
"""Padding of a uAPI struct, from which a further member is cut; and where api.rst shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from codegen.base.findings import Finding, error
from codegen.c.pattern import Match, find, texts
from codegen.c.statements import nesting
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site
from codegen.sites.rst import Document, chapters
from codegen.sites.scopes import Tokens
from codegen.uapi.headers import read_headers
from codegen.uapi.read import read_abi

_SITE = "struct-padding"
_INTEGER = re.compile(r"__u(8|16|32|64)")
# What nobody reads or writes is called so: a name says more than that nobody does yet.
_PADDING = re.compile(r"_*(pad|padding|reserved|rsvd|unused|spare)_?\d*(_\w+)?")


@site(_SITE)
def struct_padding(
    survey: Survey, *, struct: str, takes: str, name: str, type: str, architectures: str
) -> Place:
    """The padding `takes` of a uAPI struct, in which a member of the `type` finds room.

    A member is aligned to its own size, so that there are no holes
    (Documentation/process/botching-up-ioctls.rst).  Raises FindingsError where there is no room.
    """
    archs = architectures.split()
    found, tokens, match = _padding(survey, struct, takes, archs)
    if name in {token.text for token in tokens}:
        what = f"struct {struct} has a member `{name}` already"
        raise error(Finding(f"{_SITE}: {what}", hint="another name", site=_SITE))
    named = texts(tokens, match)
    element, count = named["of"], int(named.get("count") or "1", 0)
    unit, wanted = (_size(each) for each in (element, type))
    offset = _offset(survey, found, struct, takes, archs) if wanted > unit else 0
    before = -offset % wanted // unit
    after = count - before - wanted // unit
    if wanted < unit or after < 0:
        what = f"struct {struct} has no room for a {type} in `{takes}`, which is {element}[{count}]"
        raise error(Finding(f"{_SITE}: {what}", hint="another type, or other padding", site=_SITE))
    place = code.span(found, match, f"struct {struct}: the padding {takes}")
    lead = found.source.text(tokens[match.first].start, tokens[match.first + 1].start)
    names = {"lead": lead, "element": element, "before": str(before), "after": str(after)}
    names["rest"] = _unused(takes, tokens) if before else takes
    return replace(place, names=names)


@site("api-struct-padding")
def api_struct_padding(
    survey: Survey, *, struct: str, takes: str, name: str, type: str, architectures: str
) -> tuple[Place, ...]:
    """The same line wherever the documentation shows the struct; nowhere where it does not."""
    said = {"struct": struct, "takes": takes, "name": name, "type": type}
    cut = struct_padding(survey, **said, architectures=architectures)
    shown = {
        (document.path, line): document.place(line, line + 1, f"what shows struct {struct}")
        for document, section in chapters(survey)
        for line in _shown(document, range(section.first, section.last), struct, takes, cut)
    }
    return tuple(replace(place, names=cut.names) for place in shown.values())


def _padding(
    survey: Survey, struct: str, takes: str, archs: Sequence[str]
) -> tuple[Found, Tokens, Match]:
    """The one member of that name, in the uAPI header of generic code or of the architectures."""
    own = ("include/uapi/", *(f"arch/{arch}/include/uapi/" for arch in archs))
    found = [f for f in survey.definitions("struct", struct) if f.source.path.startswith(own)]
    hits = [
        (each, tokens, match)
        for each in found
        for tokens in [code.code_tokens(each)]
        for pattern in (f"$of {takes}[$count];", f"$of {takes};")
        for match in find(pattern, tokens)
        if _INTEGER.fullmatch(tokens[match.first].text) and _PADDING.fullmatch(takes)
        if [*nesting(tokens)][match.first][0] == 1  # not of a struct or a union within
    ]
    what = f"the padding `{takes}` of struct {struct}"
    if len(hits) > 1:
        raise ambiguous(_SITE, what, [each.source.path for each, _, _ in hits])
    if not hits:
        searched = [f.source.path for f in found] or survey.kvm_prefixes()
        right = "`takes` is a member that is called padding, such as __u64 pad[4]"
        raise not_found(_SITE, what, searched, right=right)
    return hits[0]


def _size(name: str) -> int:
    """Of an integer type of uAPI headers, in bytes."""
    return int(name[3:]) // 8


def _offset(survey: Survey, found: Found, struct: str, takes: str, archs: Sequence[str]) -> int:
    """Where a member begins, in bytes, on an architecture that has it."""
    for headers in read_headers(survey.tree):
        if headers.arch in archs and found.source.path in dict(headers.own):
            record = read_abi(headers).records[f"struct {struct}"]
            return next(each.offset for each in record.fields if each.name == takes) // 8
    raise not_found(_SITE, f"struct {struct}", [found.source.path])


def _unused(name: str, tokens: Tokens) -> str:
    """A name for what is left behind the member: the padding's with the next free number."""
    words = {token.text for token in tokens}
    stem = name.rstrip("0123456789")
    return next(each for number in range(2, 99) if (each := f"{stem}{number}") not in words)


def _shown(document: Document, lines: range, struct: str, takes: str, cut: Place) -> Iterator[int]:
    """The lines that show the padding, in each literal block with the struct."""
    begins = re.compile(rf"\s+struct {struct} {{")
    member = re.compile(rf"\s+{cut.names['element']}\s+{takes}(\[\d+\])?;")
    inside = False
    for line in lines:
        text = document.lines[line]
        inside = bool(begins.match(text)) or (inside and not re.match(r"\s*};|\S", text))
        if inside and member.match(text):
            yield line
