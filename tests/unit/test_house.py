# SPDX-License-Identifier: GPL-2.0-only
"""How the house is built: kinds stay in their rooms, imports run downwards."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from codegen.architectures import ARCHITECTURES
from codegen.kinds import kinds

ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "codegen").rglob("*.py"))
}
_KINDS = frozenset(name.replace("-", "_") for name in kinds())


def _names_a_kind(text: str) -> bool:
    return not _KINDS.isdisjoint(re.findall(r"\w+", text.replace("-", "_")))


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


@cache
def _nodes(module: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(module)))


def _said(module: str) -> Iterator[tuple[int, str]]:
    """The names and the texts of a module, with their lines; its docstrings are for people."""
    people = {
        id(node.body[0].value)
        for node in _nodes(module)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in _nodes(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in people:
                yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, part) for part in (node.module or "").split("."))


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _outside() -> list[str]:
    return [name for name in MODULES if not name.startswith("codegen.kinds.")]


def test_no_kind_is_named_outside_of_its_room() -> None:
    """What people type, the examples of --help, may name one."""
    found = [
        f"{module}:{line}: {text}"
        for module in _outside()
        for line, text in _said(module)
        if _names_a_kind(text) and not text.startswith("gen ")
    ]
    assert not found


def test_the_rooms_name_what_they_are_asked_for() -> None:
    """The test above would find a kind that is named."""
    named = [name for name in MODULES if name.startswith("codegen.kinds.")]
    found = [n for n in named if any(_names_a_kind(text) for _, text in _said(n))]
    assert found


# As records name them, but for the people's own words: in backticks, in documents, in examples.
_ARCHES = re.compile(
    rf"(?<![\w-])({'|'.join(n for a in ARCHITECTURES.values() for n in (*a.selftests, a.macro))})(?![\w-])"
)
_PEOPLE = re.compile(r"`[^`]*`|Documentation/\S*|^gen .*|such as .*")


def _names_an_architecture(module: str) -> list[str]:
    return [
        f"{module}:{line}: {text}"
        for line, text in _said(module)
        if _ARCHES.search(_PEOPLE.sub("", text))
    ]


def test_no_architecture_is_named_outside_of_its_record() -> None:
    asked = [name for name in _outside() if _room(name) != "architectures"]
    assert not [said for module in asked for said in _names_an_architecture(module)]


def test_a_kind_that_one_architecture_has_names_it() -> None:
    """The test above would find one that is named."""
    assert any(_names_an_architecture(n) for n in MODULES if n.startswith("codegen.kinds."))


@cache
def _imports(module: str, *, deep: bool = False) -> set[str]:
    """The modules that one imports when it is imported itself; `deep`: or ever, but for types."""
    found = set[str]()
    typing = {
        inner
        for node in _nodes(module)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in _nodes(module) if deep else _tree(module).body:
        if node in typing:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & set(MODULES)) or {node.module}
    return (found & set(MODULES)) - {module}


# The rooms, from the cellar to the roof: each uses those before it.
ROOMS = (
    "base", "architectures", "vocabulary", "tree", "store", "c", "uapi", "kernel", "sites", "style", "kinds", "description",
    "sandbox", "mail", "plan", "series", "run", "check", "compare", "matrix", "cli",
)  # fmt: skip


def test_a_room_uses_those_below_it() -> None:
    """Also where it imports only when it needs something."""
    found = [
        f"{module} uses {name}"
        for module in MODULES
        if _room(module) in ROOMS
        for name in _imports(module, deep=True)
        if _room(name) in ROOMS and ROOMS.index(_room(name)) > ROOMS.index(_room(module))
    ]
    assert not found


def test_every_module_has_a_room() -> None:
    assert {_room(name) for name in MODULES} == {"", "__main__", *ROOMS}


_TYPE = re.compile(r"_?([A-Z][a-z]+)+")


def _types() -> Iterator[tuple[str, str]]:
    """Each class, and each name that a module gives to a type, with its module."""
    for module in MODULES:
        for node in _tree(module).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, module
            elif isinstance(node, ast.Assign) and isinstance(named := node.targets[0], ast.Name):
                yield from [(named.id, module)] * bool(_TYPE.fullmatch(named.id))


def test_a_type_s_name_means_one_thing() -> None:
    found: dict[str, list[str]] = {}
    for name, module in _types():
        found.setdefault(name, []).append(module)
    assert {"Series", "Patch", "Report"} <= found.keys()
    assert {name: where for name, where in found.items() if len({*where}) > 1} == {}


def test_no_import_leads_back() -> None:
    order = TopologicalSorter({module: _imports(module) for module in MODULES})
    order.prepare()  # says the circle, where there is one
