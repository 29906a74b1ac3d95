# SPDX-License-Identifier: GPL-2.0-only
"""What libclang makes of headers, as plain data; called by way of `codegen.c.apart`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from clang import cindex

from codegen.c.evaluate import ARGS, evaluate
from codegen.uapi.model import At, Parsed

_KINDS = cindex.CursorKind
_RECORDS = {_KINDS.STRUCT_DECL: "struct", _KINDS.UNION_DECL: "union"}


def parsed(
    path: str,
    text: bytes,
    names: Sequence[str],
    args: Sequence[str],
    files: Sequence[tuple[str, bytes]],
    own: Collection[str],
) -> Parsed:
    """Parse `text`, which includes `files`; records and enumerators are those of `own`."""
    found = evaluate(path, text, names, (*ARGS, *args), files)
    records = []
    enumerators = []
    for cursor in _declared(found.cursors, own):
        if cursor.kind in _RECORDS:
            name = f"{_RECORDS[cursor.kind]} {cursor.spelling}"
            records.append((name, _bits(cursor.type), tuple(_fields(cursor.type)), _at(cursor)))
        else:
            enumerators += [
                (each.spelling, each.enum_value, _at(each))
                for each in cursor.get_children()
                if each.kind == _KINDS.ENUM_CONSTANT_DECL
            ]
    errors = tuple(
        (
            diagnostic.spelling,
            tuple(
                (each.location.file.name, each.location.line, each.location.column)
                for each in (diagnostic, *diagnostic.children)
                if each.location.file
            ),
        )
        for diagnostic in found.errors
    )
    includes = frozenset(each.include.name for each in found.unit.get_includes())
    return Parsed(
        dict(found.values), errors, found.whole, tuple(records), tuple(enumerators), includes
    )


def _at(cursor: Any) -> At:
    return cursor.location.file.name, cursor.extent.start.offset, cursor.extent.end.offset


def _declared(cursors: Iterable[Any], own: Collection[str]) -> Iterator[Any]:
    """The structs, unions and enums that some files define, those within others as well."""
    todo = list(cursors)[::-1]
    while todo:
        cursor = todo.pop()
        if cursor.kind != _KINDS.ENUM_DECL and cursor.kind not in _RECORDS:
            continue
        file = cursor.location.file
        if file is None or file.name not in own or not cursor.is_definition():
            continue
        if cursor.kind == _KINDS.ENUM_DECL or not cursor.is_anonymous():
            yield cursor
        if cursor.kind in _RECORDS:
            todo += list(cursor.get_children())[::-1]


def _fields(record: Any, prefix: str = "", base: int = 0) -> Iterator[tuple[str, int, int]]:
    for field in record.get_fields():
        inner = _nameless(field.type)
        if inner is not None and next(iter(inner.get_fields()), None) is None:
            continue  # stands before a flexible array: __DECLARE_FLEX_ARRAY()
        named = field.spelling.isidentifier()  # libclang describes the others: `(anonymous at …)`
        offset = base + field.get_field_offsetof()
        size = field.get_bitfield_width() if field.is_bitfield() else _bits(field.type)
        if named:
            yield f"{prefix}{field.spelling}", offset, size
        if inner is not None:
            yield from _fields(inner, f"{prefix}{field.spelling}." if named else prefix, offset)


def _nameless(kind: Any) -> Any:
    """The struct without a tag that a member is, or is an array of."""
    while kind.kind in (cindex.TypeKind.CONSTANTARRAY, cindex.TypeKind.INCOMPLETEARRAY):
        kind = kind.element_type
    declaration = kind.get_declaration()
    return kind if declaration.kind in _RECORDS and declaration.is_anonymous() else None


def _bits(kind: Any) -> int:
    """Negative numbers are libclang's way to say that a type has no size: a flexible array."""
    return max(int(kind.get_size()), 0) * 8
