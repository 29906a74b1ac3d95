# SPDX-License-Identifier: GPL-2.0-only

"""Paragraphs and tables of api.rst with one thing more."""

from __future__ import annotations

import io

import pytest
from docutils.core import publish_doctree
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.kinds.memslot_flag.context import one_more_flag
from codegen.mail.patch import Patch
from codegen.plan.sites import SITES
from codegen.style.table import table_row
from tests.minitree import API, Change, MemoryTree, edited, minitree, old
from tests.unit.kit import VARIANTS, knob, plan, survey

_NAMES = st.from_regex(r"KVM_X86_QUIRK_[A-Z_]{1,30}[A-Z]", fullmatch=True)


def docutils(text: str) -> str:
    """What docutils has to say of a document."""
    said = io.StringIO()
    settings = {"warning_stream": said, "report_level": 2, "halt_level": 5}
    publish_doctree(text, settings_overrides=settings)
    return said.getvalue()


def table(first: int, *names: str, second: int = 44) -> str:
    """A table as api.rst has it."""
    edge = "=" * first + " " + "=" * second
    rows = [f" {name}{' ' * (first - len(name))}By default, this.\n" for name in names]
    return edge + "\n" + "\n".join(rows) + edge + "\n"


@settings(deadline=None, max_examples=40)
@given(
    st.integers(30, 45),
    _NAMES,
    st.lists(st.sampled_from(["word", "longer", "a"]), min_size=1, max_size=40),
)
def test_a_table_with_one_row_more_is_a_good_table(first: int, name: str, words: list[str]) -> None:
    made = table_row(table(first, "KVM_X86_QUIRK_AAA"), name, " ".join(words))
    assert docutils(made) == ""
    tree = publish_doctree(made)
    rows = [
        [" ".join(entry.astext().split()) for entry in row.children]
        for row in tree.findall(lambda node: node.tagname == "row")
    ]
    assert rows == [["KVM_X86_QUIRK_AAA", "By default, this."], [name, " ".join(words)]]


def test_a_table_is_widened_only_where_it_must_be() -> None:
    narrow = table_row(table(35, "KVM_X86_QUIRK_A"), "KVM_X86_QUIRK_B", "Text.")
    assert narrow.startswith("=" * 35 + " =")
    wide = table_row(table(35, "KVM_X86_QUIRK_A"), "KVM_X86_QUIRK_" + "B" * 30, "Text.")
    assert wide.index(" ") >= 44


def test_a_table_that_was_malformed_is_mended() -> None:
    bad = (
        "=================================== ====================\n"
        " KVM_X86_QUIRK_AAA                  By default, this.\n"
        "\n"
        " KVM_X86_QUIRK_A_NAME_OF_FORTY_ONE_LETTERS By default,\n"
        "                                    that.\n"
        "=================================== ====================\n"
    )
    assert docutils(bad) != ""
    assert docutils(table_row(bad, "KVM_X86_QUIRK_NEW", "Text.")) == ""


def test_no_table_stays_what_it_is() -> None:
    assert table_row("no table\n", "A", "b") == "no table\n"


_FLAGS = "The flags field supports {} flags: {}.  The former does this.\nThe\nlatter does that.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            _FLAGS.format("two", "KVM_MEM_A and\nKVM_MEM_B"),
            "The flags field supports three flags: KVM_MEM_A, KVM_MEM_B and KVM_MEM_N.  The\n"
            "first does this.  The second does that.\n",
        ),
        (
            _FLAGS.format("three", "KVM_MEM_A, KVM_MEM_B and KVM_MEM_C"),
            "The flags field supports four flags: KVM_MEM_A, KVM_MEM_B, KVM_MEM_C and\n"
            "KVM_MEM_N.  The first does this.  The second does that.\n",
        ),
        (_FLAGS.format("many", "KVM_MEM_A and KVM_MEM_B"), None),
        (_FLAGS.format("three", "KVM_MEM_A and KVM_MEM_B"), None),
        (_FLAGS.format("ten", "KVM_MEM_A"), None),
        ("The flags field takes KVM_MEM_A.\n", None),
    ],
)
def test_one_more_flag_is_counted_where_the_sentence_is_understood(
    text: str, expected: str | None
) -> None:
    assert one_more_flag(text, "KVM_MEM_N") == (text if expected is None else expected)


RENUMBERED = edited(
    API,
    ("4.35 KVM_SET_USER_MEMORY_REGION\n", "14.135 KVM_SET_USER_MEMORY_REGION\n--"),
    ("\n8. Other", "\n9. Other"),
    ("\n8.1 ", "\n9.1 "),
    ("\n8.41 ", "\n9.41 "),
    ("\n7. Cap", "\n8. Cap"),
    ("\n7.", "\n8."),
)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("changes", [(), (old,), (RENUMBERED,)], ids=["as is", "old", "renumbered"])
def test_documentation_gets_no_new_warning(variant: str, changes: tuple[Change, ...]) -> None:
    if variant == "vm-type" and old in changes:
        return
    made = plan(knob(), variant, *changes)
    before = minitree(*changes)[API].decode()
    assert docutils(before) == ""
    if API in made.files:
        assert docutils(made.files[API].decode()) == ""


@pytest.mark.parametrize(
    ("variant", "heading"),
    [
        ("vm-capability", "8.33 KVM_CAP_X86_SMALL_MAPS\n---------------------------\n"),
        ("memslot-flag", "9.42 KVM_CAP_MEMSLOT_SMALL_MAPS\n-------------------------------\n"),
    ],
)
def test_a_section_is_numbered_as_the_chapter_is(variant: str, heading: str) -> None:
    text = plan(knob(), variant, RENUMBERED).files[API].decode()
    assert f"\n\n{heading}\n:Architectures:" in text


def test_the_table_is_found_by_its_section() -> None:
    (place,) = SITES["api-quirk-table"](survey())
    assert place.old.count("KVM_X86_QUIRK_") == 3
    assert MemoryTree(minitree()).read(API)[place.start : place.end].decode() == place.old


_LONG = "KVM_X86_QUIRK_A_NAME_OF_FORTY_ONE_LETTERS"
_MALFORMED = edited(
    API,
    (" KVM_X86_QUIRK_CD_NW_CLEARED        By", f" {_LONG} By"),
)


def table_patches(*changes: Change, **section: str) -> list[Patch]:
    """The patches of a quirk's series that change api.rst, on the small tree with changes."""
    made = plan(knob("quirk", section), "quirk", *changes)
    return [patch for patch in made.patches if API in patch.files]


def test_a_malformed_table_is_mended_by_a_patch_of_its_own() -> None:
    mend, uapi = table_patches(_MALFORMED)
    assert mend.part == "table" and uapi.part == "uapi"
    assert mend.subject == "KVM: Documentation: Widen the table of x86's quirks"
    assert f"{_LONG} runs into the second column" in mend.message.replace("\n", " ")
    assert docutils(mend.files[API].decode()) == ""
    assert b"KVM_X86_QUIRK_HUGE_MAPS" not in mend.files[API]
    added = set(uapi.files[API].splitlines()) - set(mend.files[API].splitlines())
    assert all(b"HUGE_MAPS" in line or line.startswith(b" " * 30) for line in added)


def test_a_table_that_is_too_narrow_is_widened_by_a_patch_of_its_own() -> None:
    name = "KVM_X86_QUIRK_" + "B" * 30
    mend, _ = table_patches(name=name)
    assert f"for {name}, which" in mend.message.replace("\n", " ")


def test_a_table_that_is_wide_enough_is_left_alone() -> None:
    (uapi,) = table_patches()
    assert uapi.part == "uapi"
