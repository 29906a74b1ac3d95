# SPDX-License-Identifier: GPL-2.0-only

"""Numbers: the next free one of a family, as the compiler sees it."""

from __future__ import annotations

import re

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.description.load import parse
from codegen.kernel.numbers import family
from codegen.plan.context import Reserved, numbers
from codegen.plan.variants import load_variant
from tests.golden.test_kinds import KNOBS_FOLDER
from tests.minitree import UAPI, X86_HOST, X86_UAPI, Change, added, edited, old
from tests.unit.kit import TEMPLATES, knob, plan, survey

LAST_CAP = "#define KVM_CAP_X86_SLOW_CLOCK 237\n"
LAST_FLAG = "#define KVM_MEM_GUEST_MEMFD\t(1UL << 2)\n"


def more_caps(text: str) -> Change:
    """A change that adds capabilities."""
    return edited(UAPI, (LAST_CAP, LAST_CAP + text))


def more_flags(text: str) -> Change:
    """A change that adds memslot flags."""
    return edited(UAPI, (LAST_FLAG, LAST_FLAG + text))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (None, 238),
        (more_caps("#define KVM_CAP_X 0x100\n"), 257),
        (more_caps("#define KVM_CAP_X (KVM_CAP_X86_SLOW_CLOCK + 3)\n"), 241),
        (more_caps("#define KVM_CAP_X KVM_CAP_HLT\n"), 238),
        (more_caps('#define KVM_CAP_X "no number"\n'), 238),
        (more_caps("#define KVM_CAP_X(n) (400 + (n))\n"), 238),
        (more_caps("/*\n#define KVM_CAP_X 500\n*/\n"), 238),
        (more_caps("#ifdef SOMETHING\n#define KVM_CAP_X 300\n#endif\n"), 301),
        (more_caps("#ifdef __KVM_HAVE_READONLY_MEM\n#define KVM_CAP_X 300\n#endif\n"), 301),
        (edited(UAPI, (LAST_CAP, "")), 236),
        (more_caps("#define KVM_CAP_VENDOR_BASE 0x1000\n"), 238),
        (more_caps("#define KVM_CAP_OURS 0xffbadab1\n#define KVM_CAP_OTHER 0xffbadab2\n"), 238),
        (more_caps("#define KVM_CAP_X 240\n#define KVM_CAP_OURS 0x1000\n"), 241),
        (more_caps("#define KVM_CAP_NR 238\n"), 238),
        (more_caps("#define KVM_CAP_MAX 256\n"), 238),
        (more_caps("#define KVM_CAP_NR_THINGS 238\n"), 239),
    ],
)  # fmt: skip
def test_the_next_capability(change: Change | None, expected: int) -> None:
    changes = (change,) if change else ()
    assert family(survey(*changes), "KVM_CAP_").next() == expected


def test_holes_are_not_reused_and_claimed_numbers_are_passed_over() -> None:
    caps = family(survey(), "KVM_CAP_")
    assert 17 not in caps.numbers()
    assert caps.next({17, 100}) == 238
    assert caps.next({238, 239, 241}) == 240


def test_a_number_far_beyond_is_taken_all_the_same() -> None:
    caps = family(survey(more_caps("#define KVM_CAP_OURS 0x1000\n")), "KVM_CAP_")
    assert caps.named("KVM_CAP_OURS") in caps.apart
    assert caps.next(range(238, 0x1000)) == 0x1001
    made = plan(knob(), "vm-capability", more_caps("\n#define KVM_CAP_OURS 0x1000\n"))
    assert re.search(rb"SLOW_CLOCK 237\n#define KVM_CAP_\w+ 238\n\n", made.files[UAPI])


def sized(size: str) -> Change:
    """A change that adds an array to a struct."""
    return edited(X86_HOST, ("struct kvm_arch {\n", f"struct kvm_arch {{\n\tlong n[{size}];\n"))


COUNTS: dict[str, tuple[str, str, tuple[Change, ...]]] = {
    "by its name": ("KVM_CAP_NR", "vm-capability", (more_caps("#define KVM_CAP_NR 238\n"),)),
    "the last": ("KVM_CAP_LAST", "vm-capability", (more_caps("#define KVM_CAP_LAST 237\n"),)),
    "by an array": (
        "KVM_CAP_THERE",
        "vm-capability",
        (more_caps("#define KVM_CAP_THERE 238\n"), sized("KVM_CAP_THERE")),
    ),
    "of bits": (
        "KVM_X86_QUIRK_COUNT",
        "quirk",
        (edited(X86_UAPI, ("(1 << 7)\n", "(1 << 7)\n#define KVM_X86_QUIRK_COUNT 8\n")),),
    ),
    "before a suffix": (
        "KVM_X86_MAX_VM",
        "vm-type",
        (
            edited(
                X86_UAPI,
                ("KVM_X86_SEV_VM\t\t2\n", "KVM_X86_SEV_VM\t\t2\n#define KVM_X86_MAX_VM 2\n"),
            ),
        ),
    ),
}


@pytest.mark.parametrize("which", COUNTS)
def test_a_name_that_counts_is_no_member(which: str) -> None:
    name, variant, changes = COUNTS[which]
    with pytest.raises(FindingsError, match=f"{name} = .* how many") as caught:
        plan(knob(), variant, *changes)
    assert f"not-in: [{name}]" in caught.value.findings[0].hint
    assert plan(knob(**{"not-in": [name]}), variant, *changes).numbers


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", 3),
        ("#define KVM_MEM_X BIT(5)\n", 6),
        ("#define KVM_MEM_X _BITUL(6)\n", 7),
        ("#define KVM_MEM_X 0x80\n", 8),
        ("#define KVM_MEM_X (1 << 8)\n", 9),
        ("#define KVM_MEM_X (1ULL << 9)\n", 10),
        ("#define KVM_MEM_X (KVM_MEM_GUEST_MEMFD << 1)\n", 4),
        ("#define KVM_MEM_X (1UL << 16)\n", 3),
        ("#define KVM_MEM_ALL (KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD)\n", 3),
    ],
)
def test_the_next_memslot_bit(flags: str, expected: int) -> None:
    found = family(survey(more_flags(flags)), "KVM_MEM_", bits=True, limit=16)
    assert found.next() == expected


@pytest.mark.parametrize(
    "value",
    ["_BITUL({})", "BIT({})", "(1UL << {})", "{0:#x}"],
    ids=["_BITUL", "BIT", "shift", "hex"],
)
def test_flags_in_any_notation_are_followed_by_the_next(value: str) -> None:
    spelled = [value.format(n if "{0" not in value else 1 << n) for n in range(3)]
    change = edited(
        UAPI, ("(1UL << 0)", spelled[0]), ("(1UL << 1)", spelled[1]), ("(1UL << 2)", spelled[2])
    )
    made = plan(knob(), "memslot-flag", change)
    assert made.numbers["flag"] == 3
    following = value.format(3) if "BIT" in value else "(1UL << 3)"
    assert f"KVM_MEM_SMALL_MAPS\t{following}\n".encode() in made.files[UAPI]


def test_macros_of_a_header_of_their_own_are_found() -> None:
    split = "include/uapi/linux/kvm_memslot.h"
    lines = "".join(
        f"#define {name}\t(1UL << {bit})\n"
        for bit, name in enumerate(
            ("KVM_MEM_LOG_DIRTY_PAGES", "KVM_MEM_READONLY", "KVM_MEM_GUEST_MEMFD")
        )
    )
    changes = (
        edited(
            UAPI,
            ("#define KVM_MEM_LOG_DIRTY_PAGES\t(1UL << 0)\n", "#include <linux/kvm_memslot.h>\n"),
            ("#define KVM_MEM_READONLY\t(1UL << 1)\n", ""),
            (LAST_FLAG, ""),
        ),
        added(split, f"/* SPDX-License-Identifier: GPL-2.0-only */\n\n{lines}"),
    )
    made = plan(knob(), "memslot-flag", *changes)
    assert made.numbers["flag"] == 3
    assert made.files[split].endswith(b"KVM_MEM_GUEST_MEMFD\t(1UL << 2)\n#define KVM_MEM_SMALL_MAPS\t(1UL << 3)\n")  # fmt: skip
    assert b"KVM_MEM_SMALL_MAPS" not in made.files[UAPI]


@pytest.mark.parametrize(
    ("variant", "change", "said"),
    [
        ("memslot-flag", more_flags("#define KVM_MEM_X (1UL << 15)\n"), "KVM_MEM_\\* is full: 16"),
        ("quirk", edited(X86_UAPI, ("(1 << 7)", "(1u << 31)")), "KVM_X86_QUIRK_\\* is full: 32"),
        (
            "vm-type",
            edited(X86_UAPI, ("KVM_X86_SEV_VM\t\t2", "KVM_X86_SEV_VM\t\t31")),
            "is full: 32",
        ),
    ],
)
def test_a_full_family_is_an_error(variant: str, change: Change, said: str) -> None:
    with pytest.raises(FindingsError, match=said):
        plan(knob(), variant, change)


def test_a_family_that_the_tree_does_not_have_is_an_error() -> None:
    made = survey(edited(X86_UAPI, ("KVM_X86_QUIRK_", "X86_QUIRK_")))
    with pytest.raises(FindingsError, match=r"no macro KVM_X86_QUIRK_\*"):
        numbers(made, knob("quirk"), load_variant(TEMPLATES, "quirk"), Reserved())


def test_reserved_numbers_of_each_family_are_left_free() -> None:
    reserved = Reserved({"KVM_CAP_": frozenset({238, 239}), "KVM_MEM_": frozenset({3})})
    made = plan(knob(), "memslot-flag", reserved=reserved)
    assert made.numbers == {"flag": 4, "capability": 240}


def test_quirk_bits_of_the_older_tree_have_a_hole_that_stays() -> None:
    assert family(survey(old), "KVM_X86_QUIRK_", bits=True, limit=32).next() == 4


def test_where_says_file_and_line() -> None:
    found = family(survey(), "KVM_CAP_").named("KVM_CAP_IRQCHIP")
    assert found is not None
    assert found.where().startswith(f"{UAPI}:")


MERGED = {
    "commit": "0123456789ab",
    "title": "KVM: Add KVM_MEM_SMALL_MAPS",
    "numbers": {"KVM_CAP_MEMSLOT_SMALL_MAPS": 300, "KVM_MEM_SMALL_MAPS": 9, "KVM_CAP_OTHER": 7},
}


def test_what_linux_has_merged_has_its_numbers() -> None:
    made = plan(knob("memslot-flag", merged=[MERGED]), "memslot-flag")
    assert made.numbers == {"flag": 9, "capability": 300}
    assert b"#define KVM_CAP_MEMSLOT_SMALL_MAPS 300\n" in made.files[UAPI]
    (uapi,) = (patch for patch in made.patches if patch.part == "uapi")
    said = " ".join(uapi.message.split())
    assert 'Linux has it since commit 0123456789ab ("KVM: Add KVM_MEM_SMALL_MAPS"), so take' in said
    assert "300 for KVM_CAP_MEMSLOT_SMALL_MAPS" in said and "KVM_CAP_OTHER" not in said
    assert "bit 9 for KVM_MEM_SMALL_MAPS" in said
    other = plan(knob("quirk", merged=[MERGED]), "quirk")
    assert not other.merged and "Linux has it" not in other.patches[1].message


def test_names_that_several_commits_gave_are_said_apart() -> None:
    first, second = (
        {**MERGED, "numbers": {name: number}}
        for name, number in (("KVM_MEM_SMALL_MAPS", 9), ("KVM_CAP_MEMSLOT_SMALL_MAPS", 300))
    )
    made = plan(knob("memslot-flag", merged=[first, second]), "memslot-flag")
    said = " ".join(made.patches[1].message.split())
    assert "Linux has KVM_MEM_SMALL_MAPS since commit 0123456789ab" in said
    assert "Linux has KVM_CAP_MEMSLOT_SMALL_MAPS since commit 0123456789ab" in said
    made = plan(knob("memslot-flag", merged=[second]), "memslot-flag")
    assert "Linux has KVM_CAP_MEMSLOT_SMALL_MAPS since" in " ".join(made.patches[1].message.split())


def test_an_ioctl_shares_the_number_that_linux_gave_it() -> None:
    merged = [{**MERGED, "numbers": {"KVM_LIMIT_LEAFS": 0xA3}}]
    text = yaml.safe_load((KNOBS_FOLDER / "number-ioctl.yaml").read_bytes())
    said = parse(yaml.safe_dump({**text, "merged": merged}).encode(), "knob.yaml")
    made = numbers(survey(), said, load_variant(TEMPLATES, "new-ioctl"), Reserved())
    assert made["name"] == 0xA3  # of KVM_ENABLE_CAP and KVM_GET_TSC_KHZ in that tree


def test_a_number_that_the_tree_gave_away_is_refused() -> None:
    merged = {**MERGED, "numbers": {"KVM_MEM_SMALL_MAPS": 1}}
    with pytest.raises(FindingsError, match="1 is KVM_MEM_READONLY in this tree"):
        plan(knob("memslot-flag", merged=[merged]), "memslot-flag")
