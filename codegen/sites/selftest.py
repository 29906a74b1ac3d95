# SPDX-License-Identifier: GPL-2.0-only
"""Places in KVM's selftests: a new test, its registration, and those of all tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from codegen.architectures import ARCHITECTURES
from codegen.kernel.survey import Survey
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site
from codegen.tree.reader import read_or_none

_LIST = re.compile(r"^(TEST_GEN_PROGS_(\w+))[ \t]*[+:?]?=[ \t]*((?:.*\\\n)*.*)$", re.M)
_OWN = ("", "lib/", "include/")  # folders with one for each architecture
_UCALL = "ucall_common.h"
_INCLUDES = re.compile(r"(?:[ \t]*#[ \t]*include[ \t]*(?:<[^>\n]+>|\"[^\"\n]+\")[ \t]*\n+)+")
_GUARDED = re.compile(r"^#ifdef (KVM_\w+)\n(.*?)^#endif\n", re.M | re.S)
_PREFIXED = re.compile(r"\$\(addprefix (\w+)/,")


@dataclass(frozen=True, slots=True)
class Entry:
    """A test in a list, or what else stands there: its word, and where that is in the text."""

    name: str
    start: int
    end: int
    alone: bool  # its assignment has no other

    @property
    def folder(self) -> str:
        """The folder of the test; of a list that gets its folder by make, that one."""
        prefixed = _PREFIXED.match(self.name)
        return prefixed[1] if prefixed else self.name.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Registry:
    """Where an architecture's selftests are listed: file, variable and folder of its own tests."""

    path: str
    variable: str
    folder: str
    entries: tuple[Entry, ...]
    text: str


def _entries(text: str, alias: str) -> Iterator[Entry]:
    for found in _LIST.finditer(text):
        if found[2] == alias:
            words = list(re.finditer(r"\$\((?:[^()]|\([^()]*\))*\)|[^\s\\]+", found[3]))
            for word in words:
                at = found.start(3) + word.start()
                yield Entry(word[0], at, at + len(word[0]), len(words) == 1)


def registry(survey: Survey, arch: str) -> Registry:
    """The list of an architecture's selftests, in whatever Makefile it is."""
    names = ARCHITECTURES[arch].selftests
    folder = survey.folders.selftests
    paths = [p for p in survey.files(folder) if p.startswith(f"{folder}Makefile")]
    for path in paths:
        text = survey.tree.read(path).decode("utf-8", "surrogateescape")
        for alias in names:
            entries = tuple(_entries(text, alias))
            folders = {entry.folder.partition("/")[0] for entry in entries}
            own = sorted(f for f in folders if f in names)
            if not own and entries:  # of tests that all architectures have, alone
                own = [name for name in names if survey.files(f"{folder}include/{name}/")]
            if own:
                return Registry(path, f"TEST_GEN_PROGS_{alias}", own[0], entries, text)
    raise not_found(
        "selftest-register", f"a list TEST_GEN_PROGS_* with tests of {arch}", paths or [folder]
    )


def supported(survey: Survey, arch: str) -> bool:
    """Whether the tree's selftests, or their library, have a part for an architecture."""
    folder = survey.folders.selftests
    own = [f"{folder}{part}{name}/" for part in _OWN for name in ARCHITECTURES[arch].selftests]
    return any(survey.files(prefix) for prefix in own)


def for_tree(code: str, has: Callable[[str], object]) -> str:
    """A snippet without what `#ifdef KVM_…` keeps for trees that have a macro, where this has not,
    and without the directives where it has.
    """
    return _GUARDED.sub(lambda found: found[2] if has(found[1]) else "", code)


def included(code: str) -> tuple[list[str], list[str], str]:
    """The lines of `<headers>` and of `"headers"` that a snippet begins with, and what follows."""
    found = _INCLUDES.match(code)
    lines = [line for line in found[0].splitlines() if line] if found else []
    system = [line for line in lines if "<" in line]
    own = [line for line in lines if line not in system]
    return system, own, code[found.end() :] if found else code


def names_ucall(survey: Survey, architectures: Sequence[str]) -> bool:
    """Whether a test has to include the header of the guest's calls by itself."""
    folder = f"{survey.folders.selftests}include/"
    shared = read_or_none(survey.tree, f"{folder}kvm_util.h") or b""
    if not survey.exists(f"{folder}{_UCALL}") or _UCALL.encode() in shared:
        return False
    own = (
        read_or_none(survey.tree, f"{folder}{name}/processor.h")
        for arch in architectures
        for name in ARCHITECTURES[arch].selftests
    )
    return any(_UCALL.encode() not in header for header in own if header is not None)


def test_path(survey: Survey, architectures: Sequence[str], name: str) -> str:
    """Where a test lives in this tree, without the `.c`: several architectures share a folder.

    Empty where the tree's selftests know none of the architectures.
    """
    if not any(supported(survey, arch) for arch in architectures):
        return ""
    if len(architectures) > 1:
        return name
    return f"{registry(survey, architectures[0]).folder}/{name}"


@site("selftest-register")
def register(survey: Survey, *, arch: str, test: str) -> tuple[Place, ...]:
    """In the architecture's list of selftests, among those of the same folder by name.

    Behind the list where several tests stand in one line; nowhere for an architecture that the
    tree's selftests do not know.
    """
    if not supported(survey, arch):
        return ()
    known = registry(survey, arch)
    folder = test.rpartition("/")[0]
    lines = [(entry, _line(known.text, entry)) for entry in known.entries if "$" not in entry.name]
    plain = [entry for entry, line in lines if entry.alone or line.endswith("\\")]
    single = [entry for entry in plain if _line(known.text, entry).split()[0] == entry.name]
    own = [entry for entry in plain if entry.alone] or single
    same = [entry for entry in own if entry.folder == folder] or own
    at = same[_sorted_position([e.name for e in same], test)] if same else known.entries[-1]
    end = known.text.find("\n", at.end) + 1
    while not same and known.text[:end].endswith("\\\n"):
        end = known.text.find("\n", end) + 1
    lead, tail = f"{known.variable} += ", ""
    if same and not at.alone:
        lead, _, tail = _line(known.text, at).partition(at.name)
    start = len(known.text[:end].encode("utf-8", "surrogateescape"))
    line = known.text.count("\n", 0, at.end) + 1
    how = f"{known.variable}: behind {at.name}"
    return (Place(known.path, start, start, line, how, names={"lead": lead, "tail": tail}),)


def _line(text: str, entry: Entry) -> str:
    """The line that an entry stands in."""
    return text[text.rfind("\n", 0, entry.start) + 1 : text.find("\n", entry.end)]


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
