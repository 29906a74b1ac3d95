# SPDX-License-Identifier: GPL-2.0-only
"""Reading a description: everything that is wrong with it at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codegen.base.errors import UsageError
from codegen.base.files import read_file
from codegen.base.findings import Finding, error
from codegen.description import messages
from codegen.description.checks import check_parts
from codegen.description.consistency import check_together
from codegen.description.model import Knob
from codegen.description.reading import NotRead, YamlDocument, read
from codegen.description.source import MOST_BYTES, MOST_FINDINGS, Source, read_source, wrong_file
from codegen.vocabulary.part import Part, Where, dashed

_MOST_NEEDED = 16


@dataclass(frozen=True)
class Description:
    """A knob with the file it comes from; `marks` has line and column of every value.

    `folder` is where the file lies: paths in the description begin there.  `needs` are the knobs
    that it needs, each with the variant, in the description's order.
    """

    knob: Knob
    path: str
    text: str
    marks: Mapping[Where, tuple[int, int]]
    folder: Path = Path()
    document: YamlDocument | None = field(default=None, compare=False, repr=False)
    needs: tuple[tuple[Description, str], ...] = ()

    @property
    def needed(self) -> tuple[tuple[Description, str], ...]:
        """The knobs that it needs, and those that these need before them; none twice."""
        found: dict[tuple[str, str], tuple[Description, str]] = {}
        for each, variant in self.needs:
            for other in (*each.needed, (each, variant)):
                found.setdefault((other[0].path, other[1]), other)
        return tuple(found.values())

    def files(self, name: str) -> Mapping[str, bytes]:
        """The description's text, as `name`, and all files that it names, by their paths below
        its folder; those that are not there are left out.
        """
        found = {name: self.text.encode()}
        for patch in self.knob.mechanism.patches if self.knob.mechanism else ():
            if (self.folder / patch).is_file():
                found[patch] = (self.folder / patch).read_bytes()
        for need, (other, _) in zip(self.knob.needs, self.needs, strict=True):
            below = Path(need.abi).parent
            for path, data in other.files(Path(need.abi).name).items():
                found[str(below / path)] = data
        return found

    def finding(self, where: Sequence[str | int], message: str, hint: str = "") -> Finding:
        """A finding about one value of the description."""
        at = tuple(where)
        while at and at not in self.marks:
            at = at[:-1]
        line, column = self.marks.get(at, (1, 1))
        return Source(self.path, self.text).finding(line, column, message, hint)

    def finding_in(
        self, where: Where, text: str, offset: int, message: str, hint: str = ""
    ) -> Finding:
        """A finding about one character of a text of the description."""
        if self.document is None:
            return self.finding(where, message, hint)
        line, column = self.document.mark_in(where, text, offset)
        return self.document.source.finding(line, column, message, hint)


def load(path: Path, shown: str = "") -> Description:
    """Read and check a description, and those of the knobs that it needs.

    `shown` is how messages and patches call the file. Raises FindingsError with everything that
    is wrong with it, UsageError where it cannot be read.
    """
    return _loaded(path, shown or str(path), {})


def _loaded(path: Path, shown: str, known: dict[Path, Description | None]) -> Description:
    """The same; `known` has what was read before, and None for what is being read."""
    try:
        data = read_file(path, MOST_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    made = replace(parse(data, shown), folder=path.parent)
    known[path.resolve()] = None
    needs = []
    for index, need in enumerate(made.knob.needs):
        at, name = path.parent / need.abi, str(Path(shown).parent / need.abi)
        where, other = ("needs", index, "abi"), known.get(at.resolve())
        if not at.resolve().is_relative_to(path.parent.resolve()):
            raise error(made.finding(where, f"{need.abi} is outside of the description's folder"))
        if at.resolve() in known and other is None:
            raise error(made.finding(where, f"{need.abi} needs this one: neither can be first"))
        if len(known) > _MOST_NEEDED:
            raise error(made.finding(where, f"more than {_MOST_NEEDED} knobs are needed"))
        try:
            needs.append((other or _loaded(at, name, known), need.as_))
        except UsageError as problem:
            raise error(made.finding(where, str(problem))) from None
    made = known[path.resolve()] = replace(made, needs=tuple(needs))
    return made


def parse(data: bytes, path: str) -> Description:
    """The same from the file's bytes."""
    source, refused = read_source(data, path, hint="a description fits on a few screens")
    try:
        document = read(source)
    except NotRead as problem:
        raise wrong_file([*refused, *problem.findings]) from None
    parts: dict[int, Part] = {}
    knob, wrong, bad = _validated(document, parts)
    said = {finding.message for finding in refused}
    found = [*refused, *document.findings]
    # a character that is wrong in the file is so in the text as well: once is enough
    found += [f for f in wrong if f.message.partition(": ")[2] not in said]
    found += _checked(document, knob, parts, bad)
    if found or knob is None:
        raise wrong_file(found)
    return Description(knob, path, source.text, document.marks, document=document)


_Validated = tuple[Knob | None, list[Finding], frozenset[str]]


def _validated(document: YamlDocument, parts: dict[int, Part]) -> _Validated:
    """The knob or what is wrong with its values, and the keys of the knob that are not sound.

    `parts` gets the parts that are well formed, by the identity of their mappings.
    """
    bad = {str(where[0]) for where in document.reported if where}
    try:
        knob = Knob.model_validate(document.value, context=parts)
        return knob, [], frozenset(bad)
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
    bad.update(str(one["loc"][0]) for one in errors if one["loc"])
    located = [(messages.location(one["loc"], document.value), one) for one in errors]
    found: list[Finding] = []
    hints: set[str] = set()
    # a key that is misspelt is not missing as well
    meant = {
        (*where[:-1], key)
        for where, one in located[:MOST_FINDINGS]
        if one["type"] == "extra_forbidden"
        and (key := messages.meant(str(where[-1]), one["loc"][:-1]))
    }
    bad.update(str(where[0]) for where in meant if len(where) == 1)
    for where, one in sorted(located, key=lambda pair: document.mark(pair[0])):
        if any(where[: len(given)] == given for given in document.reported):
            continue
        if one["type"] == "missing" and where in meant:
            continue
        for finding in messages.findings(one, document):
            again = one["type"] == "extra_forbidden" and finding.hint in hints
            found.append(replace(finding, hint="") if again else finding)
            hints.add(finding.hint)
        if len(found) > MOST_FINDINGS:
            break
    return None, found, frozenset(bad)


def _checked(
    document: YamlDocument, knob: Knob | None, parts: Mapping[int, Part], bad: frozenset[str]
) -> Iterator[Finding]:
    """What is wrong with how well formed values go together, be others as they may."""

    def find(where: Sequence[str | int], message: str, hint: str) -> Finding:
        return document.source.finding(*document.mark(tuple(where)), message, hint)

    holding_wrong = {where[:-1] for where in document.reported}
    placed = {document.parts[key]: part for key, part in parts.items()}
    yield from check_parts({w: p for w, p in placed.items() if w not in holding_wrong}, find)
    sound = {name for name in Knob.model_fields if dashed(name) not in bad}
    if knob is None:
        knob = Knob.model_construct(None, **dict(_sound_values(document.value, parts, sound)))
    yield from check_together(knob, sound, find)


def _sound_values(
    said: Mapping[str, Any], parts: Mapping[int, Part], sound: Set[str]
) -> Iterator[tuple[str, Any]]:
    """The values of a knob's sound attributes; defaults are for pydantic to add."""
    for name in sound:
        key = dashed(name)
        if key in said:
            value = said[key]
            yield name, parts[id(value)] if isinstance(value, dict) else value
