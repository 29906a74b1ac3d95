# SPDX-License-Identifier: GPL-2.0-only
"""Named places of a kernel tree, each found by what stands there, never by line.

`SITES` has them by name for the edit lists of variants; `docs/sites.md` says what each is.
"""

from __future__ import annotations

from codegen.sites import flagcheck, kbuild, memslot, quirk, rst, selftest, uapi, vm, vmtype
from codegen.sites.registry import Site, registered

__all__ = ["SITES", "Site", "uapi"]

SITES: dict[str, Site] = registered(
    flagcheck, kbuild, memslot, quirk, rst, selftest, uapi, vm, vmtype
)
