# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's small configuration, and whether a tree really took it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.sandbox import made

_REMARK = r"(?:\s+# (?:(optional)|for: (\S.*)))?$"
_WANT = re.compile(r"^CONFIG_(\w+)=(\S+)" + _REMARK)
_UNSET = re.compile(r"^# CONFIG_(\w+) is not set" + _REMARK)
_SOURCE = re.compile(r'^\s*source\s+"([^"]+)"', re.MULTILINE)
_SYMBOL = re.compile(r"^\s*(?:menu)?config\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Want:
    """One line of a fragment: `value` is "n" for a symbol that shall be off.

    What has an `effect` is needed for it, all else is a wish; an `optional` one comes and goes
    with the trees.
    """

    symbol: str
    value: str
    optional: bool = False
    effect: str = ""

    @property
    def line(self) -> str:
        """The line as it stands in a .config."""
        if self.value == "n":
            return f"# CONFIG_{self.symbol} is not set"
        return f"CONFIG_{self.symbol}={self.value}"


def parse_fragment(text: str) -> tuple[Want, ...]:
    """The wanted symbols of a fragment, whose form its own head describes.

    Raises ValueError for a line that is neither a comment nor a symbol: a
    line that was mistyped must not be taken for a comment.
    """
    wants: list[Want] = []
    for number, line in enumerate(text.splitlines(), start=1):
        want, unset = _WANT.match(line), _UNSET.match(line)
        if want:
            wants.append(Want(want[1], want[2], bool(want[3]), want[4] or ""))
        elif unset:
            wants.append(Want(unset[1], "n", bool(unset[2]), unset[3] or ""))
        elif line.strip() and not (line.startswith("#") and "CONFIG_" not in line):
            raise ValueError(f"line {number}: not a comment and not a symbol: {line}")
    return tuple(wants)


def render_fragment(wants: Iterable[Want]) -> str:
    """The fragment as kconfig reads it."""
    return "".join(f"{want.line}\n" for want in wants)


def parse_config(text: str) -> dict[str, str]:
    """Symbol to value of a .config; symbols that are off have the value "n"."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("CONFIG_"):
            symbol, _, value = line[len("CONFIG_") :].partition("=")
            values[symbol] = value
        elif line.startswith("# CONFIG_") and line.endswith(" is not set"):
            values[line[len("# CONFIG_") : -len(" is not set")]] = "n"
    return values


@dataclass(frozen=True)
class Unmet:
    """What a tree did not take, in words: `lacks` where an effect is missing, `notes` of wishes."""

    lacks: tuple[str, ...]
    notes: tuple[str, ...]


def unmet(wants: Sequence[Want], config: dict[str, str], known: Iterable[str]) -> Unmet:
    """Compare a fragment with the configuration that a tree made of it.

    `config` is parse_config() of the result of olddefconfig, `known` the symbols that the tree's
    Kconfig files define. An effect is there if one of the lines that name it came out as written.
    """
    defined = frozenset(known)
    reached = {want.effect for want in wants if config.get(want.symbol, "n") == want.value}
    lacks: list[str] = []
    notes: list[str] = []
    for want in wants:
        got = config.get(want.symbol, "n")
        if got == want.value or (want.optional and want.symbol not in defined):
            continue
        gone = want.symbol not in defined
        why = f"{want.line}: " + ("the tree has no such symbol" if gone else f"came out as {got}")
        if want.effect and want.effect not in reached:
            lacks.append(f"{why}; needed for: {want.effect}")
        else:
            notes.append(why)
    return Unmet(tuple(lacks), tuple(notes))


def kconfig_symbols(source: Path, arch: str) -> frozenset[str]:
    """The symbols that the Kconfig files of `source` define for `arch`."""
    symbols: set[str] = set()
    todo, seen = ["Kconfig"], set[str]()
    while todo:
        name = todo.pop().replace("$(SRCARCH)", arch)
        path = source / name
        if name in seen or "$" in name or not path.is_file():
            continue
        seen.add(name)
        text = made.text(path)
        symbols.update(_SYMBOL.findall(text))
        todo.extend(_SOURCE.findall(text))
    return frozenset(symbols)
