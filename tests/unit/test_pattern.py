# SPDX-License-Identifier: GPL-2.0-only
"""Fragments of C as patterns, and where statements end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.c.pattern import find
from codegen.c.source import Token, lex
from codegen.c.statements import closing, statement_end

_WORDS = st.sampled_from(["a", "b", "if", "x1", "->", "+", "=", ",", "0x10", "&", "~"])


def tokens(*texts: str) -> tuple[Token, ...]:
    """Tokens in a row, as if a blank stood between them."""
    found, at = [], 0
    for text in texts:
        found.append(Token(text, at, at + len(text)))
        at += len(text) + 1
    return tuple(found)


def shown(pattern: str, text: str) -> list[str]:
    """What a pattern matches in a text."""
    found = lex(text)
    return [" ".join(t.text for t in found[m.first : m.last]) for m in find(pattern, found)]


_RUNS = st.recursive(
    _WORDS.map(lambda word: [word]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda runs: [w for run in runs for w in run]),
        st.tuples(st.sampled_from(["()", "[]", "{}"]), inner).map(
            lambda pair: [pair[0][0], *pair[1], pair[0][1]]
        ),
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=60)
@given(_RUNS, st.data())
def test_a_pattern_cut_from_tokens_is_found_where_it_was_cut(
    run: list[str], data: st.DataObject
) -> None:
    if not run:
        return
    first = data.draw(st.integers(0, len(run) - 1))
    last = data.draw(st.integers(first + 1, len(run)))
    places = [(m.first, m.last) for m in find(" ".join(run[first:last]), tokens(*run))]
    assert (first, last) in places


@settings(deadline=None, max_examples=60)
@given(_RUNS, _RUNS, _RUNS)
def test_a_wildcard_takes_balanced_runs_only(a: list[str], b: list[str], c: list[str]) -> None:
    run = tokens("(", *a, "(", *b, ")", ")", *c, "END")
    for match in find("( ... END", run):
        taken = [t.text for t in run[match.first : match.last]]
        assert taken.count("(") == taken.count(")"), taken
    for match in find("( ... )", run):
        taken = [t.text for t in run[match.first : match.last]]
        for opening, closed in ("()", "[]", "{}"):
            assert taken.count(opening) == taken.count(closed), taken


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("f(...)", "f(g(a), b); f(c);", ["f ( g ( a ) , b )", "f ( c )"]),
        ("x = ...;", "x = a; y = b;", ["x = a ;"]),
        ("x = ... y", "x = a; y = b;", []),
        ("if (...) return ...;", "if (a) return b; else return c;", ["if ( a ) return b ;"]),
        ("f(... a)", "f(b) + a", []),
        ("{ ... }", "{ a { b } }", ["{ a { b } }", "{ b }"]),
        ("{ ... }", "{ a; b }", []),
        ("a /* why */ b", "a // no\n b", ["a b"]),
        ('"..."', 'f("...", "a")', ['"..."']),
        ("a", "", []),
        ("x->y", "x -> y", ["x -> y"]),
    ],
)
def test_what_matches(pattern: str, text: str, expected: list[str]) -> None:
    assert shown(pattern, text) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "a = b;",
        "f(a, (b), c[1]);",
        "x = (struct s) { .a = 1, .b = { 2 } };",
        "if (a) b;",
        "if (a) { b; } else if (c) { d; } else e;",
        "for (i = 0; i < 3; i++) { a; }",
        "while (a) if (b) c; else d;",
        "do { a; } while (b);",
        "do a; while (b);",
        "switch (a) { case 1: break; default: b; }",
        "{ a; { b; } }",
        "return f(a);",
        ";",
    ],
)
def test_a_statement_ends_where_the_next_begins(statement: str) -> None:
    run = lex(f"{statement} NEXT;")
    assert run[statement_end(run, 0)].text == "NEXT"


@pytest.mark.parametrize("fragment", ["a +", "f(a)", "", ")", "if (a)", "do { a; }", "x ]"])
def test_a_fragment_has_no_end(fragment: str) -> None:
    with pytest.raises(ValueError, match=r"no statement|unbalanced"):
        statement_end(lex(fragment), 0)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("{ a } NEXT", "NEXT"),
        ("{ ( [ ] ) } NEXT", "NEXT"),
        ("{\n#ifdef A\n if (x) {\n#else\n if (y) {\n#endif\n b; } c; } NEXT", "NEXT"),
        ("{\n#if A\n x {\n#elif B\n y {\n#endif\n} } NEXT", "NEXT"),
    ],
)
def test_a_bracket_opened_in_every_branch_is_closed_once(text: str, rest: str) -> None:
    run = lex(text)
    assert run[closing(run, 0) + 1].text == rest


def test_an_open_bracket_is_an_error() -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        closing(lex("{ a"), 0)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("$flags & ~$valid", "if (mem->flags & ~valid) return;", ["mem->flags valid"]),
        ("($old ^ $new) & X", "a = !((o->flags ^ n.flags) & X);", ["n.flags o->flags"]),
        ("($a & $m) != ($b & $m)", "((a & M) != (b & M))", ["a b M"]),
        ("($a & $m) != ($b & $m)", "((a & M) != (b & N))", []),
        ("($a & $m) != ($b & $m)", "((a & (M | N)) != (b->c & (M | N)))", ["a b->c (M | N)"]),
        ("$x = $y;", "a[i].b = f(c, d)->e; return;", ["a[i].b f(c, d)->e"]),
        ("$x = $y;", "a = b + c;", []),
        ("return $x;", "return -EINVAL; return a ? b : c;", ["-EINVAL"]),
        ("$x & $m", "!p->q & r", ["r !p->q"]),
        ("$x & $m", "f(&p->q, a & b)", ["b a"]),
        ("f($a, ...)", "f(x, y, z)", ["x"]),
        ("struct s *$name", "int f(struct s *one, struct s *two)", ["one", "two"]),
        ("$x & BIT", "if (a) b & BIT;", ["b"]),
        ("= ($t)$v;", "a = (u32)b;", ["u32 b"]),
        ("= $v;", "a = (u32)b->c;", ["(u32)b->c"]),
        ("case $cap: ... $r = $m;", "case A: case B: r = M;", ["A M r", "B M r"]),
    ],
)
def test_a_hole_takes_one_operand(pattern: str, text: str, expected: list[str]) -> None:
    found = lex(text)
    taken = [
        " ".join(
            text[found[a].start : found[b - 1].end] for _, ((a, b), *_) in sorted(m.holes.items())
        )
        for m in find(pattern, found)
    ]
    assert taken == expected
