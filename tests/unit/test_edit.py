# SPDX-License-Identifier: GPL-2.0-only
"""Edits become files: nothing but the edits changes, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.base.errors import FindingsError
from codegen.sites.edit import TextEdit, applied
from codegen.sites.place import Place
from tests.minitree import MemoryTree


def edit(data: bytes, start: int, end: int, text: str, path: str = "f.txt") -> TextEdit:
    """An edit of some bytes."""
    old = data[start:end].decode("utf-8", "surrogateescape")
    return TextEdit("site", Place(path, start, end, 1, "how", old), text)


def resolved(data: bytes) -> bool:
    """Whether no merge has left it so; Hypothesis draws what gen's code looks for."""
    return b"<<<<" not in data and b">>>>" not in data


@settings(deadline=None, max_examples=80)
@given(st.binary(max_size=60).filter(resolved), st.data())
def test_edits_that_do_not_overlap_are_all_applied(data: bytes, drawn: st.DataObject) -> None:
    cuts = sorted(drawn.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    pairs = [p for i, p in enumerate(pairs) if i == 0 or p[0] >= pairs[i - 1][1]]
    words = [drawn.draw(st.text("abc\n", max_size=5)) for _ in pairs]
    edits = [edit(data, a, b, word) for (a, b), word in zip(pairs, words, strict=True)]
    expected = data
    for (a, b), word in reversed(list(zip(pairs, words, strict=True))):
        expected = expected[:a] + word.encode() + expected[b:]
    assert applied(MemoryTree({"f.txt": data}), edits) == ({"f.txt": expected} if edits else {})


def test_edits_at_one_place_keep_their_order() -> None:
    data = b"ab"
    edits = [edit(data, 1, 1, "1"), edit(data, 1, 1, "2"), edit(data, 1, 1, "3")]
    assert applied(MemoryTree({"f.txt": data}), edits)["f.txt"] == b"a123b"


def test_overlapping_edits_are_refused() -> None:
    data = b"abcdef"
    with pytest.raises(FindingsError, match="overlap in f.txt"):
        applied(MemoryTree({"f.txt": data}), [edit(data, 0, 3, "x"), edit(data, 2, 4, "y")])


def test_a_place_with_another_text_is_refused() -> None:
    with pytest.raises(FindingsError, match="the text at the place changed"):
        applied(MemoryTree({"f.txt": b"abZdef"}), [edit(b"abcdef", 2, 3, "x")])


def test_bytes_that_are_no_utf8_stay() -> None:
    data = b"/* Andr\xe9 */\nint a;\n"
    made = applied(MemoryTree({"f.c": data}), [edit(data, len(data), len(data), "int b;\n", "f.c")])
    assert made["f.c"] == data + b"int b;\n"


def c_edit(line: str, old: str, new: str) -> str:
    """A line of C with a fragment replaced."""
    data = f"before\n{line}\nafter\n".encode()
    start = data.index(old.encode())
    made = applied(MemoryTree({"f.c": data}), [edit(data, start, start + len(old), new, "f.c")])
    return made["f.c"].decode().removeprefix("before\n").removesuffix("\nafter\n")


def test_a_line_is_broken_in_front_of_a_fragment_that_made_it_too_long() -> None:
    assert (
        c_edit(
            "\treturn div64_u64(ns, (CYCLE * apic->divide_count));",
            "CYCLE",
            "kvm_apic_bus_cycle_ns(apic->vcpu->kvm)",
        )
        == "\treturn div64_u64(ns,\n"
        "\t\t\t (kvm_apic_bus_cycle_ns(apic->vcpu->kvm) * apic->divide_count));"
    )


def test_a_line_is_broken_behind_a_fragment_that_made_it_too_long() -> None:
    assert (
        c_edit(
            "\tif (ONE && the_second_condition(kvm) && third)", "ONE", "a_longer_first(kvm, slot)"
        )
        == "\tif (a_longer_first(kvm, slot) && the_second_condition(kvm) && third)"
    )
    assert (
        c_edit(
            "\tif (ONE && the_second_condition(kvm) && the_third)",
            "ONE",
            "a_condition_that_is_much_longer(kvm, slot)",
        )
        == "\tif (a_condition_that_is_much_longer(kvm, slot) &&\n"
        "\t    the_second_condition(kvm) && the_third)"
    )


def test_two_edits_of_one_line_are_wrapped_together() -> None:
    data = b"\tif (A && B)\n\t\treturn;\n"
    long = "a_function_with_a_name(of_an_argument)"
    edits = [edit(data, 5, 6, long, "f.c"), edit(data, 10, 11, long, "f.c")]
    made = applied(MemoryTree({"f.c": data}), edits)["f.c"].decode()
    assert made == f"\tif ({long} &&\n\t    {long})\n\t\treturn;\n"


def test_lines_that_were_too_long_before_stay() -> None:
    long = (
        "\tcall(aaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccc);"
    )
    data = f"{long}\nint a;\n".encode()
    made = applied(MemoryTree({"f.c": data}), [edit(data, 0, 0, "int b;\n", "f.c")])
    assert made["f.c"] == b"int b;\n" + data


def test_only_c_is_wrapped() -> None:
    data = b"x\n"
    text = (
        "A long line of documentation, which is nobody's business to wrap here, or so it seems.\n"
    )
    assert applied(MemoryTree({"f.rst": data}), [edit(data, 0, 0, text, "f.rst")]) == {
        "f.rst": text.encode() + data
    }
