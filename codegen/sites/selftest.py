# SPDX-License-Identifier: GPL-2.0-only
"""Places in KVM's selftests: a new test, its registration, and those of all tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.kernel.survey import Survey
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site

_LIST = re.compile(r"^(TEST_GEN_PROGS_(\w+))[ \t]*[+:]?=[ \t]*(\S+)[ \t]*$", re.M)
# How the kernel's build names an architecture in selftests, old and new.
_ALIASES = {
    "x86": ("x86", "x86_64"),
    "arm64": ("arm64", "aarch64"),
    "s390": ("s390", "s390x"),
}


@dataclass(frozen=True, slots=True)
class Registry:
    """Where an architecture's selftests are listed: file, variable and folder of its own tests."""

    path: str
    variable: str
    folder: str
    entries: tuple[re.Match[str], ...]
    text: str


def registry(survey: Survey, arch: str) -> Registry:
    """The list of an architecture's selftests, in whatever Makefile it is."""
    folder = survey.folders.selftests
    paths = [p for p in survey.files(folder) if p.startswith(f"{folder}Makefile")]
    for path in paths:
        text = survey.tree.read(path).decode("utf-8", "surrogateescape")
        for alias in _ALIASES.get(arch, (arch,)):
            entries = tuple(m for m in _LIST.finditer(text) if m[2] == alias)
            folders = {m[3].partition("/")[0] for m in entries if "/" in m[3]} - {"$(ARCH)"}
            own = sorted(f for f in folders if f in _ALIASES.get(arch, (arch,)))
            if own:
                return Registry(path, f"TEST_GEN_PROGS_{alias}", own[0], entries, text)
    raise not_found(
        "selftest-register", f"a list TEST_GEN_PROGS_* with tests of {arch}", paths or [folder]
    )


def test_path(survey: Survey, architectures: Sequence[str], name: str) -> str:
    """Where a test lives in this tree, without the `.c`: several architectures share a folder."""
    if len(architectures) > 1:
        return name
    return f"{registry(survey, architectures[0]).folder}/{name}"


@site("selftest-register")
def register(survey: Survey, *, arch: str, test: str) -> Place:
    """In the architecture's list of selftests, among those of the same folder by name."""
    known = registry(survey, arch)
    folder = test.rpartition("/")[0]
    plain = [m for m in known.entries if "$" not in m[3]]
    same = [m for m in plain if m[3].rpartition("/")[0] == folder] or plain
    at = same[_sorted_position([m[3] for m in same], test)]
    start = len(known.text[: at.end() + 1].encode("utf-8", "surrogateescape"))
    line = known.text.count("\n", 0, at.end()) + 1
    names = {"variable": known.variable}
    how = f"{known.variable}: behind {at[3]}"
    return Place(known.path, start, start, line, how, names=names)


def _sorted_position(entries: list[str], new: str) -> int:
    """The index of the entry to stand behind: keeps order where the list has one."""
    for index, entry in enumerate(entries):
        following = entries[index + 1] if index + 1 < len(entries) else None
        if entry < new and following is not None and following > new:
            return index
    return len(entries) - 1


@site("selftest-gitignore")
def gitignore(survey: Survey, *, test: str) -> tuple[Place, ...]:
    """The line for a test's binary, where the tree lists them one by one; else none."""
    path = f"{survey.folders.selftests}.gitignore"
    try:
        text = survey.tree.read(path).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ()
    folder = test.rpartition("/")[0]
    prefix = f"/{folder}/" if folder else "/"
    lines = list(re.finditer(r"^/\S+$", text, re.M))
    same = [m for m in lines if m[0].rpartition("/")[0] + "/" == prefix]
    if not same:
        return ()
    at = same[_sorted_position([m[0] for m in same], f"/{test}")]
    start = len(text[: at.end() + 1].encode("utf-8", "surrogateescape"))
    return (Place(path, start, start, text.count("\n", 0, at.end()) + 1, f"behind {at[0]}"),)


@site("new-file")
def new_file(survey: Survey, *, path: str) -> Place:
    """A file that the tree does not have yet."""
    if survey.exists(path):
        raise ambiguous("new-file", path, [path], "give the test another name")
    return Place(path, 0, 0, 0, "a new file")
