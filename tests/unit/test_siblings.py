# SPDX-License-Identifier: GPL-2.0-only
"""A second list that names the siblings of a new name, and not the new one, stops a series."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from codegen.c.lists import bounds, counted, masks_of, name_lists
from codegen.c.outline import outline
from tests.minitree import KVM_MAIN, SELFTESTS, X86, X86_HOST, X86_UAPI, Change, edited, new, old
from tests.unit import kit

HOST = "include/linux/kvm_host.h"
QUIRKS = "KVM_X86_QUIRK_LINT0_REENABLED | KVM_X86_QUIRK_CD_NW_CLEARED"
ALL_FLAGS = "(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD)"


def behind(path: str, mark: str, text: str) -> Change:
    """Text in front of a mark of a file."""
    return edited(path, (mark, f"{text}\n{mark}"))


SECOND: dict[str, tuple[str, Change, str]] = {
    "a mask in a header": (
        "memslot-flag",
        behind(HOST, "struct kvm {", f"#define KVM_MEM_USER_FLAGS {ALL_FLAGS}\n"),
        "KVM_MEM_USER_FLAGS names KVM_MEM_GUEST_MEMFD, KVM_MEM_LOG_DIRTY_PAGES, "
        "KVM_MEM_READONLY, and not KVM_MEM_SMALL_MAPS",
    ),
    "a mask in a function": (
        "memslot-flag",
        behind(
            KVM_MAIN,
            "static int check_memory_region_flags",
            f"static bool may(u32 flags)\n{{\n\treturn !(flags & ~{ALL_FLAGS});\n}}\n",
        ),
        "may names KVM_MEM_GUEST_MEMFD",
    ),
    "quirks in two masks": (
        "quirk",
        behind(
            X86_HOST,
            "struct kvm_arch {",
            f"#define KVM_X86_OWN_QUIRKS ({QUIRKS} | \\\n\tKVM_X86_QUIRK_SLOT_ZAP_ALL)\n",
        ),
        "KVM_X86_OWN_QUIRKS names",
    ),
    "who may be enabled, in a function of its own": (
        "vm-capability",
        behind(
            X86,
            "int kvm_vm_ioctl_enable_cap",
            "static bool known(u32 cap)\n{\n\tswitch (cap) {\n\tcase KVM_CAP_DISABLE_QUIRKS2:\n"
            "\tcase KVM_CAP_X86_SLOW_CLOCK:\n\t\treturn true;\n\t}\n\treturn false;\n}\n",
        ),
        "known names KVM_CAP_DISABLE_QUIRKS2, KVM_CAP_X86_SLOW_CLOCK, and not",
    ),
    "who may be enabled, as a table": (
        "vm-capability",
        behind(
            X86,
            "int kvm_vm_ioctl_enable_cap",
            "static const u32 known_caps[] = {\n\tKVM_CAP_DISABLE_QUIRKS2,\n"
            "#ifdef CONFIG_X86_64\n\tKVM_CAP_X86_SLOW_CLOCK,\n#endif\n};\n",
        ),
        "known_caps names KVM_CAP_DISABLE_QUIRKS2, KVM_CAP_X86_SLOW_CLOCK, and not",
    ),
    "who may be enabled, as comparisons": (
        "vm-capability",
        edited(
            X86,
            (
                "\tswitch (cap->cap) {\n",
                "\tif (cap->cap != KVM_CAP_DISABLE_QUIRKS2 &&\n"
                "\t    cap->cap != KVM_CAP_X86_SLOW_CLOCK)\n\t\treturn -EINVAL;\n\n"
                "\tswitch (cap->cap) {\n",
            ),
        ),
        "kvm_vm_ioctl_enable_cap names",
    ),
    "what a selftest takes for valid, unknown how": (
        "memslot-flag",
        edited(
            f"{SELFTESTS}set_memory_region_test.c",
            ("__vm_set_user_memory_region(", "refuses("),
        ),
        "test_invalid_memory_region_flags names KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY, and",
    ),
    "a bound by another name": (
        "vm-capability",
        lambda files: (
            behind(HOST, "struct kvm {", "#define LAST_CAP (KVM_CAP_X86_SLOW_CLOCK)\n")(files),
            edited(
                X86,
                (
                    "\tswitch (cap->cap) {\n",
                    "\tif (cap->cap > LAST_CAP)\n\t\treturn -1;\n\tswitch (cap->cap) {\n",
                ),
            )(files),
        )[0],
        "kvm_vm_ioctl_enable_cap names LAST_CAP, and not KVM_CAP_X86_SMALL_MAPS",
    ),
    "how many bits there are": (
        "memslot-flag",
        edited(
            KVM_MAIN,
            ("static int check_memory", "#define KVM_MEM_NR_FLAGS 3\n\nstatic int check_memory"),
            (
                "\tif (mem->flags & ~valid_flags)",
                "\tif (mem->flags >> KVM_MEM_NR_FLAGS)\n\t\treturn -EINVAL;\n"
                "\tif (mem->flags & ~valid_flags)",
            ),
        ),
        "check_memory_region_flags names KVM_MEM_NR_FLAGS, and not KVM_MEM_SMALL_MAPS",
    ),
    "twice the last one": (
        "quirk",
        lambda files: (
            edited(
                X86_UAPI,
                (
                    "#define KVM_X86_QUIRK_SLOT_ZAP_ALL",
                    "#define KVM_X86_QUIRK_NEWEST KVM_X86_QUIRK_SLOT_ZAP_ALL\n"
                    "#define KVM_X86_QUIRK_SLOT_ZAP_ALL",
                ),
            )(files),
            edited(
                X86,
                (
                    "\tswitch (cap->cap) {\n",
                    "\tif (cap->args[0] >= 2 * KVM_X86_QUIRK_NEWEST)\n\t\treturn -1;\n"
                    "\tswitch (cap->cap) {\n",
                ),
            )(files),
        )[0],
        "kvm_vm_ioctl_enable_cap names KVM_X86_QUIRK_NEWEST, and not",
    ),
}


@pytest.mark.parametrize("which", SECOND)
def test_a_second_list_is_an_error_that_names_it(which: str) -> None:
    variant, change, said = SECOND[which]
    with pytest.raises(FindingsError) as caught:
        kit.plan(kit.knob(variant), variant, change)
    assert said in str(caught.value), caught.value
    _, *mend = caught.value.findings[0].hint.split("\n")
    assert "does nothing without it" in mend[0]
    assert mend[1].startswith("add it by hand behind the series")
    assert mend[2].startswith("only if it need not know")
    assert "say `not-in: [" in mend[2]


@pytest.mark.parametrize("which", SECOND)
def test_a_description_may_say_that_it_need_not_be_there(which: str) -> None:
    variant, change, said = SECOND[which]
    within = said.split(" ", 1)[0]
    assert kit.plan(kit.knob(variant, not_in=[within]), variant, change).patches


MASKS_OF_MASKS = {
    "a macro": (
        "#define MEM_ALL (KVM_SET_USER_MEMORY_REGION_V1_FLAGS | KVM_MEM_GUEST_MEMFD)\n",
        ("MEM_ALL",),
    ),
    "an enumerator": (
        "static const u32 mem_old = KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY;\n"
        "enum { MEM_ALL = mem_old | KVM_MEM_GUEST_MEMFD, };\n",
        ("mem_old", "MEM_ALL"),
    ),
}


@pytest.mark.parametrize("which", MASKS_OF_MASKS)
def test_a_mask_may_be_made_of_another_mask(which: str) -> None:
    text, told = MASKS_OF_MASKS[which]
    change = behind(KVM_MAIN, "static int check_memory_region_flags", text)
    section = {"v1": False}
    with pytest.raises(FindingsError) as caught:
        kit.plan(kit.knob("memslot-flag", section), "memslot-flag", change)
    said = "MEM_ALL names KVM_MEM_GUEST_MEMFD, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY, and not"
    assert said in str(caught.value), caught.value
    assert kit.plan(
        kit.knob("memslot-flag", section, not_in=list(told)), "memslot-flag", change
    ).patches


def test_a_mask_of_a_mask_that_has_the_new_name_has_it_as_well() -> None:
    change = behind(KVM_MAIN, "static int check_memory_region_flags", MASKS_OF_MASKS["a macro"][0])
    assert kit.plan(kit.knob("memslot-flag"), "memslot-flag", change).patches


@pytest.mark.parametrize("changes", [(), (old,), (new,)])
@pytest.mark.parametrize("variant", ["memslot-flag", "vm-capability", "quirk"])
def test_the_trees_as_they_are_have_none(variant: str, changes: tuple[Change, ...]) -> None:
    assert kit.plan(kit.knob(variant), variant, *changes).patches


def test_a_mask_that_is_left_alone_on_purpose_is_none() -> None:
    """The first ioctl's mask, and the flags that stay, without the new one."""
    section = {"v1": False, "mutable": True}
    assert kit.plan(kit.knob("memslot-flag", section), "memslot-flag").patches


def test_few_of_them_are_no_list_of_all() -> None:
    few = behind(X86_HOST, "struct kvm_arch {", f"#define KVM_X86_SOME_QUIRKS ({QUIRKS})\n")
    more = "".join(f"#define KVM_X86_QUIRK_{n}\t(1 << {n + 10})\n" for n in range(4))
    mask = " | ".join(f"KVM_X86_QUIRK_{n}" for n in range(4))
    changes = (
        few,
        behind(X86_UAPI, "#define KVM_X86_QUIRK_SLOT_ZAP_ALL", more),
        edited(X86_HOST, ("KVM_X86_QUIRK_SLOT_ZAP_ALL)", f"KVM_X86_QUIRK_SLOT_ZAP_ALL | {mask})")),
    )
    assert kit.plan(kit.knob("quirk"), "quirk", *changes).patches


def test_lists_are_told_from_text() -> None:
    text = outline(b"""
#define MASK (A | /* C | */ \\
	      B)
static int f(int x)
{
	int m = A;

	switch (x) {
	case A:
#ifdef Y
	case B:
#endif
		return 1;
	case C:
		return 2;
	}
	m |= C;
	if (x == A || x == C)
		return g(B);
	return x->m < B;
}
""")
    found = [
        (each.within, sorted(each.names), len(each.runs)) for each in name_lists(text, {*"ABC"})
    ]
    assert found == [
        ("MASK", ["A", "B"], 1),
        ("f", ["A", "C"], 2),
        ("f", ["A", "B", "C"], 2),
        ("f", ["A", "C"], 1),
        ("f", ["B"], 1),
        ("f", ["B"], 1),
    ]
    assert [name for name, _ in bounds(text, {*"ABC"})] == ["B"]


def test_bounds_may_be_reckoned() -> None:
    text = outline(b"""
#define ALL_A ((A << 1) - 1)
#if A > 2
#endif
static int f(int x)
{
	return x >= 2 * B || C * 2 <= x || (x >> N) || x & ~GENMASK(N - 1, 0) || g(D - 1, N);
}
""")
    assert [name for name, _ in bounds(text, {*"ABCD"})] == ["A", "B", "C"]
    assert [name for name, _ in counted(text, {"N"})] == ["N", "N"]


def test_masks_are_unions_of_masks() -> None:
    text = outline(b"""
#define TWO (ONE | B)
#define ONE (A)
#define NO (A & ~B)
enum { THREE = TWO | C };
static void f(void)
{
	int own = A | B;
}
""")
    found = {name: "".join(sorted(made)) for name, made in masks_of([text], {*"ABC"}).items()}
    assert found == {"ONE": "A", "TWO": "AB", "THREE": "ABC"}
    lists = name_lists(
        outline(b"#define ALL (TWO | C)\n#define SAME TWO\n"), {*"ABC"}, {"TWO": frozenset("AB")}
    )
    assert [(each.within, sorted(each.names)) for each in lists] == [("ALL", [*"ABC"])]


def test_a_name_that_the_mechanism_may_use_is_added_by_it() -> None:
    """A VM type is defined before the mechanism where that names it."""
    types = "KVM_X86_DEFAULT_VM, KVM_X86_SW_PROTECTED_VM, KVM_X86_SEV_VM"
    table = f"static const u32 known[] = {{ {types} }};\n"
    with pytest.raises(FindingsError) as caught:
        kit.plan(kit.knob("vm-type"), "vm-type", behind(X86, "int kvm_arch_init_vm", table))
    assert "\nadd it by an edit or a patch of the mechanism" in caught.value.findings[0].hint
