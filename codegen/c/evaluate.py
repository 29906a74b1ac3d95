# SPDX-License-Identifier: GPL-2.0-only
"""The values of macros, worked out by libclang: no compiler is run, and nothing is guessed.

It runs in the helper process, see `codegen.c.apart`.

Behind the text a probe is written for each name, `enum { … = (NAME) };`, and what the parser makes
of it is the value.  A probe that it refuses is that of a macro which is no integer constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clang import cindex

ARGS = ("-xc", "-std=gnu11", "-nostdinc", "-w", "-ferror-limit=0")
_OPTIONS = cindex.TranslationUnit.PARSE_INCOMPLETE | 0x200  # CXTranslationUnit_KeepGoing
_ERROR = cindex.Diagnostic.Error
_LINES = 3  # of a probe
_WORD = "gen_value_of_"
_END = "gen_end_of_text"
_MOST_OPEN = 16  # macros that leave a bracket open; more are no typing errors


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`values` has every name that is defined; None is one that is no integer constant.

    `unit` is libclang's translation unit, `cursors` its declarations without the probes, `errors`
    what the parser refuses in the text itself.  A text that leaves a bracket open is not `whole`:
    what stands behind it is in the bracket.
    """

    values: Mapping[str, int | None]
    unit: Any
    cursors: tuple[Any, ...]
    errors: tuple[Any, ...]
    whole: bool


def constants_of(
    path: str, text: bytes, names: Sequence[str], more: Sequence[str] = ()
) -> tuple[dict[str, int | None], dict[str, int]]:
    """The values that `evaluate` finds with `more` arguments, and the lines of enumerators.

    Nothing of libclang's is in it.
    """
    found = evaluate(path, text, names, (*ARGS, *more))
    enumerators = {
        each.spelling: int(each.location.line)
        for cursor in found.cursors
        if cursor.kind == cindex.CursorKind.ENUM_DECL
        for each in cursor.get_children()
    }
    return dict(found.values), enumerators


def evaluate(
    path: str,
    text: bytes,
    names: Sequence[str],
    args: Sequence[str] = ARGS,
    included: Sequence[tuple[str, bytes]] = (),
) -> Evaluated:
    """Parse `text` as the file `path` and work out the macros `names` at its end.

    `included` are files at hand by their paths; none is looked for on disk unless `args` say so.
    """
    left_out: tuple[str, ...] = ()
    while True:
        asked = [name for name in names if name not in left_out]
        found, swallowing = _parse(path, text, asked, args, included)
        if not swallowing or len(left_out) >= _MOST_OPEN:
            return replace(found, values={**dict.fromkeys(left_out), **found.values})
        left_out += swallowing


def _parse(
    path: str,
    text: bytes,
    names: Sequence[str],
    args: Sequence[str],
    included: Sequence[tuple[str, bytes]],
) -> tuple[Evaluated, tuple[str, ...]]:
    """What came of the names, and those whose macros swallow all that stands behind them.

    An open bracket of a macro's arguments does: the next probes are such arguments, and only at
    the end of the file the parser says so, with a note where the bracket was.
    """
    probes = (
        f"#ifdef {name}\nenum {{ {_WORD}{index} = ({name}) }};\n#endif\n"
        for index, name in enumerate(names)
    )
    head = text + f"\nenum {{ {_END} }};\n".encode()
    probed = head + "".join(probes).encode() + b"// a line for complaints about the end"
    unit = cindex.Index.create().parse(path, list(args), [*included, (path, probed)], _OPTIONS)
    first = head.count(b"\n") + 1
    end = first + _LINES * len(names)
    wrong: set[int] = set()
    swallowing: set[int] = set()
    errors, at_end = [], []
    for diagnostic in unit.diagnostics:
        if diagnostic.severity < _ERROR:
            continue
        line = _line(diagnostic, path)
        if line >= end:
            at_end.append(diagnostic)
            opened = (_line(note, path) for note in diagnostic.children)
            swallowing.update((line - first) // _LINES for line in opened if first <= line < end)
        elif line >= first:
            wrong.add((line - first) // _LINES)
        else:
            errors.append(diagnostic)
    cursors, whole = [], False
    values: dict[str, int | None] = {names[index]: None for index in wrong}
    for cursor in unit.cursor.get_children():
        word, value = _enumerator(cursor)
        if word == _END:
            whole = True
        elif not word.startswith(_WORD):
            cursors.append(cursor)
        elif (index := int(word[len(_WORD) :])) not in wrong:
            values[names[index]] = value
    if not whole:
        errors += at_end
    found = Evaluated(values, unit, tuple(cursors), tuple(errors), whole)
    return found, tuple(names[index] for index in sorted(swallowing))


def _line(diagnostic: Any, path: str) -> int:
    """The line of a complaint about that file, 0 if it is about another."""
    place = diagnostic.location
    return place.line if place.file is not None and place.file.name == path else 0


def _enumerator(cursor: Any) -> tuple[str, int]:
    """The first name of an enum and its value; an empty name where there is none."""
    if cursor.kind == cindex.CursorKind.ENUM_DECL:
        for each in cursor.get_children():
            if each.kind == cindex.CursorKind.ENUM_CONSTANT_DECL:
                return each.spelling, each.enum_value
    return "", 0
