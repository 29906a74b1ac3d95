# SPDX-License-Identifier: GPL-2.0-only
"""From headers to the ABI that they are: libclang reads them as a program in userspace would."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from clang import cindex

from codegen.c.evaluate import ARGS, Evaluated, evaluate
from codegen.c.source import CSource
from codegen.findings import Finding, error
from codegen.uapi.headers import TARGETS, Headers
from codegen.uapi.model import Abi, Constant, Definition, Field, Record

_KINDS = cindex.CursorKind
_RECORDS = {_KINDS.STRUCT_DECL: "struct", _KINDS.UNION_DECL: "union"}
# A place where nothing is: every file is given to the parser, none is looked for on disk.
_ROOT = "/uapi-of-a-tree/"
# What scripts/headers_install.sh takes out or replaces before userspace sees a header.
_INSTALLED = (
    "-D__user=",
    "-D__force=",
    "-D__iomem=",
    "-D__attribute_const__=",
    "-D__packed=__attribute__((packed))",
)


@lru_cache(maxsize=32)
def read_abi(headers: Headers) -> Abi:
    """The ABI of one architecture's headers; FindingsError where the parser refuses them."""
    sources = {path: _source(path, data) for path, data in headers.own}
    macros = {
        extent.name: Definition(source, extent.start, extent.end)
        for source in sources.values()
        for extent in source.all("macro")
    }
    parsed = _parse(headers, tuple(macros))
    problems = tuple(_problems(headers, parsed, sources))
    if problems:
        raise error(*problems)
    constants = {
        name: Constant(name, parsed.values[name], at)
        for name, at in macros.items()
        if name in parsed.values and not _is_guard(name, at)
    }
    records: dict[str, Record] = {}
    for cursor, source in _declared(parsed.cursors, sources):
        at = Definition(source, cursor.extent.start.offset, cursor.extent.end.offset)
        if cursor.kind in _RECORDS:
            name = f"{_RECORDS[cursor.kind]} {cursor.spelling}"
            records[name] = Record(name, _bits(cursor.type), tuple(_fields(cursor.type)), at)
        else:
            for constant in _enumerators(cursor, source):
                constants.setdefault(constant.name, constant)
    unseen = {name: at for name, at in macros.items() if name not in parsed.values}
    return Abi(headers.arch, constants, records, unseen, headers.brings)


@lru_cache(maxsize=64)
def _source(path: str, data: bytes) -> CSource:
    """The same header of many architectures, parsed once for the names of its macros."""
    return CSource(path, data)


def _parse(headers: Headers, names: tuple[str, ...]) -> Evaluated:
    args = [*ARGS, *_INSTALLED, f"--target={TARGETS[headers.arch]}"]
    args += [f"-I{_ROOT}{folder}" for folder in headers.folders]
    files = [(f"{_ROOT}{path}", data) for path, data in (*headers.own, *headers.others)]
    files += [(f"{_ROOT}{path}", b"") for path in headers.missing]
    text = "".join(f"#include <{headers.included_as(path)}>\n" for path, _ in headers.own)
    return evaluate(f"{_ROOT}all-headers.c", text.encode(), names, args, files)


def _problems(
    headers: Headers, parsed: Evaluated, sources: Mapping[str, CSource]
) -> Iterator[Finding]:
    """The first thing that is wrong with each of KVM's headers: the rest mostly follows from it.

    What is wrong with other headers is of no interest while KVM's are all right.
    """
    hint = _absent(headers, parsed)
    found: dict[str, Finding] = {}
    for diagnostic in parsed.errors:
        # where a bracket was opened that is never closed says only the note `to match this`
        for place in (each.location for each in (diagnostic, *diagnostic.children)):
            path = place.file.name.removeprefix(_ROOT) if place.file else ""
            if path in sources:
                line = sources[path].data.split(b"\n")[place.line - 1].decode("utf-8", "replace")
                message = f"the header does not parse: {diagnostic.spelling}"
                where = path, place.line, place.column, line.rstrip("\r")
                found.setdefault(path, Finding(message, *where, hint))
                break
    if not found and not parsed.whole:
        first = parsed.errors[0].spelling if parsed.errors else "a bracket is not closed"
        found[""] = Finding(f"what KVM's headers include does not parse: {first}", hint=hint)
    yield from found.values()


def _absent(headers: Headers, parsed: Evaluated) -> str:
    """The includes that the tree should have and does not: types may come from them."""
    asked = {each.include.name.removeprefix(_ROOT) for each in parsed.unit.get_includes()}
    absent = [
        headers.included_as(path)
        for path in headers.missing
        if path in asked and "/linux/compiler" not in path  # headers_install.sh takes those out
    ]
    return f"includes that the tree does not have: {', '.join(absent)}" if absent else ""


def _is_guard(name: str, at: Definition) -> bool:
    """Whether a macro only keeps a header from being read twice; `__KVM_HAVE_…` says something."""
    return at.text == name and (
        re.search(r"_H_*$", name) is not None or not name.startswith("__KVM")
    )


def _declared(
    cursors: Iterable[Any], sources: Mapping[str, CSource]
) -> Iterator[tuple[Any, CSource]]:
    """The structs, unions and enums that KVM's headers define, those within others as well."""
    for cursor in cursors:
        if cursor.kind != _KINDS.ENUM_DECL and cursor.kind not in _RECORDS:
            continue
        file = cursor.location.file
        source = sources.get(file.name.removeprefix(_ROOT)) if file else None
        if source is None or not cursor.is_definition():
            continue
        if cursor.kind == _KINDS.ENUM_DECL or not cursor.is_anonymous():
            yield cursor, source
        if cursor.kind in _RECORDS:
            yield from _declared(cursor.get_children(), sources)


def _enumerators(cursor: Any, source: CSource) -> Iterator[Constant]:
    for each in cursor.get_children():
        if each.kind == _KINDS.ENUM_CONSTANT_DECL:
            at = Definition(source, each.extent.start.offset, each.extent.end.offset)
            yield Constant(each.spelling, each.enum_value, at)


def _fields(record: Any, prefix: str = "", base: int = 0) -> Iterator[Field]:
    for field in record.get_fields():
        inner = _nameless(field.type)
        if inner is not None and next(iter(inner.get_fields()), None) is None:
            continue  # stands before a flexible array: __DECLARE_FLEX_ARRAY()
        named = field.spelling.isidentifier()  # libclang describes the others: `(anonymous at …)`
        offset = base + field.get_field_offsetof()
        size = field.get_bitfield_width() if field.is_bitfield() else _bits(field.type)
        if named:
            yield Field(f"{prefix}{field.spelling}", offset, size)
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
