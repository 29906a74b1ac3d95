# SPDX-License-Identifier: GPL-2.0-only
"""What pydantic finds, in words of a description: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from codegen.base.findings import Finding
from codegen.base.nearest import nearest
from codegen.description.reading import YamlDocument
from codegen.description.scalars import Odd
from codegen.description.schema import fact, known_keys, sections_with
from codegen.vocabulary.characters import short
from codegen.vocabulary.part import Where
from codegen.vocabulary.rules import KIND

_WANTED = {
    "string_type": "a text",
    "int_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "dict_type": "a mapping of keys to values",
}


def location(loc: Sequence[str | int], said: Any) -> Where:
    """The path that a pydantic location means: the tags of unions are left out."""
    found: list[str | int] = []
    at = said
    tagged: Any = None  # what a tag has been left out of: a key of it may have the same name
    for part in loc[:-1]:
        if isinstance(at, dict) and at.get("type") == part and tagged is not at:
            tagged = at
            continue
        found.append(part)
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = None
    return (*found, *loc[-1:])


def findings(one: ErrorDetails, document: YamlDocument) -> Iterator[Finding]:
    """One error of pydantic as findings."""
    where = location(one["loc"], document.value)
    if one["type"] == KIND:
        for problem in one["ctx"]["problems"]:
            line, column = document.mark_in(where, one["input"], problem.at)
            message = f"{named(where)}: {problem.message}"
            yield document.source.finding(line, column, message, problem.hint)
        return
    make = _KINDS.get(one["type"], _other)
    message, hint, at = make(one, where, document)
    yield document.source.finding(*at, message, hint)


def named(where: Where) -> str:
    """A value as messages call it."""
    names = [part for part in where if isinstance(part, str)]
    name = f"`{short(names[-1])}`" if names else "the description"
    if where and isinstance(where[-1], int):
        return f"item {where[-1] + 1} of {name}"
    return name


def _kind_of(where: Where) -> str:
    """A value as one of its kind."""
    name = named(where)
    return f"item of {name.partition(' of ')[2]}" if isinstance(where[-1], int) else name


def meant(name: str, loc: Sequence[str | int]) -> str:
    """The key that somebody meant who wrote one that does not exist, if that can be told."""
    return nearest(name.replace("_", "-").lower(), known_keys(loc))


_Wording = tuple[str, str, tuple[int, int]]
_Make = Callable[[ErrorDetails, Where, YamlDocument], _Wording]


def _unknown(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    name = str(where[-1])
    known = known_keys(one["loc"][:-1])
    near = meant(name, one["loc"][:-1])
    at = document.keys.get(where, document.mark(where))
    message = f"unknown key `{short(name)}`"
    if near:
        return f"{message}; did you mean `{near}`?", "", at
    hint = f"known here: {', '.join(known)}"
    elsewhere = sections_with(name)
    if elsewhere:
        hint = f"`{name}` is a key of {' and '.join(elsewhere)}\n{hint}"
    return message, hint, at


def _missing(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    section, name = where[:-1], where[-1]
    message = f"`{name}` is missing" + (f" in {_section(section)}" if section else "")
    return message, str(fact(one["loc"], "description") or ""), document.mark(section)


def _section(where: Where) -> str:
    if isinstance(where[-1], int):
        names = [part for part in where if isinstance(part, str)]
        return f"this item of `{names[-1]}`"
    return f"`{where[-1]}`"


def _type(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    wanted, given = _WANTED[one["type"]], one["input"]
    name, at = named(where), document.mark(where)
    text = document.plain.get(where)
    if text is not None and wanted == "a text":
        message = f"{name} must be a text; `{short(text)}` without quotes is {_kind(given)} in YAML"
        return message, f'write "{short(text)}"', at
    message = f"{name} must be {wanted}, not {_kind(given)}"
    return message, _instead(wanted, given, text), at


def _instead(wanted: str, given: object, text: str | None) -> str:
    scalar = isinstance(given, (str, int))
    if wanted == "a list" and scalar:
        return f"write [{short(text or given)}]" if "\n" not in str(given) else "begin it with `- `"
    if wanted == "a number" and isinstance(given, str) and given.isdecimal():
        return f"write {short(given)} without quotes"
    if wanted == "a number" and isinstance(given, Odd):
        return "write it in decimal, or in hexadecimal as 0x…"
    if wanted == "true or false" and isinstance(given, str) and given.lower() in ("true", "false"):
        return f"write {given.lower()} without quotes"
    return ""


def _kind(value: object) -> str:
    if isinstance(value, Odd):
        return value.kind
    names = {bool: "true or false", int: "a number", str: "a text", list: "a list"}
    return names.get(type(value), "a mapping")


def _pattern(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    value = short(one["input"])
    message = f"`{value}` is no valid {_kind_of(where)}" if value else f"{named(where)} is empty"
    example = fact(one["loc"], "examples")
    hint = f"such as {example[0]}; it must match {one['ctx']['pattern']}" if example else ""
    return message, hint, document.mark(where)


def _choice(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    valid = [str(value) for value in fact(one["loc"], "enum") or [fact(one["loc"], "const")]]
    if one["type"].startswith("union_tag"):
        where = (*where, "type")
        valid = [tag.strip(" '") for tag in one["ctx"].get("expected_tags", "").split(",")]
        if one["type"] == "union_tag_not_found":
            valid = list(known_tags(one["loc"]))
            section = document.mark(where[:-1])
            message = f"`type` is missing in {_section(where[:-1])}"
            return message, f"one of: {', '.join(valid)}", section
    given = one["ctx"].get("tag", one["input"])
    text = document.plain.get(where, given)
    if not isinstance(given, str) and not isinstance(text, str):
        message = f"{named(where)} must be a text, not {_kind(given)}"
        return message, _one_of(valid), document.mark(where)
    near = nearest(str(text), valid)
    message = f"`{short(text)}` is no valid {_kind_of(where)}"
    message += f"; did you mean `{near}`?" if near else ""
    return message, _one_of(valid), document.mark(where)


def known_tags(loc: Sequence[str | int]) -> tuple[str, ...]:
    """The types of field that a description may name."""
    return tuple(fact(loc, "discriminator")["mapping"])


def _one_of(valid: Sequence[str]) -> str:
    return f"one of: {', '.join(valid)}" if valid else ""


def _range(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    low, high = fact(one["loc"], "minimum"), fact(one["loc"], "maximum")
    message = f"{named(where)} is out of range: {short(one['input'])}"
    return message, f"a number from {low} to {high}", document.mark(where)


def _length(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    count, most = len(one["input"]), one["ctx"].get("max_length")
    if one["type"] == "string_too_long":
        message = f"{named(where)} is too long: {count} characters"
        return message, f"at most {most}", document.mark(where)
    if one["type"] == "too_short":
        message = f"{named(where)} has too few items: {count}"
        return message, f"at least {one['ctx']['min_length']}", document.mark(where)
    message = f"{named(where)} has too many items: {count}"
    return message, f"at most {most}", document.mark((*where, one["ctx"]["max_length"]))


def _surrogate(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    return f"{named(where)}: an escape of a character that is none", "", document.mark(where)


def _other(one: ErrorDetails, where: Where, document: YamlDocument) -> _Wording:
    return f"{named(where)}: {one['msg'][:1].lower()}{one['msg'][1:]}", "", document.mark(where)


_KINDS: dict[str, _Make] = {
    **dict.fromkeys(_WANTED, _type),
    **dict.fromkeys(("literal_error", "union_tag_invalid", "union_tag_not_found"), _choice),
    **dict.fromkeys(("greater_than_equal", "less_than_equal"), _range),
    **dict.fromkeys(("string_too_long", "too_short", "too_long"), _length),
    "extra_forbidden": _unknown,
    "missing": _missing,
    "string_unicode": _surrogate,
    "string_pattern_mismatch": _pattern,
}
