# SPDX-License-Identifier: GPL-2.0-only
"""What to do with a series that was made, as lines that run as they are pasted."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.base.commandline import line, program, quoted
from codegen.cli.options import OUT
from codegen.mail.mbox import COVER
from codegen.series.make import Generated
from codegen.tree.debian import PREFIX
from codegen.tree.locate import Folder, checked_out

_SEND = ("send-email", "--dry-run")
PATCHES = "0*[1-9]*.patch"  # all but the cover letter, which `git am` does not take


Steps = list[tuple[str, list[str]]]


def next_steps(made: Generated, folder: Path, options: argparse.Namespace) -> Steps:
    """Headings, and below them command lines: for the folder that gen runs in."""
    asked = _asked(made, options)
    out = [] if options.out == OUT else ["--out", options.out]
    steps = [line(["cat", folder / COVER])]
    steps += [f"{program()} {line([command, folder])}" for command in ("check", "test")]
    if options.signoff:
        mail = ("to mail it, without --dry-run:", [line(["git", *_SEND, folder])])
    else:
        mine = f"{program()} {line([*asked, *out, '--signoff'])}"
        mail = ("to mail it, as yourself:", [mine])
    return [("next:", steps), mail, *_taken(made, folder, asked, options.signoff)]


def _taken(made: Generated, folder: Path, asked: list[str], signoff: bool) -> Steps:
    """How the series gets into a tree: the user's own, or a checkout of one that gen fetched."""
    where, patches = made.tree, f"{quoted(str(folder.absolute()))}/{PATCHES}"
    apply = f"{program()} {line(['apply', *asked])}"
    if where.spec.startswith(PREFIX):
        return [(f"in a checkout of {where.name}:", [f"git am {patches}"])]
    if isinstance(where.at, Folder):
        return [("into your tree:", [f"{apply} --in-place"])]
    steps = [("as a new branch of your tree:", [f"{apply} --signoff" if signoff else apply])]
    place = checked_out(where)
    if place is not None:
        am = f"{line(['git', '-C', place, 'am'])} {patches}"
        steps += [("or on the branch checked out there:", [am])]
    return steps


def _asked(made: Generated, options: argparse.Namespace) -> list[str]:
    """The options that say which series this is, as the user gave them."""
    words = ["--variant", made.plan.variant.name, "--abi", options.abi]
    words += ["--tree", options.tree] if options.tree else []
    words += [word for numbers in options.reserve for word in ("--reserve", numbers)]
    return words + (["--redundant"] if options.redundant else [])
