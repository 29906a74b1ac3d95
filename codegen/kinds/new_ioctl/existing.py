# SPDX-License-Identifier: GPL-2.0-only
"""Where an ioctl that there is already is defined and documented."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.kernel.survey import Survey
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.sites.rst import described, end_of


@site("ioctl-define")
def ioctl_define(survey: Survey, *, ioctls: str) -> tuple[Place, ...]:
    """Before the definition of each of these ioctls in a uAPI header."""
    return tuple(_define(survey, name) for name in ioctls.split())


def _define(survey: Survey, name: str) -> Place:
    found = [f for f in survey.definitions("macro", name) if "/uapi/" in f.source.path]
    if len(found) != 1:
        what = f"one definition of {name} in a uAPI header"
        raise not_found("ioctl-define", what, survey.holding(name, ["include/uapi/"]))
    source = found[0].source
    start = source.line_start(found[0].extent.start)
    return Place(source.path, start, start, source.line(start), f"before {name}")


@site("api-ioctl-field")
def api_ioctl_field(survey: Survey, *, ioctls: str, field: str) -> tuple[Place, ...]:
    """The line `:FIELD:` in the section of each of these ioctls."""
    return tuple(_field(survey, name, field) for name in ioctls.split())


def _field(survey: Survey, name: str, field: str) -> Place:
    document, section = described(survey, "api-ioctl-field", name)
    for index in range(section.first, section.last):
        if document.lines[index].startswith(f":{field}:"):
            how = f"{section.title}: `:{field}:`"
            return document.place(index, index + 1, how, ioctl=name)
    raise not_found("api-ioctl-field", f"`:{field}:` of {section.title}", [document.path])


@site("api-ioctl-end")
def api_ioctl_end(survey: Survey, *, ioctls: str) -> tuple[Place, ...]:
    """The end of the section of each of these ioctls."""
    return tuple(_ends(survey, ioctls))


def _ends(survey: Survey, ioctls: str) -> Iterator[Place]:
    for name in ioctls.split():
        document, section = described(survey, "api-ioctl-end", name)
        end = end_of(document, section)
        yield document.place(end, end, f"{section.title}: its end", ioctl=name)
