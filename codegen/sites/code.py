# SPDX-License-Identifier: GPL-2.0-only
"""Places in C by meaning: before, after or instead of a statement, before a function."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from codegen.base.errors import FindingsError
from codegen.base.nearest import nearest
from codegen.c.candidates import function_names
from codegen.c.pattern import Match, find, last_holes, texts
from codegen.c.source import CSource, Token
from codegen.c.statements import statement_end
from codegen.kernel.survey import Found, Survey
from codegen.sites.place import Place, ambiguous, not_found


def code_tokens(found: Found) -> tuple[Token, ...]:
    """The tokens of a definition, comments left out."""
    extent = found.extent
    return tuple(t for t in found.source.tokens(extent.start, extent.end) if not t.comment)


C_FILES = (".c", ".h")


def functions_naming(
    survey: Survey, prefixes: tuple[str, ...], *words: str, suffix: str | tuple[str, ...] = ".c"
) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """The functions below the prefixes whose text holds all the words, with their tokens."""
    for path in survey.holding(words[0], prefixes):
        wanted = [word.encode() for word in words]
        data = survey.tree.read(path)
        if not path.endswith(suffix) or not all(word in data for word in wanted):
            continue
        source = survey.source(path)
        for extent in source.all("function"):
            text = source.data[extent.start : extent.end]
            if all(word in text for word in wanted):
                found = Found(source, extent)
                yield found, code_tokens(found)


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


def matches(survey: Survey, site: str, name: str, statement: str) -> tuple[Found, Match]:
    """The one function `name` and the one match of a pattern in it.

    Where several functions have the name (one for each branch of an `#if`), the one that holds
    the statement is meant.
    """
    candidates = survey.definitions("function", name)
    if not candidates:
        raise no_function(survey, site, name)
    hits = [(found, match) for found in candidates for match in find(statement, code_tokens(found))]
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
    token = code_tokens(found)[match.first]
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
    return line[: len(line) - len(line.lstrip())]


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


def before(survey: Survey, site: str, name: str, statement: str) -> Place:
    """The line before a statement of a function and before the comment that belongs to it."""
    found, match = matches(survey, site, name, statement)
    tokens = code_tokens(found)
    place = line_before(found, tokens[match.first].start, _say(name, "before", statement))
    return replace(place, names=texts(tokens, match))


def line_before(found: Found, offset: int, how: str) -> Place:
    """The line before the statement at `offset`, its comment included in what stays behind."""
    source = found.source
    start = leading_comment(source, source.line_start(offset))
    line = source.line(offset)
    return Place(source.path, start, start, line, how, indent=indent_at(source, offset))


def after(survey: Survey, site: str, name: str, statement: str) -> Place:
    """The line after a statement of a function; the pattern may be the beginning of it."""
    found, match = matches(survey, site, name, statement)
    place = line_after(found, match, _say(name, "after", statement))
    return replace(place, names=texts(code_tokens(found), match))


def line_after(found: Found, match: Match, how: str) -> Place:
    """The line after the statement that begins where a pattern matched."""
    tokens = code_tokens(found)
    return line_behind(found, tokens, match.first, statement_end(tokens, match.first), how)


def line_behind(found: Found, tokens: Sequence[Token], first: int, last: int, how: str) -> Place:
    """The line behind the tokens from `first` to before `last`, at the indent of the first."""
    source, token = found.source, tokens[last - 1]
    end = source.line_end(token.end)
    indent = indent_at(source, tokens[first].start)
    return Place(source.path, end, end, source.line(token.start), how, indent=indent)


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


def instead(survey: Survey, site: str, name: str, statement: str) -> Place:
    """The bytes of a fragment of a function, to be replaced."""
    found, match = matches(survey, site, name, statement)
    place = span(found, match, _say(name, "instead of", statement))
    return replace(place, names=texts(code_tokens(found), match))


def parameters(survey: Survey, name: str, patterns: Sequence[str]) -> dict[str, str]:
    """What the holes of patterns are in the head of a function."""
    names: dict[str, str] = {}
    for found in survey.definitions("function", name):
        tokens = code_tokens(found)
        body = next((i for i, token in enumerate(tokens) if token.text == "{"), len(tokens))
        for pattern in patterns:
            names |= last_holes(pattern, tokens[:body])
    return names


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


def new_function_before(survey: Survey, site: str, name: str) -> Place:
    """The line before a function and before the comment and attributes that belong to it."""
    found = function(survey, site, name)
    source = found.source
    start = source.line_start(found.extent.start)
    while start > 0:
        above = source.line_start(start - 1)
        text = source.text(above, start).strip()
        if not text or text.endswith((";", "}")) or text.startswith("#"):
            break
        start = above
    line = source.line(found.extent.start)
    return Place(source.path, start, start, line, f"before function {name}()")


def include(survey: Survey, site: str, name: str, header: str) -> Place:
    """The line after the last `#include` of its kind in the file that defines a function."""
    source = function(survey, site, name).source
    mark = b"<" if header.startswith("<") else b'"'
    at = -1
    offset = 0
    for line in source.data.splitlines(keepends=True):
        words = line.split(None, 1)
        if words and words[0] == b"#include" and words[1:] and words[1].startswith(mark):
            at = offset + len(line)
        offset += len(line)
    if at < 0:
        raise not_found(site, f"an #include {mark.decode()}… to stand after", [source.path])
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
