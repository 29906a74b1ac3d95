# SPDX-License-Identifier: GPL-2.0-only
"""Where the first flag of an ioctl is defined."""

from __future__ import annotations

from codegen.kernel.survey import Survey
from codegen.kinds.ioctls import struct_of
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site


@site("flag-first")
def flag_first(survey: Survey, *, ioctl: str) -> Place:
    """Behind the struct of the ioctl, in the uAPI header that defines it."""
    struct = struct_of(survey, ioctl)
    found = [f for f in survey.definitions("struct", struct) if "/uapi/" in f.source.path]
    what = f"the definition of struct {struct} in a uAPI header"
    if len(found) > 1:
        where = [f"{f.source.path}:{f.source.line(f.extent.start)}" for f in found]
        raise ambiguous("flag-first", what, where)
    if not found:
        raise not_found("flag-first", what, survey.holding(f"struct {struct}", ["include/uapi/"]))
    source, extent = found[0].source, found[0].extent
    end = source.line_end(extent.end)
    return Place(source.path, end, end, source.line(extent.end), f"behind struct {struct}")
