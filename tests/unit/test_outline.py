# SPDX-License-Identifier: GPL-2.0-only
"""What a file has for those alone who define a macro."""

from __future__ import annotations

import pytest

from codegen.c.outline import Outline, covers, outline

FILE = b"""a
#ifdef __x86_64__
b
#else
c
#endif
#ifndef CONFIG_ANY
d
#else /* CONFIG_ANY */
e
#ifndef __x86_64__
f
#elif CONFIG_OTHER
g
#else
h
#endif
#endif
#if !defined(__x86_64__)
i
#else
j
#if CONFIG_ANY
k
#endif
l
#endif
#if CONFIG_ANY
m
#elif defined(__x86_64__)
n
#endif
#ifdef __aarch64__
o
#endif
#if defined(__aarch64__) || \\
    defined(__x86_64__)
p
#endif
#endif
q
"""


def lines(*macros: str) -> str:
    """The letters of the file that are compiled only where one of the macros is defined."""
    file = Outline(FILE)
    spans = file.only_with(*macros)
    at = {letter: file.text.index(f"\n{letter}\n") + 1 for letter in "bcdefghijklmnopq"}
    return "".join(letter for letter, offset in at.items() if covers(spans, offset))


@pytest.mark.parametrize(
    ("macros", "expected"),
    [
        (("__x86_64__",), "bjklnp"),
        (("__aarch64__",), "op"),
        (("__aarch64__", "__x86_64__"), "bjklnop"),
        (("__riscv",), ""),
        (("x86_64",), ""),
    ],
)
def test_branches_of_a_macro(macros: tuple[str, ...], expected: str) -> None:
    """The `#else` of a condition on something else is for everybody."""
    assert lines(*macros) == expected


def test_a_number_s_suffix_is_no_word_of_a_condition() -> None:
    file = outline(b"#if VERSION >= 201112L && defined(WIDE)\nint x;\n#endif\n")
    assert file.only_with("WIDE") == file.only_with("VERSION") != ()
    assert file.only_with("L") == ()


def test_directives_begin_lines_and_go_on_behind_a_backslash() -> None:
    text = b"""a # no \\
 #define B 1 \\
   2
#if C // "
d
#endif"""
    file = outline(text)
    assert [(each.word, each.start) for each in file.directives] == [
        (word, text.index(start))
        for word, start in (("define", b" #def"), ("if", b"#if"), ("endif", b"#end"))
    ]
    assert file.code.split() == ["a", "#", "no", "\\", "d"]
    assert len(file.code) == len(text) and file.code.count("\n") == text.count(b"\n")
