# SPDX-License-Identifier: GPL-2.0-only
"""Fields that a series adds to structs of the uAPI: rule R8."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

from clang import cindex

from codegen.architectures import DEFAULT
from codegen.c.apart import apart
from codegen.check.remark import Remark
from codegen.check.view import View, is_uapi
from codegen.mail.patch import Posted
from codegen.tree.changed import Changed

# <linux/types.h> in short; a tree that is not configured has no whole one.
_WIDTHS = {"8": "char", "16": "short", "32": "int", "64": "long long"}
_ARGS = ["-xc", "-std=gnu11", "-nostdinc", "-w", "-ferror-limit=0"]
_ARGS += [f"--target={DEFAULT.target}"]  # all with 64 bits lay structs out alike
_ARGS += [f"-D__u{bits}=unsigned {name}" for bits, name in _WIDTHS.items()]
_ARGS += [f"-D__s{bits}=signed {name}" for bits, name in _WIDTHS.items()]
_ARGS += [f"-D__{end}{bits}=__u{bits}" for end in ("le", "be") for bits in ("16", "32", "64")]
_ARGS += ["-D__aligned_u64=__u64 __attribute__((aligned(8)))"]
_ARGS += ["-D__DECLARE_FLEX_ARRAY(type,name)=type name[]"]
_OPTIONS = cindex.TranslationUnit.PARSE_INCOMPLETE | 0x200
_UNSIZED = frozenset("int long short unsigned signed bool _Bool size_t enum float double".split())
_FOREIGN = re.compile(r"u?int\d+_t|[us]\d+")
Said = tuple[int, str, str]  # the line, what is wrong there, what would be right
_RECORDS = (cindex.CursorKind.STRUCT_DECL, cindex.CursorKind.UNION_DECL)


def sized(view: View) -> Iterator[Remark]:
    """R8: `__u8` to `__u64`, aligned by themselves, padding that has a name."""
    for patch, change in view.changes():
        if is_uapi(change.path) and change.after is not None and change.added:
            yield from _header(patch, change)


def _header(patch: Posted, change: Changed) -> Iterator[Remark]:
    added = change.added
    found: list[Said] = apart(__name__, "remarks", change.path, change.after or b"", set(added))
    for number, what, hint in found:
        yield Remark(what, patch.name, patch.line_of(change.path, added.get(number, "")), hint)


def remarks(path: str, data: bytes, added: Set[int]) -> list[Said]:
    """What is wrong with the fields on lines of a header; runs in the helper process."""
    unit = cindex.Index.create().parse(path, _ARGS, [(path, data)], _OPTIONS)
    said: list[Said] = []
    for record in _records(unit.cursor, path):
        fields = [c for c in record.get_children() if c.kind == cindex.CursorKind.FIELD_DECL]
        new = [field for field in fields if field.location.line in added]
        name = _name(record) or "struct"
        for field in new:
            wrong = _wrong_type(field)
            if wrong:
                what = f"{name}.{field.spelling}: {wrong}"
                said.append((field.location.line, what, "__u8, __u16, __u32, __u64, __s8, …"))
        if record.kind == cindex.CursorKind.STRUCT_DECL and new:
            numbers = {field.location.line for field in new}
            for line, what in _holes(record, fields, numbers):
                hint = "name the padding: a field that must be zero"
                said.append((line, f"{name}: {what}", hint))
    return said


def _records(cursor: Any, path: str) -> Iterator[Any]:
    for child in cursor.get_children():
        if child.kind in _RECORDS and child.location.file and child.location.file.name == path:
            if child.is_definition():
                yield child
            yield from _records(child, path)


def _name(record: Any) -> str:
    """The name of a struct or union, empty where it has none."""
    return record.spelling if re.fullmatch(r"\w+", record.spelling or "") else ""


def _wrong_type(field: Any) -> str:
    words = [token.spelling for token in field.get_tokens()]
    if "{" in words:
        return ""  # a struct of its own
    head = words[: words.index(field.spelling)] if field.spelling in words else words
    if field.is_bitfield():
        return "compilers lay bit-fields out as they like"
    if "*" in head:
        return "a pointer has another size for 32-bit userspace"
    wrong = next((w for w in head if w in _UNSIZED or _FOREIGN.fullmatch(w)), "")
    return f"{wrong} is no type of fixed size that uAPI headers have" if wrong else ""


def _holes(record: Any, fields: list[Any], new: set[int]) -> Iterator[tuple[int, str]]:
    """Lines and words of what the compiler fills in beside a new field."""
    end = 0
    before = 0
    for field in fields:
        offset, size = field.get_field_offsetof(), field.type.get_size()
        if offset < 0 or (size < 0 and field.type.kind != cindex.TypeKind.INCOMPLETEARRAY):
            return
        if offset > end and {field.location.line, before} & new and not field.is_bitfield():
            hole = (offset - end) // 8
            yield field.location.line, f"{hole} unnamed bytes before {field.spelling}"
        end, before = offset + 8 * max(size, 0), field.location.line
    rest = record.type.get_size() - end // 8
    if rest > 0 and before in new and fields[-1].type.get_size() > 0 and _name(record):
        yield before, f"{rest} unnamed bytes at the end"
