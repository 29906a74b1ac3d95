# SPDX-License-Identifier: GPL-2.0-only
"""How a function becomes a named site."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from codegen.sites.place import Place

Site = Callable[..., tuple[Place, ...]]


def site(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as the site `name`.

    It takes a Survey and the arguments that an edit list gives, returns one Place or several,
    and raises FindingsError where the tree has none.
    """

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__dict__["site_name"] = name
        return function

    return mark


def registered(*modules: ModuleType) -> dict[str, Site]:
    """The marked functions of some modules, by site name; each returns a tuple of places."""
    found = [f for m in modules for f in vars(m).values() if hasattr(f, "site_name")]
    return {function.site_name: _as_places(function) for function in found}


def _as_places(function: Callable[..., Any]) -> Site:
    @wraps(function)  # its parameters are what edit lists may give
    def find(*args: Any, **kwargs: Any) -> tuple[Place, ...]:
        places = function(*args, **kwargs)
        return (places,) if isinstance(places, Place) else tuple(places)

    return find
