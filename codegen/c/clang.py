# SPDX-License-Identifier: GPL-2.0-only
"""What libclang says of one C file that is parsed alone; called by way of `codegen.c.apart`.

An unconfigured tree has no `autoconf.h`, and parsing a file without what it includes takes some
20 ms instead of 2 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from clang import cindex

# Annotations of include/linux/compiler_types.h and friends that stand in front of a declaration.
# Without their definition the parser takes them for a type and loses the declaration behind.
_ANNOTATIONS = (
    "__always_inline __init __exit __must_check __maybe_unused __used __weak __pure __cold __hot "
    "__user __rcu __iomem __percpu __force __visible __ref __refdata __read_mostly "
    "__ro_after_init __initdata noinline noinstr notrace asmlinkage __kprobes "
    "__no_kcsan __no_sanitize_address __ksym __bpf_kfunc __noreturn"
).split()
_ARGS = ["-xc", "-std=gnu11", "-nostdinc", "-w", "-ferror-limit=0", "-Dbool=_Bool"] + [
    f"-D{name}=" for name in _ANNOTATIONS
]
_KEEP_GOING = 0x200  # CXTranslationUnit_KeepGoing, which the Python binding does not name
_OPTIONS = (
    cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
    | cindex.TranslationUnit.PARSE_INCOMPLETE
    | _KEEP_GOING
)
_KINDS = {
    cindex.CursorKind.FUNCTION_DECL: "function",
    cindex.CursorKind.STRUCT_DECL: "struct",
    cindex.CursorKind.ENUM_DECL: "enum",
    cindex.CursorKind.MACRO_DEFINITION: "macro",
    cindex.CursorKind.VAR_DECL: "variable",
}


_NAME = "source.c"  # for the parser, whatever bytes the file's own name has

Declared = tuple[str, str, int, int]


@lru_cache(maxsize=1)
def index() -> Any:
    """What libclang keeps its translation units in."""
    return cindex.Index.create(excludeDecls=False)


def _top(data: bytes) -> Iterator[Any]:
    """What stands at file scope; macros of the parser's own come first."""
    files = [(_NAME, data)]
    unit = index().parse(_NAME, args=_ARGS, unsaved_files=files, options=_OPTIONS)
    children: Iterator[Any] = unit.cursor.get_children()
    return children


@lru_cache(maxsize=1)
def _own_macros() -> int:
    """How many macros the parser has of its own: all that it finds in nothing."""
    return sum(1 for _ in _top(b""))


def extents(path: str, data: bytes) -> tuple[Declared, ...]:
    """Kind, name and byte offsets of what a file declares, see `codegen.c.source.Extent`.

    `path` is for the caller's messages, see `codegen.c.apart`.
    """
    found = []
    for cursor in islice(_top(data), _own_macros(), None):
        kind = _KINDS.get(cursor.kind)
        if kind is None:
            continue
        extent = cursor.extent
        if kind != "macro" and not cursor.is_definition():
            kind = "declaration"
        found.append((kind, cursor.spelling, extent.start.offset, extent.end.offset))
    return tuple(found)
