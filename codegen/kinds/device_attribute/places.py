# SPDX-License-Identifier: GPL-2.0-only
"""Where a group of device attributes is let in, defined and documented."""

from __future__ import annotations

import re
from dataclasses import replace

from codegen.kernel.numbers import constants
from codegen.kernel.survey import Survey
from codegen.kinds.attributes import Gate, gates, numbered
from codegen.kinds.levels import IOCTLS, Level
from codegen.sites import code
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.sites.rst import Document, end_of

_BLANK = re.compile(rb"^[ \t]*\n", re.M)
_DEFINE = re.compile(r"[ \t]*#[ \t]*define[ \t]+\w+[ \t]+\S+")


@site("attribute-group")
def attribute_group(survey: Survey, *, arch: str, of: Level) -> tuple[Place, ...]:
    """Before what refuses a group that is not known, wherever has, get and set of a level look at
    the group."""
    return tuple(
        replace(
            code.line_before(each.found, each.tokens[each.at].start, _how(each, "a further group")),
            names=each.names,
        )
        for each in _gates(survey, "attribute-group", arch, of)
    )


@site("attribute-group-functions")
def attribute_group_functions(survey: Survey, *, arch: str, of: Level) -> Place:
    """Before the first function that looks at the group."""
    found = _gates(survey, "attribute-group-functions", arch, of)
    first = min(found, key=lambda each: each.found.extent.start)
    return code.above(first.found, _how(first, "before it"))


@site("attribute-group-define")
def attribute_group_define(
    survey: Survey, *, arch: str, of: Level, family: str = "", beside: str = ""
) -> Place:
    """Behind the definitions that stand with those of the last group: of those that are told apart,
    or whose names begin with `family`; with those of `beside`, where no group has a name."""
    known = {name for each in gates(survey, arch, of) for name in each.known}
    known |= {each.name for each in constants(survey) if family and each.name.startswith(family)}
    last = numbered(survey, known) or numbered(survey, {beside})
    if not last:
        raise not_found("attribute-group-define", "a group", survey.kvm_prefixes(arch))
    source = last.source
    start = source.line_start(last.extent.start)
    blank = _BLANK.search(source.data, start)
    end = blank.start() if blank else source.line_end(last.extent.end)
    line, following = (source.text(start, end).split("\n") + [""])[:2]
    attribute = _DEFINE.match(following)
    names = {
        "sibling": line,
        "attribute": attribute[0] if attribute else line,
        # without a name, the group is 0
        "number": str(last.value + 1 if known else 1),
    }
    how = f"behind {last.name} and what stands with it"
    return Place(source.path, end, end, source.line(start), how, names=names)


@site("api-attribute-group")
def api_attribute_group(survey: Survey, *, of: Level) -> Place:
    """The end of the document on the attributes of VMs or vCPUs, for a group of its own."""
    folder = survey.folders.api.rpartition("/")[0]
    path = f"{folder}/devices/{IOCTLS[of]}.rst"
    document = Document(survey, path if survey.exists(path) else "")
    groups = [each for each in document.sections if "GROUP" in each.title]
    if not groups:
        raise not_found("api-attribute-group", "the section of a group", [path])
    last = replace(groups[-1], first=len(document.lines) - 1, last=len(document.lines))
    number = max((int(each.number()) for each in groups if each.number().isdigit()), default=0)
    end = end_of(document, last)
    names = {"number": f"{number + 1}", "mark": groups[-1].mark}
    return document.place(end, end, "behind the last group", **names)


def _gates(survey: Survey, name: str, arch: str, of: Level) -> tuple[Gate, ...]:
    found = gates(survey, arch, of)
    if not found:
        what = f"a function that looks at the group of an attribute of kvm_arch_{IOCTLS[of]}_ioctl"
        raise not_found(name, f"{what}()", survey.kvm_prefixes(arch))
    return found


def _how(gate: Gate, what: str) -> str:
    return f"{gate.found.extent.name}(): {what}"
