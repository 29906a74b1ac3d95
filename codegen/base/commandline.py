# SPDX-License-Identifier: GPL-2.0-only
"""Command lines that people paste into a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

_STARTER = "GEN_PROGRAM"  # set by the script `gen` of a checkout to what it was called by


def program() -> str:
    """gen as it was called, for a shell in the same folder: `gen`, `./gen`, a path."""
    called = os.environ.get(_STARTER) or sys.argv[0]
    if Path(called).parts[-2:] == ("codegen", "__main__.py"):
        return line([sys.executable, "-m", "codegen"])
    if Path(called).name != "gen":
        return "gen"  # called as a library
    found = shutil.which("gen")
    if found and os.path.realpath(found) == os.path.realpath(called):
        return "gen"
    return quoted(called if "/" in called else f"./{called}")


def line(words: Iterable[object]) -> str:
    """Words as one line for a shell."""
    return " ".join(quoted(str(word)) for word in words)


def quoted(word: str) -> str:
    """A word for a shell, on one line and in printable characters.

    Where it has others it is written as bash, zsh and ksh read them: `$'a\\nb'`.
    """
    if word.isprintable():
        return shlex.quote(word)
    raw = "".join(map(_escaped, word))
    return f"$'{raw}'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    # octal, always of three digits: what follows cannot be taken for a part of it
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
