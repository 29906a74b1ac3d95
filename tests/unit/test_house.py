# SPDX-License-Identifier: GPL-2.0-only
"""How the house is built: kinds stay in their rooms, imports run downwards."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from codegen.kinds import kinds

ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "codegen").rglob("*.py"))
}
_KINDS = re.compile(
    rf"(?<![\w-])({'|'.join(name.replace('-', '[-_]') for name in kinds())})(?![\w-])"
)


def _said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names and the texts of a module, with their lines; its docstrings are for people."""
    people = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
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


def _outside() -> list[str]:
    return [name for name in MODULES if not name.startswith("codegen.kinds.")]


@pytest.mark.parametrize("module", _outside())
def test_no_kind_is_named_outside_of_its_room(module: str) -> None:
    """What people type, the examples of --help, may name one."""
    tree = ast.parse(MODULES[module].read_text())
    found = [
        f"{module}:{line}: {text}"
        for line, text in _said(tree)
        if _KINDS.search(text) and not text.startswith("gen ")
    ]
    assert not found


def test_the_rooms_name_what_they_are_asked_for() -> None:
    """The test above would find a kind that is named."""
    named = [name for name in MODULES if name.startswith("codegen.kinds.")]
    found = [
        n
        for n in named
        if any(_KINDS.search(t) for _, t in _said(ast.parse(MODULES[n].read_text())))
    ]
    assert found


def _imports(module: str) -> set[str]:
    """The modules that one imports when it is imported itself."""
    found = set[str]()
    for node in ast.parse(MODULES[module].read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & set(MODULES)) or {node.module}
    return (found & set(MODULES)) - {module}


def test_no_import_leads_back() -> None:
    order = TopologicalSorter({module: _imports(module) for module in MODULES})
    order.prepare()  # says the circle, where there is one
