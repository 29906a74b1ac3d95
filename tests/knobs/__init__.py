# SPDX-License-Identifier: GPL-2.0-only
"""Knobs that tests describe, and the table of those that Linux has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from codegen.base.resources import resources
from codegen.description.load import Description, load
from codegen.tree.reader import Overlay, Tree
from codegen.vocabulary.part import attribute

KNOBS = Path(__file__).parent


@dataclass(frozen=True)
class Upstream:
    """A knob of Linux: what `upstream.yaml` says of it."""

    name: str
    merged: str
    symbols: tuple[str, ...] = ()
    said_by: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    taken_out: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    not_here: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """The symbols that its descriptions name."""
        return self.symbols or (self.name,)


def upstream() -> tuple[Upstream, ...]:
    """The table, in its order; TypeError for a key that it does not have."""
    rows = yaml.safe_load((KNOBS / "upstream.yaml").read_text())
    return tuple(Upstream(**{attribute(key): said for key, said in row.items()}) for row in rows)


def ours() -> tuple[str, ...]:
    """The descriptions of this folder that no row names: no kernel has what they say."""
    said = {name for row in upstream() for name in row.said_by}
    files = {path.stem for path in KNOBS.glob("*.yaml")} - {"upstream"}
    return tuple(sorted(files - said))


def without(tree: Tree, row: Upstream, release: str) -> Tree:
    """A tree of that release without what it has of the row.

    Of each `file`, the last line that is `line` goes, up to before `to`; `put` stands there then.
    """
    files: dict[str, bytes] = {}
    for each in row.taken_out[release]:
        path = each["file"]
        lines = files.get(path, tree.read(path)).decode().splitlines(keepends=True)
        plain = [line.strip() for line in lines]
        at = len(plain) - 1 - plain[::-1].index(each["line"])
        end = plain.index(each["to"], at) if "to" in each else at + 1
        indent = lines[at][: -len(lines[at].lstrip())]
        lines[at:end] = [f"{indent}{each['put']}\n"] if "put" in each else []
        files[path] = "".join(lines).encode()
    return Overlay(tree, files)


def again(row: Upstream, name: str) -> bytes:
    """A description of the row under another name, for trees that have it already."""
    data = described_in(name).read_bytes()
    for symbol in row.named:
        data = data.replace(symbol.encode(), f"{symbol}_AGAIN".encode())
    return re.sub(rb"(\n  member: \w+)", rb"\1_again", data)  # of a union that the tree has


def described_in(name: str) -> Path:
    """The file of a description, in this folder or in `abi/`."""
    own = KNOBS / f"{name}.yaml"
    return own if own.exists() else resources("abi") / f"{name}.yaml"


def description(name: str) -> Description:
    """A description by its name."""
    return load(described_in(name), f"{name}.yaml")
