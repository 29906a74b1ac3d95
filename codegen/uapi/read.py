# SPDX-License-Identifier: GPL-2.0-only
"""From headers to the ABI that they are: libclang reads them as a program in userspace would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache

from codegen.architectures import ARCHITECTURES
from codegen.base.findings import Finding, error
from codegen.c.apart import apart
from codegen.c.remembered import parser
from codegen.c.source import CSource
from codegen.store import answers
from codegen.uapi.headers import UapiHeaders
from codegen.uapi.model import Abi, At, Constant, Field, Parsed, Record, UapiDefinition

# A place where nothing is: every file is given to the parser, none is looked for on disk.
_ROOT = "/uapi-of-a-tree/"
_ASKING = ("codegen.uapi.parse", "codegen.c.evaluate", "codegen.c.clang", "codegen.c.apart")
# What scripts/headers_install.sh takes out or replaces before userspace sees a header.
_INSTALLED = (
    "-D__user=",
    "-D__force=",
    "-D__iomem=",
    "-D__attribute_const__=",
    "-D__packed=__attribute__((packed))",
)


@lru_cache(maxsize=32)
def read_abi(headers: UapiHeaders) -> Abi:
    """The ABI of one architecture's headers; FindingsError where the parser refuses them."""
    sources = {path: _source(path, data) for path, data in headers.own}
    macros = {
        extent.name: UapiDefinition(source, extent.start, extent.end)
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

    def place(where: At) -> UapiDefinition:
        return UapiDefinition(sources[where[0].removeprefix(_ROOT)], where[1], where[2])

    records = {
        name: Record(name, size, tuple(Field(*field) for field in fields), place(where))
        for name, size, fields, where in parsed.records
    }
    for name, value, where in parsed.enumerators:
        constants.setdefault(name, Constant(name, value, place(where)))
    unseen = {name: at for name, at in macros.items() if name not in parsed.values}
    return Abi(headers.arch, constants, records, unseen, headers.brings)


@lru_cache(maxsize=64)
def _source(path: str, data: bytes) -> CSource:
    """The same header of many architectures, parsed once for the names of its macros."""
    return CSource(path, data)


def _parse(headers: UapiHeaders, names: tuple[str, ...]) -> Parsed:
    args = [*_INSTALLED, f"--target={ARCHITECTURES[headers.arch].target}"]
    args += [f"-I{_ROOT}{folder}" for folder in headers.folders]
    files = [(f"{_ROOT}{path}", data) for path, data in (*headers.own, *headers.others)]
    files += [(f"{_ROOT}{path}", b"") for path in headers.missing]
    text = "".join(f"#include <{headers.included_as(path)}>\n" for path, _ in headers.own)
    own = frozenset(f"{_ROOT}{path}" for path, _ in headers.own)
    asked = (text.encode(), names, args, files, own)
    question = [parser(*_ASKING), repr((*asked[:-1], sorted(own))).encode()]
    if said := answers.known("abi", question):
        with suppress(TypeError):
            return Parsed(**said)
    made: Parsed = apart("codegen.uapi.parse", "parsed", f"{_ROOT}all-headers.c", *asked)
    if made.whole and not made.errors:
        answers.keep("abi", question, {**asdict(made), "includes": sorted(made.includes)})
    return made


def _problems(
    headers: UapiHeaders, parsed: Parsed, sources: Mapping[str, CSource]
) -> Iterator[Finding]:
    """The first thing that is wrong with each of KVM's headers: the rest mostly follows from it.

    What is wrong with other headers is of no interest while KVM's are all right.
    """
    hint = _absent(headers, parsed)
    found: dict[str, Finding] = {}
    for message, places in parsed.errors:
        # where a bracket was opened that is never closed says only the note `to match this`
        for name, number, column in places:
            path = name.removeprefix(_ROOT)
            if path in sources:
                line = sources[path].data.split(b"\n")[number - 1].decode("utf-8", "replace")
                where = path, number, column, line.rstrip("\r")
                found.setdefault(
                    path, Finding(f"the header does not parse: {message}", *where, hint)
                )
                break
    if not found and not parsed.whole:
        first = parsed.errors[0][0] if parsed.errors else "a bracket is not closed"
        found[""] = Finding(f"what KVM's headers include does not parse: {first}", hint=hint)
    yield from found.values()


def _absent(headers: UapiHeaders, parsed: Parsed) -> str:
    """The includes that the tree should have and does not: types may come from them."""
    asked = {name.removeprefix(_ROOT) for name in parsed.includes}
    absent = [
        headers.included_as(path)
        for path in headers.missing
        if path in asked and "/linux/compiler" not in path  # headers_install.sh takes those out
    ]
    return f"includes that the tree does not have: {', '.join(absent)}" if absent else ""


def _is_guard(name: str, at: UapiDefinition) -> bool:
    """Whether a macro only keeps a header from being read twice; `__KVM_HAVE_…` says something."""
    return at.text == name and (
        re.search(r"_H_*$", name) is not None or not name.startswith("__KVM")
    )
