# SPDX-License-Identifier: GPL-2.0-only
"""What the documentation says of what a series changes: it may have become false."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from codegen.c.source import CSource, Token
from codegen.check.remark import Remark
from codegen.check.view import View, is_kvm, is_uapi
from codegen.kernel.survey import Found
from codegen.mail.patch import Posted
from codegen.sites.code import code_tokens
from codegen.tree.changed import Changed
from codegen.tree.reader import read_or_none

_MACRO = re.compile(r"KVM_[A-Z0-9_]+")
_ENDS = frozenset(";{}")
_MOST = 6  # lines that are named
Tests = Counter[tuple[str, str]]  # a macro and the statement that asks for it


def still_true(view: View) -> Iterator[Remark]:
    """What api.rst says of a macro is read again where a test for it changes.

    An error where no paragraph that names the macro is touched, a note with those left otherwise:
    they may hold as they are.  A test that asks for a new macro as well answers for the old one
    as before.
    """
    for name, (patch, line) in sorted(_changed_tests(view).items()):
        paragraphs = list(_paragraphs(view, name))
        left = [f"{path}:{number}" for path, number, touched in paragraphs if not touched]
        if left:
            more = f" and {len(left) - _MOST} more" if left[_MOST:] else ""
            what = f"a test for {name} changes; what is said of it stays: "
            hint = "correct what is no longer so; `corrects` of a description does"
            note = len(left) < len(paragraphs)
            yield Remark(what + ", ".join(left[:_MOST]) + more, patch, line, hint, note=note)


def _changed_tests(view: View) -> Mapping[str, tuple[str, int]]:
    """The macros of the uAPI for which code asks otherwise than before, and where."""
    found: dict[str, tuple[str, int]] = {}
    for patch, change in view.changes():
        if change.path.endswith(".c") and is_kvm(change.path):
            old, new = (_tests(change.path, data) for data in (change.before, change.after))
            wider = {name for name, text in new if view.new_macros.keys() & set(text.split())}
            for name, _ in old - new:
                if (
                    name not in wider
                    and name not in view.new_macros
                    and name not in found
                    and _in_uapi(view, name)
                ):
                    found[name] = patch.name, _line(patch, change, name)
    return found


def _tests(path: str, data: bytes | None) -> Tests:
    """The statements of functions that ask for a macro; those that list it among others do not."""
    tests: Tests = Counter()
    source = CSource(path, data or b"")
    for extent in source.all("function"):
        for statement in _statements(code_tokens(Found(source, extent))):
            words = [token.text for token in statement]
            text = " ".join(words)
            for at, word in enumerate(words):
                beside = {"|", "case"}.intersection(words[max(0, at - 1) : at + 2])
                if _MACRO.fullmatch(word) and not beside:
                    tests[word, text] += 1
    return tests


def _statements(tokens: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    first = 0
    for index, token in enumerate(tokens):
        if token.text in _ENDS:
            yield tokens[first : index + 1]
            first = index + 1


def _in_uapi(view: View, name: str) -> bool:
    return any(is_uapi(f.source.path) for f in view.before.definitions("macro", name))


def _line(patch: Posted, change: Changed, name: str) -> int:
    """The line of the mail that adds the macro again, else the first that the file adds."""
    added = list(change.added.values())
    line = next((each for each in added if name in each), added[0] if added else "")
    return patch.line_of(change.path, line) if line else 0


def _paragraphs(view: View, name: str) -> Iterator[tuple[str, int, bool]]:
    """The paragraphs of KVM's documentation that name a macro: their lines, and if touched."""
    word = re.compile(rf"(?<!\w){name}(?!\w)")
    for path in view.after.files("Documentation/virt/kvm/"):
        if name.encode() not in view.after.tree.read(path):
            continue
        old = _split(read_or_none(view.before.tree, path))
        there = {text for _, text in old}
        for number, text in _split(view.after.tree.read(path)):
            if word.search(text) and not text.lstrip().startswith("#define"):
                yield path, number, text not in there


def _split(data: bytes | None) -> list[tuple[int, str]]:
    """The paragraphs of a document with the numbers of their first lines."""
    found: list[tuple[int, list[str]]] = []
    blank = True
    for number, line in enumerate((data or b"").decode("utf-8", "replace").split("\n"), 1):
        if line.strip() and blank:
            found.append((number, []))
        blank = not line.strip()
        if not blank:
            found[-1][1].append(line)
    return [(number, "\n".join(lines)) for number, lines in found]
