# SPDX-License-Identifier: GPL-2.0-only
"""Places that the edits of a description name: a statement of a function, a function, a macro."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from codegen.base.findings import Finding, error
from codegen.base.nearest import nearest
from codegen.c.operators import needs_brackets
from codegen.c.outline import outline
from codegen.c.pattern import Match, find, last_holes, texts
from codegen.c.statements import statement_end
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.members import behind_last
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.scopes import head


def matches(survey: Survey, site: str, name: str, statement: str) -> tuple[Found, Match]:
    """The one function `name` and the one match of a pattern in it.

    Where several functions have the name (one for each branch of an `#if`), the one that holds
    the statement is meant.
    """
    candidates = survey.definitions("function", name)
    if not candidates:
        raise code.no_function(survey, site, name)
    hits = [
        (found, match) for found in candidates for match in find(statement, code.code_tokens(found))
    ]
    if len(hits) == 1:
        return hits[0]
    shown = " ".join(statement.split())
    if hits:
        where = [_where(found, match) for found, match in hits]
        raise ambiguous(
            site, f"`{shown}` in {name}()", where, "give more of the statement, so that one is left"
        )
    raise not_found(
        site,
        f"`{shown}` in {name}()",
        [f"{f.source.path}:{f.source.line(f.extent.start)}" for f in candidates],
        near=_closest_line(candidates, shown),
        right="quote the statement as this tree has it (`...` stands for any run of tokens)",
    )


def _where(found: Found, match: Match) -> str:
    token = code.code_tokens(found)[match.first]
    return f"{found.source.path}:{found.source.line(token.start)}"


def _closest_line(candidates: Sequence[Found], shown: str) -> str:
    lines = {
        " ".join(line.split()): f"{f.source.path}:{f.source.line(f.extent.start) + number}"
        for f in candidates
        for number, line in enumerate(f.text().splitlines())
        if line.strip()
    }
    best = nearest(shown, sorted(lines))
    return f"`{best}` at {lines[best]}" if best else ""


def before(survey: Survey, site: str, name: str, statement: str) -> Place:
    """The line before a statement of a function and before the comment that belongs to it."""
    found, match = matches(survey, site, name, statement)
    tokens = code.code_tokens(found)
    place = code.line_before(found, tokens[match.first].start, _say(name, "before", statement))
    return replace(place, names=texts(tokens, match))


def after(survey: Survey, site: str, name: str, statement: str) -> Place:
    """The line after a statement of a function; the pattern may be the beginning of it."""
    found, match = matches(survey, site, name, statement)
    tokens = code.code_tokens(found)
    end = statement_end(tokens, match.first)
    place = code.line_behind(found, tokens, match.first, end, _say(name, "after", statement))
    return replace(place, names=texts(tokens, match))


def instead(survey: Survey, site: str, name: str, statement: str) -> Place:
    """The bytes of a fragment of a function, to be replaced."""
    found, match = matches(survey, site, name, statement)
    place = code.span(found, match, _say(name, "instead of", statement))
    return replace(place, names=texts(code.code_tokens(found), match))


def in_brackets(survey: Survey, site: str, name: str, statement: str, put: str) -> bool:
    """Whether a text has to stand in brackets instead of a fragment, for what is beside that."""
    found, match = matches(survey, site, name, statement)
    return needs_brackets(code.code_tokens(found), match.first, match.last, put)


def parameters(survey: Survey, name: str, patterns: Sequence[str]) -> dict[str, str]:
    """What the holes of patterns are in the head of a function."""
    names: dict[str, str] = {}
    for found in survey.definitions("function", name):
        for pattern in patterns:
            names |= last_holes(pattern, head(code.code_tokens(found)))
    return names


def new_function_before(survey: Survey, site: str, name: str) -> Place:
    """The line before a function and before the comment and attributes that belong to it."""
    return code.above(code.function(survey, site, name), f"before function {name}()")


def new_member_of(survey: Survey, site: str, name: str) -> Place:
    """The line after the last member of a struct of the kernel's own, outside of any `#if`.

    Userspace has the size of a struct that it shares with KVM.
    """
    found = survey.definitions("struct", name)
    where = [f"{f.source.path}:{f.source.line(f.extent.start)}" for f in found]
    shared = [each for each in where if "/uapi/" in each]
    if shared:
        hint = f"found: {shared[0]}\nto mend: `carries` gives an ioctl's struct another member"
        what = f"struct {name} is shared with userspace, and its size is fixed"
        raise error(Finding(f"{site}: {what}", hint=hint, site=site))
    if len(found) > 1:
        raise ambiguous(site, f"struct {name}", where, "describe one architecture, or patches")
    place = behind_last(found[0], None) if found else None
    if place is None:
        raise not_found(site, f"a member of struct {name}", survey.kvm_prefixes())
    return place


def include(survey: Survey, site: str, name: str, header: str) -> Place:
    """The line after the last `#include` of its kind at the head of the file with a function.

    What is included behind code is a list for a macro, as x86 has them in functions.
    """
    source = code.function(survey, site, name).source
    mark = "<" if header.startswith("<") else '"'
    at, offset = -1, 0
    for line in outline(source.data).text.splitlines(keepends=True):
        if line.strip() and not line.startswith("#") and at >= 0:
            break
        offset += len(line)
        if re.match(rf"#\s*include\s+{mark}", line):
            at = offset
    if at < 0:
        raise not_found(site, f"an #include {mark}… to stand after", [source.path])
    return Place(source.path, at, at, source.line(at) - 1, f"after the includes of {name}()'s file")


def remove_macro(survey: Survey, site: str, name: str) -> Place:
    """The lines of a macro's definition, to be removed."""
    found = survey.definitions("macro", name)
    if len(found) != 1:
        where = [f"{f.source.path}:{f.source.line(f.extent.start)}" for f in found]
        if found:
            raise ambiguous(site, f"macro {name}", where)
        raise not_found(site, f"macro {name}", survey.holding(name, survey.kvm_prefixes()))
    source, extent = found[0].source, found[0].extent
    start, end = source.line_start(extent.start), source.line_end(extent.end)
    old = source.text(start, end)
    return Place(source.path, start, end, source.line(start), f"macro {name}", old=old)


def _say(name: str, relation: str, statement: str) -> str:
    return f"{name}(): {relation} `{' '.join(statement.split())}`"
