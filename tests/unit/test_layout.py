# SPDX-License-Identifier: GPL-2.0-only

"""Kernel style for lines of C."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.c import layout
from codegen.c.source import lex

_NAME = st.from_regex(r"[a-z][a-z_]{0,24}", fullmatch=True)


def _call(parts: list[str]) -> str:
    return f"{parts[0]}({', '.join(parts[1:])})"


_EXPRESSION = st.recursive(
    _NAME,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=5).map(lambda parts: _call(["call", *parts])),
        st.tuples(inner, st.sampled_from(["||", "&&", "|", "&"]), inner).map(
            lambda three: f"({' '.join(three)})"
        ),
    ),
    max_leaves=16,
)


def texts(code: str) -> list[str]:
    """The tokens of a text."""
    return [token.text for token in lex(code)]


@settings(deadline=None, max_examples=80)
@given(_EXPRESSION, st.integers(0, 3))
def test_wrapping_changes_no_token_and_fits_where_it_can(expression: str, tabs: int) -> None:
    line = "\t" * tabs + f"if ({expression})"
    made = layout.wrapped(line)
    assert texts(made) == texts(line)
    for part in made.split("\n"):
        assert part == part.rstrip()
        if layout.width(part) > layout.COLUMNS:
            # nothing is left to break at: the line has one name, with what is stuck to it
            assert not any(f" {op} " in part.strip() for op in ("||", "&&"))


@settings(deadline=None, max_examples=40)
@given(_EXPRESSION)
def test_wrapping_a_second_time_changes_nothing(expression: str) -> None:
    made = layout.wrapped(f"\treturn f({expression});")
    assert layout.wrapped(made) == made


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "\tif (change == KVM_MR_CREATE && (new->flags & KVM_MEM_ZAP_LEAFS_ONLY) && !tdp_enabled)",
            "\tif (change == KVM_MR_CREATE && (new->flags & KVM_MEM_ZAP_LEAFS_ONLY) &&\n"
            "\t    !tdp_enabled)",
        ),
        (
            '\t\tTEST_ASSERT(condition_of_the_test, "A text, which has a comma and is long", errno);',
            '\t\tTEST_ASSERT(condition_of_the_test,\n'
            '\t\t\t    "A text, which has a comma and is long", errno);',
        ),
        (
            "\t\tr = KVM_X86_SMALL_MAPS_OF_THE_GUEST | KVM_X86_SMALL_MAPS_OF_EVERYTHING_ELSE;",
            "\t\tr = KVM_X86_SMALL_MAPS_OF_THE_GUEST |\n"
            "\t\t    KVM_X86_SMALL_MAPS_OF_EVERYTHING_ELSE;",
        ),
        (
            "\treturn kvm->arch.vm_type == KVM_X86_DEFAULT_VM || kvm->arch.vm_type == KVM_X86_OTHER_VM;",
            "\treturn kvm->arch.vm_type == KVM_X86_DEFAULT_VM ||\n"
            "\t       kvm->arch.vm_type == KVM_X86_OTHER_VM;",
        ),
        (
            "\t\tif ((a->args[0] & ~(u64)(KVM_X86_BIT_OF_THE_FIRST | KVM_X86_BIT_OF_THE_SECOND_ONE))"
            " || a->args[1])",
            "\t\tif ((a->args[0] &\n"
            "\t\t     ~(u64)(KVM_X86_BIT_OF_THE_FIRST |\n"
            "\t\t\t    KVM_X86_BIT_OF_THE_SECOND_ONE)) || a->args[1])",
        ),
        ("\t/* A comment, which is long, is left as it is, since nobody knows how it is meant */",) * 2,
        ("#define A_MACRO_IN_ONE_LINE(a, b) some_function(a, b, some_other_function(a, b), a, b, a, b)",)
        * 2,
    ],
)  # fmt: skip
def test_how_lines_are_broken(line: str, expected: str) -> None:
    assert layout.wrapped(line) == expected


def test_a_line_of_a_macro_keeps_its_backslashes() -> None:
    line = "\t(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY | KVM_MEM_A_FLAG_WITH_A_LONG_NAME)"
    made = layout.wrapped(line, macro=True).split("\n")
    assert [part.endswith(" \\") for part in made] == [True, False]
    inner = layout.wrapped(line[:-1] + " | \\\n\t KVM_MEM_MORE)").split("\n")
    assert [part.endswith("\\") for part in inner] == [True, True, False]


@pytest.mark.parametrize(
    ("sibling", "name", "value", "expected"),
    [
        ("#define KVM_CAP_A 1", "KVM_CAP_B", 2, "#define KVM_CAP_B 2"),
        ("#define KVM_CAP_A\t  1", "KVM_CAP_B", 2, "#define KVM_CAP_B\t  2"),
        ("#define KVM_MEM_READONLY\t(1UL << 1)", "KVM_MEM_X", "(1UL << 2)",
         "#define KVM_MEM_X\t\t(1UL << 2)"),
        ("#define KVM_MEM_READONLY\t(1UL << 1)", "KVM_MEM_READONLY_NOT", 2,
         "#define KVM_MEM_READONLY_NOT\t2"),
        ("  #define KVM_X86_A_VM\t0", "KVM_X86_B_VM", 1, "  #define KVM_X86_B_VM\t1"),
        ("#  define A\t1", "B", 2, "#  define B\t2"),
        ("nothing of the kind", "B", 2, "#define B\t2"),
    ],
)  # fmt: skip
def test_a_define_is_spaced_like_its_sibling(
    sibling: str, name: str, value: object, expected: str
) -> None:
    assert layout.define(name, value, sibling) == expected


@pytest.mark.parametrize(
    ("old", "expected"),
    [("A", "(A | T)"), ("(A)", "(A | T)"), ("(A | B)", "(A | B | T)")],
)
def test_one_more_flag_in_a_mask(old: str, expected: str) -> None:
    assert layout.or_into(old, "T") == expected


def test_a_mask_of_two_bracketed_terms_stays_right() -> None:
    made = layout.or_into("(A) | (B)", "T")
    assert texts(made).count("(") == texts(made).count(")")
    assert "T" in made


@pytest.mark.parametrize(
    ("lead", "old", "expected"),
    [
        ("#define M ", "(A | B)", "(A | B | T)"),
        ("#define M ", "A | B", "A | B | T"),
        ("\tif (x & ~", "A", "(A | T)"),
        ("static const u32 m = ", "A", "A | T"),
        ("\t", "(A |\t\\\n\t B)", "(A |\t\\\n\t B |\t\\\n\t T)"),
        ("#define M ", "(A | \\\n\t B)", "(A | \\\n\t B | \\\n\t T)"),
        ("\t\t", "A |\n\t\tB", "A |\n\t\tB |\n\t\tT"),
    ],
)
def test_one_more_name_in_a_mask(lead: str, old: str, expected: str) -> None:
    made = layout.or_into(old, "T", lead)
    assert texts(made.replace("\\\n", "")) == texts(expected.replace("\\\n", ""))
    ends = [line.endswith("\\") for line in expected.split("\n")]
    assert [line.endswith("\\") for line in made.split("\n")] == ends


def test_a_column_of_pipes_is_kept() -> None:
    old = "(AAAA\t\t| \\\n\t BBBBBBBBB\t| \\\n\t CC)"
    assert layout.or_into(old, "TTT") == old[:-1] + "\t\t| \\\n\t TTT)"


def test_spaces_at_the_beginning_of_a_line_become_tabs() -> None:
    made = layout.or_into("(A | \\\n          B)", "T")
    assert made.split("\n")[1:] == ["\t  B | \\", "\t  T)"]


def test_backslashes_stay_in_one_column() -> None:
    lead, old = "\t", "(AAAAAAAAAAAA |\t\t\\\n\t BBBBBBBBBBBB)"
    made = lead + layout.or_into(old, "TTT", lead)
    columns = {layout.width(line) for line in made.split("\n")[:-1]}
    assert len(columns) == 1


@pytest.mark.parametrize(
    ("text", "indent", "expected"),
    [
        ("Short.", "\t", "\t/* Short. */"),
        ("One.\n\nTwo.", "", "/*\n * One.\n *\n * Two.\n */"),
    ],
)
def test_comments(text: str, indent: str, expected: str) -> None:
    assert layout.comment(text, indent) == expected


@settings(deadline=None, max_examples=40)
@given(st.lists(_NAME, min_size=1, max_size=40), st.integers(0, 3))
def test_no_line_of_a_comment_is_too_long(words: list[str], tabs: int) -> None:
    made = layout.comment(" ".join(words), "\t" * tabs)
    assert all(layout.width(line) <= layout.COLUMNS for line in made.split("\n"))
    assert [w for w in made.split() if w not in ("/*", "*", "*/")] == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\nTwo.", "One.  Two."),
        ("One (so).\nTwo.", "One (so).  Two."),
        ("One,\ntwo", "One, two"),
        ("e.g.\nthis", "e.g. this"),
        ("Is it?\nYes.", "Is it?  Yes."),
    ],
)
def test_sentences_keep_two_spaces_between_them(text: str, expected: str) -> None:
    assert layout.filled(text, 70) == expected


@pytest.mark.parametrize(
    ("kind", "args"),
    [("static bool", "struct kvm *kvm"), ("static struct kvm *", "int a, unsigned long b"),
     ("static noinline bool", ", ".join(f"struct kvm_memory_slot *slot{i}" for i in range(6)))],
)  # fmt: skip
def test_a_declarator_fits_and_keeps_its_tokens(kind: str, args: str) -> None:
    made = layout.declarator(kind, "a_function", args)
    assert texts(made) == texts(f"{kind} a_function({args})")
    assert all(layout.width(line) <= layout.COLUMNS for line in made.split("\n"))
    assert "* a_function" not in made


@given(st.integers(10, 40), st.text("ab #.", max_size=120))
def test_no_line_but_the_first_begins_like_a_comment_of_git(columns: int, text: str) -> None:
    made = layout.filled(text, columns)
    assert not [line for line in made.split("\n")[1:] if line.startswith("#")]
    assert made.split() == text.split()
