# SPDX-License-Identifier: GPL-2.0-only
"""Kernels without one of the checks that a series makes: would its test notice?

Every condition, mask, default and hook that a series adds gives some mutants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from codegen.c.source import CSource, Extent, Token, lex
from codegen.c.statements import closing

_MACRO_NAME = re.compile(r"[A-Z_][A-Z0-9_]+")
_VARIABLE = re.compile(r"[a-z_][a-z0-9_]*")
# A kernel that takes a lock and never gives it back is none; nobody looks at what is printed.
_NOT_LEFT_OUT = re.compile(
    r"lock|^(pr|trace|dev|kvm_pr)_|printk|^(if|for|while|switch|return|guard)$"
)
_STARTS = frozenset((*";{}:)", "else"))
_EXITS = frozenset(("return", "break", "goto", "continue"))
# Decided when the kernel is configured: without it, the same kernel comes out.
_CONFIGURED = ("IS_ENABLED", "IS_BUILTIN", "IS_REACHABLE")


@dataclass(frozen=True, slots=True)
class AskedPredicate:
    """The function that says whether the knob is on, and its value where no knob is set.

    `off_untested` is why no selftest can see the knob off, where it cannot.
    """

    name: str
    off: str
    returns: str
    off_untested: str = ""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect.  The expression from `start` to `end` has the value `value`; a statement whose
    `value` is None is left out.  `untested` is why no selftest can notice, where none can."""

    path: str
    start: int
    end: int
    value: str | None
    what: str
    line: int
    function: str = ""
    untested: str = ""
    number: int = 0

    def where(self) -> str:
        """`file:line` and function, for messages."""
        inside = f" in {self.function}" if self.function else ""
        return f"{self.path}:{self.line}{inside}"


def mutants_of(
    path: str, before: bytes, after: bytes, predicates: Sequence[AskedPredicate] = ()
) -> tuple[Mutant, ...]:
    """The mutants of one file, in its order, not numbered yet.

    What is new in `after` is mutated, and each call of a predicate.
    """
    source = CSource(path, after)
    new = _new_tokens(before, source)
    found: list[Mutant] = []
    for extent in (*source.all("function"), *source.all("macro")):
        tokens = tuple(t for t in source.tokens(extent.start, extent.end) if not t.comment)
        fresh = [token.start in new for token in tokens]
        try:
            found += _Scan(source, extent, tokens, fresh).mutants(predicates)
        except ValueError:  # brackets that do not close: no compiler will take this
            continue
    return tuple(sorted(set(found), key=lambda m: (m.start, -m.end, m.value or "")))


def numbered(mutants: Iterable[Mutant]) -> tuple[Mutant, ...]:
    """The mutants with the numbers that the kernel knows them by, from 1."""
    return tuple(replace(mutant, number=n) for n, mutant in enumerate(mutants, start=1))


def _new_tokens(before: bytes, source: CSource) -> frozenset[int]:
    """The offsets of the tokens that were not there before."""
    old = before.splitlines(keepends=True)
    lines = source.data.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    new: set[int] = set()
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, lines, autojunk=False).get_opcodes():
        if tag not in ("insert", "replace"):
            continue
        then = [t.text for t in lex(b"".join(old[i1:i2]).decode("utf-8", "replace"))]
        now = source.tokens(starts[j1], starts[j2])
        matcher = SequenceMatcher(None, then, [t.text for t in now], autojunk=False)
        for kind, _, _, k1, k2 in matcher.get_opcodes():
            if kind in ("insert", "replace"):
                new.update(token.start for token in now[k1:k2])
    return frozenset(new)


@dataclass(frozen=True)
class _Scan:
    """One function or macro: its tokens, and which of them are new."""

    source: CSource
    extent: Extent
    tokens: tuple[Token, ...]
    new: list[bool]

    def _mutant(self, first: int, last: int, value: str | None, what: str) -> Mutant:
        """The tokens from `first` up to and without `last`."""
        start, end = self.tokens[first].start, self.tokens[last - 1].end
        name = f"{self.extent.name}()" if self.extent.kind == "function" else self.extent.name
        return Mutant(self.source.path, start, end, value, what, self.source.line(start), name)

    def _text(self, first: int, last: int) -> str:
        start, end = self.tokens[first].start, self.tokens[last - 1].end
        return " ".join(self.source.text(start, end).replace("\\\n", " ").split())

    def _all_new(self, first: int, last: int) -> bool:
        return first < last and all(self.new[first:last])

    def mutants(self, predicates: Sequence[AskedPredicate]) -> list[Mutant]:
        """All of them; ValueError where the brackets do not fit."""
        found: list[Mutant] = []
        function = self.extent.kind == "function"
        for predicate in predicates if function else ():
            found += self.hooks(predicate)
        if any(self.new):
            found += self.masks()
        if any(self.new) and function:
            found += [*self.conditions(), *self.statements()]
            for predicate in predicates:
                if self.extent.name == predicate.name:
                    found += self.answers(predicate)
        return found

    def hooks(self, predicate: AskedPredicate) -> Iterator[Mutant]:
        """Each call of the predicate, as if it said that the knob is off."""
        if self.extent.name == predicate.name:
            return
        for i in range(1, len(self.tokens) - 1):
            if self.tokens[i].text == predicate.name and self.tokens[i + 1].text == "(":
                last = closing(self.tokens, i + 1) + 1
                yield self._mutant(
                    i, last, predicate.off, f"`{self._text(i, last)}` is always {predicate.off}"
                )

    def answers(self, predicate: AskedPredicate) -> Iterator[Mutant]:
        """What the predicate returns: never on, and on by default."""
        for i, token in enumerate(self.tokens):
            if token.text != "return":
                continue
            last = self._until(i, ";")
            if not any(self.new[i + 1 : last]):
                continue
            text = self._text(i + 1, last)
            yield self._mutant(i + 1, last, predicate.off, f"`{text}` is always {predicate.off}")
            if predicate.returns == "bool":
                on = "true" if predicate.off == "false" else "false"
                mutant = self._mutant(i + 1, last, on, f"`{text}` is always {on}, never off")
                yield replace(mutant, untested=predicate.off_untested)

    def masks(self) -> Iterator[Mutant]:
        """Each new macro in a chain of `|`, or behind `~`, as if it was not there."""
        texts = [token.text for token in self.tokens]
        for i in range(1, len(texts)):
            if not self.new[i] or not _MACRO_NAME.fullmatch(texts[i]):
                continue
            after = texts[i + 1] if i + 1 < len(texts) else ""
            if texts[i - 1] == "|" or (after == "|" and texts[i - 1] in ("(", texts[1])):
                yield self._mutant(i, i + 1, "0", f"`{texts[i]}` is missing in the mask")

    def conditions(self) -> Iterator[Mutant]:
        """The conditions of `if`, and each part of them that is new."""
        for i, token in enumerate(self.tokens):
            if (
                token.text != "if"
                or self.tokens[i + 1].text != "("
                or self.tokens[i - 1].text == "#"
            ):
                continue
            last = closing(self.tokens, i + 1)
            parts = list(self._parts(i + 2, last, ""))
            for first, end, neutral in parts:
                if self._all_new(first, end) and neutral and not self._configured(first, neutral):
                    yield self._mutant(
                        first, end, neutral, f"`{self._text(first, end)}` is not looked at"
                    )
            joined = {neutral for _, _, neutral in parts}
            if not self._all_new(i, last):
                continue
            said = f"`{self._text(i + 2, last)}`"
            if joined != {"0"}:
                yield self._mutant(i + 2, last, "0", f"{said} is never true")
            if joined == {""} and not self._exits(last) and not self._configured(i + 2, "1"):
                yield self._mutant(i + 2, last, "1", f"{said} is always true")

    def _exits(self, closing_bracket: int) -> bool:
        """Whether an `if` guards a way out: then "always" is no kernel without the check."""
        after = [token.text for token in self.tokens[closing_bracket + 1 : closing_bracket + 3]]
        return bool(_EXITS & set(after[:1] if after[:1] != ["{"] else after[1:]))

    def _configured(self, first: int, value: str) -> bool:
        negated = self.tokens[first].text == "!"
        asked = self.tokens[first + negated].text in _CONFIGURED
        return asked and (negated or value == "1")

    def _parts(self, first: int, last: int, neutral: str) -> Iterator[tuple[int, int, str]]:
        """The operands of `||` and `&&`, each with the value that takes it out."""
        wrapped = self.tokens[first].text == "(" and closing(self.tokens, first) == last - 1
        if wrapped and any(self._split(first + 1, last - 1, op) for op in ("||", "&&")):
            yield from self._parts(first + 1, last - 1, neutral)
            return
        for operator, value in (("||", "0"), ("&&", "1")):
            cuts = self._split(first, last, operator)
            if cuts:
                for start, end in zip([first, *(c + 1 for c in cuts)], [*cuts, last], strict=True):
                    yield from self._parts(start, end, value)
                return
        yield first, last, neutral

    def _split(self, first: int, last: int, operator: str) -> list[int]:
        found, i = [], first
        while i < last:
            text = self.tokens[i].text
            if text in ("(", "[", "{"):
                i = closing(self.tokens, i)
            elif text == operator:
                found.append(i)
            i += 1
        return found

    def statements(self) -> Iterator[Mutant]:
        """Assignments: a member's or a mask's is left out, a variable is set to 1.  Calls whose
        result nobody uses are left out, but for those that take locks or tell people."""
        for i in range(1, len(self.tokens)):
            if self.tokens[i - 1].text not in _STARTS or not self.new[i]:
                continue
            last = self._until(i, ";")
            equals = self._assignment(i, last)
            written = self.tokens[i].text == "WRITE_ONCE" or self._is_call(i, last)
            if not (written or equals) or not self._all_new(i, last):
                continue
            text = self._text(i, last + 1)
            if not equals:
                yield self._mutant(i, last + 1, None, f"`{text}` is left out")
                continue
            right = [token.text for token in self.tokens[equals + 1 : last]]
            if self.tokens[equals].text != "=" or equals > i + 1:
                yield self._mutant(i, last + 1, None, f"`{text}` is left out")
            elif any(_VARIABLE.fullmatch(word) for word in right) and "(" not in right:
                yield self._mutant(equals + 1, last, "1", f"`{text}` always sets it to 1")

    def _is_call(self, first: int, last: int) -> bool:
        """Whether a statement is nothing but the call of a function, whatever the condition: one
        behind `if (…)` is left out where that is never true."""
        name = self.tokens[first].text
        if (
            self.tokens[first - 1].text == ")"
            or not _VARIABLE.fullmatch(name)
            or _NOT_LEFT_OUT.search(name)
        ):
            return False
        opens = self.tokens[first + 1].text == "("
        return opens and closing(self.tokens, first + 1) == last - 1

    def _assignment(self, first: int, last: int) -> int | None:
        """The index of the operator of `a->b = …` or `a |= …`; None for any other statement."""
        for i in range(first, last):
            text = self.tokens[i].text
            if text in ("=", "|=", "&="):
                return i if i > first else None
            if (
                i > first
                and _VARIABLE.fullmatch(text)
                and _VARIABLE.fullmatch(self.tokens[i - 1].text)
            ):
                return None  # a declaration
            if not (_VARIABLE.fullmatch(text) or text in ("->", ".", "*")):
                return None
        return None

    def _until(self, first: int, text: str) -> int:
        i = first
        while i < len(self.tokens) and self.tokens[i].text != text:
            i = closing(self.tokens, i) + 1 if self.tokens[i].text in ("(", "[", "{") else i + 1
        return min(i, len(self.tokens) - 1)
