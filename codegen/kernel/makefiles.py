# SPDX-License-Identifier: GPL-2.0-only
"""For which configuration symbols Makefiles build a file (Documentation/kbuild/makefiles.rst)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.tree.reader import Tree, read_or_none

_NAMES = ("Makefile", "Makefile.kvm", "Kbuild")
# `name-$(CONFIG_X) += a.o b.o` or `name-y := $(name-objs)`, `ifdef CONFIG_X`, `endif`
_LINE = re.compile(
    r"^(?:([\w-]+?)(?:-[ym]|-\$\(CONFIG_(\w+)\))?[ \t]*[:+]?=((?:\\\n|[^\n])*)"
    r"|(if\w+)(?:[ \t]+CONFIG_(\w+))?|(endif))",
    re.M,
)


@dataclass(frozen=True)
class _Rule:
    whole: str
    symbols: frozenset[str]
    parts: tuple[str, ...]


def built_for(tree: Tree, path: str) -> frozenset[str]:
    """The symbols of which some must be on for a file to be built; of each list that has it, or has
    what it is a part of, by the Makefiles in its folder and those above, up to `arch/*/`.
    """
    folder, _, name = path.rpartition("/")
    lists: dict[str, list[_Rule]] = {}  # by the name of what is in them
    while folder.count("/"):
        for each in _NAMES:
            text = read_or_none(tree, f"{folder}/{each}") or b""
            for rule in _rules(text.decode("utf-8", "replace")):
                for part in rule.parts:
                    lists.setdefault(part.rpartition("/")[2], []).append(rule)
        folder = folder.rpartition("/")[0]
    found, seen, todo = set[str](), set[str](), {f"{name.removesuffix('.c')}.o"}
    while todo:
        seen.add(part := todo.pop())
        for rule in lists.get(part, ()):
            found |= rule.symbols
            stem = rule.whole.removesuffix("-objs")
            todo |= {
                f"{stem}.o",
                f"$({rule.whole}-y)",
                f"$({rule.whole})",
                f"$({stem}-objs)",
            } - seen
    return frozenset(found)


def _rules(text: str) -> Iterator[_Rule]:
    branches: list[str] = []
    for line in _LINE.finditer(text):
        whole, symbol, parts, opens, asked, closes = line.groups()
        if opens:
            branches.append(asked if opens == "ifdef" and asked else "")
        elif closes:
            branches[-1:] = []
        else:
            symbols = frozenset((*branches, symbol or "")) - {""}
            yield _Rule(whole, symbols, tuple(parts.split()))
