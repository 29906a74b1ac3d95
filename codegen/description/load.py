# SPDX-License-Identifier: GPL-2.0-only
"""Reading a description: YAML with positions, so that every finding says where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from codegen.description.checks import check
from codegen.description.model import Knob
from codegen.errors import UsageError
from codegen.findings import Finding, error

_MAX_BYTES = 256 << 10
_MAX_DEPTH = 24
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Description:
    """A knob with the file it comes from; `marks` has line and column of every value."""

    knob: Knob
    path: str
    text: str
    marks: Mapping[Path_, tuple[int, int]]

    def finding(self, where: Sequence[str | int], message: str, hint: str = "") -> Finding:
        """A finding about one value of the description."""
        return _at(self.path, self.text, self.marks, tuple(where), message, hint)


def load(path: Path, shown: str = "") -> Description:
    """Read and check a description.

    `shown` is how messages and patches call the file. Raises FindingsError with everything that
    is wrong with it, UsageError where it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    return parse(data, shown or str(path))


def parse(data: bytes, path: str) -> Description:
    """The same from the file's bytes."""
    if len(data) > _MAX_BYTES:
        raise error(Finding(f"larger than {_MAX_BYTES >> 10} KiB", path))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise error(Finding("not UTF-8", path, line, hint="save the file as UTF-8")) from None
    try:
        findings = _refuse_hostile(text, path)
        node = None if findings else yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as problem:
        raise error(_of_yaml(problem, path, text)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise error(Finding(f"no YAML: {problem}", path, 1)) from None
    if node is None and not findings:
        findings = [Finding("the description is empty", path, 1)]
    if node is not None and not isinstance(node, yaml.MappingNode):
        findings = [Finding("a description is a mapping of keys to values", path, 1)]
    if findings or node is None:
        raise error(*findings)
    reader = _Reader(path, text)
    said = reader.value(node, ())
    knob = _validated(said, reader)
    description = Description(knob, path, text, reader.marks)
    problems = reader.findings + check(knob, description.finding)
    if problems:
        raise error(*sorted(problems, key=lambda f: (f.line, f.column)))
    return description


def _of_yaml(problem: yaml.MarkedYAMLError, path: str, text: str) -> Finding:
    mark = problem.problem_mark or problem.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Finding(
        f"no YAML: {problem.problem or problem.context}", path, line, column, _line(text, line)
    )


def _refuse_hostile(text: str, path: str) -> list[Finding]:
    """Aliases and depth are refused before anything is built of them."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        source = _line(text, line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "anchors and aliases are not used in descriptions"
            return [Finding(message, path, line, column, source, "write the text out")]
        if isinstance(event, yaml.DocumentStartEvent) and event.start_mark.index and event.explicit:
            if text[: event.start_mark.index].strip("\n# ") and _documents(text) > 1:
                return [Finding("one description in a file", path, line, column, source)]
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                return [Finding("nested too deeply", path, line, column, source)]
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return []


def _documents(text: str) -> int:
    return sum(isinstance(e, yaml.DocumentStartEvent) for e in yaml.parse(text, _Loader))


def _line(text: str, number: int) -> str:
    lines = text.split("\n")
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)


def _at(
    path: str,
    text: str,
    marks: Mapping[Path_, tuple[int, int]],
    where: Path_,
    message: str,
    hint: str = "",
) -> Finding:
    while where and where not in marks:
        where = where[:-1]
    line, column = marks.get(where, (1, 1))
    return Finding(message, path, line, column, _line(text, line), hint)


_PLAIN = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": lambda text: int(text.replace("_", ""), 0),
    "tag:yaml.org,2002:bool": lambda text: text.lower() in ("true", "yes", "on"),
    "tag:yaml.org,2002:null": lambda text: None,
    "tag:yaml.org,2002:float": str,
    "tag:yaml.org,2002:timestamp": str,
}


class _Reader:
    """YAML nodes as values, with their marks and what is wrong with them as YAML."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.marks: dict[Path_, tuple[int, int]] = {}
        self.keys: dict[Path_, tuple[int, int]] = {}
        self.findings: list[Finding] = []

    def value(self, node: yaml.Node, where: Path_) -> Any:
        """What a node says; its position is kept under `where`."""
        self.marks[where] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*where, index)) for index, item in enumerate(node.value)]
        make = _PLAIN.get(node.tag)
        if make is None:
            self._find(where, f"the tag {node.tag} is not used in descriptions")
            return None
        try:
            return make(node.value)
        except ValueError:
            return node.value

    def _mapping(self, node: yaml.MappingNode, where: Path_) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for key, item in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            path = (*where, name)
            mark = (key.start_mark.line + 1, key.start_mark.column + 1)
            if name in said:
                first = self.keys[path][0]
                line = _line(self.text, mark[0])
                message = f"the key `{name}` is given twice; first in line {first}"
                self.findings.append(Finding(message, self.path, *mark, line))
                continue
            self.keys[path] = mark
            said[name] = self.value(item, path)
        return said

    def _find(self, where: Path_, message: str) -> None:
        self.findings.append(_at(self.path, self.text, self.marks, where, message))


def _validated(said: Any, reader: _Reader) -> Knob:
    try:
        return Knob.model_validate(said)
    except ValidationError as problem:
        findings = list(reader.findings)
        for one in problem.errors(include_url=False):
            finding = _of_pydantic(dict(one), said, reader)
            if finding not in findings:
                findings.append(finding)
        raise error(*sorted(findings, key=lambda f: (f.line, f.column))) from None


def _of_pydantic(one: dict[str, Any], said: Any, reader: _Reader) -> Finding:
    where = _real_path(one["loc"], said)
    kind, name = one["type"], str(one["loc"][-1]) if one["loc"] else ""
    context = one.get("ctx", {})
    hint = ""
    if kind == "extra_forbidden":
        known = _known_keys(one["loc"][:-1])
        near = get_close_matches(name, known, n=1)
        message = f"unknown key `{name}`" + (f"; did you mean `{near[0]}`?" if near else "")
        hint = f"known here: {', '.join(known)}" if known else ""
        line, column = reader.keys.get(where, (1, 1))
        return Finding(message, reader.path, line, column, _line(reader.text, line), hint)
    if kind == "missing":
        message = f"`{name}` is missing"
        where = where[:-1] if where and where[-1] == name else where
    elif kind == "string_pattern_mismatch":
        message = f"`{_short(one['input'])}` is not a valid {name}"
        hint = f"it must match {context.get('pattern')}"
    elif kind == "literal_error":
        message = f"`{_short(one['input'])}` is not a valid {name}"
        hint = f"one of: {context.get('expected')}"
    elif kind == "union_tag_invalid":
        message = f"`{context.get('tag')}` is not a type of field"
        hint = f"one of: {context.get('expected_tags')}"
        where = (*where, "type")
    elif kind == "value_error":
        message = str(context.get("error", one["msg"]))
    else:
        message = f"{name}: {one['msg'][:1].lower()}{one['msg'][1:]}" if name else one["msg"]
    return _at(reader.path, reader.text, reader.marks, where, message, hint)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _real_path(loc: Sequence[str | int], said: Any) -> Path_:
    """The keys of a pydantic location that the description has: tags of unions are left out."""
    found: list[str | int] = []
    at = said
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(at, dict) and (part in at or last):
            found.append(part)
            at = at.get(part)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            found.append(part)
            at = at[part]
    return tuple(found)


def _known_keys(loc: Sequence[str | int]) -> list[str]:
    """The keys that a description may have at a location, from the JSON Schema."""
    schema = Knob.model_json_schema(by_alias=True)
    at: Any = schema
    for part in loc:
        at = _step(schema, at, part)
        if at is None:
            return []
    return sorted(_resolved(schema, at).get("properties", {}))


def _resolved(schema: dict[str, Any], at: Any) -> Any:
    while isinstance(at, dict) and "$ref" in at:
        at = schema["$defs"][at["$ref"].rpartition("/")[2]]
    return at if isinstance(at, dict) else {}


def _step(schema: dict[str, Any], at: Any, part: str | int) -> Any:
    at = _resolved(schema, at)
    choices = [at, *(_resolved(schema, o) for key in ("anyOf", "oneOf") for o in at.get(key, ()))]
    for choice in choices:
        if isinstance(part, int) and "items" in choice:
            return choice["items"]
        if part in choice.get("properties", {}):
            return choice["properties"][part]
        mapping = choice.get("discriminator", {}).get("mapping", {})
        if part in mapping:
            return {"$ref": mapping[part]}
    return None
