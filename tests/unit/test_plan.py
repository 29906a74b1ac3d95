# SPDX-License-Identifier: GPL-2.0-only

"""Whole series on small trees: what is generated compiles, patch by patch, and is what was asked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.c.layout import width, wrapped
from codegen.description.load import Description
from codegen.plan.make import make_plan
from codegen.plan.plan import Plan
from codegen.plan.variants import load_variant
from codegen.series.commit import Signer, signed
from tests.minitree import (
    API,
    KVM_MAIN,
    MMU,
    SELFTESTS,
    UAPI,
    X86,
    X86_HOST,
    X86_UAPI,
    Change,
    Files,
    edited,
    helper_decides,
    minitree,
    new,
    old,
)
from tests.unit.features import FEATURES, LAST, STEPS
from tests.unit.kit import (
    BASE,
    FLAG,
    SHIPPED,
    TEMPLATES,
    VARIANTS,
    after,
    complaints,
    diff,
    knob,
    plan,
    shipped,
    tree,
)
from tests.unit.test_minitree import TREES

NOT_DESCRIBED = {
    ("apic-bus-cycles-ns", variant) for variant in VARIANTS if variant != "vm-capability"
} | {("exit-on-missing", variant) for variant in VARIANTS if variant != "memslot-flag"}
NO_TYPES = "no VM types"
WITH_QUIRK = ("as is", "helper decides", "new")
ANSWERS = {
    (
        "old",
        "exit-on-missing",
        "memslot-flag",
    ): "KVM_SET_USER_MEMORY_REGION2, which this tree does not",
    ("old", "small-pages-only", "vm-type"): NO_TYPES,
    ("old", "zap-leafs-only", "vm-type"): NO_TYPES,
    **{
        (tree, "zap-leafs-only", "quirk"): "is there already: arch/x86/include/uapi/asm/kvm.h:13"
        for tree in WITH_QUIRK
    },
    **{(tree, "zap-leafs-only", "vm-type"): "here already: without" for tree in WITH_QUIRK},
    **{
        (tree, "zap-leafs-only", variant): "here already, by KVM_X86_QUIRK_SLOT_ZAP_ALL"
        for tree in WITH_QUIRK
        for variant in ("hardcoded", "vm-capability")
    },
}
CASES = [
    (tree, name, variant)
    for tree in TREES
    for name in SHIPPED
    for variant in VARIANTS
    if (name, variant) not in NOT_DESCRIBED and (name != "apic-bus-cycles-ns" or tree == "old")
]


def style(made: Plan, *changes: Change) -> list[str]:
    """Lines that a maintainer would not like, of those that are new."""
    before = minitree(*changes)
    wrong = []
    for path, data in made.files.items():
        was = set(before.get(path, b"").decode("utf-8", "replace").split("\n"))
        lines = data.decode("utf-8", "replace").split("\n")
        for number, line in enumerate(lines):
            new_line = line not in was or not line
            if (
                new_line
                and not re.fullmatch(r'\t+ *".*"[,);]*', line)
                and not _good(line, lines[max(number - 1, 0) : number], path)
            ):
                wrong.append(f"{path}:{number + 1}: {line!r}")
    return wrong


def _good(line: str, above: list[str], path: str) -> bool:
    """Whether a line is neither too long nor spaced badly, in C most of all."""
    if line != line.rstrip() or width(line) > 100:
        return False
    if not path.endswith((".c", ".h")):
        return True
    if not line and above == [""]:
        return False
    breakable = wrapped(line) != line or line.lstrip().startswith(("/*", "*"))
    return not re.match(r"\t* {8}", line) and (width(line) <= 80 or not breakable)


@pytest.mark.parametrize(("tree", "name", "variant"), CASES)
def test_shipped_knobs(tree: str, name: str, variant: str, tmp_path: Path) -> None:
    changes = TREES[tree]
    reason = ANSWERS.get((tree, name, variant))
    if reason:
        with pytest.raises(NotHere, match=re.escape(reason)):
            plan(shipped(name), variant, *changes)
        return
    made = plan(shipped(name), variant, *changes)
    assert complaints(made, tmp_path, *changes) == ""
    assert style(made, *changes) == []


@pytest.mark.parametrize(("name", "variant"), sorted(NOT_DESCRIBED))
def test_a_variant_that_is_not_described_is_an_answer(name: str, variant: str) -> None:
    with pytest.raises(NotHere, match=f"{name} does not describe the variant {variant}"):
        plan(shipped(name), variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_patch_compiles_with_gcc(variant: str, tmp_path: Path) -> None:
    assert complaints(plan(knob(), variant), tmp_path, quick=False) == ""


@pytest.mark.parametrize("name", FEATURES)
def test_features_that_no_shipped_knob_has(name: str, tmp_path: Path) -> None:
    variant, section, more = FEATURES[name]
    made = plan(knob(variant, section, **more), variant)
    assert complaints(made, tmp_path) == ""
    assert style(made) == []


@pytest.mark.parametrize(
    "name",
    [
        "mask",
        "number-default-7",
        "once",
        "flag-condition",
        "flag-excludes",
        "flag-two-arches",
        "hardcoded-field",
    ],
)
def test_features_on_the_older_tree(name: str, tmp_path: Path) -> None:
    variant, section, more = FEATURES[name]
    made = plan(knob(variant, section, **more), variant, old)
    assert complaints(made, tmp_path, old) == ""
    assert style(made, old) == []


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("flag-guarantee", f"{SELFTESTS}x86_64/small_maps_test.c", "\tTEST_ASSERT(still_holds(vm, vcpu, KVM_MEM_SMALL_MAPS),\n"),
        ("number-guarantee", f"{SELFTESTS}x86_64/small_maps_test.c", "\tTEST_ASSERT(still_holds(vm, vcpu, value),\n"),
        ("flag-mixed", f"{SELFTESTS}x86_64/small_maps_test.c", "\tTEST_ASSERT(only_flagged(vm, vcpu),\n"),
        ("needs", X86, "\t\tif (!kvm->arch.slow_clock) {\n\t\t\tr = -ENXIO;\n\t\t} else if (!kvm->created_vcpus) {\n"),
        ("needs", API, "-ENXIO if the VM has no slow clock\n"),
        ("needs", f"{SELFTESTS}x86_64/small_maps_test.c", "r && errno == ENXIO"),
        ("needs-any-time", X86, "\t\t\tr = -ENXIO;\n\t\t} else {\n\t\t\tWRITE_ONCE("),
        ("times", X86, "check_mul_overflow(cap->args[0], (u64)U32_MAX * 2,"),
        ("flag-documented", API, "\nNothing is split.\n\nNothing is lost.\n"),
        ("quirk-documented", API, "Nothing is split."),
        ("type-documented", API, "\nNothing is split.\n\nNothing is lost.\n"),
        ("steps", API, "\nIt is splendid.\n"),
        ("mask", X86_UAPI, "#define KVM_X86_SMALL_MAPS_GUEST\t\t(1 << 0)\n#define KVM_X86_SMALL_MAPS_EVERYTHING_ELSE\t(1 << 4)\n\n#endif"),
        ("mask", X86, "\t\tr = KVM_X86_SMALL_MAPS_GUEST |\n\t\t    KVM_X86_SMALL_MAPS_EVERYTHING_ELSE;\n\t\tbreak;\n"),
        ("mask", API, "  #define KVM_X86_SMALL_MAPS_GUEST\t\t(1 << 0)\n"),
        ("mask-condition", X86, "r = tdp_enabled ?\n\t\t    (KVM_X86_SMALL_MAPS_GUEST |"),
        ("mask-condition-kvm", X86, "\t\tr = (!kvm || (kvm->arch.slow_clock || tdp_enabled)) ?"),
        ("number-default-0", X86, "\tcase KVM_CAP_ENABLE_CAP_VM:\n\tcase KVM_CAP_X86_SMALL_MAPS:\n\t\tr = 1;"),
        ("number-default-0", X86, "\t\tif (cap->args[0] > 9 || cap->args[1] || cap->args[2] ||\n\t\t    cap->args[3])\n"),
        ("number-default-7", X86, "\tkvm->arch.slow_clock_khz = 1000;\n\tkvm->arch.largest_map = 7;\n"),
        ("number-default-7", X86, "\t\tr = 7;\n\t\tbreak;\n"),
        ("number-default-named", X86, "kvm->arch.largest_map = KVM_CAP_HLT;\n"),
        ("number-min-2", X86, "if (cap->args[0] < 2 || cap->args[0] > 9 ||"),
        ("number-any-u64", X86, "\t\tif (cap->args[1] || cap->args[2] || cap->args[3])\n"),
        ("number-any-u32", X86, "cap->args[0] > 4294967295ull"),
        ("number-once", X86, "\t\tif (kvm->arch.largest_map == 7) {\n"),
        ("once", X86, "\t\tif (!kvm->arch.small_maps) {\n"),
        ("any-time", X86, "\t\tWRITE_ONCE(kvm->arch.small_maps, cap->args[0]);\n\t\tr = 0;\n\t\tbreak;\n"),
        ("any-time-locked", X86, "\t\tmutex_lock(&kvm->slots_lock);\n\t\tkvm->arch.small_maps = cap->args[0];\n\t\tr = 0;\n\t\tmutex_unlock(&kvm->slots_lock);\n\t\tbreak;\n"),
        ("any-time-locked", MMU, "\treturn kvm->arch.small_maps;\n"),
        ("once-locked", X86, "\t\tmutex_lock(&kvm->slots_lock);\n\t\tif (!kvm->arch.small_maps) {\n"),
        ("before-memslots", X86, "\t\tmutex_lock(&kvm->slots_lock);\n\t\tif (!kvm->nr_memslot_pages) {\n"),
        ("privilege", X86, "\t\tr = -EPERM;\n\t\tif (!capable(CAP_SYS_BOOT))\n\t\t\tbreak;\n"),
        ("check-extension", X86, "\t\tr = tdp_enabled ? 3 : 0;\n"),
        ("condition", X86, "\t\tif (!tdp_enabled)\n\t\t\tbreak;\n"),
        ("condition", X86, "\t\tr = tdp_enabled;\n"),
        ("condition-any", X86, "\t\tif (!(tdp_enabled || kvm->arch.slow_clock))\n"),
        ("condition-any", X86, "\t\tr = !kvm || (tdp_enabled || kvm->arch.slow_clock);\n"),
        ("condition-kvm", X86, "\t\tr = !kvm || !kvm_arch_has_noncoherent_dma(kvm);\n"),
        ("condition-kvm", X86, "\t\tif (kvm_arch_has_noncoherent_dma(kvm))\n\t\t\tbreak;\n"),
        ("long-comment", X86_HOST, "\t/*\n\t * Quite a long comment that says what the field is for, and that takes\n\t * two lines.\n\t */\n\tbool small_maps;\n"),
        ("capability-two-arches", "arch/arm64/kvm/arm.c", "\tcase KVM_CAP_SMALL_MAPS:\n\t\tr = 1;"),
        ("capability-two-arches", "arch/arm64/include/asm/kvm_host.h", "\tunsigned long flags;\n\tbool small_maps;\n"),
        ("capability-two-arches", API, ":Architectures: x86, arm64\n"),
        ("flag-condition", X86, "\tif (change == KVM_MR_CREATE && (new->flags & KVM_MEM_SMALL_MAPS) &&\n\t    !tdp_enabled)\n\t\treturn -EINVAL;\n\n\t/* The host"),
        ("flag-mutable", X86, "\tif (!((old_flags ^ new_flags) & ~KVM_MEM_SMALL_MAPS))\n\t\treturn;\n\n\t/*\n\t * READONLY"),
        ("flag-mutable-condition", X86, "\tif (change != KVM_MR_DELETE && (new->flags & KVM_MEM_SMALL_MAPS) &&\n"),
        ("flag-v2", f"{SELFTESTS}set_memory_region_test.c", "v2_only_flags = KVM_MEM_GUEST_MEMFD | KVM_MEM_SMALL_MAPS;"),
        ("flag-excludes", KVM_MAIN, "\tif (IS_ENABLED(CONFIG_HAVE_KVM_MEMSLOT_SMALL_MAPS) &&\n\t    !(mem->flags & KVM_MEM_LOG_DIRTY_PAGES) &&\n\t    !(mem->flags & KVM_MEM_READONLY))\n\t\tvalid_flags |= KVM_MEM_SMALL_MAPS;\n\n"),
        ("flag-excludes", API, "It cannot be combined with KVM_MEM_LOG_DIRTY_PAGES\nor KVM_MEM_READONLY."),
        ("flag-two-arches", "arch/arm64/kvm/Kconfig", "\tselect HAVE_KVM_MEMSLOT_SMALL_MAPS\n\thelp\n"),
        ("flag-two-arches", f"{SELFTESTS}Makefile", "TEST_GEN_PROGS_aarch64 += small_maps_test\n"),
        ("flag-long-names", KVM_MAIN, "KVM_MEM_READONLY | \\\n\t KVM_MEM_SMALL_MAPS_FOR_THE_WHOLE_OF_THE_SLOT)\n"),
        ("type-condition", X86, "\n\tif (tdp_enabled)\n\t\tkvm_caps.supported_vm_types |= BIT(KVM_X86_SMALL_MAPS_VM);\n}\n"),
        ("type-existing", MMU, "\treturn kvm->arch.vm_type == KVM_X86_SW_PROTECTED_VM;\n"),
        ("hardcoded-field", X86, "\tkvm->arch.small_maps = tdp_enabled;\n"),
        ("hardcoded-field", MMU, "\treturn kvm->arch.small_maps;\n"),
        ("kconfig-include", "virt/kvm/Kconfig", "\nconfig KVM_SMALL_MAPS\n       bool\n\nconfig KVM_GENERIC_SYNC\n"),
        ("kconfig-include", MMU, '#include <linux/kvm_host.h>\n#include <linux/errno.h>\n'),
        ("after", MMU, "max_huge_page_level);\n\n\tif (kvm_small_maps(kvm, slot))\n\t\tmax_level = PG_LEVEL_4K;\n\n\tif (slot"),
        ("after-tight", MMU, "\t\tmax_level = PG_LEVEL_4K;\n\tif (kvm_small_maps(kvm, slot))\n\t\tmax_level = PG_LEVEL_4K;\n\n\treturn"),
        ("before-tight", MMU, "\tif (kvm_small_maps(kvm, slot))\n\t\tmax_level = PG_LEVEL_4K;\n\tif (slot->npages"),
        ("new-function", MMU, "static u8 kvm_smallest(void)\n{\n\treturn PG_LEVEL_4K;\n}\n\n/*\n * How large may a mapping be?\n"),
        ("predicate-comment", MMU, "/*\n * Whether guest memory is mapped with small pages only. It is asked on every\n * fault.\n */\nstatic bool kvm_small_maps("),
    ],
)  # fmt: skip
def test_what_is_generated(name: str, path: str, text: str) -> None:
    variant, section, more = FEATURES[name]
    assert text in after(plan(knob(variant, section, **more), variant), path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("flag-v2", "to permit KVM to use small mappings only. KVM need not do so."),
        ("flag-guarantee", "to have KVM use small mappings only. The flag counts"),
        ("flag-hint", "to ask KVM to use small mappings only. KVM need not do so."),
        ("quirk-long-name", "When this quirk is disabled, KVM may use small mappings only. ="),
        ("quirk-guarantee", "has KVM use small mappings only. What KVM has done before stays"),
        ("quirk-hint", "quirk asks KVM to use small mappings only. KVM need not do so."),
        (
            "type-guarantee",
            "A VM of type KVM_X86_SMALL_MAPS_VM has KVM use small mappings only. It",
        ),
        (
            "number-guarantee",
            "This capability has KVM use small mappings only. Unless it is enabled,",
        ),
    ],
)
def test_the_documentation_says_what_the_contract_is(name: str, words: str) -> None:
    variant, section, more = FEATURES[name]
    text = after(plan(knob(variant, section, **more), variant), API)
    assert words in " ".join(text.split())


@pytest.mark.parametrize("before", ["kvm_slot_dirty_track_enabled", "kvm_mmu_max_mapping_level"])
def test_without_a_mechanism_there_is_no_predicate_that_nobody_calls(before: str) -> None:
    variant, section, more = FEATURES["no-mechanism"]
    more = {**more, "predicate": {**more["predicate"], "before": [before]}}
    made = plan(knob(variant, section, **more), variant)
    assert made.description.knob.predicate.name not in diff(made)
    assert "KVM_MEM_SMALL_MAPS" in after(made, KVM_MAIN)


def test_without_a_mechanism_there_is_nothing_to_decide() -> None:
    with pytest.raises(NotHere, match="without a mechanism vm-capability would have no effect"):
        plan(knob("vm-capability", mechanism=None, rfc=True), "vm-capability")


def test_a_removed_macro_is_gone() -> None:
    variant, section, more = FEATURES["remove-macro"]
    text = after(plan(knob(variant, section, **more), variant), MMU)
    assert "#define PG_LEVEL_4K\t1\n\nstatic" in text
    assert "PG_LEVEL_2M" not in text


def test_an_unknown_condition_is_an_error_at_its_line() -> None:
    description = knob("vm-capability", {"condition": ["ept_is_on", "npt_is_on && tdp_enabled"]})
    with pytest.raises(FindingsError) as caught:
        plan(description, "vm-capability")
    (finding,) = caught.value.findings
    assert (
        "`ept_is_on` names ept_is_on; `npt_is_on && tdp_enabled` names npt_is_on" in finding.message
    )
    assert finding.source.strip() == "condition:" or "ept_is_on" in finding.source
    assert finding.line


def test_an_excluded_flag_that_the_tree_does_not_have_is_an_error_at_its_column() -> None:
    description = knob("memslot-flag", {"excludes": [{"flag": "KVM_MEM_NOWHERE"}]})
    with pytest.raises(FindingsError) as caught:
        plan(description, "memslot-flag")
    (finding,) = caught.value.findings
    line = description.text.split("\n")[finding.line - 1]
    assert line[finding.column - 1 :] == "KVM_MEM_NOWHERE"
    assert "optional: true" in finding.hint


@pytest.mark.parametrize(
    ("variant", "more", "reason"),
    [
        ("quirk", {"predicate": {"name": "p", "args": "int a", "before": ["f"]}}, "takes no kvm"),
        ("memslot-flag", {"predicate": {"name": "p", "args": "struct kvm *kvm", "before": ["f"]}}, "takes no slot"),
    ],
)  # fmt: skip
def test_a_variant_needs_what_it_decides_by(
    variant: str, more: dict[str, object], reason: str
) -> None:
    alternatives = knob().knob.mechanism
    assert alternatives is not None
    with pytest.raises(FindingsError, match=rf"{reason}|no edit .*calls the predicate"):
        plan(knob(variant, **more), variant)


@pytest.mark.parametrize("variant", ["memslot-flag", "vm-capability", "quirk", "vm-type"])
def test_what_is_there_already_says_where(variant: str) -> None:
    name, path = {
        "memslot-flag": ("KVM_MEM_READONLY", UAPI),
        "vm-capability": ("KVM_CAP_HLT", UAPI),
        "quirk": ("KVM_X86_QUIRK_CD_NW_CLEARED", X86_UAPI),
        "vm-type": ("KVM_X86_SEV_VM", X86_UAPI),
    }[variant]
    key = {"memslot-flag": "flag", "vm-capability": "capability"}.get(variant, "name")
    with pytest.raises(NotHere, match=rf"{name} is there already: {path}:\d+"):
        plan(knob(variant, {key: name}), variant)


@pytest.mark.parametrize(
    ("variant", "lacking"),
    [("vm-capability", "arm64"), ("quirk", "arm64"), ("vm-type", "arm64"), ("memslot-flag", "")],
)
def test_what_one_architecture_has_is_not_asked_in_a_file_of_all(
    variant: str, lacking: str
) -> None:
    generic = {
        "predicate": {
            "name": "kvm_small_maps",
            "args": "struct kvm *kvm, const struct kvm_memory_slot *slot",
            "before": ["kvm_slot_dirty_track_enabled"],
        }
    }
    made = knob(variant, **generic)
    if not lacking:
        assert plan(made, variant)
        return
    with pytest.raises(NotHere, match=rf"which {lacking} build as well.* is there on x86 only"):
        plan(made, variant)


def test_a_quirk_asks_about_a_vm_that_is_not_const() -> None:
    const = {
        "predicate": {
            "name": "kvm_small_maps",
            "args": "const struct kvm *kvm, const struct kvm_memory_slot *slot",
            "before": ["kvm_mmu_max_mapping_level"],
        }
    }
    with pytest.raises(NotHere, match="takes a const struct kvm"):
        plan(knob("quirk", **const), "quirk")


def test_a_capability_of_the_flag_that_is_there_already_says_where() -> None:
    with pytest.raises(NotHere, match=r"KVM_CAP_HLT is there already"):
        plan(knob("memslot-flag", {**FLAG, "capability": "KVM_CAP_HLT"}), "memslot-flag")


def test_a_subject_that_is_too_long_is_an_error() -> None:
    capability = "KVM_CAP_X86_" + "A_VERY_LONG_NAME_" * 3 + "X"
    with pytest.raises(FindingsError, match=r"the subject `KVM: selftests: .*` has \d+ columns"):
        plan(knob("vm-capability", {"capability": capability}), "vm-capability")


def test_alternatives_are_tried_in_order() -> None:
    description = shipped("zap-leafs-only")
    assert "kvm_mmu_zap_memslot_leafs" in after(plan(description, "memslot-flag", old), MMU)
    made = after(plan(description, "memslot-flag"), MMU)
    assert "KVM_X86_QUIRK_SLOT_ZAP_ALL) &&\n\t\t       !kvm_zap_leafs_only(kvm, slot);" in made
    assert "kvm_mmu_zap_memslot_leafs" not in made
    made = after(plan(description, "memslot-flag", helper_decides), MMU)
    assert (
        "if (kvm_memslot_flush_zap_all(kvm) &&\n\t    !kvm_zap_leafs_only(kvm, slot))\n"
        "\t\tkvm_mmu_zap_all_fast(kvm);\n" in made
    )


def test_an_alternative_may_be_for_trees_that_lack_a_function() -> None:
    (edit,) = BASE["mechanism"]["alternatives"][0]["edits"]
    lacking = {"tree": "decides there", "lacking": ["kvm_zap_memslot_slowly"], "edits": [edit]}
    said = {**BASE["mechanism"], "alternatives": [lacking]}
    assert plan(knob("memslot-flag", mechanism=said), "memslot-flag").patches
    has = edited(
        MMU,
        (
            "void kvm_arch_flush_shadow_memslot(",
            "void kvm_zap_memslot_slowly(void)\n{\n}\n\nvoid kvm_arch_flush_shadow_memslot(",
        ),
    )
    with pytest.raises(
        FindingsError, match=r"this tree has kvm_zap_memslot_slowly\(\) at arch/x86"
    ):
        plan(knob("memslot-flag", mechanism=said), "memslot-flag", has)


def test_no_alternative_fits_says_of_each_why() -> None:
    neither = edited(
        MMU,
        ("kvm_memslot_flush_zap_all", "kvm_zaps_all"),
        ("KVM_X86_QUIRK_SLOT_ZAP_ALL);", "KVM_X86_QUIRK_LINT0_REENABLED);"),
    )
    with pytest.raises(FindingsError) as caught:
        plan(shipped("zap-leafs-only"), "memslot-flag", neither)
    said = [finding.message for finding in caught.value.findings]
    assert [text.partition(" (")[0] for text in said] == [
        "mechanism, alternative 1",
        "mechanism, alternative 2",
        "mechanism, alternative 3",
    ]
    assert "closest: `kvm_check_has_quirk(kvm, KVM_X86_QUIRK_LINT0_REENABLED);`" in (
        caught.value.findings[0].hint
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_messages_keep_the_rules(variant: str) -> None:
    for name in ("small-pages-only", None):
        made = plan(shipped(name) if name else knob(), variant)
        for patch in made.patches:
            assert len(patch.subject) <= 80
            assert re.fullmatch(r"KVM: ((x86(/mmu)?|selftests): )?[A-Z].*[^.]", patch.subject)
            lines = patch.message.split("\n")
            assert all(len(line) <= 75 for line in lines)
            assert "\n\n\n" not in patch.message
            assert patch.message.endswith("\n")
            assert not re.search(r"\b([Ww]e|[Yy]ou|I|[Oo]ur)\b", patch.message)


def test_the_three_patches_do_what_they_say() -> None:
    made = plan(knob(), "memslot-flag")
    assert [patch.part for patch in made.patches] == ["mechanism", "uapi", "selftest"]
    mechanism, uapi, selftest = made.patches
    assert set(mechanism.files) == {MMU}
    assert b"return false;" in mechanism.files[MMU]
    assert API in uapi.files
    assert all(path.startswith(SELFTESTS) for path in selftest.files)
    assert not any(path.startswith(SELFTESTS) for path in uapi.files)


def test_the_copies_below_tools_are_left_alone() -> None:
    def copies(files: dict[str, bytes]) -> None:
        files["tools/include/uapi/linux/kvm.h"] = files[UAPI]
        files["tools/arch/x86/include/uapi/asm/kvm.h"] = files[X86_UAPI]

    for variant in VARIANTS:
        assert not [
            p
            for p in plan(knob(), variant, copies).files
            if p.startswith(("tools/inc", "tools/arch"))
        ]


def test_selftests_speak_the_dialect_of_the_tree() -> None:
    text = after(
        plan(shipped("zap-leafs-only"), "memslot-flag", new),
        f"{SELFTESTS}x86/zap_leafs_only_test.c",
    )
    assert not re.search(r"\buint\d+_t\b", text)
    assert "vm_get_stat(vm, pages_4k)" in text


def test_the_older_tree_lists_its_tests_in_gitignore() -> None:
    made = plan(knob(), "quirk", old)
    assert "/x86_64/quirks_test\n/x86_64/small_maps_test\n/x86_64/zz_test\n" in after(
        made, f"{SELFTESTS}.gitignore"
    )
    assert f"{SELFTESTS}.gitignore" not in plan(knob(), "quirk").files


HOLES = {
    "in": "kvm_mmu_max_mapping_level",
    "takes": ["struct kvm *$kvm", "struct kvm_memory_slot *$slot"],
    "before": "$level = min($level, $huge);",
    "put": "if (kvm_small_maps($kvm, $slot))\n\t$level = $huge = PG_LEVEL_4K;\n",
}


def with_holes(**more: Any) -> Description:
    """The knob with an edit that leaves the names to the tree."""
    edit = {**HOLES, **more}
    said = {**BASE["mechanism"], "alternatives": [{"tree": "has a level", "edits": [edit]}]}
    return knob("hardcoded", mechanism=said)


def test_an_edit_speaks_of_the_trees_own_names() -> None:
    def renamed(files: Files) -> None:
        text = files[MMU].decode()
        for was, now in (("struct kvm *kvm, struct kvm_memory_slot *slot,\n\t\t\t     u8", "struct kvm *vm, struct kvm_memory_slot *s,\n\t\t\t     u8"), ("max_huge_page_level", "huge"), ("slot->npages < 512", "s->npages < 512")):  # fmt: skip
            assert was in text
            text = text.replace(was, now)
        files[MMU] = text.encode()

    (usual,) = (
        e.text for e in plan(with_holes(), "hardcoded").patches[0].edits if "if (" in e.text
    )
    assert "if (kvm_small_maps(kvm, slot))\n\t\tmax_level = max_huge_page_level = PG" in usual
    made = plan(with_holes(), "hardcoded", renamed)
    (text,) = (e.text for e in made.patches[0].edits if "if (" in e.text)
    assert "if (kvm_small_maps(vm, s))\n\t\tmax_level = huge = PG_LEVEL_4K;" in text


def test_a_parameter_that_is_not_there_is_said() -> None:
    with pytest.raises(FindingsError, match=r"`\$slot` among the parameters of kvm_mmu_max_map"):
        plan(with_holes(takes=["struct kvm *$kvm", "struct slot *$slot"]), "hardcoded")


@pytest.mark.parametrize(
    ("variant", "template", "text", "said"),
    [
        # a mask that is no union of names any more: nobody can tell what it answers
        ("quirk", "valid-quirks", "({{ place.old }} & ~{{ v.name }})", "quirk-mask: a mask .* not"),
        # the flags that were kept before are kept no more
        (
            "memslot-flag",
            "immutable-flags",
            "{{ v.flag }}",
            "memslot-immutable-flags: .* not found",
        ),
        # what refuses unknown flags asks another mask than the one with the new flag
        (
            "memslot-flag",
            "flag-check",
            "\tu32 others = KVM_MEM_LOG_DIRTY_PAGES;\n\n\tif (mem->flags & ~others)\n"
            "\t\treturn -EINVAL;\n",
            "memslot-flag-check: .* found 2 times",
        ),
    ],
)
def test_a_place_is_found_again_behind_its_patch(
    variant: str, template: str, text: str, said: str, tmp_path: Path
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    (templates / variant / f"{template}.j2").write_text(text)

    with pytest.raises(FindingsError, match=said):
        make_plan(knob(variant), load_variant(templates, variant), tree(), templates)


def test_a_mechanism_of_several_patches(tmp_path: Path) -> None:
    variant, section, more = FEATURES["steps"]
    made = plan(knob(variant, section, **more), variant)
    assert [patch.subject for patch in made.patches][:3] == [
        "KVM: x86/mmu: Use small mappings if that is asked for",
        "KVM: x86/mmu: Use small mappings where it says so",
        "KVM: x86: Add KVM_CAP_X86_SMALL_MAPS",
    ]
    first, second, *_ = made.patches
    assert [
        (each.files[MMU] or b"").count(b"kvm_small_maps(kvm, ") for each in (first, second)
    ] == [1, 2]
    assert "which a later patch adds" in first.message and "so far" in second.message


def test_a_patch_ahead_of_the_mechanism_says_what_it_repairs() -> None:
    variant, section, _ = FEATURES["steps"]
    ahead = {**STEPS["then"][0], "subject": "Round the level", "changes": True}
    edit = {**LAST, "put": "max_level -= !max_level;"}
    broken = {"commit": "0123456789abcdef", "title": "KVM: x86/mmu: Do not round"}
    ahead["alternatives"] = [{"tree": "rounds none", "fixes": [broken], "edits": [edit]}]
    made = plan(knob(variant, section, mechanism={**BASE["mechanism"], "first": [ahead]}), variant)
    first, second, *_ = made.patches
    assert first.subject == "KVM: x86/mmu: Round the level"
    assert "kvm_small_maps" not in first.message and "next patch adds" in second.message
    fixes = 'Fixes: 0123456789ab ("KVM: x86/mmu: Do not round")'
    said = signed(first, Signer("A", "a@example.org"), "Assisted-by: gen:1").message
    assert said.endswith(f"\n\n{fixes}\nAssisted-by: gen:1\nSigned-off-by: A <a@example.org>\n")
    assert not second.tags


def test_a_function_that_only_a_later_patch_calls_is_not_left_unused() -> None:
    variant, section, _ = FEATURES["steps"]
    unused = {**STEPS, "alternatives": [{"tree": "any", "edits": []}]}
    with pytest.raises(FindingsError, match="nothing calls it before a later patch"):
        plan(knob(variant, section, mechanism=unused), variant)
