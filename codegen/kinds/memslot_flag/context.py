# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of memslot flags see, and how they say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from codegen.base.findings import error
from codegen.c.layout import filled
from codegen.kinds.memslot_flag.flagtest import VALID, flag_test

if TYPE_CHECKING:
    from codegen.plan.asked import Asked

_NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_IOCTL = "KVM_SET_USER_MEMORY_REGION"
_ORDINALS = {"former": "first", "latter": "second"}


def context(asked: Asked) -> Mapping[str, Any]:
    """`excluded`, the excluded flags that the tree has, `ioctls`, those that take the flag, and
    `tests_flags`, whether one of the tree's selftests tries invalid flags and must know a new one.

    Raises FindingsError where it lacks a flag that is not optional.
    """
    tests = flag_test(asked.survey, VALID)
    ioctls = [_IOCTL] if asked.section.v1 else []
    ioctls += [f"{_IOCTL}2"] if asked.tree.macro(f"{_IOCTL}2") else []
    return {
        "excluded": tuple(_excluded(asked)),
        "ioctls": ioctls,
        "tests_flags": tests is not None,
    }


def _excluded(asked: Asked) -> Iterator[str]:
    for index, excluded in enumerate(asked.section.excludes):
        if asked.tree.macro(excluded.flag):
            yield excluded.flag
        elif not excluded.optional:
            raise error(
                asked.finding(
                    ("excludes", index, "flag"),
                    f"this tree has no flag {excluded.flag}",
                    "`optional: true` excludes it where there is one",
                )
            )


def one_more_flag(paragraph: str, flag: str) -> str:
    """The sentence "The flags field supports two flags: A and B." with one flag more.

    A paragraph that says it otherwise stays as it is: the new flag has its own.
    """
    match = re.search(r"supports (\w+) flags:(\s+)([\w\s,]+?)\.(?=\s)", paragraph)
    if not match or match[1] not in _NUMBERS[1:-1]:
        return paragraph
    names = re.findall(r"KVM_MEM_\w+", match[3])
    if len(names) != _NUMBERS.index(match[1]):
        return paragraph
    count = _NUMBERS[len(names) + 1]
    said = f"supports {count} flags: {', '.join(names)} and {flag}."
    text = paragraph[: match.start()] + said + paragraph[match.end() :]
    for old, new in _ORDINALS.items():
        text = re.sub(rf"\b(The|the)\s+{old}\b", rf"\1 {new}", text)
    return filled(text, 78) + "\n"


FILTERS = {"one_more_flag": one_more_flag}
