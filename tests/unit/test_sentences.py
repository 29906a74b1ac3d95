# SPDX-License-Identifier: GPL-2.0-only
"""Sentences that a series makes false, corrected where they stand."""

from __future__ import annotations

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.description.load import parse
from codegen.plan.plan import Plan
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
WIDE = """\
FIRST                       By default, KVM does one thing and
                            another or a third.  When it is
                            disabled, it does neither.
"""
FIELDS = ":Parameters: args[0] is a set\n:Architectures: x86\n:Type: vm\n"
LONG = "a set of all that there is to be told of the memory that belongs to a guest"
LONG_FIELDS = """\
:Parameters: args[0] is a set of all that there is to be told of the memory
             that belongs to a guest
:Architectures: x86
:Type: vm
"""
TABLE = "==== ==================\nA    It is so.\nB    It is another.\n==== ==================\n"
TERM = "KVM_FLAG\n  If set, it is so,\n  and not otherwise.\n"
BLOCK = "Shown::\n\n  struct kvm_x {\n\t__u32 pad0;\n\t__u64 other;\n  };\n"


def said(text: str) -> Change:
    """The section says this."""
    last = "No flags are defined yet, the field must be zero.\n"
    return edited(API, (last, f"{last}\n{text}"))


def corrected(text: str, says: str, put: str) -> str:
    (sentence,) = in_document(kit.survey(uapi, memfd, said(text)), WORD, says, put)
    return sentence.reword(sentence.place.old)


@pytest.mark.parametrize(
    ("text", "says", "put", "made"),
    [
        ("The file has no\nowner, and nobody\n", "no owner", "one owner",
         "The file has one owner, and nobody\n"),
        # the last column of a table, wrapped as wide as it was
        (ROW, "one thing and another.", "one thing and another or a third.", WIDE),
        (ROW, "FIRST", "THIRD", ROW.replace("FIRST", "THIRD")),
        ("==== ====\n" + ROW, "it does neither", "it rests",
         "==== ====\n" + ROW.replace("it does neither", "it rests")),
        (TABLE, "It is so.", "It is so, and more of it than fits.",
         TABLE.replace("It is so.", "It is so, and more\n     of it than fits.")),
        ("- one is so,\n  and is no more\n- two is so\n", "no more", "there",
         "- one is so,\n  and is there\n- two is so\n"),
        (FIELDS, "a set", LONG, LONG_FIELDS),
        (TERM, "KVM_FLAG", "KVM_FLAG (bit 3)", TERM.replace("KVM_FLAG", "KVM_FLAG (bit 3)")),
        (TERM, "it is so,", "it is", "KVM_FLAG\n  If set, it is and\n  not otherwise.\n"),
        (BLOCK, "__u32 pad0;", "__u32 foo;", "  struct kvm_x {\n\t__u32 foo;\n\t__u64 other;\n  };\n"),
    ],
)  # fmt: skip
def test_documents(text: str, says: str, put: str, made: str) -> None:
    assert corrected(text, says, put) == made


@pytest.mark.parametrize(
    ("text", "says", "reason"),
    [
        ("It is so, and it is so.\n", "it is so", ""),
        ("It is so, and it is so: it is so.\n", "it is so", "more than once"),
        (BLOCK, "__u32 pad0; __u64 other;", "a line stays one"),
        ("A title\n~~~~~~~\n", "A title", "it is a title"),
        ("+----+\n| so |\n+----+\n", "so", "lines between the columns"),
        ("- one is so\n- two is so\n", "so - two", "one item of a list"),
    ],
)
def test_what_cannot_be_corrected(text: str, says: str, reason: str) -> None:
    if reason:
        with pytest.raises(ValueError, match=reason):
            corrected(text, says, "x")
    else:
        assert corrected(text, says, "x") == "It is so, and x.\n"


def commented(comment: str, says: str, put: str) -> str:
    change = edited(GUEST_MEMFD, ("\tif (!size)\n", f"{comment}\tif (!size)\n"))
    (sentence,) = in_comment(kit.survey(uapi, memfd, change), "kvm_gmem_create", says, put)
    return sentence.reword(sentence.place.old)


def test_comments() -> None:
    one = commented("\t/* Nobody has a flag. */\n", "a flag", "another flag")
    assert one == "/* Nobody has another flag. */"
    several = (
        "\t/*\n\t * Nobody has\n\t * a flag.\n\t *\n\t * 1. It is so.\n\t * 2. And so.\n\t */\n"
    )
    made = commented(several, "has a flag", "has another flag")
    assert made == several.strip("\t\n").replace("has\n\t * a", "has another")
    assert commented(several, "It is so", "So it is") == several.strip("\t\n").replace(
        "It is so", "So it is"
    )


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("\tsize = 1;	/* It is so. */\n", "stands behind code"),
        ("\t/* Well,\n\t * it is so. */\n", "with its marks"),
    ],
)
def test_comments_of_another_form(comment: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        commented(comment, "is so", "is so " * 20)


def described(*corrects: dict[str, object]) -> Plan:
    made = yaml.safe_load(kit.knob_text("quirk"))
    made["quirk"]["corrects"] = list(corrects)
    return kit.plan(parse(yaml.safe_dump(made).encode(), "k.yaml"), "quirk")


QUIRKS = {"section": "KVM_CAP_DISABLE_QUIRKS2"}
SAYS = {"says": "all SPTEs.", **QUIRKS}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"says": "a b", "put": "c d"}, "names one place"),
        ({"says": "a b", "put": "c d", "in": "kvm_x", "section": "X"}, "names one place"),
        ({"says": "a b", "put": "a  b", "section": "X"}, "stays as it is"),
        ({"says": "a b", "put": "c\n\nd", "section": "X"}, "one paragraph"),
        ({"says": "There are sixteen flags", "put": "x y", **QUIRKS}, "does not say so"),
        ({"says": "By default", "put": "x y", **QUIRKS}, "says so [0-9] times"),
        ({"says": "By default", "put": "x y", "optional": True, **QUIRKS}, "says so [0-9] times"),
        ({**SAYS, "in": "no_such", "section": None, "put": "x y"}, "does not say so"),
    ],
)
def test_refused(more: dict[str, object], says: str) -> None:
    with pytest.raises(FindingsError, match=says) as caught:
        described({key: value for key, value in more.items() if value is not None})
    assert "k.yaml:" in caught.value.findings[0].render()


def test_two_in_one_paragraph() -> None:
    made = described(
        {**SAYS, "put": "them."},
        {**SAYS, "says": "By default, KVM invalidates", "put": "As a rule, KVM invalidates"},
    )
    assert "As a rule, KVM invalidates them." in kit.after(made, API)


def test_what_any_uapi_of_a_kind_makes_false() -> None:
    x86 = "arch/x86/kvm/x86.c"
    says = (
        "and there is no\n\t * other flag,",
        "and the only\n\t * other flag is LOG_DIRTY_PAGES,",
    )
    made = kit.plan(kit.knob("memslot-flag"), "memslot-flag", edited(x86, says))
    said = " ".join(kit.after(made, x86).replace(" * ", " ").split())
    assert "and the only other change that gets here is one of LOG_DIRTY_PAGES" in said


def test_what_a_tree_need_not_say() -> None:
    made = described(
        {"says": "There are sixteen flags", "put": "x y", "optional": True, **QUIRKS},
        {"says": "x y", "put": "y x", "optional": True, "in": "no_such"},
        {"says": "x y", "put": "y x", "optional": True, "section": "NO_SUCH"},
    )
    assert made.patches
