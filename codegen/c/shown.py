# SPDX-License-Identifier: GPL-2.0-only
"""Whether a file shows by its text that a name is declared at file scope: by declaring it, or by
using it where nothing of its own has that name, since the tree compiles.
"""

from __future__ import annotations

import re

from codegen.c.outline import Outline, covers
from codegen.c.scopes import scope_of

_CALLED = re.compile(r"\s*[A-Za-z_]\w*\s*\(")


def shows(file: Outline, name: str, before: int | None = None) -> bool:
    """Whether a file shows that a name is declared at file scope, above an offset of it."""
    if name not in file.text:
        return False
    for at in file.occurrences(name):
        if before is not None and at >= before:
            return False
        if _shown(file, name, at) and not covers(file.assembly, at):
            return True
    return False


def _shown(file: Outline, name: str, at: int) -> bool:
    directive = file.directive_at(at)
    if directive is not None:
        return directive.word == "define" and directive.rest.split("(")[0].split()[:1] == [name]
    before = file.code[max(0, at - 80) : at].rstrip()
    after = file.code[at + len(name) : at + len(name) + 80].lstrip()
    if before.endswith((".", "->")) or re.search(r"\b(?:struct|union|enum|goto)$", before):
        return False
    for begin, end in file.calls:
        if begin <= at < end:
            # DEFINE_MUTEX(name); deeper in TRACE_EVENT(name, … are parameters, and uses of them
            return file.code.count("(", begin, at) == file.code.count(")", begin, at)
    block = file.block_at(at)
    if block is None:
        return _shown_at_file_scope(file, at, before, after)
    head = file.code[block.head : block.open]
    if at < block.open:
        return _shown_at_file_scope(file, at, before, after)
    words = head.split("(")[0].split()
    if "enum" in words and "=" not in head and "(" not in head:
        return True
    if ("struct" in words or "union" in words) and "(" not in head and "=" not in head:
        return bool(re.match(r"[A-Za-z_*]", after))  # a type, not a member
    scope = scope_of(file, block)
    return not scope.declares(name) and name not in scope.labels


def _shown_at_file_scope(file: Outline, at: int, before: str, after: str) -> bool:
    start = file.item_start(at)
    between = file.code[start:at]
    if between.count("(") <= between.count(")"):
        return True
    if _CALLED.match(between):
        return True  # DEFINE_MUTEX(name)
    # the name of a parameter stands behind its type, and before `,` `)` `[`
    named = bool(re.search(r"[\w*]$", before)) and after[:1] in (",", ")", "[")
    return not named or bool(re.search(r"\(\s*\*?$", before))


def listed(data: bytes, name: bytes) -> bool:
    """Whether a macro lists the name among others, as those do that are put into an `enum`."""
    if name not in data:
        return False
    listed = rb"#[ \t]*define[ \t]+\w+[ \t\\\n]+(?:\w+[ \t]*,[ \t\\\n]*)+" + name + rb"\b"
    first = rb"#[ \t]*define[ \t]+\w+[ \t\\\n]+" + name + rb"[ \t]*,"
    return bool(re.search(listed, data) or re.search(first, data))
