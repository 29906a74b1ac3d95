# SPDX-License-Identifier: GPL-2.0-only
"""Who gets a series: the tree's own scripts/get_maintainer.pl, on the files that it changes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codegen.base.errors import EnvironmentFailure
from codegen.sandbox import sandbox
from codegen.sandbox.view import Room
from codegen.store import answers
from codegen.tree.reader import Tree
from codegen.tree.scratch import scratch_folder

_SCRIPT = "scripts/get_maintainer.pl"
# Duplicates are removed by name: of a person with an address for each of two files, one is lost.
_OPTIONS = (
    *("--no-git", "--no-git-fallback", "--no-tree", "--no-fixes", "--no-keywords"),
    *("--roles", "--norolestats", "--no-remove-duplicates"),
)
# What the script looks for to believe that it stands at the top of a kernel tree.
_TOP_FILES = ("COPYING", "CREDITS", "Kbuild", "Makefile", "README")
_TOP_FOLDERS = "Documentation arch include drivers fs init ipc kernel lib".split()
# A section of MAINTAINERS without expressions for names; how a pattern of files in it begins.
_SECTION = re.compile(rb"(?![A-Z]:)[^\n]+(?:\n[A-MO-Z]:[^\n]*)+")
_PATTERN = re.compile(rb"^F:[ \t]*([\w./+,@~#=-]*)(?=([^\n]*))", re.M)
_WILDCARDS = re.compile(rb"[\w./+,@~#=*?\s-]*")
_LINE = re.compile(r"^(?P<who>.+?)\s+\((?P<role>[^()]*(?:\([^()]*\)[^()]*)*)\)$")


@dataclass(frozen=True, slots=True)
class Recipients:
    """Addresses as `Name <mail>`; `missing` says why there are none."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    missing: str = ""


def recipients(tree: Tree, paths: Sequence[str], base: Tree | None = None) -> Recipients:
    """Maintainers and reviewers as To, lists and others as Cc; git history is not asked.

    Where `tree` is one behind patches, `base` is the one before them: a patch may say who maintains
    its files, but the script that runs is never a patch's.
    """
    perl = shutil.which("perl")
    if perl is None:
        return Recipients(missing="perl is not installed")
    try:
        script, listed = (base or tree).read(_SCRIPT), tree.read("MAINTAINERS")
    except FileNotFoundError as problem:
        return Recipients(missing=f"the tree has no {problem}")
    question = (script, " ".join(_OPTIONS).encode(), listed, "\n".join(paths).encode())
    return _remembered(question, lambda: _run(perl, script, listed, paths))


def _run(perl: str, script: bytes, listed: bytes, paths: Sequence[str]) -> Recipients:
    with scratch_folder() as folder:
        top = Path(folder)
        top.chmod(0o755)  # the sandbox may be another user's
        command = [perl, str(top / _SCRIPT), *_OPTIONS, "-f", *paths]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "LC_ALL": "C"}
        try:
            _imitate(top, script, listed, paths)
            room = Room(read=(top,))
            done = sandbox.run(command, room, "get_maintainer.pl", env=environment, cwd=top)
        except (OSError, EnvironmentFailure) as problem:
            return Recipients(missing=f"get_maintainer.pl did not run: {problem}")
    if done.status:
        return Recipients(missing=f"get_maintainer.pl failed with status {done.status}")
    lines = done.stdout.decode("utf-8", "replace").split("\n")
    return _sorted([line for line in lines if line.isprintable()])  # they become mail headers


def _remembered(question: Sequence[bytes], answer: Callable[[], Recipients]) -> Recipients:
    """The answer to a question, which may have been asked before."""
    said = answers.known("maintainers", question)
    try:
        return Recipients(tuple(map(str, said["to"])), tuple(map(str, said["cc"])))
    except (KeyError, TypeError):
        found = answer()
    if not found.missing:
        answers.keep("maintainers", question, {"to": found.to, "cc": found.cc})
    return found


def _imitate(top: Path, script: bytes, listed: bytes, paths: Sequence[str]) -> None:
    for name in _TOP_FOLDERS + ["scripts"]:
        (top / name).mkdir()
    for name in _TOP_FILES:
        (top / name).touch()
    (top / _SCRIPT).write_bytes(script)
    (top / "MAINTAINERS").write_bytes(_concerned(listed, paths))
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).touch()


def _concerned(listed: bytes, paths: Sequence[str]) -> bytes:
    """MAINTAINERS without sections that cannot be about a path: the script tries each on each path.

    Whatever is not surely a section of other files stays, for the script to decide.
    """
    names = [os.fsencode(path) for path in paths]
    return b"\n\n".join(
        section
        for section, starts in _sections(listed)
        if starts is None or any(name.startswith(starts) for name in names)
    )


@lru_cache(maxsize=2)
def _sections(listed: bytes) -> tuple[tuple[bytes, tuple[bytes, ...] | None], ...]:
    """The sections of MAINTAINERS, each with how the paths begin that it can be about.

    None where it says anything else than patterns of files.
    """
    return tuple((each, _starts(each)) for each in re.split(rb"\n{2,}", listed))


def _starts(section: bytes) -> tuple[bytes, ...] | None:
    patterns = _PATTERN.findall(section)
    known = (
        patterns
        and _SECTION.fullmatch(section) is not None
        and all(_WILDCARDS.fullmatch(rest) for _, rest in patterns)
    )
    return tuple(start for start, _ in patterns) if known else None


def _sorted(lines: Sequence[str]) -> Recipients:
    to: list[str] = []
    cc: list[str] = []
    for line in lines:
        match = _LINE.match(line.strip())
        if not match or "@" not in match["who"]:
            continue
        who = match["who"]
        role = match["role"]
        person = role.startswith(("maintainer", "supporter", "reviewer", "odd fixer"))
        (to if person and "<" in who else cc).append(who)
    return Recipients(tuple(dict.fromkeys(to)), tuple(dict.fromkeys(cc)))
