# SPDX-License-Identifier: GPL-2.0-only
"""What the documentation says of what a series changes: it may have become false."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache

from codegen.c.candidates import may_define
from codegen.c.source import Token, lex
from codegen.check.remark import Remark
from codegen.check.view import View, functions, is_kvm
from codegen.kernel.folders import uapi
from codegen.mail.patch import Posted
from codegen.sites.rst import apart
from codegen.tree.changed import Changed
from codegen.tree.reader import read_or_none

_MACRO = re.compile(r"KVM_[A-Z0-9_]+")
_ENDS = frozenset(";{}")
_BESIDE = frozenset(("|", "case"))  # a mask or a list, which asks for no one of its names
_MOST = 6  # lines that are named
Tests = Counter[tuple[str, str]]  # a macro and the statement that asks for it


def still_true(view: View) -> Iterator[Remark]:
    """What api.rst says of a macro is read again where a test for it changes.

    An error where no paragraph that names the macro is touched, a note with those left otherwise:
    they may hold as they are; or they are another architecture's, where several define the macro.
    A test that asks for a new macro as well answers for the old one as before.
    """
    for name, (patch, line) in sorted(_changed_tests(view).items()):
        paragraphs = list(_paragraphs(view, name))
        left = [f"{path}:{number}" for path, number, touched in paragraphs if not touched]
        if left:
            more = f" and {len(left) - _MOST} more" if left[_MOST:] else ""
            what = f"a test for {name} changes; what is said of it stays: "
            hint = "correct what is no longer so; `corrects` of a description does"
            note = len(left) < len(paragraphs) or len(_uapi_headers(view, name)) > 1
            yield Remark(what + ", ".join(left[:_MOST]) + more, patch, line, hint, note=note)


def _changed_tests(view: View) -> Mapping[str, tuple[str, int]]:
    """The macros of the uAPI for which code asks otherwise than before, and where."""
    found: dict[str, tuple[str, int]] = {}
    for patch, change in view.changes():
        if change.path.endswith(".c") and is_kvm(change.path):
            old, new = (
                Counter(text for _, text in functions(change.path, data))
                for data in (change.before, change.after)
            )
            lost = _tests(old - new) - _tests(new - old)
            wider = _wider(new, view.new_macros) if lost else frozenset()
            for name, _ in lost:
                if (
                    name not in view.new_macros
                    and name not in found
                    and name not in wider
                    and _uapi_headers(view, name)
                ):
                    found[name] = patch.name, _line(patch, change, name)
    return found


def _wider(written: Counter[str], macros: Collection[str]) -> frozenset[str]:
    """What is asked for together with one of some macros."""
    asking = Counter(text for text in written if any(name in text for name in macros))
    together = (name for name, text in _tests(asking) if not set(macros).isdisjoint(text.split()))
    return frozenset(together)


def _tests(written: Counter[str]) -> Tests:
    """The statements of functions that ask for a macro; those that list it among others do not."""
    tests: Tests = Counter()
    for function, count in written.items():
        for statement in _statements(lex(function)):
            words = [token.text for token in statement]
            for at, word in enumerate(words):
                if _MACRO.fullmatch(word) and _BESIDE.isdisjoint(words[max(0, at - 1) : at + 2]):
                    tests[word, " ".join(words)] += count
    return tests


def _statements(tokens: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    first = 0
    for index, token in enumerate(tokens):
        if token.text in _ENDS:
            yield tokens[first : index + 1]
            first = index + 1


def _uapi_headers(view: View, name: str) -> Sequence[str]:
    """The headers of the uAPI that define a macro, those of all architectures."""
    survey = view.before
    headers = [*uapi(), *(path for arch in survey.folders.architectures for path in uapi(arch))]
    held = survey.holding(name, headers)
    return [path for path in held if may_define("macro", name, survey.tree.read(path))]


def _line(patch: Posted, change: Changed, name: str) -> int:
    """The line of the mail that adds the macro again, else the first that the file adds."""
    added = list(change.added.values())
    line = next((each for each in added if name in each), added[0] if added else "")
    return patch.line_of(change.path, line) if line else 0


def _paragraphs(view: View, name: str) -> Iterator[tuple[str, int, bool]]:
    """The paragraphs of KVM's documentation that name a macro: their lines, and if touched."""
    word = re.compile(rf"(?<!\w){name}(?!\w)")
    for path in view.after.files("Documentation/virt/kvm/"):
        data = view.after.tree.read(path)
        if name.encode() not in data:
            continue
        there = {text for _, text in _split(read_or_none(view.before.tree, path))}
        for number, text in _split(data):
            if word.search(text) and not text.lstrip().startswith("#define"):
                yield path, number, text not in there


@lru_cache(maxsize=4)
def _split(data: bytes | None) -> tuple[tuple[int, str], ...]:
    """The paragraphs of a document with the numbers of their first lines."""
    lines = (data or b"").decode("utf-8", "replace").split("\n")
    spans = apart(lines, 0, len(lines))
    return tuple((first + 1, "\n".join(lines[first:last])) for first, last in spans)
