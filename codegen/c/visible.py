# SPDX-License-Identifier: GPL-2.0-only
"""Whether the names that a piece of C uses are visible where it stands.

A name is visible if the file declares it above, or a header that it includes, at any depth; a
parameter or a local where its block is open; a macro's argument as far as the macro uses it.  Text
that uses a name without declaring it shows as well that it is visible there: the tree compiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain

from codegen.architectures import ARCHITECTURES
from codegen.c.headers import Headers, Read, library, library_headers, written
from codegen.c.macros import made_by_pasting, pasted, roles
from codegen.c.members import StructsSeen, holds, may_have_more, tags
from codegen.c.outline import Macro, outline
from codegen.c.scopes import NameScope, scope_of
from codegen.c.shown import listed, shows
from codegen.c.touched import touched
from codegen.c.uses import Use, uses
from codegen.c.words import is_name, tokens_of

_PREDEFINED = re.compile(
    r"__builtin_\w+|__(?:LINE|FILE|COUNTER|VA_ARGS|VA_OPT|BASE_FILE|INCLUDE_LEVEL|DATE|TIME)__"
    r"|__(?:INT|UINT|SIZE|LONG|SHRT|CHAR|PTRDIFF|BYTE|ORDER|SIZEOF|GNUC)\w*"
    rf"|(?:{'|'.join(each.macro.rstrip('_') for each in ARCHITECTURES.values())})\w*"
    r"|__(?:atomic|sync)_\w+|CONFIG_\w+|defined|_Pragma|true|false|NULL|bool"
)
_NAME = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Unseen:
    """A use of what is not visible; `tag` is the struct that lacks a member."""

    use: Use
    tag: str = ""


class Visibility:
    """Questions about one file as it is behind a patch, for one architecture."""

    def __init__(self, path: str, data: bytes, read: Read, arch: str) -> None:
        self.path = path
        self.outline = outline(data)
        self._data = data
        self._read = read
        self._headers = Headers(read, arch)
        self._patterns: dict[str, re.Pattern[str]] | None = None
        self._known: frozenset[str] | None = None
        self._structs = StructsSeen(path, self.outline, self._headers)
        self._new: tuple[tuple[int, int], ...] = ()

    def unseen(self, ranges: Iterable[tuple[int, int]]) -> list[Unseen]:
        """The names used in some ranges of bytes that are not visible there, in order."""
        found: list[Unseen] = []
        self._new = tuple(ranges)
        for start, end in self._new:
            for scope, at, first in touched(self.outline, start, end):
                found += self._in_scope(scope, at, max(start, first), end)
            found += self._in_macros(start, end)
        return sorted(found, key=lambda each: each.use.at)

    def _in_scope(self, scope: NameScope, at: int, start: int, end: int) -> Iterator[Unseen]:
        names: dict[str, list[Use]] = {}
        for use in uses(scope, start, end):
            if use.kind == "label":
                if use.name not in scope.labels:
                    yield Unseen(use)
            elif use.kind == "member":
                tag = self._structs.tag_of(scope, use, at)
                if not self._has_member(tag, use.name, at):
                    yield Unseen(use, tag)
            elif use.kind == "tag":
                if not self.sees_tag(use.name, use.at, whole=use.whole):
                    yield Unseen(use)
            elif not _PREDEFINED.fullmatch(use.name):
                local = any(each.macro is None for each in scope.declared(use.name, use.at))
                macros = self.outline.macros.get(use.name, ())
                if not local and not any(macro.start < use.at for macro in macros):
                    names.setdefault(use.name, []).append(use)
        for name in sorted(names.keys() - self.seen(names, at)):
            if self._declared_by_macro(scope, name, names[name][0].at, at):
                continue
            for use in names[name]:
                if not self._argument(use, at):
                    yield Unseen(use)
                    break

    def _declared_by_macro(self, scope: NameScope, name: str, use: int, at: int) -> bool:
        # at file scope a pasted name is a new one as well, in a function it is that of a callee
        makes = {"declares"} if self.outline.block_at(use) else {"declares", "pasted"}
        return any(
            makes & roles(*local.macro, self._macros(at))
            for local in scope.declared(name, use)
            if local.macro is not None
        )

    def _argument(self, use: Use, at: int) -> bool:
        """Whether the macro that a name is given to takes it for something else than a value."""
        if not use.calls:
            return False
        found = roles(*use.calls[0], self._macros(at))
        if not found or ("value" in found and "declares" not in found):
            return False
        return bool(found & {"declares", "free"}) or self._occurs(use.name)

    def _macros(self, at: int) -> MacroLookup:
        return MacroLookup(self, at)

    def macros_named(self, name: str, at: int) -> tuple[Macro, ...]:
        """The definitions of a macro that are visible at an offset of the file."""
        own = tuple(m for m in self.outline.macros.get(name, ()) if m.start < at)
        if own:
            return own
        wanted = re.compile(rb"#[ \t]*define[ \t]+" + name.encode() + rb"\b")
        for _, data in self._headers.of(self.path, at):
            if name.encode() in data and wanted.search(data):
                return outline(data).macros.get(name, ())
        return ()

    # Names

    def shows_use(self, name: str) -> bool:
        """Whether the file itself shows that the name is declared at file scope."""
        return shows(self.outline, name)

    def nearest(self, unseen: Unseen) -> str:
        """The visible name that looks most like one that is not; empty where none does."""
        use = unseen.use
        words: Iterable[str]
        if use.kind == "member" and unseen.tag:
            words = {w for body in self._structs.bodies(unseen.tag, use.at) for w in _words(body)}
        else:
            words = self._identifiers() | self.outline.identifiers
        alike = [word for word in words if word != use.name and _alike(word, use.name)]
        for word in get_close_matches(use.name, sorted(alike), n=8, cutoff=0.6):
            if use.kind == "tag":
                fits = self.sees_tag(word, use.at, whole=use.whole)
            else:
                fits = use.kind != "name" or bool(self.seen([word], use.at))
            if fits:
                return word
        return ""

    def seen(self, names: Iterable[str], at: int) -> set[str]:
        """Those of the names that are declared at file scope for an offset of the file."""
        found = {name for name in names if shows(self.outline, name, at)}
        pending = {name: name.encode() for name in names if name not in found}
        for _, data in self._headers.of(self.path, at) if pending else ():
            for name, word in list(pending.items()):
                if word in data and shows(outline(data), name):
                    del pending[name]
                    found.add(name)
            if not pending:
                return found
        return found | {name for name in pending if self._perhaps(name, at)}

    def _perhaps(self, name: str, at: int, *, tag: bool = False) -> bool:
        """Whether a name, or a struct's `tag`, may be there although no header of the tree shows
        it.
        """
        missing = self._missing(at)
        if missing and not (self.path.startswith("tools/") and library()):
            return True
        word = name.encode()
        for each in (outline(d) for d in library_headers(missing) if word in d):
            if any(tags(each, name, True)) if tag else shows(each, name):
                return True
        if made_by_pasting(name, self._pasted(), self._identifiers()):
            return True
        return any(listed(data, word) for _, data in self._headers.of(self.path, at))

    def _missing(self, at: int | None = None) -> list[str]:
        """The headers that no tree has: those of the C library, for a selftest."""
        return [h for h in self._headers.opaque(self.path, at) if not written(h, self.path)]

    def _pasted(self) -> dict[str, re.Pattern[str]]:
        if self._patterns is None:
            files = [self._data, *(data for _, data in self._headers.of(self.path))]
            self._patterns = {p.pattern: p for d in files if b"##" in d for p in pasted(d)}
        return self._patterns

    def _identifiers(self) -> frozenset[str]:
        """All words of the headers that the file includes, and its own but for those in question.

        What a new line of a function's body names is in question itself.
        """
        if self._known is None:
            own = _names(self._without_new_bodies())
            self._known = own.union(*(_names_of(data) for _, data in self._headers.of(self.path)))
        return self._known

    def _without_new_bodies(self) -> bytes:
        kept, at = [], 0
        for block in self.outline.blocks:
            for start, end in self._new:
                first, last = max(at, start, block.open), min(end, block.end)
                if first < last:
                    kept.append(self._data[at:first])
                    at = last
        return b"".join([*kept, self._data[at:]])

    def _occurs(self, name: str) -> bool:
        """Whether a name is there at all: in a header, in the file's old lines, or declared."""
        if any(self._declared_at(name, at) for at in self.outline.occurrences(name)):
            return True
        word = re.compile(rb"(?<!\w)" + name.encode() + rb"(?!\w)")
        theirs = library_headers(self._missing() if self.path.startswith("tools/") else ())
        headers = chain((data for _, data in self._headers.of(self.path)), theirs)
        return any(word.search(data) for data in headers)

    def _declared_at(self, name: str, at: int) -> bool:
        if not any(start <= at < end for start, end in self._new):
            return True
        block = self.outline.block_at(at)
        if block is None:
            return self.outline.directive_at(at) is not None
        return any(local.start == at for local in scope_of(self.outline, block).locals)

    # Structs

    def sees_tag(self, name: str, at: int, *, whole: bool) -> bool:
        """Whether `struct name` is declared for an offset; `whole`: with its members."""
        if self._structs.declares(name, at, whole=whole):
            return True
        return name in self.outline.macros or self._perhaps(name, at, tag=True)

    def _has_member(self, tag: str, name: str, at: int) -> bool:
        if not tag:
            return self._occurs(name)
        bodies = self._structs.bodies(tag, at)
        if not bodies:
            return self._perhaps(tag, at, tag=True)
        if any(may_have_more(body) or holds(body, name) for body in bodies):
            return True
        return made_by_pasting(name, self._pasted(), self._identifiers())

    # Macros

    def _in_macros(self, start: int, end: int) -> Iterator[Unseen]:
        """The names of the macros defined in a range: they must be there when it is expanded."""
        for macros in self.outline.macros.values():
            for macro in macros:
                stop = macro.at + len(macro.body)
                if stop <= start or macro.start >= end:
                    continue
                own = set(macro.parameters or ())
                tokens = tokens_of(self.outline.text, max(start, macro.at), min(end, stop))
                names = [t for t in tokens if is_name(t.text) and t.text not in own]
                scope = NameScope(tokens_of(self.outline.text, macro.at, stop), stop)
                for token in names:
                    if scope.declares(token.text) or _PREDEFINED.fullmatch(token.text):
                        continue
                    if not self._anywhere(token.text):
                        yield Unseen(Use(token.text, token.at))

    def _anywhere(self, name: str) -> bool:
        return shows(self.outline, name) or self._occurs(name) or bool(self.seen([name], 0))


class MacroLookup:
    """The macros that are visible at one place of a file, by name."""

    def __init__(self, visibility: Visibility, at: int) -> None:
        self._visibility = visibility
        self._at = at

    def __call__(self, name: str) -> Sequence[Macro]:
        return self._visibility.macros_named(name, self._at)


def _names(data: bytes) -> frozenset[str]:
    return frozenset(word.decode("latin-1") for word in set(_NAME.findall(data)))


@lru_cache(maxsize=2048)
def _names_of(header: bytes) -> frozenset[str]:
    return _names(header)


def _words(text: str) -> Iterator[str]:
    return (match[0] for match in re.finditer(r"[A-Za-z_]\w*", text))


def _alike(word: str, name: str) -> bool:
    """Whether it is worth to compare two names: many do not share three letters in a row."""
    if abs(len(word) - len(name)) > max(3, len(name) // 3):
        return False
    return any(name[at : at + 3] in word for at in range(max(1, len(name) - 2)))
