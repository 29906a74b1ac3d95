# SPDX-License-Identifier: GPL-2.0-only
"""Every named place: those that kinds share, and those of each kind, as data or from its room.

`SITES` has them by name for edit lists; `docs/sites.md` says what each is.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from codegen import kinds, sites
from codegen.base.findings import Finding, error
from codegen.base.resources import resources
from codegen.kinds import read_yaml
from codegen.sites.language import read_places
from codegen.sites.registry import Site, of_data, registered

__all__ = ["PLACES", "SITES", "Site"]

PLACES = "places.yaml"  # in a folder of `templates/`: its places as data


def _modules() -> Iterator[ModuleType]:
    rooms = [
        f"{kinds.__name__}.{module.name}" for module in iter_modules(kinds.__path__) if module.ispkg
    ]
    for room in (sites.__name__, *rooms):
        for found in iter_modules(getattr(import_module(room), "__path__", ())):
            if found.name != "context":
                yield import_module(f"{room}.{found.name}")


def _said() -> dict[str, Site]:
    """The places of every `places.yaml`."""
    found: dict[str, Site] = {}
    for path in sorted(resources("templates").glob(f"*/{PLACES}")):
        for name, spec in read_places(path, read_yaml(path, dict)).items():
            if name in found:
                shown = f"templates/{path.parent.name}/{path.name}"
                raise error(Finding(f"{name}: another folder has a place of this name", shown))
            found[name] = of_data(name, spec)
    return found


SITES: dict[str, Site] = {**registered(*_modules()), **_said()}
