# SPDX-License-Identifier: GPL-2.0-only
"""Whether two conditions of C hold in the same cases: their truth tables, over what they ask.

What is no `&&`, `||` or `!` is an atom, known by its text: the same text is taken to answer the
same, as it does for state that a lock or a VM's lifetime keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from codegen.c.source import Token, lex
from codegen.c.statements import CLOSE, OPEN, closing

_MOST_ATOMS = 12  # a table has two rows to that power
_COMPARED = ("==", "!=")
# Those that have an operand on both sides, where something stands before them.
_BINARY = frozenset("|| && == != | ^ & < > <= >= << >> + - * / % ? ,".split())
_WRITES = frozenset("= += -= *= /= %= &= |= ^= <<= >>= ++ --".split())
_CONSTANTS = {"true": True, "1": True, "false": False, "0": False}

Case = Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Formula:
    """A condition: `kind` is `or`, `and` or `not` of its `parts`, else `atom` or `constant`.

    An atom has its `text`; one that compares has `left` and `right` of `==` as well.
    """

    kind: str
    parts: tuple[Formula, ...] = ()
    text: str = ""
    left: str = ""
    right: str = ""

    def atoms(self) -> Iterator[Formula]:
        """Those that it is made of."""
        if self.kind == "atom":
            yield self
        for part in self.parts:
            yield from part.atoms()

    def holds(self, row: Case) -> bool:
        """Whether it does where its atoms are as `row` says."""
        if self.kind == "atom":
            return row[self.text]
        if self.kind == "constant":
            return _CONSTANTS[self.text]
        held = [part.holds(row) for part in self.parts]
        return {"or": any(held), "and": all(held), "not": not held[0]}[self.kind]


def formula(expression: str) -> Formula | None:
    """A condition as C has it; None where asking it changes something."""
    tokens = lex(expression)
    if not tokens or any(token.text in _WRITES for token in tokens):
        return None
    return _formula(tokens)


def conjuncts(expression: str) -> list[Sequence[Token]]:
    """What stands between the `&&` of an expression; all of it where something binds less."""
    tokens = lex(expression)
    if not tokens or len(_split(tokens, "||")) > 1:
        return [tokens] if tokens else []
    return _split(tokens, "&&")


def equivalent(one: Formula, other: Formula, values: Mapping[str, int]) -> bool:
    """Whether two conditions hold in the same cases; False where they ask too much to tell.

    `values` has constants: nothing is equal to two different ones.
    """
    atoms = {each.text: each for each in (*one.atoms(), *other.atoms())}
    if len(atoms) > _MOST_ATOMS:
        return False
    rows = (dict(zip(atoms, row, strict=True)) for row in product((False, True), repeat=len(atoms)))
    possible = (row for row in rows if _possible(atoms.values(), row, values))
    return all(one.holds(row) == other.holds(row) for row in possible)


def _possible(atoms: Iterable[Formula], row: Case, values: Mapping[str, int]) -> bool:
    """Whether no atom of a row says that one thing is equal to two."""
    equal: dict[str, int] = {}
    for atom in atoms:
        value = values.get(atom.right) if atom.left and row[atom.text] else None
        if value is not None and equal.setdefault(atom.left, value) != value:
            return False
    return True


def _formula(tokens: Sequence[Token]) -> Formula:
    for kind, operator in (("or", "||"), ("and", "&&")):
        parts = _split(tokens, operator)
        if len(parts) > 1:
            return Formula(kind, tuple(_formula(part) for part in parts))
    if tokens and tokens[0].text == "!" and _one_operand(tokens[1:]):
        return Formula("not", (_formula(tokens[1:]),))
    if tokens and tokens[0].text == "(" and closing(tokens, 0) == len(tokens) - 1:
        return _formula(tokens[1:-1])
    text = _text(tokens)
    if text in _CONSTANTS:
        return Formula("constant", text=text)
    return _compared(tokens) or Formula("atom", text=text)


def _compared(tokens: Sequence[Token]) -> Formula | None:
    """`left == right`, or not that, of operands without an operator of their own."""
    for operator in _COMPARED:
        sides = _split(tokens, operator)
        if len(sides) == 2 and all(side and _one_operand(side) for side in sides):
            left, right = map(_text, sides)
            atom = Formula("atom", text=f"{left} == {right}", left=left, right=right)
            return atom if operator == "==" else Formula("not", (atom,))
    return None


def _one_operand(tokens: Sequence[Token]) -> bool:
    """Whether tokens are one operand: a name, a member, a call, or what stands in brackets."""
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.text in OPEN) - (token.text in CLOSE)
        if depth == 0 and index and token.text in _BINARY:
            return False
    return bool(tokens)


def _split(tokens: Sequence[Token], operator: str) -> list[Sequence[Token]]:
    """The parts between an operator, outside of brackets; a `?` or `,` outside binds less."""
    depth, first = 0, 0
    parts: list[Sequence[Token]] = []
    for index, token in enumerate(tokens):
        depth += (token.text in OPEN) - (token.text in CLOSE)
        if depth == 0 and token.text in ("?", ","):
            return [tokens]
        if depth == 0 and token.text == operator:
            parts.append(tokens[first:index])
            first = index + 1
    return [*parts, tokens[first:]]


def _text(tokens: Sequence[Token]) -> str:
    """Tokens as a text that says nothing of blanks."""
    return " ".join(token.text for token in tokens)
