# SPDX-License-Identifier: GPL-2.0-only
"""Places in C by meaning: before, after or instead of a statement, before a function."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codegen.base.errors import FindingsError
from codegen.base.nearest import nearest
from codegen.c.candidates import function_names
from codegen.c.layout import indent_of
from codegen.c.pattern import Match, find
from codegen.c.source import CSource, Token
from codegen.kernel.survey import Found, Survey
from codegen.sites.place import Place, ambiguous, not_found


def code_tokens(found: Found) -> tuple[Token, ...]:
    """The tokens of a definition, comments left out."""
    extent = found.extent
    return tuple(t for t in found.source.tokens(extent.start, extent.end) if not t.comment)


C_FILES = (".c", ".h")


def functions_naming(
    survey: Survey,
    prefixes: tuple[str, ...],
    *words: str,
    suffix: str | tuple[str, ...] = ".c",
    like: re.Pattern[bytes] | None = None,
) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """The functions below the prefixes whose text holds all the words, with their tokens.

    `like` is what their text must have besides: no file without it is parsed.
    """
    for path in survey.holding(words[0], prefixes):
        wanted = [word.encode() for word in words]
        data = survey.tree.read(path)
        if not path.endswith(suffix) or not all(word in data for word in wanted):
            continue
        if like and not like.search(data):
            continue
        source, at = survey.source(path), 0
        for extent in source.all("function"):
            start, end = extent.start, extent.end
            if at < start and (at := data.find(wanted[0], start)) < 0:
                break
            if at < end and all(data.find(word, start, end) >= 0 for word in wanted):
                if like and not like.search(data[start:end]):
                    continue
                found = Found(source, extent)
                yield found, code_tokens(found)


def calls(
    survey: Survey, name: str, prefixes: tuple[str, ...]
) -> Iterator[tuple[Found, tuple[Token, ...], Match]]:
    """Where other functions below the prefixes call one: each with its tokens, and the call."""
    for found, tokens in functions_naming(survey, prefixes, f"{name}(", suffix=C_FILES):
        if found.extent.name != name:
            for match in find(f"{name}(...)", tokens):
                yield found, tokens, match


def only(
    site_name: str, what: str, hits: Sequence[Place], searched: tuple[str, ...], near: str = ""
) -> Place:
    """The one place that was found; `near` says what the tree has instead of it."""
    if not hits:
        raise not_found(site_name, what, searched, near=near)
    if len(hits) > 1:
        raise ambiguous(site_name, what, [f"{p.path}:{p.line}" for p in hits])
    return hits[0]


def function(survey: Survey, site: str, name: str, arch: str | None = None) -> Found:
    """The one definition of a function."""
    found = survey.definitions("function", name, arch)
    # the other branch of an `#if` often has an empty stub of the same name: it is not meant
    real = tuple(f for f in found if f.text().count(";") > 1) if len(found) > 1 else found
    if len(real) == 1:
        return real[0]
    if found:
        where = [f"{f.source.path}:{f.source.line(f.extent.start)}" for f in found]
        raise ambiguous(site, f"function {name}()", where, "name a statement that only one has")
    raise no_function(survey, site, name)


def no_function(survey: Survey, site: str, name: str) -> FindingsError:
    """The error that a function is nowhere, with the name that comes closest."""
    searched = survey.holding(name, survey.kvm_prefixes())
    if not survey.wide:
        return not_found(site, f"the definition of function {name}()", searched)
    stem = max(name.strip("_").split("_"), key=len)
    names = {
        each
        for path in survey.holding(stem, survey.kvm_prefixes())
        if path.endswith(".c")
        for each in function_names(survey.tree.read(path))
        if stem in each
    }
    near = nearest(name, sorted(names))
    return not_found(
        site,
        f"the definition of function {name}()",
        searched,
        near=f"{near}()" if near else "",
        right="name the function that does this in this tree, as a further alternative",
    )


def mentions(survey: Survey, word: str, prefixes: Sequence[str], most: int = 8) -> str:
    """Where files name something, for messages: in which functions and macros, or in which line."""
    found: dict[str, None] = {}
    for path in survey.holding(word, prefixes):
        source = survey.source(path)
        extents = [e for kind in ("function", "macro") for e in source.all(kind)]
        for match in re.finditer(rf"\b{word}\b".encode(), source.data):
            start = source.line_start(match.start())
            line = source.text(start, source.line_end(start)).strip()
            around = [e for e in extents if e.start <= match.start() < e.end]
            if around:
                brackets = "()" if around[0].kind == "function" else ""
                at = source.line(around[0].start)
                found[f"{around[0].name}{brackets} at {path}:{at}"] = None
            elif not line.startswith(("*", "/*", "//")):
                found[f"`{line}` at {path}:{source.line(start)}"] = None
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"{word} is named in {', '.join(list(found)[:most])}{more}" if found else ""


def indent_at(source: CSource, offset: int) -> str:
    """The white space that the line of `offset` begins with."""
    line = source.text(source.line_start(offset), offset)
    return indent_of(line)


def leading_comment(source: CSource, start: int) -> int:
    """The line start of the comment lines that stand right above the line at `start`."""
    first = start
    while first > 0:
        above = source.line_start(first - 1)
        text = source.text(above, first).strip()
        if not text.startswith(("/*", "*", "//")):
            break
        first = above
    # a line that begins with `*` may be code: only a comment that is opened counts
    opened = source.text(first, start).lstrip().startswith(("/*", "//"))
    return first if opened else start


def line_before(found: Found, offset: int, how: str) -> Place:
    """The line before the statement at `offset`, its comment included in what stays behind."""
    source = found.source
    start = leading_comment(source, source.line_start(offset))
    line = source.line(offset)
    return Place(source.path, start, start, line, how, indent=indent_at(source, offset))


def line_behind(found: Found, tokens: Sequence[Token], first: int, last: int, how: str) -> Place:
    """The line behind the tokens from `first` to before `last`, at the indent of the first."""
    source, token = found.source, tokens[last - 1]
    end = source.line_end(token.end)
    indent = indent_at(source, tokens[first].start)
    return Place(source.path, end, end, source.line(token.start), how, indent=indent)


def above(found: Found, how: str) -> Place:
    """The line before a definition and before the comment and attributes that belong to it."""
    source = found.source
    start = source.line_start(found.extent.start)
    while start > 0:
        line = source.line_start(start - 1)
        text = source.text(line, start).strip()
        if not text or text.endswith((";", "}")) or text.startswith("#"):
            break
        start = line
    return Place(source.path, start, start, source.line(found.extent.start), how)


def labels_before(tokens: Sequence[Token], index: int) -> int:
    """How many `case X:` stand in front of a statement; preprocessor lines are passed over."""
    labels = 0
    while index >= 3:
        if tokens[index - 1].text == ":" and tokens[index - 3].text == "case":
            labels += 1
            index -= 3
        elif tokens[index - 2].text == "#":
            index -= 2
        elif tokens[index - 3].text == "#":
            index -= 3
        else:
            break
    return labels


def span(found: Found, match: Match, how: str) -> Place:
    """The bytes that a pattern matched."""
    tokens = code_tokens(found)
    start, end = tokens[match.first].start, tokens[match.last - 1].end
    source = found.source
    return Place(
        source.path,
        start,
        end,
        source.line(start),
        how,
        old=source.text(start, end),
        indent=indent_at(source, start),
    )
