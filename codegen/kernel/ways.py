# SPDX-License-Identifier: GPL-2.0-only
"""How KVM comes to a function: the shortest way by names, from KVM_RUN or from another ioctl.

A graph by names is no proof: a name may be mentioned and not called, and what is called by
a pointer is whatever the sources put into a member of that name.  So a way is told with all that
lies on it, for a reader to look at, and one that depends on a name that several structs share is
no answer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codegen.c.pieces import Piece, Pieces, pieces
from codegen.kernel.survey import Survey
from codegen.tree.reader import Tree

RUN, _RUN = "KVM_RUN", "kvm_arch_vcpu_ioctl_run"  # every architecture has that function
# Who calls these may sleep until others are through (Documentation/locking/mutex-design.rst,
# Documentation/RCU/whatisRCU.rst): no function that a vCPU often comes through.
_WAITS = re.compile(
    r"\b(?:(?:mutex_lock|down_write|down_read|synchronize_s?rcu)(?!_try)(?:_\w+)?\s*\("
    r"|(?:scoped_)?guard\(mutex)"
)


@dataclass(frozen=True, slots=True)
class Way:
    """From an ioctl to a function: `.member` stands for a call by that pointer.

    `waits` is the function on it that may sleep first; `doubtful` is a member of several structs.
    """

    ioctl: str
    names: tuple[str, ...]
    waits: str = ""
    doubtful: str = ""

    def __str__(self) -> str:
        return " → ".join(self.names)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a function is come to; `known` if the sources define it at all."""

    known: bool
    run: Way | None = None
    other: Way | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """To a piece, by a member where that is named; `doubtful` if several structs have it."""

    piece: Piece
    member: str = ""
    doubtful: bool = False


class CallGraph:
    """The functions, tables and macros of KVM's sources for one architecture, by their names."""

    def __init__(self, files: Iterable[Pieces]) -> None:
        self._files = tuple(files)
        self._steps: dict[int, tuple[_Step, ...]] = {}

    @cached_property
    def _by_name(self) -> Mapping[str, list[Piece]]:
        found: dict[str, list[Piece]] = {}
        for each in self._files:
            for piece in each.pieces:
                found.setdefault(piece.name, []).append(piece)
        return found

    @cached_property
    def _structs_of(self) -> Mapping[str, frozenset[str]]:
        """The structs of KVM that have a pointer to a function of that name."""
        found: dict[str, frozenset[str]] = {}
        for each in self._files:
            for tag, member in each.pointers:
                found[member] = found.get(member, frozenset()) | {tag}
        return found

    @cached_property
    def _prefixes(self) -> Mapping[str, tuple[str, ...]]:
        """What macros put in front of their argument, by their names."""
        found: dict[str, tuple[str, ...]] = {}
        for each in self._files:
            for macro, prefix in each.pasted:
                found[macro] = (*found.get(macro, ()), prefix)
        return found

    @cached_property
    def _behind(self) -> Mapping[str, list[Piece]]:
        """The functions behind each member."""
        found: dict[str, dict[int, Piece]] = {}
        for file in self._files:
            for piece in file.pieces:
                for member, name, argument in piece.puts if piece.kind != "macro" else ():
                    tags = self._structs_of.get(member)
                    # a struct that KVM's sources do not define is one that others call
                    if not tags or (piece.tag and piece.tag not in self._tags):
                        continue
                    names = [name]
                    if argument:
                        names = [f"{prefix}{argument}" for prefix in self._prefixes.get(name, ())]
                    for target in (t for n in names for t in self._seen(n, piece)):
                        if target.kind == "function":
                            found.setdefault(member, {})[id(target)] = target
        return {member: list(targets.values()) for member, targets in found.items()}

    @cached_property
    def _tags(self) -> frozenset[str]:
        return frozenset(tag for tags in self._structs_of.values() for tag in tags)

    def _seen(self, name: str, piece: Piece) -> list[Piece]:
        """What a name is where a piece stands: what its own file has, else what others have."""
        found = self._by_name.get(name, [])
        here = [each for each in found if each.path == piece.path]
        return here or [each for each in found if not each.own]

    def steps(self, piece: Piece) -> tuple[_Step, ...]:
        """What a piece leads to."""
        if id(piece) not in self._steps:
            self._steps[id(piece)] = tuple(self._led(piece))
        return self._steps[id(piece)]

    def _led(self, piece: Piece) -> Iterator[_Step]:
        for name in sorted(piece.words & self._by_name.keys()):
            for target in self._seen(name, piece):
                used = name in piece.called or (target.kind == "function" and name in piece.values)
                if used or target.kind == "table":
                    yield _Step(target)
        for member in sorted(self._members(piece)):
            doubtful = len(self._structs_of[member]) > 1
            for target in self._behind.get(member, ()):
                yield _Step(target, member, doubtful)

    def _members(self, piece: Piece) -> frozenset[str]:
        """The members of KVM's structs by which a piece calls, by a macro that pastes as well."""
        members = self._structs_of.keys()
        found = piece.members & members
        found |= {name for macro, name in piece.within if macro in self._prefixes} & members
        pasted = {prefix for prefixes in self._prefixes.values() for prefix in prefixes}
        for word in piece.words - self._by_name.keys():
            found |= {word[len(p) :] for p in pasted if word.startswith(p)} & members
        return found

    @cached_property
    def _ioctls(self) -> frozenset[str]:
        return frozenset(name for each in self._files for name in each.ioctls)

    @cached_property
    def _starts(self) -> list[tuple[str, Piece]]:
        """What each ioctl but KVM_RUN begins with: the statements of its case."""
        found = []
        for each in self._files:
            for piece in each.pieces:
                if piece.kind == "function" and piece.words & self._ioctls:
                    for names, case in piece.cases(self._ioctls):
                        if RUN not in names:
                            found.append((" and ".join(names), case))
        return found

    @cached_property
    def _answering(self) -> frozenset[int]:
        """Who answers ioctls: each case begins a way of its own, and none leads through them."""
        runs = self._by_name.get(_RUN, ())
        others = (
            piece
            for each in self._files
            for piece in each.pieces
            if piece.kind == "function" and piece.words & self._ioctls and piece.cases(self._ioctls)
        )
        return frozenset(map(id, (*runs, *others)))

    def ways(self, name: str) -> Ways:
        """How a function is come to."""
        known = any(each.kind == "function" for each in self._by_name.get(name, ()))
        if not known:
            return Ways(known=False)
        runs = [(RUN, each) for each in self._by_name.get(_RUN, ()) if each.kind == "function"]
        run = next(filter(None, (self._way(runs, name, *how) for how in _CARE)), None)
        other = next(filter(None, (self._way(self._starts, name, True, d) for d in _EITHER)), None)
        return Ways(True, run, other)

    def _way(
        self, starts: Sequence[tuple[str, Piece]], name: str, waits: bool, doubts: bool
    ) -> Way | None:
        """The shortest way; through what waits, and by what is doubtful, only if that is wanted."""
        came: dict[int, tuple[str, _Step, Piece | None]] = {}
        todo: deque[Piece] = deque()
        for ioctl, piece in starts:
            came[id(piece)] = (ioctl, _Step(piece), None)
            todo.append(piece)
        while todo:
            piece = todo.popleft()
            if piece.name == name and piece.kind == "function":
                return self._told(piece, came)
            if not waits and came[id(piece)][2] and _WAITS.search(piece.text):
                continue
            for step in self.steps(piece):
                closed = id(step.piece) in came or id(step.piece) in self._answering
                if not closed and (doubts or not step.doubtful):
                    came[id(step.piece)] = ("", step, piece)
                    todo.append(step.piece)
        return None

    def _told(self, last: Piece, came: Mapping[int, tuple[str, _Step, Piece | None]]) -> Way:
        names: list[str] = []
        waits = doubtful = ""
        at: Piece | None = last
        while at is not None:
            ioctl, step, before = came[id(at)]
            names[:0] = [f".{step.member}", at.name] if step.member else [at.name]
            doubtful = step.member if step.doubtful else doubtful
            if before and at is not last and at.kind == "function" and _WAITS.search(at.text):
                waits = at.name
            at = before
        return Way(ioctl, tuple(names), waits, doubtful)


_CARE = ((False, False), (False, True), (True, False), (True, True))  # surer ways come first
_EITHER = (False, True)


def call_graph(tree: Tree, arch: str) -> CallGraph:
    """The graph of generic KVM and of an architecture's."""
    survey = Survey(tree, (arch,))
    paths = dict.fromkeys(path for p in survey.kvm_prefixes() for path in survey.files(p))
    return CallGraph(pieces(path, tree.read(path)) for path in paths if path.endswith((".c", ".h")))
