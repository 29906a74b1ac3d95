# SPDX-License-Identifier: GPL-2.0-only
"""What a command is about: options to a series, its description and its tree.

What takes time to import is imported where it is used.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from codegen.architectures import ALL, RUN, Architecture, chosen
from codegen.base.errors import UsageError
from codegen.base.nearest import did_you_mean
from codegen.cli.terminal import say

if TYPE_CHECKING:
    from codegen.base.progress import Report
    from codegen.description.load import Description
    from codegen.plan.context import Reserved
    from codegen.plan.variants import Variant
    from codegen.series.series import Series
    from codegen.tree.locate import TreeLocation

_TREES = "debian:6.12, debian:6.12=VERSION, a name of `gen tree`, a folder, or a repository[@REV]"
_OR_SERIES = "; or name a series (a folder of patches, a patch, a mailbox, DIR@BASE..BRANCH)"
_RESERVED = re.compile(r"(KVM_[A-Z0-9_]*_)=(\d+(?:,\d+)*)")

_BASE = re.compile(rb"^base-commit: ([0-9a-f]{40,64})\s*$", re.M)
_TOUCHED = re.compile(rb"^diff --git a/\S+ b/arch/(\w+)/", re.M)


@dataclass(frozen=True, slots=True)
class Target:
    """A series and the tree that it is for.

    `series` reads what lies there when it is asked for, and raises what `read_series` raises;
    `own` says whether gen made these bytes on this machine: else they are a stranger's.
    """

    series: Callable[[Report], Series]
    files: Mapping[str, bytes]
    location: TreeLocation
    own: bool

    def arch(self, name: str | None, among: Collection[str] = RUN) -> Architecture:
        """The architecture to try it on: the one that is named, or one that it changes."""
        return chosen(name, self._touched(), among)

    def archs(self, name: str | None, among: Collection[str]) -> tuple[Architecture, ...]:
        """The architectures to check it on: `all` are those that it changes."""
        touched = sorted(set(self._touched()) & set(among)) if name == ALL else []
        return tuple(chosen(each, (), among) for each in touched) or (
            self.arch(None if name == ALL else name, among),
        )

    def _touched(self) -> list[str]:
        text = b"\n".join(self.files.values())
        return [each.decode() for each in dict.fromkeys(_TOUCHED.findall(text))]


def target_of(options: argparse.Namespace) -> Target:
    """The series that the options name, and the tree that it is for.

    Raises UsageError where they name none, or two, and what making a series raises.
    """
    if options.series is not None:
        if options.variant:
            raise UsageError(f"either a series ({options.series}) or --variant, not both")
        return _there(options)
    if options.variant == "all":
        raise UsageError("--variant all is many series, this is about one; name it")
    from codegen.series.make import generate

    # What is quickly said is said before a tree is fetched.
    knob, keep_free = description(options.abi), reserved(options.reserve)
    variant = variant_of(options, knob, _OR_SERIES)
    where = location(options.tree, options.json)
    made = generate(knob, variant, where, reserved=keep_free, redundant=options.redundant)
    return Target(lambda _: made, made.files, where, own=True)


def variant_of(options: argparse.Namespace, about: Description, otherwise: str = "") -> Variant:
    """The variant that is named, or the only one that a description has a section for.

    Raises UsageError where there are several; `otherwise` is what could be named in its place.
    """
    from codegen.base.resources import resources
    from codegen.plan.variants import described, load_variant

    templates = resources("templates")
    if options.variant:
        return load_variant(templates, options.variant)
    variants = described(templates, about.knob)
    if len(variants) != 1:
        names = ", ".join(each.name for each in variants)
        raise UsageError(f"--variant is missing: {about.knob.name} describes {names}{otherwise}")
    return variants[0]


def stranger(about: Target, options: argparse.Namespace) -> str:
    """The digest of a series that is a stranger's, empty for gen's own.

    Raises UsageError for a stranger's where there is no sandbox to run it in, without `--trust`.
    """
    if about.own:
        return ""
    from codegen.sandbox import sandbox
    from codegen.series.record import digest

    found = sandbox.found()
    if found.path is None and not options.trust:
        raise UsageError(
            f"there is no sandbox on this machine, and what is built of this series runs its own "
            f"code, which gen did not make: {found.why}; --trust runs it as you"
        )
    return digest(about.files)


def _there(options: argparse.Namespace) -> Target:
    """A series that lies there: only gen's own record says which tree it was made for."""
    from codegen.mail.given import read_given
    from codegen.series.record import recall

    given = read_given(options.series)
    files = given.files
    record = recall(files)
    if options.tree:
        where = location(options.tree, options.json)
        based = where if record else _based(files, where, options.tree)
        return _read(files, based, own=record is not None)
    if given.tree:
        return _read(files, location(given.tree, options.json), own=False)
    if record is None:
        raise _stranger(options, files)
    try:
        where = location(record.tree, options.json)
    except UsageError as problem:
        what = f"{options.series} was made for the tree {record.tree}, which is not to be had"
        raise UsageError(f"{what}: {problem}\nname the tree by --tree") from None
    return _read(files, _at(where, record.commit), own=True)


def _read(files: Mapping[str, bytes], where: TreeLocation, own: bool) -> Target:
    from codegen.series.read import read_series

    return Target(partial(read_series, files, where), files, where, own)


def _stranger(options: argparse.Namespace, files: Mapping[str, bytes]) -> UsageError:
    """What to type for a series that gen did not make, or that was changed since."""
    from codegen.base.commandline import line, program
    from codegen.series.record import nearest
    from codegen.tree import DEFAULT

    was = nearest(files)
    what = "not as gen wrote it" if was else "not made by gen here"
    words = [options.command, options.series, "--tree", was.tree if was else DEFAULT]
    return UsageError(
        f"{options.series} is {what}, and a series does not choose the tree whose scripts run: "
        f"name {_TREES} by --tree, such as",
        [f"{program()} {line(words)}"],
    )


def _based(files: Mapping[str, bytes], where: TreeLocation, tree: str) -> TreeLocation:
    """The commit that the mails name by `base-commit:`, if `tree` names a repository without a
    revision, and what is checked out there is built on that commit."""
    from codegen.tree.locate import Folder
    from codegen.tree.plumbing import git_command, run_git

    named = {found[1].decode() for data in files.values() for found in _BASE.finditer(data)}
    if isinstance(where.at, Folder) or len(named) != 1 or not os.path.isdir(tree):
        return where
    (base,) = named
    asked = git_command(where.at.git_dir, "merge-base", "--is-ancestor", base, where.at.commit)
    if run_git(asked).returncode or base == where.at.commit:
        return where
    say(f"gen: note: the mails are for commit {base[:12]} of {tree}: base-commit", sys.stderr)
    return _at(where, base)


def _at(where: TreeLocation, commit: str | None) -> TreeLocation:
    """The commit that gen made a series for, where the tree's repository has it still."""
    from codegen.tree.locate import Folder
    from codegen.tree.plumbing import commit_of

    if isinstance(where.at, Folder) or commit is None:
        return where
    found = commit_of(where.at.git_dir, commit)
    return replace(where, at=replace(where.at, commit=found)) if found else where


def description(name: str) -> Description:
    """The description that `--abi` names.  Raises UsageError, FindingsError where it is wrong."""
    from codegen.base.resources import resources
    from codegen.description.load import load
    from codegen.series.make import find_description

    path, shown = find_description(name)
    if not path.exists():
        shipped = sorted(p.stem for p in resources("abi").glob("*.yaml"))
        files = [str(p) for p in sorted(path.parent.glob("*.yaml"))]
        near = did_you_mean(name, [*shipped, *files])
        raise UsageError(f"no description {name!r}{near}; by name there are: {', '.join(shipped)}")
    return load(path, shown)


def location(tree: str | None, quiet: bool = False) -> TreeLocation:
    """The tree that `--tree` names, fetched if need be, with its progress on a terminal."""
    from codegen.base.progress import progress
    from codegen.tree import resolve

    with progress(quiet=quiet) as report:
        found = resolve(tree, report)
    note(found)
    return found


def note(location: TreeLocation) -> None:
    """Say on stderr what the user should know of how a tree was got."""
    for line in location.note.splitlines():
        say(f"gen: note: {line}", sys.stderr)


def reserved(texts: list[str]) -> Reserved:
    """The numbers that `--reserve` keeps free."""
    from codegen.plan.context import Reserved

    numbers: dict[str, frozenset[int]] = {}
    known = _families() if texts else ()
    for text in texts:
        match = _RESERVED.fullmatch(text)
        if not match:
            raise UsageError(f"--reserve {text}: write it like KVM_CAP_=239,240")
        if match[1] not in known:
            raise UsageError(
                f"--reserve {text}: no variant takes a number {match[1]}*, but {', '.join(known)}"
            )
        claimed = frozenset(int(number) for number in match[2].split(","))
        numbers[match[1]] = numbers.get(match[1], frozenset()) | claimed
    return Reserved(numbers)


def _families() -> tuple[str, ...]:
    """The prefixes of all numbers that some variant takes."""
    from codegen.base.resources import resources
    from codegen.plan.variants import load_variant, variant_names

    folder = resources("templates")
    variants = (load_variant(folder, name) for name in variant_names(folder))
    return tuple(sorted({n.prefix for variant in variants for n in variant.families}))
