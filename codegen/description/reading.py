# SPDX-License-Identifier: GPL-2.0-only
"""YAML as values with positions, in one pass over the parser's events.

Of YAML, descriptions use mappings, lists and scalars.  Anchors, aliases, tags, directives, merge
keys and further documents are refused before anything is built of them, and so is what is too
deep or too much.  A key without a value is an error, be it optional or not: `~` and `null` are not
another way to leave it out.  The parser's own constructors are never called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from codegen.base.findings import Finding
from codegen.description.scalars import Odd, plain
from codegen.description.source import Source
from codegen.description.syntax import in_plain_words
from codegen.vocabulary.characters import short
from codegen.vocabulary.part import Where

MAX_DEPTH = 24
MAX_VALUES = 8000
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Mark = tuple[int, int]
_ALIAS = "write the text out where it is used; quote a text that begins with `&` or `*`"
_WRITE_OUT = "write the text out where it is used"


@dataclass(frozen=True)
class YamlDocument:
    """What a file says, with the position of every value and key."""

    value: Any
    source: Source
    marks: dict[Where, Mark]
    keys: dict[Where, Mark]
    plain: dict[Where, str]
    styles: dict[Where, str]
    parts: dict[int, Where]
    findings: tuple[Finding, ...]
    # the values that a finding is about already: nothing more is said of them
    reported: frozenset[Where]

    def mark(self, where: Where) -> Mark:
        """Where a value is, or else the innermost value that it would be in."""
        while where and where not in self.marks:
            where = where[:-1]
        return self.marks.get(where, (1, 1))

    def mark_in(self, where: Where, text: str, offset: int) -> Mark:
        """Where a character of a text is; the text's beginning where that cannot be told."""
        line, column = self.mark(where)
        before = text[:offset]
        row, inside = before.count("\n"), offset - (before.rfind("\n") + 1)
        rest = text[offset:].split("\n", 1)[0]
        style = self.styles.get(where, "")
        if style == "|":
            source = self.source.line(line + 1 + row)
            line, guess = line + 1 + row, len(source) - len(text.split("\n")[row]) + inside
        elif row == 0:
            guess = column - 1 + offset + (1 if style in ("'", '"') else 0)
        else:
            return line, column
        found = self.source.line(line)[guess : guess + max(1, len(rest))]
        return (line, guess + 1) if guess >= 0 and found == rest else self.mark(where)


class NotRead(Exception):
    """The file is no description that values could be taken from; carries the findings."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("not read")
        self.findings = findings


def read(source: Source) -> YamlDocument:
    """What the file says. Raises NotRead where it is no YAML, or too much of it."""
    reader = _Reader(source)
    try:
        reader.run(iter(yaml.parse(source.text, _Loader)))
    except yaml.MarkedYAMLError as problem:
        found, last = reader.findings, in_plain_words(problem, source)
        # what is said of the line already is why the parser stumbles
        known = any(finding.line == last.line for finding in found)
        raise NotRead(found if known else [*found, last]) from None
    except yaml.YAMLError as problem:
        message = f"this is no YAML: {short(problem)}"
        raise NotRead([*reader.findings, source.finding(1, 1, message)]) from None
    if not reader.whole:
        raise NotRead(reader.findings)
    return reader.document()


@dataclass
class _OpenNode:
    """A collection whose end has not been seen yet."""

    where: Where
    into: dict[str, Any] | list[Any]
    key: str | None = None  # of a mapping: its value comes next
    skip: bool = False  # the value that comes next: its key is wrong
    dead: bool = False  # below such a key: nothing of it is kept


@dataclass
class _Reader:
    """Builds values of events; `findings` is what is wrong with the file as YAML."""

    source: Source
    findings: list[Finding] = field(default_factory=list)
    whole: bool = False
    _value: Any = None
    _stack: list[_OpenNode] = field(default_factory=list)
    _marks: dict[Where, Mark] = field(default_factory=dict)
    _keys: dict[Where, Mark] = field(default_factory=dict)
    _plain: dict[Where, str] = field(default_factory=dict)
    _styles: dict[Where, str] = field(default_factory=dict)
    _parts: dict[int, Where] = field(default_factory=dict)
    _reported: set[Where] = field(default_factory=set)
    _count: int = 0
    _aliased: int = 0

    def run(self, events: Iterator[Any]) -> None:
        """Take all events; `whole` says whether that was the whole of one description."""
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    hint = "put the other one into a file of its own"
                    self._find(
                        event, f"a file holds one {self.source.what}; this begins another", hint
                    )
                    return
                if event.version or event.tags:
                    self._find(event, "YAML directives are not used in descriptions")
            elif isinstance(event, yaml.CollectionEndEvent):
                self._stack.pop()
            elif isinstance(event, yaml.NodeEvent) and not self._node(event):
                return
        if not documents:
            self.findings.append(self.source.finding(1, 1, f"the {self.source.what} is empty"))
        elif not isinstance(self._value, dict):
            at = self._marks.get((), (1, 1))
            message = f"a {self.source.what} is a mapping of keys to values"
            first = "`name: …`, `title: …`" if self.source.what == "description" else "`name: …`"
            hint = f"{first} and so on, each in a line"
            self.findings.append(self.source.finding(*at, message, hint))
        else:
            self.whole = True

    def document(self) -> YamlDocument:
        """What was read."""
        return YamlDocument(
            self._value,
            self.source,
            self._marks,
            self._keys,
            self._plain,
            self._styles,
            self._parts,
            tuple(self.findings),
            frozenset(self._reported),
        )

    def _find(self, event: Any, message: str, hint: str = "") -> None:
        line, column = _mark(event)
        self.findings.append(self.source.finding(line, column, message, hint))

    def _node(self, event: Any) -> bool:
        """Take one node; False where reading has to end."""
        self._count += 1
        if self._count > MAX_VALUES:
            self._find(event, f"more than {MAX_VALUES} keys and values")
            return False
        top = self._stack[-1] if self._stack else None
        if isinstance(event, yaml.CollectionStartEvent) and len(self._stack) == MAX_DEPTH:
            self._find(event, f"nested too deeply: more than {MAX_DEPTH} levels")
            return False
        if top is not None and (top.dead or top.skip):
            top.skip = False
            self._pass(event)
        elif top is not None and isinstance(top.into, dict) and top.key is None:
            self._key(event, top)
        else:
            self._keep(event, top)
        return True

    def _keep(self, event: Any, top: _OpenNode | None) -> None:
        """Take a value."""
        where: Where = ()
        if top is not None:
            part = len(top.into) if isinstance(top.into, list) else top.key or ""
            where = (*top.where, part)
        block = isinstance(event, yaml.CollectionStartEvent) and not event.flow_style
        # a block below its key is shown by the key, as its own first line is about something else
        self._marks[where] = self._keys[where] if block and where in self._keys else _mark(event)
        value = self._made(event, where)
        if isinstance(event, yaml.CollectionStartEvent):
            self._stack.append(_OpenNode(where, value))
        if top is None:
            self._value = value
        elif isinstance(top.into, list):
            top.into.append(value)
        else:
            top.into[top.key or ""] = value
            top.key = None

    def _pass(self, event: Any) -> None:
        """Pass over a value that belongs to nothing."""
        self._unused(event)
        if isinstance(event, yaml.CollectionStartEvent):
            self._stack.append(_OpenNode((), [], dead=True))

    def _key(self, event: Any, top: _OpenNode) -> None:
        """Take the key of a mapping; the value of one that is wrong is passed over."""
        where = (*top.where, getattr(event, "value", ""))
        top.skip = True
        if isinstance(event, yaml.CollectionStartEvent):
            self._find(event, "a key is one word, no list and no mapping")
            self._pass(event)
        elif self._unused(event):
            self._reported.add(where)
        elif event.value == "<<" and not event.style:
            self._find(event, "merge keys are not used in descriptions", _WRITE_OUT)
        elif where in self._keys:
            message = f"the key `{short(event.value)}` is given twice"
            self._find(event, message, f"first in line {self._keys[where][0]}")
        else:
            self._keys[where] = _mark(event)
            top.key, top.skip = event.value, False

    def _made(self, event: Any, where: Where) -> Any:
        """The value of a node; a collection is still empty."""
        unused = self._unused(event)
        if unused:
            self._reported.add(where)
        if isinstance(event, yaml.AliasEvent):
            return Odd("an alias")
        if isinstance(event, yaml.CollectionStartEvent):
            made: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._parts[id(made)] = where
            return made
        if event.style or unused:
            self._styles[where] = event.style or ""
            return event.value
        value = plain(event.value)
        if value is None:
            self._no_value(event, where)
        if not isinstance(value, str):
            self._plain[where] = event.value
        return value

    def _no_value(self, event: Any, where: Where) -> None:
        self._reported.add(where)
        line, column = self._keys.get(where, _mark(event))
        if where and isinstance(where[-1], str):
            message = f"`{short(where[-1])}` has no value"
            hint = "give it one, or leave the key out"
        else:
            message, hint = "an item of the list has no value", "give it one, or leave it out"
        if where:
            self.findings.append(self.source.finding(line, column, message, hint))

    def _unused(self, event: Any) -> bool:
        """Whether a node has what descriptions do not use; that is a finding."""
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            line = _mark(event)[0]
            if line != self._aliased:  # a bomb has many of them in a line
                self._find(event, "anchors and aliases are not used in descriptions", _ALIAS)
            self._aliased = line
            return True
        if event.tag is not None:
            tag = short(event.tag).replace("tag:yaml.org,2002:", "!!")
            self._find(event, f"the tag `{tag}` is not used in descriptions", "leave it out")
            return True
        return False


def _mark(event: Any) -> Mark:
    return event.start_mark.line + 1, event.start_mark.column + 1
