# SPDX-License-Identifier: GPL-2.0-only
"""Whatever a file holds: a description or findings, soon, and the same again; nothing else."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codegen.base.errors import FindingsError, UsageError
from codegen.base.resources import resources
from codegen.description.load import Description, load, parse

pytestmark = pytest.mark.programs

_HERE = Path(__file__).parent
_GOOD = [path.read_text(encoding="utf-8") for path in sorted((_HERE / "good").glob("*.yaml"))]
_SHIPPED = sorted(resources("abi").glob("*.yaml"))
_TEXTS = [*_GOOD, *(path.read_text(encoding="utf-8") for path in _SHIPPED)]
_SIGNS = st.sampled_from(
    list("\t\n\r\0\x1b\u202e\u200b\u2028\ufeff{}[]&*!|>'\"%@`#:,?-\\/ 0~")
    + ["{{", "*/", "/*", "??/", "%:", "---\n", "<<: ", "&a ", "*a", "!!str ", "\\\n", ": ", "- "]
)
_FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def said(data: bytes) -> Description | tuple[str, ...]:
    """The description, or what is said of the file; any other exception is a failure."""
    start = time.process_time()
    try:
        answer: Description | tuple[str, ...] = parse(data, "x.yaml")
    except FindingsError as problem:
        answer = tuple(finding.render() for finding in problem.findings)
        assert answer
        for finding in problem.findings:
            shown = finding.render().replace("\n", "").replace("\t", "")
            assert shown.isprintable()
            assert len(finding.message) < 400
            assert "should" not in finding.message  # pydantic's own words
    # generous, and of the processor alone; what is meant is that nothing is quadratic
    assert time.process_time() - start < 5
    return answer


def texts(value: Any) -> Iterator[str]:
    """Every text in a model that was dumped."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


def check(data: bytes) -> None:
    """The same twice; and what loads is harmless."""
    first = said(data)
    assert said(data) == first
    if isinstance(first, Description):
        for text in texts(first.knob.model_dump()):
            for char in text:
                assert char in "\n\t" or unicodedata.category(char)[0] not in "C", text
                assert unicodedata.category(char) not in ("Zl", "Zp")
            assert "\\\n" not in text
            assert "{{" not in text


@_FEW
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    check(data)


@_FEW
@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
_KEYS = (
    "name title topic architectures may otherwise background author rfc predicate mechanism "
    "memslot-flag vm-capability quirk vm-type hardcoded test"
).split()


@_FEW
@example({"name": {"\xa0": None}})
@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES))
def test_any_values_of_its_keys(values: dict[str, Any]) -> None:
    check(yaml.safe_dump(values, allow_unicode=True).encode())


@st.composite
def _changed(draw: st.DrawFn) -> bytes:
    """A good description with some lines gone, doubled, swapped, indented or written into."""
    lines = draw(st.sampled_from(_TEXTS)).split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(
            st.sampled_from(("delete", "double", "swap", "indent", "insert", "cut", "value"))
        )
        if kind == "delete" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "indent":
            lines[at] = draw(st.sampled_from(("  ", " ", "\t"))) + lines[at]
        elif kind == "insert":
            column = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:column] + draw(_SIGNS) + lines[at][column:]
        elif kind == "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        elif ":" in lines[at]:
            value = draw(
                st.sampled_from(("", "~", "yes", "1", "[]", "{}", "[1]", "{a: b}", "-", "x"))
            )
            lines[at] = lines[at].split(":")[0] + ": " + value
    return "\n".join(lines).encode()


@settings(_FEW, max_examples=600)
@given(_changed())
def test_changes_of_good_descriptions(data: bytes) -> None:
    check(data)


_FULL = [
    _HERE / "good" / f"{name}.yaml"
    for name in (
        "all-variants",
        "edits-of-every-kind",
        "hardcoded-field",
        "memslot-flag-with-everything",
        "vm-capability-mask",
        "vm-capability-number",
        "vm-capability-with-everything",
    )
]
_OTHER: tuple[Any, ...] = (None, True, 7, 1.5, "\u00b6", [], {}, [[]], {"zzz": 1})


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value."""
    if at:
        yield at
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(item, (*at, key))


def with_value(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return new
    made = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = with_value(value[path[0]], path[1:], new)
    return made


def value_at(value: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize("path", _FULL, ids=lambda path: path.stem)
def test_every_value_of_another_type(path: Path) -> None:
    """Whatever stands where something else belongs, it is said in plain words."""
    full = yaml.safe_load(path.read_text(encoding="utf-8"))
    for where in paths(full):
        for new in _OTHER:
            check(yaml.safe_dump(with_value(full, where, new), allow_unicode=True).encode())


@pytest.mark.parametrize("path", _FULL, ids=lambda path: path.stem)
def test_an_unknown_key_in_every_section(path: Path) -> None:
    full = yaml.safe_load(path.read_text(encoding="utf-8"))
    sections = [(), *(w for w in paths(full) if isinstance(value_at(full, w), dict))]
    for where in sections:
        changed = with_value(full, where, {**value_at(full, where), "zzz": 1})
        answer = said(yaml.safe_dump(changed, sort_keys=False).encode())
        assert not isinstance(answer, Description)
        assert len(answer) == 1
        assert "error: unknown key `zzz`\n" in answer[0]
        assert "known here: " in answer[0]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{" * 200_000,
        "a: " + "[" * 100_000 + "]" * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "a:\n" * 80_000,
        "".join(f"k{i}: 1\n" for i in range(20_000)),
        "[" + "a, " * 80_000 + "]",
        "a: [" + "[]," * 80_000 + "]",
        "a: '" + "x" * 250_000,
        "a: '" + "\n" * 250_000 + "'",
        'may: "' + "\\n" * 120_000 + '"',
        "x" * 250_000 + ": 1",
        "may: " + "9" * 250_000,
        "may: " + "1_" * 120_000,
        "may: " + "1:" * 120_000,
        "background: " + "\u202e" * 80_000,
        "background: " + "/*" * 1_990,
        "background: " + "(" * 3_990,
        "background: " + "a_ " * 1_300,
        "background: " + "a-" * 1_990,
        "may: " + "*a " * 190,
        "test: {name: a, code: '" + "/*" * 7_900 + "'}",
        "test: {name: a, code: '" + '"' * 15_900 + "'}",
        "test: {name: a, code: '" + "(" * 15_900 + "'}",
        "test: {name: a, code: '" + "}" * 15_900 + "'}",
        "test: {name: a, code: '" + "a " * 7_900 + "'}",
        "memslot-flag: {condition: [" + ("'" + "{" * 399 + "', ") * 8 + "]}",
        "mechanism: {alternatives: [" + ("{edits: [{put: '" + "}" * 15_900 + "'}]}, ") * 15 + "]}",
        "predicate: {args: '" + "a, " * 130 + "', returns: '" + "a " * 39 + "'}",
        "test: {name: a, values: [" + "1," * 7_000 + "]}",
    ],
    ids=lambda text: text[:24].replace("\n", " "),
)
def test_bombs(text: str) -> None:
    start = time.process_time()
    answer = said(text.encode())
    assert not isinstance(answer, Description)
    assert len("\n".join(answer)) < 200_000
    assert time.process_time() - start < 5


def test_too_large() -> None:
    answer = said(b"# " + b"x" * (300 << 10))
    hint = "a description fits on a few screens"
    assert answer == (f"x.yaml: error: larger than 256 KiB\n    {hint}",)


def test_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)  # sparse
    with pytest.raises(FindingsError, match="larger than 256 KiB"):
        load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize("path", _SHIPPED, ids=lambda path: path.stem)
def test_shipped_descriptions_load(path: Path) -> None:
    assert load(path).knob.name == path.stem


def test_no_two_shipped_descriptions_take_the_same_name() -> None:
    taken: list[str] = []
    for path in _SHIPPED:
        knob = load(path).knob
        flag, capability = knob.memslot_flag, knob.vm_capability
        taken += [knob.predicate.name, knob.test.name]
        taken += [flag.flag, flag.capability, flag.config] if flag else []
        taken += [capability.capability] if capability else []
        taken += [knob.quirk.name] if knob.quirk else []
        taken += [knob.vm_type.name] if knob.vm_type else []
    assert len(set(taken)) == len(taken)
