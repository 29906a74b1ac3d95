# SPDX-License-Identifier: GPL-2.0-only
"""A member that comes with a flag: where the padding of its struct has room for it."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from codegen.sites.padding import api_struct_padding, struct_padding
from codegen.sites.place import Place
from tests.minitree import API, UAPI, Change, Files, edited
from tests.minitree.memfd import memfd, shown
from tests.minitree.uapi import uapi
from tests.unit import kit

STRUCT = "kvm_create_guest_memfd"


def padded(*members: str) -> Change:
    """The struct with these members behind its flags."""
    text = "".join(f"\t{member};\n" for member in members)
    return edited(UAPI, ("\t__u64 reserved[6];\n", text))


def typed(files: Files) -> None:
    """The uAPI headers have their types."""
    sizes = {8: "char", 16: "short", 32: "int", 64: "long long"}
    types = "".join(f"typedef unsigned {c} __u{n};\n" for n, c in sizes.items())
    files["include/uapi/linux/types.h"] = types.encode()


def place(type_: str, *changes: Change, takes: str = "pad", archs: str = "x86") -> Place:
    survey = kit.survey(uapi, memfd, typed, *changes, archs=tuple(archs.split()))
    asked = {"struct": STRUCT, "takes": takes, "name": "least", "type": type_}
    return struct_padding(survey, **asked, architectures=archs)


@pytest.mark.parametrize(
    ("type_", "members", "before", "after", "rest"),
    [
        ("__u64", ("__u64 pad[6]",), 0, 5, "pad"),
        ("__u64", ("__u32 pad[4]",), 0, 2, "pad"),
        ("__u64", ("__u64 pad",), 0, 0, "pad"),
        ("__u8", ("__u8 pad[7]",), 0, 6, "pad"),
        # 4 bytes behind what is aligned to 8
        ("__u64", ("__u32 fd", "__u8 pad[36]"), 4, 24, "pad2"),
        ("__u64", ("__u32 fd", "__u32 pad2", "__u32 more", "__u8 pad[36]"), 4, 24, "pad3"),
        ("__u16", ("__u8 one", "__u8 pad[3]"), 1, 0, "pad2"),
    ],
)
def test_room(type_: str, members: tuple[str, ...], before: int, after: int, rest: str) -> None:
    names = place(type_, padded(*members)).names
    assert (names["before"], names["after"], names["rest"]) == (str(before), str(after), rest)


@pytest.mark.parametrize(
    ("type_", "members", "says"),
    [
        ("__u64", ("__u32 pad",), "no room for a __u64"),
        ("__u64", ("__u32 fd", "__u8 pad[8]"), "no room for a __u64"),
        ("__u32", ("__u64 pad[2]",), "no room for a __u32"),  # half of one
        ("__u64", ("__u64 reserved[6]",), "the padding `pad` of struct kvm_create_guest_memfd not"),
        ("__u64", ("struct kvm_memslot pad",), "not found"),
        ("__u64", ("__u64 least", "__u64 pad[2]"), "has a member `least` already"),
        ("__u64", ("union { __u64 pad[2]; __u64 word; } u",), "not found"),
    ],
)
def test_no_room(type_: str, members: tuple[str, ...], says: str) -> None:
    with pytest.raises(FindingsError, match=says):
        place(type_, padded(*members))


def test_what_is_no_padding_by_its_name() -> None:
    with pytest.raises(FindingsError, match="padding `size` of struct .* not found"):
        place("__u64", takes="size")


def test_two_architectures_have_such_a_struct() -> None:
    text = f"\nstruct {STRUCT} {{\n\t__u32 pad[4];\n}};\n\n#endif"
    arm64 = edited("arch/arm64/include/uapi/asm/kvm.h", ("\n#endif", text))
    both = (padded("__u64 pad[6]"), arm64)
    assert place("__u64", *both).path == UAPI
    with pytest.raises(FindingsError, match="found 2 times"):
        place("__u64", *both, archs="x86 arm64")


def test_shown_in_documents() -> None:
    """Each block that shows the struct, and no other one that has such padding."""
    other = "::\n\n  struct kvm_other {\n\t__u64 reserved[6];\n  };\n\n"
    again = edited(API, ("5. The kvm_run structure", f"{other}5. The kvm_run structure"))
    survey = kit.survey(uapi, memfd, shown, again)
    asked = {"struct": STRUCT, "takes": "reserved", "name": "least", "type": "__u64"}
    asked["architectures"] = "x86"
    (found,) = api_struct_padding(survey, **asked)
    assert found.old == "  \t__u64 reserved[6];\n" and found.names["after"] == "5"
    assert api_struct_padding(kit.survey(uapi, memfd), **asked) == ()
