# SPDX-License-Identifier: GPL-2.0-only
"""What a variant costs the kernel, by the bytes of its series: files, lines, people."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import getaddresses

from codegen.compare.contender import Contender
from codegen.compare.model import Chapter, Question, Worst
from codegen.compare.reach import Reach
from codegen.compare.userspace import of_series
from codegen.series.identity import Known

_TESTS, _DOCUMENTS = "tools/testing/", "Documentation/"
_ARCH = re.compile(r"^(?:tools/)?arch/(\w+)/")
_SHARED = re.compile(r"^(virt|include)/")
_INSIDE = re.compile(r"^(\w+\(\)): ")  # how a place in a function is told
_NOBODY = "the cover letter names nobody"
_NO_PLACES = "gen puts no text of it into a function: the patches of others act, or nothing does"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that a series changes, and by how many lines; `new` where it adds the file."""

    path: str
    added: int
    removed: int
    new: bool

    @property
    def lines(self) -> int:
        """How many lines come or go."""
        return self.added + self.removed

    @property
    def c(self) -> bool:
        """Whether it is C, and no makefile."""
        return self.path.endswith(".c")

    @property
    def of(self) -> str:
        """What the file is: a test, a document, or code."""
        if self.path.startswith(_TESTS):
            return "tests"
        return "documents" if self.path.startswith(_DOCUMENTS) else "code"


def changes(series: Known) -> tuple[FileChange, ...]:
    """The files of a series in the order of its patches, each once."""
    return changed(series.files[name] for name in series.patches)


def changed(mails: Iterable[bytes]) -> tuple[FileChange, ...]:
    """The files that some patches change, each once."""
    found: dict[str, FileChange] = {}
    for mail in mails:
        for each in _changes(mail.decode("utf-8", "replace")):
            was = found.get(each.path, FileChange(each.path, 0, 0, each.new))
            added, removed = was.added + each.added, was.removed + each.removed
            found[each.path] = FileChange(each.path, added, removed, was.new or each.new)
    return tuple(found.values())


def _changes(mail: str) -> Iterator[FileChange]:
    for text in re.split(r"^diff --git ", mail, flags=re.M)[1:]:
        path = text.partition("\n")[0].rpartition(" b/")[2]
        head, _, body = text.partition("\n@@ ")
        lines = body.split("\n-- \n")[0].split("\n")[1:]
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        yield FileChange(path, added, removed, "\nnew file mode " in head)


def section(contenders: Sequence[Contender], reached: Sequence[Reach] = ()) -> Chapter:
    """The rows that the diffs and the cover letter answer, and whether KVM_RUN comes there."""

    def files(contender: Contender, of: str = "") -> list[FileChange]:
        return [each for each in changes(contender.series) if of in ("", each.of)]

    def lines(contender: Contender, of: str) -> int:
        return sum(each.lines for each in files(contender, of))

    def people(contender: Contender) -> Sequence[str] | None:
        return _people(contender) or None

    rows: list[Question] = [
        of_series(contenders, "patches", "patches", lambda s: len(s.series.patches)),
        of_series(contenders, "files", "files changed", lambda s: len(files(s))),
        of_series(contenders, "code", "lines of code", lambda s: lines(s, "code")),
        of_series(contenders, "documents", "lines of api.rst", lambda s: lines(s, "documents")),
        of_series(
            contenders, "tests", "lines of tests", lambda s: lines(s, "tests"), worst=Worst.NONE
        ),
        of_series(contenders, "scope", "touches", _scope, worst=Worst.NONE),
        of_series(
            contenders,
            "people",
            "maintainers and lists",
            lambda s: len(named) if (named := people(s)) else None,
            source="To and Cc of the cover letter",
            missing=_NOBODY,
        ),
        of_series(
            contenders,
            "brings",
            "what it brings along",
            _brings,
            source=".gen/manifest.json",
            worst=Worst.NONE,
            prose=True,
        ),
        of_series(
            contenders,
            "asked-in",
            "where the mechanism acts",
            _acts,
            source=".gen/manifest.json",
            worst=Worst.NONE,
            prose=True,
            missing=_NO_PLACES,
        ),
        *_reached(reached),
        of_series(
            contenders,
            "which",
            "files of code",
            lambda s: _listed([each.path for each in files(s, "code")]),
            worst=Worst.NONE,
            prose=True,
        ),
        of_series(
            contenders,
            "who",
            "who is asked",
            lambda s: _listed(named) if (named := people(s)) else None,
            source="To and Cc of the cover letter",
            worst=Worst.NONE,
            prose=True,
            missing=_NOBODY,
        ),
        of_series(
            contenders,
            "with-it",
            "existing tests that change with it",
            lambda s: _listed([e.path for e in files(s, "tests") if not e.new and e.c]),
            worst=Worst.NONE,
            prose=True,
        ),
    ]
    return Chapter("For the kernel", tuple(rows))


def _reached(reached: Sequence[Reach]) -> Iterator[Question]:
    if reached:
        hot, ways = tuple(each.hot for each in reached), tuple(each.ways for each in reached)
        yield Question("hot", "asked by KVM_RUN", hot)
        yield Question("ways", "how KVM comes to where it is asked", ways, prose=True)


def _scope(contender: Contender) -> str:
    """`generic, x86`: whose code changes."""
    paths = [each.path for each in changes(contender.series) if each.of == "code"]
    found = {"generic": None} if any(_SHARED.match(path) for path in paths) else {}
    arches = (match[1] for path in paths if (match := _ARCH.match(path)))
    return ", ".join([*found, *dict.fromkeys(arches)]) or "no code"


def _people(contender: Contender) -> list[str]:
    series = contender.series
    cover = next((name for name in series.files if name.startswith("0000-")), None)
    if cover is None:
        return []
    head = email.message_from_bytes(series.files[cover], policy=email.policy.compat32)
    fields = [str(each) for key in ("To", "Cc") for each in head.get_all(key, [])]
    return list(dict.fromkeys(name or mail for name, mail in getaddresses(fields) if mail))


def _brings(contender: Contender) -> str:
    """Knobs that this one needs, and patches that are not gen's own."""
    said = contender.series.manifest
    lacks = [(each["knob"], each["variant"]) for each in said.get("brought", ())]
    texts = [f"{knob} as {variant}, which the tree lacks" for knob, variant in lacks]
    given = [each["subject"] for each in said["patches"] if each["part"] == "given"]
    texts += [f"a patch that the description names: {subject}" for subject in given]
    needed = [(each.knob.name, name) for each, name in contender.description.needed]
    there = [knob for knob, name in needed if (knob, name) not in lacks]
    none = f"nothing: the tree has {', '.join(there)}, which it needs" if there else "nothing"
    return "; ".join(texts) or none


def _acts(contender: Contender) -> str | None:
    """The functions that the mechanism's patches change."""
    patches = contender.series.manifest["patches"]
    sites = (site for each in patches if each["part"] == "mechanism" for site in each["sites"])
    found: dict[str, dict[str, None]] = {}
    for site in sites:
        if inside := _INSIDE.match(site["found"]):
            found.setdefault(site["file"], {})[inside[1]] = None
    return "; ".join(f"{', '.join(names)} in {path}" for path, names in found.items()) or None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
