# SPDX-License-Identifier: GPL-2.0-only
"""What a patch uses is declared in every kernel that builds it, whatever KVM is configured to have.

gen builds with all of KVM switched on.  A name that KVM's headers, or the file itself, declare only
in branches for an option of KVM's is not there without the option.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache

from codegen.c.definitions import definitions
from codegen.c.outline import Outline, covers, outline
from codegen.c.words import is_name
from codegen.check.remark import Remark
from codegen.check.view import View, is_kvm, is_uapi
from codegen.kernel.folders import folders
from codegen.kernel.kconfig import CONFIG, symbols
from codegen.kernel.makefiles import built_for
from codegen.kernel.survey import Survey
from codegen.mail.patch import Posted
from codegen.sites.code import C_FILES
from codegen.tree.reader import Overlay, Tree

_NAME = re.compile(r"(?<!\w)[A-Za-z_]\w*")
# What a line declares: a function, variable or type in column 1, a macro, a constant of an enum.
_MADE = re.compile(
    r"^(?:[A-Za-z_][^\n(;=\[]*?\b(\w+)[ \t]*(?:\((?!\*)|[;=\[])"
    r"|[ \t]*#[ \t]*define[ \t]+(\w+)|[ \t]+([A-Z]\w+)[ \t]*[,=\n])",
    re.M,
)
# Before a tag, of which a pointer may know no more, or before what a macro may make no use of.
_OPEN = re.compile(r"\b(?:(?:struct|union|enum)\s+|[A-Z][A-Z0-9_]*\()\Z")


def declared(view: View) -> Iterator[Remark]:
    """No new line uses a name that only an option of KVM's declares, unless it needs it as well."""
    tree = view.before.tree
    for patch in view.patches:
        tree = Overlay(tree, {path: made.after for path, made in patch.changes.items()})
        kernels = Kernels(tree)
        for path, change in patch.changes.items():
            data, starts = change.after, change.starts
            if data and path.endswith(C_FILES) and is_kvm(path) and not is_uapi(path):
                new = ((starts[number - 1], starts[number]) for number in change.added)
                for name, at, needs in kernels.undeclared(path, new):
                    yield _remark(patch, path, data.count(b"\n", 0, at) + 1, name, needs)


class Kernels:
    """The kernels that a tree becomes: KVM of each architecture, with and without its options."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._all = {arch: _Kernel(tree, arch) for arch in folders(tree).architectures}

    def undeclared(
        self, path: str, spans: Iterable[tuple[int, int]]
    ) -> Iterator[tuple[str, int, frozenset[str]]]:
        """The names that some bytes of a file use and that some kernel does not declare there.

        Each once, with its offset and the options of which one has to be on.
        """
        data, told = self._tree.read(path), set[str]()
        text, built = outline(data), built_for(self._tree, path)
        own = re.match(r"arch/(\w+)/", path)
        kernels = [kernel for arch, kernel in self._all.items() if not own or own[1] == arch]
        perhaps = _conditional(data).union(*(each.conditional for each in kernels))
        names = sorted(_names(text, spans, perhaps), key=lambda each: each[1])
        for each in kernels:
            for name, at in names:
                if name not in told and (needs := each.lacking(built, text, name, at)):
                    told.add(name)
                    yield name, at, needs


def _names(
    text: Outline, spans: Iterable[tuple[int, int]], wanted: Container[str]
) -> Iterator[tuple[str, int]]:
    """Which of some names code has there, and where; nothing that a macro at file scope gets."""
    for start, end in spans:
        for found in _NAME.finditer(text.code, start, end):
            name, at = found[0], found.start()
            if name not in wanted or not is_name(name):
                continue
            if not (_OPEN.search(text.code[max(0, at - 40) : at]) or covers(text.calls, at)):
                yield name, at


class _Kernel:
    """What a tree declares under which of KVM's symbols, for one architecture."""

    def __init__(self, tree: Tree, arch: str) -> None:
        self._survey = Survey(tree, (arch,), wide=False)
        self._symbols = symbols(tree, arch)

    @cached_property
    def conditional(self) -> frozenset[str]:
        """The names that headers declare in branches, as far as a line tells."""
        paths = (p for prefix in self._survey.kvm_prefixes() for p in self._survey.files(prefix))
        found = (
            _conditional(self._survey.tree.read(path)) for path in paths if path.endswith(".h")
        )
        return frozenset().union(*found)

    def lacking(self, built: frozenset[str], text: Outline, name: str, at: int) -> frozenset[str]:
        """The options of which one must be on for a name to be there, at a use that needs none in a
        file that is `built` for some.

        Empty where the name is there whenever KVM is, or where nothing is known of it.
        """
        headers = self._survey.holding(name, self._survey.kvm_prefixes())
        files = [outline(self._survey.tree.read(p)) for p in headers if p.endswith(".h")]
        declared = {self._needs(f, place) for f in (*files, text) for place in _made(f, name)}
        has = self._symbols.implied(self._needs(text, at) | built)
        if has & self._symbols.never or any(not each or each & has for each in declared):
            return frozenset()
        return frozenset().union(*declared)

    def _needs(self, text: Outline, at: int) -> frozenset[str]:
        """The options in whose branches an offset stands."""
        found = (asked for asked, start, end in _branches(text) if start <= at < end)
        return frozenset().union(*found) & self._symbols.optional


@lru_cache(maxsize=256)
def _branches(text: Outline) -> Sequence[tuple[frozenset[str], int, int]]:
    """What is compiled only with some symbols; nothing of those that stand in an `||`."""
    unclear = frozenset().union(*(each.words for each in text.directives if "||" in each.rest))
    clear = ((words - unclear, start, end) for words, start, end in text.conditions)
    return [(named, a, b) for words, a, b in clear if (named := _symbols(words))]


def _symbols(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.removeprefix(CONFIG) for word in words if word.startswith(CONFIG))


@lru_cache(maxsize=512)
def _conditional(header: bytes) -> frozenset[str]:
    if CONFIG.encode() not in header:
        return frozenset()
    text = outline(header)
    made = (m for _, a, b in _branches(text) for m in _MADE.finditer(text.text, a, b))
    return frozenset(each[each.lastindex or 0] for each in made)


def _made(text: Outline, name: str) -> Iterator[int]:
    """Where a file declares a name; `static DEFINE_MUTEX(x);` does not declare DEFINE_MUTEX."""
    for each in definitions(text, name):
        called = name.isupper() and text.code.startswith("(", each.at + len(name))
        if not called or name in text.macros:
            yield each.at


def _remark(patch: Posted, path: str, line: int, name: str, needs: frozenset[str]) -> Remark:
    options = " or ".join(f"CONFIG_{each}" for each in sorted(needs))
    what = f"{path}:{line}: without {options} nothing declares `{name}`"
    hint = "a stub in the other branch, as others have beside it, or the same condition here"
    return Remark(what, patch.name, patch.line_at(path, line), hint)
