# SPDX-License-Identifier: GPL-2.0-only
"""Options of the command line as data, and those that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.architectures import ALL, COMPILED, DEFAULT, RUN

OUT = Path("patches")


@dataclass(frozen=True, slots=True)
class Argument:
    """An option, or a word by its place: its names, and what argparse is to make of it."""

    names: tuple[str, ...]
    how: Mapping[str, Any]

    @property
    def takes_value(self) -> bool:
        """Whether the word behind the option is its value; the same for all options of a name."""
        return self.how.get("action", "store") in ("store", "append")


def argument(*names: str, **how: Any) -> Argument:
    """An option or a word by its names, and what `add_argument()` takes."""
    return Argument(names, how)


def number(text: str) -> int:
    """A number from 1 on; ArgumentTypeError for what is none."""
    found = int(text) if text.isdecimal() else 0
    if found < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return found


JSON = argument("--json", action="store_true", help="one object for machines, errors as well")
SIGNOFF = argument(
    "--signoff", action="store_true", help="sign off as git's user.name and user.email"
)
ABI = argument(
    "--abi",
    default="zap-leafs-only",
    metavar="NAME|FILE",
    help="the knob: a description of abi/ by name, or a file (default: %(default)s)",
)
RESERVE = argument(
    "--reserve",
    action="append",
    default=[],
    metavar="PREFIX=N,…",
    help="numbers claimed elsewhere, such as KVM_CAP_=239,240 or KVM_MEM_=3",
)
REDUNDANT = argument(
    "--redundant",
    action="store_true",
    help="make a series that adds nothing to what the tree has, to compare; it says so",
)
TREES = argument(
    "--tree",
    action="append",
    default=[],
    metavar="TREE",
    help="one of several, as the other commands take it (default: debian:6.12)",
)
# Which series gen makes.
MADE = (
    argument(
        "--variant", metavar="V", help="a variant (default: a description's only one), or `all`"
    ),
    ABI,
    argument(
        "--tree",
        metavar="TREE",
        help="debian:6.12 (the default), a name of `gen tree`, a folder, or a repository[@REV]",
    ),
    RESERVE,
    REDUNDANT,
    JSON,
)
# The same for commands on one series: one that is there, or one that gen makes for it.
ONE = (
    argument(
        "series",
        nargs="?",
        type=Path,
        metavar="SERIES",
        help="a folder of patches, one patch or a mailbox, whoever wrote it, - for what is piped "
        "in, or DIR@BASE..BRANCH, commits of a repository; else name --variant",
    ),
    *MADE,
)
COMPILER = argument(
    "--compiler", default="gcc", metavar="CC", help="gcc or clang, or one such as gcc-12"
)
ARCH, COMPILED_ARCH = (
    argument(
        "--arch",
        metavar="ARCH",
        help=f"{', '.join(among)} (default: {DEFAULT.name}, or else what the series changes)",
    )
    for among in (RUN, (*COMPILED, f"or {ALL} that the series changes"))
)
TRUST = argument(
    "--trust",
    action="store_true",
    help="run what a series brings that gen did not make, also where there is no sandbox",
)
JOBS = argument("--jobs", type=number, metavar="N", help="for make (default: all processors)")
BUILT = (
    *ONE,
    ARCH,
    COMPILER,
    TRUST,
    JOBS,
    argument("--out", type=Path, metavar="DIR", help="results (default: in the cache)"),
)
