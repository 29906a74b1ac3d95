# SPDX-License-Identifier: GPL-2.0-only
"""A patch as two columns, what was and what is, with its C in colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer

_HEAD = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
_NOTHING = Markup()
_LANGUAGES = {".c": "c", ".h": "c", ".rst": "rst", "Makefile": "make", "Kconfig": "text"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a diff: the two sides with their numbers, 0 for none; `head` opens a hunk."""

    old: int = 0
    new: int = 0
    left: Markup = _NOTHING
    right: Markup = _NOTHING
    kind: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a diff."""

    path: str
    lines: tuple[Line, ...]


def files(diff: str) -> Iterator[File]:
    """The files of a patch's diff."""
    for text in re.split(r"^diff --git ", diff, flags=re.M)[1:]:
        path = text.partition("\n")[0].rpartition(" b/")[2]
        _, _, body = text.partition("\n@@ ")
        body = f"@@ {body}".split("\n-- \n")[0].rstrip("\n") if body else ""
        yield File(path, tuple(_lines(body.split("\n") if body else [], path)))


def _lines(body: Sequence[str], path: str) -> Iterator[Line]:
    hunk: list[str] = []
    head: re.Match[str] | None = None
    for line in [*body, "@@ -0 +0 @@"]:
        if not (found := _HEAD.match(line)):
            hunk.append(line)
            continue
        if head:
            yield Line(head=head[3].strip() or "…")
            yield from _hunk(hunk, int(head[1]), int(head[2]), path)
        head, hunk = found, []


def _hunk(lines: Sequence[str], old: int, new: int, path: str) -> Iterator[Line]:
    lines = [line for line in lines if not line.startswith("\\")]
    left = iter(coloured([line[1:] for line in lines if line[:1] != "+"], path))
    right = iter(coloured([line[1:] for line in lines if line[:1] != "-"], path))
    removed: list[tuple[int, Markup]] = []
    added: list[tuple[int, Markup]] = []
    for line in [*lines, " "]:
        if line[:1] == "-":
            removed.append((old, next(left)))
            old += 1
        elif line[:1] == "+":
            added.append((new, next(right)))
            new += 1
        else:
            yield from _paired(removed, added)
            removed, added = [], []
            both = next(left, None), next(right, None)
            if both[0] is not None and both[1] is not None:
                yield Line(old, new, both[0], both[1])
            old, new = old + 1, new + 1


def _paired(
    removed: Sequence[tuple[int, Markup]], added: Sequence[tuple[int, Markup]]
) -> Iterator[Line]:
    for at in range(max(len(removed), len(added))):
        old, left = removed[at] if at < len(removed) else (0, Markup())
        new, right = added[at] if at < len(added) else (0, Markup())
        kind = "changed" if old and new else "removed" if old else "added"
        yield Line(old, new, left, right, kind)


def coloured(lines: Sequence[str], path: str) -> list[Markup]:
    """Lines of a file with their words in classes of `style()`."""
    if not lines:
        return []
    end = next((name for name in _LANGUAGES if path.endswith(name)), "")
    made = highlight("\n".join(lines), _lexer(_LANGUAGES.get(end, "text")), _FORMATTER)
    return [Markup(each) for each in made.removesuffix("\n").split("\n")][: len(lines)]


_FORMATTER = HtmlFormatter(nowrap=True, classprefix="k-")


@lru_cache(maxsize=8)
def _lexer(name: str) -> Lexer:
    if name == "text":
        return TextLexer(stripnl=False, ensurenl=False)
    return get_lexer_by_name(name, stripnl=False, ensurenl=False)


def style(dark: bool) -> str:
    """The classes' colours, with enough contrast on white or on black."""
    made = HtmlFormatter(style="github-dark" if dark else "xcode", classprefix="k-")
    rules = str(made.get_style_defs(".code"))  # type: ignore[no-untyped-call]
    return "\n".join(rule for rule in rules.split("\n") if rule.startswith(".code ."))
