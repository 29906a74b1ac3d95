# SPDX-License-Identifier: GPL-2.0-only
"""Which of KVM's own configuration symbols a kernel with KVM may lack, by its Kconfig files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codegen.kernel.folders import folders
from codegen.tree.reader import Tree, read_or_none

CONFIG = "CONFIG_"  # before a symbol where C and make name it
ENTRY = re.compile(r"^(?:menu)?config[ \t]+(\w+)[ \t]*$", re.M)
_SELECT = re.compile(r"^[ \t]+select[ \t]+(\w+)[ \t]*(if\b)?", re.M)
_SET = re.compile(r"^[ \t]+(?:(?:bool|tristate|int|prompt)[ \t]+\"|default\b|def_)", re.M)
_DEPENDS = re.compile(r"^[ \t]+depends on ([\w& \t]+)$", re.M)  # on all that it names
_FOLLOWS = re.compile(r"^[ \t]+def_(?:bool|tristate)[ \t]+KVM\b", re.M)
_ROOT = "KVM"
_PART = re.compile(r"^(?:(?:menu)?config[ \t]+(\w+)|if[ \t]+(.+)|(endif)\b.*)[ \t]*$", re.M)
_HELP = re.compile(r"^[ \t]+(?:---)?help\b", re.M)
_PROMPT = re.compile(r"^[ \t]+(?:bool|tristate|prompt)[ \t]+[\"']", re.M)
_DEPENDENCY = re.compile(r"^[ \t]+depends on (.+)$", re.M)
_DEFAULT = re.compile(
    r"^[ \t]+(?:default|def_bool|def_tristate)[ \t]+(\w+)(?:[ \t]+if (.+))?$", re.M
)

_Symbols = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Symbols:
    """KVM's symbols on an architecture.

    `brings` has what is on whenever each of them is, `optional` are those that a kernel with KVM
    may lack, and of these `never` those that nothing there switches on.
    """

    brings: _Symbols = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    def implied(self, symbols: Iterable[str]) -> frozenset[str]:
        """Some symbols, with all that is on where they are."""
        return _reached(symbols, self.brings)


def symbols(tree: Tree, arch: str) -> Symbols:
    """KVM's symbols of a tree: of the code that all architectures build, and of one of them."""
    where = folders(tree)
    always: dict[str, frozenset[str]] = {}
    perhaps: dict[str, frozenset[str]] = {}
    roots, free = {_ROOT}, {_ROOT}
    for path in (where.kconfig, where.arch_kconfig(arch)):
        text = (read_or_none(tree, path or "") or b"").decode("utf-8", "replace")
        _, *blocks = ENTRY.split(text)
        for name, block in zip(blocks[::2], blocks[1::2], strict=True):
            found = _SELECT.findall(block)
            every = {each for each, condition in found if not condition}
            every |= {word for line in _DEPENDS.findall(block) for word in re.findall(r"\w+", line)}
            always[name] = always.get(name, frozenset()) | every
            perhaps[name] = perhaps.get(name, frozenset()).union(each for each, _ in found)
            if _FOLLOWS.search(block):
                roots.add(name)
            if _SET.search(block):
                free.add(name)
    known = frozenset(always)
    return Symbols(always, known - _reached(roots, always), known - _reached(free, perhaps))


def with_kvm(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The symbols of a Kconfig file that are on wherever KVM is: it and what follows it, and all
    that these select.

    What has a prompt or depends on something else may be off.
    """
    bodies: dict[str, str] = {}
    around: dict[str, frozenset[str]] = {}  # the `if` lines that each stands in
    opened: list[str] = []
    parts = list(_PART.finditer(text))
    for part, end in zip(parts, [*(each.start() for each in parts[1:]), len(text)], strict=True):
        name, condition, closed = part.groups()
        if condition:
            opened.append(condition)
        elif closed and opened:
            opened.pop()
        elif name and name not in bodies:
            bodies[name] = _HELP.split(text[part.end() : end])[0]
            around[name] = frozenset(opened)
    asked = around.get(_ROOT, frozenset())
    direct = {_ROOT} & set(bodies)
    for name, body in bodies.items():
        conditions = [*(around[name] - asked), *_DEPENDENCY.findall(body)]
        if _follows(body, tied=bool(conditions)) and {*conditions} <= {_ROOT}:
            direct.add(name)
    selects = {
        name: frozenset(each for each, condition in _SELECT.findall(body) if not condition)
        for name, body in bodies.items()
    }
    return frozenset(direct), _reached(direct, selects) & frozenset(bodies)


def _follows(body: str, *, tied: bool) -> bool:
    """Whether a symbol without a prompt is on by default where KVM is; `tied` is one that is on
    nowhere else.

    What asks for one of KVM's modules or another is on for any, and KVM is nothing without one.
    """
    if _PROMPT.search(body):
        return False
    for value, condition in _DEFAULT.findall(body):
        named = re.findall(r"[A-Z]\w+", condition)
        any_module = "||" in condition and all(each.startswith(f"{_ROOT}_") for each in named)
        if (value == _ROOT or (value == "y" and tied)) and (set(named) <= {_ROOT} or any_module):
            return True
    return False


def _reached(symbols: Iterable[str], brings: _Symbols) -> frozenset[str]:
    found: set[str] = set()
    todo = list(symbols)
    while todo:
        if (symbol := todo.pop()) not in found:
            found.add(symbol)
            todo += brings.get(symbol, ())
    return frozenset(found)
