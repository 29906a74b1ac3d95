# SPDX-License-Identifier: GPL-2.0-only
"""A tree that is being changed, and the few ways in which drifts change text of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegen.tree.reader import Tree

KVM = (
    "virt/kvm/",
    "include/linux/kvm",
    "include/uapi/linux/kvm",
    "arch/x86/kvm/",
    "arch/x86/include/asm/kvm",
    "arch/x86/include/uapi/asm/kvm",
)
API = "Documentation/virt/kvm/api.rst"
SELFTESTS = "tools/testing/selftests/kvm/"
UAPI = "include/uapi/linux/kvm.h"
X86_UAPI = "arch/x86/include/uapi/asm/kvm.h"
X86_HOST = "arch/x86/include/asm/kvm_host.h"


class NotApplicable(Exception):
    """A tree does not have what a drift changes; the text says what."""


class Draft:
    """A tree with changes on top, which is a tree itself."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.changed: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes:
        """See `Tree.read`."""
        if path not in self.changed:
            return self._tree.read(path)
        data = self.changed[path]
        if data is None:
            raise FileNotFoundError(path)
        return data

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        found = set(self._tree.paths(prefix)) - set(self.changed)
        found |= {
            p for p, data in self.changed.items() if data is not None and p.startswith(prefix)
        }
        return tuple(sorted(found))

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """See `Tree.grep`."""
        own = {
            path
            for path, data in self.changed.items()
            if data is not None
            and path.startswith(within)
            and path.endswith((".c", ".h"))
            and word.encode() in data
        }
        return tuple(sorted((set(self._tree.grep(word, within)) - set(self.changed)) | own))

    def text(self, path: str) -> str:
        """A file as text; NotApplicable where there is none."""
        try:
            return self.read(path).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            raise NotApplicable(f"there is no {path}") from None

    def put(self, path: str, text: str) -> None:
        """Write a file."""
        self.changed[path] = text.encode("utf-8", "surrogateescape")

    def remove(self, path: str) -> None:
        """Remove a file."""
        self.changed[path] = None

    def holding(self, word: str, prefixes: Iterable[str] = KVM) -> Iterator[str]:
        """The files below the prefixes that hold a word."""
        for prefix in prefixes:
            for path in self.paths(prefix):
                if word.encode() in self.read(path):
                    yield path

    def replace(self, path: str, *pairs: tuple[str, str]) -> None:
        """Replace what regular expressions match in a file; each must match."""
        self.put(path, substituted(self.text(path), pairs, path))

    def rename(self, old: str, new: str, prefixes: Iterable[str] = KVM) -> None:
        """Rename an identifier in all files below the prefixes."""
        paths = list(self.holding(old, prefixes))
        if not paths:
            raise NotApplicable(f"nothing is named {old}")
        for path in paths:
            self.put(path, re.sub(rf"\b{old}\b", new, self.text(path)))

    def function(self, name: str, prefixes: Iterable[str] = KVM) -> Span:
        """The definition of a function, its comment left out; the longest if there are several."""
        found = [
            Span(path, match.start(), match.end(), match[0])
            for path in self.holding(f"{name}(", prefixes)
            if path.endswith((".c", ".h"))
            for match in functions(self.text(path), name)
        ]
        if not found:
            raise NotApplicable(f"there is no function {name}()")
        return max(found, key=lambda span: len(span.text))

    def macro(self, name: str, prefixes: Iterable[str] = KVM) -> Span:
        """The definition of a macro, with its newline."""
        for path in self.holding(name, prefixes):
            found = re.search(
                rf"^#[ \t]*define[ \t]+{name}\b(?:.*\\\n)*.*\n", self.text(path), re.M
            )
            if found:
                return Span(path, found.start(), found.end(), found[0])
        raise NotApplicable(f"there is no macro {name}")

    def within(self, function: str, *pairs: tuple[str, str], prefixes: Iterable[str] = KVM) -> None:
        """Replace what regular expressions match within a function; each must match."""
        span = self.function(function, prefixes)
        self.swap(span, substituted(span.text, pairs, f"{function}()"))

    def swap(self, span: Span, text: str) -> None:
        """Another text in place of a span."""
        whole = self.text(span.path)
        assert whole[span.start : span.end] == span.text
        self.put(span.path, whole[: span.start] + text + whole[span.end :])

    def before(self, span: Span, text: str) -> None:
        """Text in front of a span, and of the comment that belongs to it."""
        whole = self.text(span.path)
        start = span.start
        comment = re.search(r"/\*(?:(?!\*/)[\s\S])*\*/\n\Z", whole[:start])
        start = comment.start() if comment else start
        self.put(span.path, whole[:start] + text + whole[start:])


@dataclass(frozen=True)
class Span:
    """A part of a file."""

    path: str
    start: int
    end: int
    text: str


def functions(text: str, name: str) -> Iterator[re.Match[str]]:
    """The definitions of a function, each to its closing bracket in the first column."""
    head = rf"^(?:[a-z_][\w \t*]*[ \t*\n])?{name}\((?:[^;{{}}()]|\([^()]*\))*\)\n\{{\n"
    return re.finditer(rf"{head}(?:(?!\}}\n).*\n)*?\}}\n", text, re.M)


def substituted(text: str, pairs: Iterable[tuple[str, str]], where: str) -> str:
    """A text with every match of each expression replaced; NotApplicable where one has none."""
    for old, new in pairs:
        text, count = re.subn(old, new, text, flags=re.M)
        if not count:
            raise NotApplicable(f"{where} has no {old!r}")
    return text
