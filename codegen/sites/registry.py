# SPDX-License-Identifier: GPL-2.0-only
"""Sites: named places, said as data or found by a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from types import ModuleType
from typing import Any

from codegen.kernel.survey import Survey
from codegen.sites.documents import in_documents
from codegen.sites.functions import in_functions
from codegen.sites.language import PlaceSpec
from codegen.sites.place import Place


@dataclass(frozen=True, slots=True)
class Site:
    """A named place: what it is, what an edit list gives, and how it is found.

    `takes` are the keys of `with:`, by whether they may be left out; `holds` says that the place
    is known by what it means, so that it is found again behind a patch, where the patch is.
    """

    name: str
    about: str
    per_arch: bool
    look: Callable[..., Any]
    takes: Mapping[str, bool] = field(default_factory=dict, hash=False)
    holds: bool = False

    def __call__(self, survey: Survey, **arguments: Any) -> tuple[Place, ...]:
        """The places in a tree; none where it need not have any.  Raises FindingsError."""
        places = self.look(survey, **arguments)
        return (places,) if isinstance(places, Place) else tuple(places)


def site(name: str, *, holds: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as the site `name`; see `Site` for `holds`.

    It takes a Survey and the arguments that an edit list gives, returns one Place or several,
    and raises FindingsError where the tree has none.
    """

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__dict__["site_name"] = name
        function.__dict__["site_holds"] = holds
        return function

    return mark


def registered(*modules: ModuleType) -> dict[str, Site]:
    """The marked functions of some modules, by site name."""
    found = [f for m in modules for f in vars(m).values() if hasattr(f, "site_name")]
    return {function.site_name: _of_function(function) for function in found}


def _of_function(function: Any) -> Site:
    asked = [p for p in signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    takes = {p.name: p.default is not p.empty for p in asked if p.name != "arch"}
    per_arch = any(p.name == "arch" for p in asked)
    about = " ".join((function.__doc__ or "").split())
    return Site(function.site_name, about, per_arch, function, takes, function.site_holds)


def of_data(name: str, spec: PlaceSpec) -> Site:
    """A place that is said as data."""

    def look(survey: Survey, arch: str | None = None, **said: str) -> tuple[Place, ...]:
        asked = spec.filled(said)
        if spec.is_document:
            return in_documents(survey, name, asked)
        return in_functions(survey, name, asked, arch)

    takes = dict.fromkeys(spec.given, False)
    about = " ".join(spec.about.split())
    return Site(name, about, spec.per_arch, look, takes, holds=not spec.is_document)
