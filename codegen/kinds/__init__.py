# SPDX-License-Identifier: GPL-2.0-only
"""The kinds of uAPI that a knob can have, each in a room of its own.

A kind is a folder of `templates/`, with its edit list, texts and places.  What a description says
of it stands in that folder as well, as data; or, where data will not do, in the package of the same
name here, which has `KIND` and, in a module `context`, what its templates see.  Nothing outside of
these rooms names a kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from codegen.base.findings import Finding, error
from codegen.base.resources import resources
from codegen.kinds.data import KeySpec, data_kind
from codegen.kinds.kind import Kind
from codegen.vocabulary.part import attribute, dashed, invalid

__all__ = ["Kind", "edit_list", "kinds", "kinds_of", "read_yaml", "templates_see"]

_KEYS = TypeAdapter(dict[str, KeySpec])
_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def kinds() -> Mapping[str, Kind]:
    """The kinds by name, in the order of their names.  Raises FindingsError for a wrong one."""
    return kinds_of(resources("templates"))


@lru_cache(maxsize=4)
def kinds_of(templates: Path) -> Mapping[str, Kind]:
    """The kinds of a folder of templates."""
    found: dict[str, Kind] = {}
    for module in iter_modules(__path__):
        kind = module.ispkg and getattr(import_module(f"{__name__}.{module.name}"), "KIND", None)
        if kind:
            found[dashed(module.name)] = kind
    for path in templates.glob("*/variant.yaml"):
        name, said = path.parent.name, edit_list(path)
        if isinstance(said.get("section"), dict):
            if name in found:
                raise error(Finding(f"{name} has a section in codegen/kinds/ already", str(path)))
            found[name] = data_kind(name, str(said.get("summary", name)), _keys(path, said))
        if name in found:
            found[name] = _placed(found[name], said)
    return dict(sorted(found.items()))


def edit_list(path: Path) -> Mapping[str, Any]:
    """What a `variant.yaml` says.  Raises FindingsError where it is no YAML with keys."""
    said: Mapping[str, Any] = read_yaml(path, dict)
    return said


@lru_cache(maxsize=64)
def read_yaml(path: Path, kind: type) -> Any:
    """A file of `templates/`, of the type that it must have.  Raises FindingsError."""
    own = path.parts[-3:] if path.parent.name == "compare" else path.parts[-2:]
    shown = "/".join(own if path.parent.name == "measures" else ("templates", *own))
    what = "no YAML with keys" if kind is dict else "no YAML list"
    try:
        said = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as problem:
        raise error(Finding(f"{what}: {problem}", shown)) from None
    if not isinstance(said, kind):
        raise error(Finding(what, shown))
    return said


def _placed(kind: Kind, said: Mapping[str, Any]) -> Kind:
    """With what the edit list says of the kind as a whole."""
    struct = said.get("decides-by")
    made = replace(kind, only_on=said.get("only-on"))
    if "value" not in said:
        made = replace(made, answers=lambda section: False)
    return made if struct is None else replace(made, decides_by=lambda section: str(struct))


def _keys(path: Path, said: Mapping[str, Any]) -> Mapping[str, KeySpec]:
    shown = f"templates/{path.parent.name}/{path.name}"
    try:
        keys = _KEYS.validate_python(said["section"])
    except ValidationError as problem:
        raise invalid(problem, shown, "section") from None
    odd = [key for key in keys if not _KEY.fullmatch(key)]
    if odd:
        raise error(Finding(f"section: {odd[0]!r} is no key, such as `by-default`", shown))
    return keys


def templates_see(name: str) -> ModuleType | None:
    """The module of a kind that says what its templates see; None where it has none."""
    module = f"{__name__}.{attribute(name)}"
    if not find_spec(module) or not find_spec(f"{module}.context"):
        return None
    return import_module(f"{module}.context")
