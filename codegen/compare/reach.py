# SPDX-License-Identifier: GPL-2.0-only
"""Whether the predicate is asked on the way of KVM_RUN: how KVM comes to the functions that ask it.

Told from the tree's sources, which takes a second or two, and kept in the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from codegen.architectures import Architecture
from codegen.base.progress import Report
from codegen.compare.contender import Contender
from codegen.compare.model import Figure, unknown
from codegen.compare.userspace import absent
from codegen.kernel.ways import Way, Ways, call_graph
from codegen.series.make import open_tree
from codegen.store import answers, owncode

_KIND = "ways"
_ROOMS = ("c", "kernel", "compare")  # that take part
_HEAD = re.compile(r"([A-Za-z_]\w*)\(")
_HUNK = re.compile(r"^@@ [^@]* @@ ?(.*)$")
_NOT_YET = "not looked for yet: gen compare without --quick does so"


@dataclass(frozen=True)
class Reach:
    """Whether KVM_RUN comes to a function that asks the predicate, and the way to each."""

    hot: Figure
    ways: Figure


def reach(
    contenders: Sequence[Contender], arch: Architecture, report: Report | None
) -> Sequence[Reach]:
    """Each contender's, of one tree.  Without a report only what is in the store is told."""
    asked = [asking(each) if each.made else () for each in contenders]
    known = _recalled(contenders[0], arch, dict.fromkeys(name for names in asked for name in names))
    lacking = [name for name, ways in known.items() if ways is None]
    if lacking and report:
        report(0, None, f"looking for the way to {', '.join(lacking)}")
        known |= _found(contenders[0], arch, lacking)
    return [
        _reach(each, arch, {name: known[name] for name in names})
        for each, names in zip(contenders, asked, strict=True)
    ]


def asking(contender: Contender) -> tuple[str, ...]:
    """The functions of the tree in which a series asks the predicate.

    Where a function that the series adds asks it, those that call that one.
    """
    series = contender.series
    predicate = contender.description.knob.predicate
    if predicate is None:
        return ()
    mails = (
        series.files[e["file"]] for e in series.manifest["patches"] if e["part"] == "mechanism"
    )
    added = [each for mail in mails for each in _added(mail.decode("utf-8", "replace"))]
    names, before = {predicate.name}, set[str]()
    found: dict[str, None] = {}
    while names != before:
        before = set(names)
        called = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\s*\(")
        for function, new, line in added:
            if function not in names and called.search(line):
                if new:
                    names.add(function)
                else:
                    found[function] = None
    return tuple(found)


def _added(mail: str) -> Iterator[tuple[str, bool, str]]:
    """The lines that a patch adds: the function, whether it is new as well, and the line."""
    function, new, hunk = "", False, False
    for line in mail.partition("\n---\n")[2].splitlines():
        begun = _HUNK.match(line)
        mark, text = (" ", begun[1]) if begun else (line[:1], line[1:])
        hunk = bool(begun) or (hunk and not line.startswith("diff --git "))
        if not hunk or mark not in ("+", " "):
            continue
        head = _HEAD.search(text) if text[:1].isalpha() or text[:1] == "_" else None
        if head and not text.rstrip().endswith(";"):
            function, new = head[1], mark == "+"
        elif mark == "+":
            yield function, new, text


def _question(contender: Contender, arch: Architecture, name: str) -> Sequence[bytes]:
    code = owncode.code(_ROOMS, "codegen.compare.reach")
    return [each.encode() for each in (code, contender.location.commit or "", arch.name, name)]


def _recalled(
    contender: Contender, arch: Architecture, names: Iterable[str]
) -> dict[str, Ways | None]:
    """What the store has of some functions of a tree; of a folder, which changes, nothing."""
    if contender.location.commit is None:
        return dict.fromkeys(names)
    kept = {name: answers.known(_KIND, _question(contender, arch, name)) for name in names}
    return {name: _ways(said) if said else None for name, said in kept.items()}


def _ways(said: Mapping[str, Any]) -> Ways:
    run, other = (
        Way(**{**each, "names": tuple(each["names"])}) if each else None
        for each in (said["run"], said["other"])
    )
    return Ways(said["known"], run, other)


def _found(contender: Contender, arch: Architecture, names: Sequence[str]) -> dict[str, Ways]:
    with open_tree(contender.location) as tree:
        graph = call_graph(tree, arch.name)
    found = {name: graph.ways(name) for name in names}
    if contender.location.commit is not None:
        for name, ways in found.items():
            answers.keep(_KIND, _question(contender, arch, name), asdict(ways))
    return found


def _reach(contender: Contender, arch: Architecture, found: Mapping[str, Ways | None]) -> Reach:
    source = f"a graph by names of KVM's sources for {arch.name} in {contender.location.name}"
    if not contender.made:
        return Reach(absent(contender), absent(contender))
    if not found:
        why = unknown("no patch of the series asks a predicate in a function")
        return Reach(why, why)
    told = {name: ways for name, ways in found.items() if ways is not None}
    if len(told) < len(found):
        return Reach(unknown(_NOT_YET), unknown(_NOT_YET))
    heard = {name: _answer(name, ways) for name, ways in told.items()}
    text = "; ".join(f"{name}(): {answer.text}" for name, answer in heard.items())
    return Reach(_hot(list(heard.values()), source), Figure(text, source=source))


@dataclass(frozen=True)
class _Told:
    hot: bool | None  # None: not known
    text: str


def _hot(answers: Sequence[_Told], source: str) -> Figure:
    if any(each.hot for each in answers):
        return Figure("yes", source=source)
    lost = [each.text for each in answers if each.hot is None]
    return unknown(lost[0], source) if lost else Figure("no", source=source)


def _answer(name: str, ways: Ways) -> _Told:
    """Whether KVM_RUN comes there, with the way or what was found instead."""
    run, other = ways.run, ways.other
    if not ways.known:
        return _Told(None, "unknown: KVM's sources for the architecture do not define it")
    if run and run.doubtful and not run.waits:
        what = f"by `{run.doubtful}`, which several structs have"
        return _Told(None, f"unknown: KVM_RUN may come there {what}: {run}")
    if run and not run.waits:
        return _Told(True, f"on the way of KVM_RUN: {run}")
    if run:
        no = f"on the way of KVM_RUN only behind {run.waits}(), which may sleep: {run}"
    else:
        no = "not found on the way of KVM_RUN"
    if other and not other.doubtful:
        return _Told(False, f"{no}; called by {other.ioctl}: {other}")
    if run:
        return _Told(False, no)
    return _Told(None, f"unknown: {no}, and no other ioctl was found that comes there")
