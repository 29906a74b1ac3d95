# SPDX-License-Identifier: GPL-2.0-only
"""What a tree says of an ioctl that it has."""

from __future__ import annotations

from codegen.c.pattern import last_holes
from codegen.c.source import lex
from codegen.kernel.numbers import constants
from codegen.kernel.survey import Survey


def struct_of(survey: Survey, ioctl: str) -> str:
    """The struct that an ioctl takes, by its number's macro; empty where it takes none."""
    for each in constants(survey):
        if each.name == ioctl:
            text = each.source.text(each.extent.start, each.extent.end)
            return last_holes("struct $name", lex(text)).get("name", "")
    return ""
