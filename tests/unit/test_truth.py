# SPDX-License-Identifier: GPL-2.0-only
"""Conditions of C that hold in the same cases, and those that do not."""

from __future__ import annotations

import pytest

from codegen.c.truth import equivalent, formula

VALUES = {"A": 0, "B": 5, "ALSO_B": 5}


def same(one: str, other: str) -> bool:
    """Whether both hold in the same cases."""
    left, right = formula(one), formula(other)
    assert left is not None and right is not None
    assert equivalent(left, right, VALUES) == equivalent(right, left, VALUES)
    return equivalent(left, right, VALUES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a && b", "b && a"),
        ("!(a && b)", "!a || !b"),
        ("a || (b && c)", "(a || b) && (a || c)"),
        ("x->t == A && q", "(x->t == A || x->t == B) && q && !(x->t == B)"),
        ("x->t == A && x->t != B", "x->t == A"),
        ("f(a, b) && !false", "f( a,b )"),
        ("x->t == B && x->t != B", "0"),
        ("!!a", "a"),
        ("a & B", "(a & B)"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a && b", "a || b"),
        ("x->t == A && q", "x->t == A && q && !f(x)"),
        ("x->t == A && x->t != UNKNOWN", "x->t == A"),
        ("x->t == ALSO_B && x->t != B", "x->t == ALSO_B"),
        ("x->t == A && y->t != B && q", "x->t == A && q"),
        ("!a == b", "!(a == b)"),
        ("a & B == c", "(a & B) == c"),
        ("a ? b : c && d", "a && d"),
        ("f(a)", "f(b)"),
        ("!a & b", "!(a & b)"),
        ("a && b || c", "a && (b || c)"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not same(one, other)


def test_what_asks_too_much_is_not_told_to_be_the_same() -> None:
    many = " && ".join(f"a{number}" for number in range(13))
    assert not same(many, many)


@pytest.mark.parametrize("expression", ["a = b", "a++ && b", ""])
def test_what_changes_something_is_no_condition(expression: str) -> None:
    assert formula(expression) is None
