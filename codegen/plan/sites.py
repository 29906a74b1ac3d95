# SPDX-License-Identifier: GPL-2.0-only
"""Every named place: those that kinds share, and those of each kind, from all files of its room.

`SITES` has them by name for edit lists; `docs/sites.md` says what each is.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from codegen import kinds, sites
from codegen.sites.registry import Site, registered

__all__ = ["SITES", "Site"]


def _modules() -> Iterator[ModuleType]:
    rooms = [
        f"{kinds.__name__}.{module.name}" for module in iter_modules(kinds.__path__) if module.ispkg
    ]
    for room in (sites.__name__, *rooms):
        for found in iter_modules(getattr(import_module(room), "__path__", ())):
            if found.name != "context":
                yield import_module(f"{room}.{found.name}")


SITES: dict[str, Site] = registered(*_modules())
