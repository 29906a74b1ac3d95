# SPDX-License-Identifier: GPL-2.0-only
"""Brackets around what is put into an expression."""

from __future__ import annotations

import pytest

from codegen.c.operators import needs_brackets
from codegen.c.pattern import find
from codegen.c.source import lex


@pytest.mark.parametrize(
    ("text", "put", "expected"),
    [
        ("x = a && OLD;", "b && c", False),
        ("x = a || OLD;", "b && c", False),
        ("x = a && OLD;", "b || c", True),
        ("x = !OLD;", "b && c", True),
        ("x = !OLD;", "!b", False),
        ("x = !OLD;", "f(b && c)", False),
        ("x = a - OLD;", "b - c", True),
        ("x = a - OLD;", "b * c", False),
        ("x = a + OLD;", "b + c", False),
        ("x = f(OLD, d);", "b ? c : e", False),
        ("if (OLD)", "b || c", False),
        ("return OLD == a;", "b & c", True),
        ("return OLD->flags;", "b ? c : d", True),
        ("x = -OLD;", "-b", False),
        ("x = a & OLD;", "b | c", True),
        ("OLD", "a = b && c;", False),
        ("return !OLD;", "b && c", True),
        ("return -OLD;", "b + c", True),
        ("case -OLD:", "b + c", True),
    ],
)
def test_brackets_where_a_neighbour_binds_tighter(text: str, put: str, expected: bool) -> None:
    tokens = lex(text)
    (match,) = find("OLD", tokens)
    assert needs_brackets(tokens, match.first, match.last, put) is expected
