# SPDX-License-Identifier: GPL-2.0-only
"""The values of macros, worked out by libclang: no compiler is run, and nothing is guessed.

Behind the text a probe is written for each name, `enum { … = (NAME) };`, and what the parser makes
of it is the value.  A probe that it refuses is that of a macro which is no integer constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clang import cindex

ARGS = ("-xc", "-std=gnu11", "-nostdinc", "-w", "-ferror-limit=0")
_OPTIONS = cindex.TranslationUnit.PARSE_INCOMPLETE | 0x200  # CXTranslationUnit_KeepGoing
_ERROR = cindex.Diagnostic.Error
_LINES = 3  # of a probe
_WORD = "gen_value_of_"
_END = "gen_end_of_text"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`values` has every name that is defined; None is one that is no integer constant.

    `unit` is libclang's translation unit, `cursors` its declarations without the probes, `errors`
    what the parser refuses in the text itself.  A text that leaves a bracket open is not `whole`:
    what stands behind it is in the bracket, and every complaint is an error of the text.
    """

    values: Mapping[str, int | None]
    unit: Any
    cursors: tuple[Any, ...]
    errors: tuple[Any, ...]
    whole: bool


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
    probes = (
        f"#ifdef {name}\nenum {{ {_WORD}{index} = ({name}) }};\n#endif\n"
        for index, name in enumerate(names)
    )
    head = text + f"\nenum {{ {_END} }};\n".encode()
    probed = head + "".join(probes).encode()
    unit = cindex.Index.create().parse(path, list(args), [*included, (path, probed)], _OPTIONS)
    first = head.count(b"\n") + 1
    wrong: set[int] = set()
    errors, later = [], []
    for diagnostic in unit.diagnostics:
        if diagnostic.severity < _ERROR:
            continue
        place = diagnostic.location
        if place.file is not None and place.file.name == path and place.line >= first:
            wrong.add((place.line - first) // _LINES)
            later.append(diagnostic)
        else:
            errors.append(diagnostic)
    cursors, whole = [], False
    values: dict[str, int | None] = {names[index]: None for index in wrong if index < len(names)}
    for cursor in unit.cursor.get_children():
        word, value = _enumerator(cursor)
        if word == _END:
            whole = True
        elif not word.startswith(_WORD):
            cursors.append(cursor)
        elif (index := int(word[len(_WORD) :])) not in wrong:
            values[names[index]] = value
    errors += [] if whole else later
    return Evaluated(values, unit, tuple(cursors), tuple(errors), whole)


def _enumerator(cursor: Any) -> tuple[str, int]:
    """The first name of an enum and its value; an empty name where there is none."""
    if cursor.kind == cindex.CursorKind.ENUM_DECL:
        for each in cursor.get_children():
            if each.kind == cindex.CursorKind.ENUM_CONSTANT_DECL:
                return each.spelling, each.enum_value
    return "", 0
