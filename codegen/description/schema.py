# SPDX-License-Identifier: GPL-2.0-only
"""What the JSON Schema of descriptions knows of a key: messages are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from codegen.description.model import Knob


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    return Knob.model_json_schema(by_alias=True)


def known_keys(loc: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that a description may have in a section, in the order of the model."""
    at = _at(loc)
    return tuple(at.get("properties", {})) if at else ()


def sections_with(key: str) -> tuple[str, ...]:
    """The sections of a description that have a key."""
    found = []
    for name, part in _schema()["properties"].items():
        if any(key in choice.get("properties", {}) for choice in _choices(part)):
            found.append(name)
    return tuple(found)


def fact(loc: Sequence[str | int], name: str) -> Any:
    """What the schema says of a key under `name`, such as its `description`; None if nothing."""
    parent = _at(loc[:-1]) if loc else _schema()
    at = _step(parent, loc[-1]) if loc and parent else parent
    for choice in _choices(at or {}):
        if name in choice:
            return choice[name]
    return None


def _at(loc: Sequence[str | int]) -> dict[str, Any] | None:
    at: dict[str, Any] | None = _schema()
    for part in loc:
        at = _step(at, part)
        if at is None:
            return None
    found = [c for c in _choices(at or {}) if "properties" in c]
    return found[0] if len(found) == 1 else _resolved(at or {})


def _resolved(at: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in at:
        at = _schema()["$defs"][at["$ref"].rpartition("/")[2]]
    return at


def _choices(at: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and what it is one of."""
    yield at
    if "$ref" in at:
        yield _resolved(at)
    for key in ("anyOf", "oneOf"):
        for other in at.get(key, ()):
            yield from _choices(other)


def _step(at: dict[str, Any] | None, part: str | int) -> dict[str, Any] | None:
    """One key or index further; the tag of a union is a step, as it is for pydantic."""
    for choice in _choices(at or {}):
        if isinstance(part, int) and "items" in choice:
            return dict(choice["items"])
        if part in choice.get("properties", {}):
            return dict(choice["properties"][part])
        mapping = choice.get("discriminator", {}).get("mapping", {})
        if part in mapping:
            return {"$ref": mapping[part]}
    return None
