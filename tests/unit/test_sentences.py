# SPDX-License-Identifier: GPL-2.0-only
"""Sentences that a series makes false, corrected where they stand."""

from __future__ import annotations

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.sites.sentences import in_comment, in_document
from tests.minitree import API, Change, edited
from tests.minitree.memfd import GUEST_MEMFD, memfd
from tests.minitree.uapi import uapi
from tests.unit import kit

WORD = "KVM_CREATE_GUEST_MEMFD"
ROW = """\
FIRST                       By default, KVM does one thing
                            and another.  When it is disabled,
                            it does neither.
"""


def said(text: str) -> Change:
    """The section says this."""
    last = "No flags are defined yet, the field must be zero.\n"
    return edited(API, (last, f"{last}\n{text}"))


def corrected(text: str, says: str, put: str) -> str:
    edit = in_document(kit.survey(uapi, memfd, said(text)), WORD, says, put)
    assert edit
    return edit.text


def test_wherever_lines_end() -> None:
    text = "The file has no\nowner, and nobody\nmaps it.\n"
    assert (
        corrected(text, "no owner", "one owner")
        == "The file has one\nowner, and nobody\nmaps it.\n"
    )


def test_what_hangs_stays_so() -> None:
    """The last column of a table, wrapped as wide as it was."""
    made = corrected(ROW, "does one thing and another.", "does one thing and another or a third.")
    assert made == """\
FIRST                       By default, KVM does one thing and
                            another or a third.  When it is
                            disabled, it does neither.
"""


def test_other_items_of_a_list_stay() -> None:
    text = "- one is so,\n  and is no more\n- two is so\n"
    assert corrected(text, "no more", "there") == "- one is so,\n  and is there\n- two is so\n"


def test_a_sentence_that_stands_twice() -> None:
    with pytest.raises(FindingsError, match="found 2 times"):
        corrected("It is so.\n\nIt is so.\n", "It is so.", "It is not.")


def test_a_comment() -> None:
    comment = "\t/*\n\t * Nobody has a flag,\n\t * whatever it is.\n\t */\n"
    change = edited(GUEST_MEMFD, ("\tif (!size)\n", f"{comment}\tif (!size)\n"))
    survey = kit.survey(uapi, memfd, change)
    edit = in_comment(
        survey, "kvm_gmem_create", "has a flag, whatever", "has another flag, whatever"
    )
    assert edit and edit.text == "/* Nobody has another flag, whatever it is. */"
    assert in_comment(survey, "kvm_gmem_create", "someone", "x") is None


def described(**more: object) -> str:
    text = kit.knob_text("quirk")
    made = yaml.safe_load(text)
    made["quirk"]["corrects"] = [more]
    return yaml.safe_dump(made)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"says": "a b", "put": "c d"}, "names one place"),
        ({"says": "a b", "put": "c d", "in": "kvm_x", "section": "X"}, "names one place"),
        ({"says": "a b", "put": "a  b", "section": "X"}, "stays as it is"),
    ],
)
def test_lint(more: dict[str, object], says: str) -> None:
    from codegen.description.load import parse

    with pytest.raises(FindingsError, match=says):
        parse(described(**more).encode(), "k.yaml")


def test_what_no_tree_says() -> None:
    from codegen.description.load import parse

    text = described(says="There are sixteen flags", put="x y", section="KVM_CAP_DISABLE_QUIRKS2")
    with pytest.raises(FindingsError, match="does not say so"):
        kit.plan(parse(text.encode(), "k.yaml"), "quirk")
    text = described(
        says="There are sixteen flags", put="x y", section="KVM_CAP_DISABLE_QUIRKS2", optional=True
    )
    assert kit.plan(parse(text.encode(), "k.yaml"), "quirk").patches
