# SPDX-License-Identifier: GPL-2.0-only
"""Places of the language in KVM's documents: sections and chapters, shapes in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from codegen.base.errors import FindingsError
from codegen.kernel.survey import Survey
from codegen.sites.language import PlaceSpec, Scope, Shape
from codegen.sites.place import Place, not_found
from codegen.sites.rst import (
    Document,
    Section,
    chapter_with,
    described,
    end_of,
    last_of_most,
    new_section,
    paragraphs,
)

_BORDER = re.compile(r"=+ +=+\s*")
_Lines = tuple[int, int]


def in_documents(survey: Survey, site: str, spec: PlaceSpec) -> tuple[Place, ...]:
    """The place of a site in a document; none where it may be missing and is.

    Raises FindingsError with what was searched.
    """
    problems: list[FindingsError] = []
    for scope in spec.in_:
        try:
            return (_in_scope(survey, site, spec, scope),)
        except FindingsError as problem:
            problems.append(problem)
    if spec.if_none == "skip":
        return ()
    raise problems[0]


def _in_scope(survey: Survey, site: str, spec: PlaceSpec, scope: Scope) -> Place:
    document, section = _scope(survey, site, scope)
    if spec.put == "new-section":
        return new_section(survey, site, document, section)
    if spec.put == "end":
        end = end_of(document, section)
        return document.place(end, end, f"{section.title}: its end")
    for shape in spec.find:
        found = list(_lines(document, section, shape))
        if found:
            return _placed(site, document, section, spec, found)
    raise not_found(site, f"{spec.what} in {section.title}", [document.path])


def _scope(survey: Survey, site: str, scope: Scope) -> tuple[Document, Section]:
    if not scope.sections:
        return described(survey, site, scope.section or scope.chapter or "")
    found = chapter_with(survey, scope.sections)
    if not found:
        raise not_found(site, f"a chapter of sections {scope.sections.titled}…", [])
    return found


def _placed(
    site: str, document: Document, section: Section, spec: PlaceSpec, found: list[_Lines]
) -> Place:
    first, last = found[0 if spec.pick == "first" else -1]
    if spec.pick == "most":
        first = last_of_most(document, [begin for begin, _ in found], site, spec.what)
        last = first + 1
    how = f"{section.title}: {spec.how or spec.what}"
    if spec.put == "instead":
        return document.place(first, last, how)
    at = last if spec.put == "after" else first
    return document.place(at, at, how, sibling=document.lines[last - 1].rstrip("\n"))


def _lines(document: Document, section: Section, shape: Shape) -> Iterator[_Lines]:
    """The first and last+1 lines of what has a shape in a section."""
    if shape.paragraph:
        for first, last in paragraphs(document, section):
            text = "".join(document.lines[first:last])
            if all(word in text for word in shape.paragraph):
                yield first, last
    elif shape.literal:
        blocks = [(section.first, section.first), *paragraphs(document, section)]
        for (_, above), (mark, begin), (first, last) in zip(
            blocks, blocks[1:], blocks[2:], strict=False
        ):
            text = "".join(document.lines[first:last])
            introduced = "".join(document.lines[mark:begin]).strip() == "::"
            if introduced and all(word in text for word in shape.literal):
                yield above, last
    elif shape.table:
        lines = range(section.first, section.last)
        borders = [index for index in lines if _BORDER.fullmatch(document.lines[index])]
        if len(borders) in (2, 3):  # with a head, it has one more; several tables have more
            yield borders[0], borders[-1] + 1
    elif shape.line:
        for index in range(section.first, section.last):
            if fnmatch(document.lines[index].rstrip("\n"), shape.line):
                yield index, index + 1
