# SPDX-License-Identifier: GPL-2.0-only
"""Selftests that come with a uAPI: rules R10 to R12."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from codegen.architectures import ARCHITECTURES, Architecture
from codegen.c.outline import covers, outline
from codegen.c.source import CSource, Token
from codegen.check.remark import Remark
from codegen.check.view import View, is_selftest
from codegen.kernel.survey import SELFTESTS
from codegen.tree.changed import Changed
from codegen.tree.reader import read_or_none

_ARCHES = "|".join(name for each in ARCHITECTURES.values() for name in each.selftests)
_OF_ARCH = re.compile(rf"{SELFTESTS}((lib|include)/)?({_ARCHES})/")
_HEADER = "include/uapi/asm/kvm.h"
_ERRNO = re.compile(r"errno|E[A-Z0-9]{3,}")
_LISTED = re.compile(r"TEST_GEN_PROGS(?:_EXTENDED)?_(\w+)\s*[:+]?=\s*([^#\n]*)")
_SPDX = re.compile(r"(//|/\*) SPDX-License-Identifier: \S")


def tested(view: View) -> Iterator[Remark]:
    """R10: a test comes with a uAPI, behind it, and has negative cases."""
    new = [m for m in view.new_macros.values() if not m.name.endswith("_")]
    if not new:
        return
    first = new[0]
    order = {patch.name: number for number, patch in enumerate(view.patches)}
    tests = [(p, c) for p, c in view.changes(SELFTESTS) if c.path.endswith((".c", ".h"))]
    if not tests:
        what = f"{first.name} is new, and no selftest comes with it"
        hint = f"a test in {SELFTESTS}, in this series; an RFC may come without"
        yield Remark(what, first.patch.name, first.line, hint, note=view.rfc)
        return
    early = next(
        (
            patch
            for patch, change in tests
            if _uses(change, {m.name for m in new if order[m.patch.name] > order[patch.name]})
        ),
        None,
    )
    if early is not None:
        what = "the test comes before what it tests"
        yield Remark(what, early.name, hint="every patch builds by itself: put the test behind")
    if not any(_ERRNO.fullmatch(each.text) for _, c in tests for _, each in _added_tokens(c)):
        what = "the test expects no error anywhere"
        hint = "test what KVM has to refuse as well: unknown bits, wrong time, missing capability"
        yield Remark(what, tests[0][0].name, hint=hint, note=True)


def _uses(change: Changed, names: set[str]) -> bool:
    return any(token.text in names for _, token in _added_tokens(change))


@lru_cache(maxsize=256)
def _added_tokens(change: Changed) -> tuple[tuple[int, Token], ...]:
    """The tokens on lines that a patch adds, with their lines."""
    if change.after is None or not change.path.endswith((".c", ".h")):
        return ()
    lines = change.added.keys()
    source = CSource(change.path, change.after)
    found = []
    number = at = 0
    for token in source.tokens(0, len(source.data)):
        number, at = number + source.data.count(b"\n", at, token.start), token.start
        if number + 1 in lines and not token.comment:
            found.append((number + 1, token))
    return tuple(found)


def guarded(view: View) -> Iterator[Remark]:
    """R11: names that one architecture has are under its own `#ifdef` in tests of all of them."""
    common = [
        (patch, change)
        for patch, change in view.changes(SELFTESTS)
        if change.path.endswith((".c", ".h")) and not _OF_ARCH.match(change.path)
    ]
    owners = _owners(view) if common else {}
    for patch, change in common:
        texts = change.added
        file = outline(change.after or b"")
        seen: set[str] = set()
        for number, token in _added_tokens(change):
            word = token.text
            arch = owners.get(word)
            if arch is None or word in seen or covers(file.only_with(arch.macro), token.start):
                continue
            if not _only(view, change.path, arch):
                seen.add(word)
                line = patch.line_of(change.path, texts[number])
                what = f"{word} is {arch.name}'s, and {change.path} is built for all architectures"
                yield Remark(what, patch.name, line, f"#ifdef {arch.macro}")


def _owners(view: View) -> dict[str, Architecture]:
    """Macros and structs of the architectures' uAPI headers that one of them alone has."""
    found: dict[str, list[Architecture]] = {}
    for arch in ARCHITECTURES.values():
        path = f"arch/{arch.name}/{_HEADER}"
        for name in _defined(path, read_or_none(view.after.tree, path) or b""):
            found.setdefault(name, []).append(arch)
    return {name: arches[0] for name, arches in found.items() if len(arches) == 1}


def _defined(path: str, data: bytes) -> set[str]:
    source = CSource(path, data)
    return {e.name for kind in ("macro", "struct") for e in source.all(kind) if e.name}


def _only(view: View, path: str, arch: Architecture) -> bool:
    """Whether the Makefile lists a test for one architecture alone."""
    name = path.removeprefix(SELFTESTS).removesuffix(".c")
    text = _makefiles(view)
    arches = {m[1] for m in _LISTED.finditer(text) if name in m[2].split()}
    return bool(arches) and arches <= set(arch.selftests)


def _makefiles(view: View) -> str:
    paths = [p for p in view.after.files(f"{SELFTESTS}Makefile") if "/" not in p[len(SELFTESTS) :]]
    return "\n".join(view.after.tree.read(path).decode("utf-8", "replace") for path in paths)


def registered(view: View) -> Iterator[Remark]:
    """R12: a new test has its licence in line 1, is registered, and asks for its capability."""
    capabilities = {macro.name for macro in view.new_named("KVM_CAP_")}
    asked = False
    new = [(p, c) for p, c in view.changes(SELFTESTS) if _is_new_test(c)]
    for patch, change in new:
        data = change.after or b""
        line = patch.line_with(f"+++ b/{change.path}")
        if not _SPDX.match(data.split(b"\n", 1)[0].decode("utf-8", "replace")):
            yield Remark(f"{change.path}: no SPDX-License-Identifier in line 1", patch.name, line)
        name = change.path.removeprefix(SELFTESTS).removesuffix(".c")
        if name not in _makefiles(view):
            hint = f"TEST_GEN_PROGS_… += {name}"
            yield Remark(f"{name} is not registered: nobody builds it", patch.name, line, hint)
        asked = asked or not capabilities or bool(_required(change) & capabilities)
    if new and not asked:
        patch, change = new[0]
        what = f"{change.path} does not ask for {min(capabilities)}"
        hint = f"TEST_REQUIRE(kvm_has_cap({min(capabilities)})): it has to skip on other kernels"
        yield Remark(what, patch.name, patch.line_with(f"+++ b/{change.path}"), hint)


def _is_new_test(change: Changed) -> bool:
    """A new C file that has a main(), or a fixture's, and is no library."""
    if change.before is not None or not change.path.endswith(".c") or change.after is None:
        return False
    if not is_selftest(change.path) or change.path.startswith(f"{SELFTESTS}lib/"):
        return False
    words = {token.text for _, token in _added_tokens(change)}
    return bool(words & {"main", "TEST_HARNESS_MAIN"})


def _required(change: Changed) -> set[str]:
    """The names in the arguments of TEST_REQUIRE()."""
    words = [token.text for _, token in _added_tokens(change)]
    found: set[str] = set()
    for at, word in enumerate(words):
        if word == "TEST_REQUIRE":
            end = next((i for i in range(at, len(words)) if words[i] == ";"), len(words))
            found |= set(words[at:end])
    return found
