# SPDX-License-Identifier: GPL-2.0-only
"""A further bit of a capability, in the ways in which trees take, answer and keep its mask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.c.cases import case_of
from codegen.c.source import lex
from codegen.plan.plan import Plan
from tests.minitree import MMU, SELFTESTS, Files, checked, edited, minitree
from tests.unit import kit

X86 = "arch/x86/kvm/x86.c"
KVM_HOST = "arch/x86/include/asm/kvm_host.h"
UAPI = "arch/x86/include/uapi/asm/kvm.h"
API = "Documentation/virt/kvm/api.rst"
BIT = "KVM_X86_CLOCK_SMALL_MAPS"
REFUSES = "\t\tr = -EINVAL;\n\t\tif (cap->args[0] > kvm_caps.max_clock)\n\t\t\tbreak;\n"
SETS = "\t\t\tkvm->arch.slow_clock = true;\n"


def takes(mask: str, *helpers: str, answer: str = "", keeps: str = "") -> Callable[[Files], None]:
    """KVM_CAP_X86_SLOW_CLOCK takes a mask of two bits, written so; `helpers` stand above."""
    told = "\t\tif (cap->args[0] & KVM_X86_CLOCK_SLOW)\n\t\t\tkvm->arch.slow_clock = true;\n"
    text = "int kvm_vm_ioctl_check_extension(struct kvm *kvm, long ext)\n"

    def change(files: Files) -> None:
        edited(
            X86,
            (text, "".join(helpers) + "\n" + text),
            ("r = kvm_caps.max_clock ? 1 : 0;", answer or f"r = {mask};"),
            (REFUSES, f"\t\tr = -EINVAL;\n\t\tif (cap->args[0] & ~{mask})\n\t\t\tbreak;\n\n"),
            ("\t\tmutex_lock(&kvm->lock);\n\t\tswitch (kvm->created_vcpus) {\n\t\tcase 0:\n", ""),
            (SETS, (keeps or told) + "\n"),
            ("\t\t\tr = 0;\n\t\t\tbreak;\n\t\tdefault:\n\t\t\tbreak;\n\t\t}\n", "\t\tr = 0;\n"),
            ("\t\tmutex_unlock(&kvm->lock);\n\t\tbreak;\n\tdefault:", "\t\tbreak;\n\tdefault:"),
        )(files)
        edited(UAPI, ("#define KVM_X86_QUIRK_LINT0", f"{BITS}#define KVM_X86_QUIRK_LINT0"))(files)
        edited(API, ("A slow clock.\n", f"Bits are::\n\n{DOCUMENTED}\nA slow clock.\n"))(files)

    return change


BITS = "#define KVM_X86_CLOCK_SLOW\t(1 << 0)\n#define KVM_X86_CLOCK_OLD\t(1 << 1)\n\n"
DOCUMENTED = "".join(f"  {line}\n" for line in BITS.splitlines() if line)
BOTH = "(KVM_X86_CLOCK_SLOW | KVM_X86_CLOCK_OLD)"
MACRO = f"#define VALID_CLOCKS\t{BOTH}\n"
ADDED = (
    "static u64 allowed_clocks(void)\n{\n\tu64 r = KVM_X86_CLOCK_SLOW;\n\n"
    "\tif (kvm_caps.max_clock) {\n\t\tr |= KVM_X86_CLOCK_OLD;\n\t}\n\treturn r;\n}\n"
)
KEEPS = "static void keep_clocks(struct kvm *kvm, u64 mask)\n{\n\tkvm->arch.disabled_quirks |= mask;\n}\n"
APPLIES = (
    "static void apply_clocks(struct kvm *kvm, u64 flags)\n{\n\tif (flags & KVM_X86_CLOCK_SLOW)\n"
    "\t\tkvm->arch.slow_clock = true;\n\tkvm->arch.has_private_mem = flags;\n}\n"
)
ANSWERS = "r = KVM_X86_CLOCK_SLOW;\n\t\tif (tdp_enabled)\n\t\t\tr |= KVM_X86_CLOCK_OLD;"
SHAPES = {
    "macro": takes("VALID_CLOCKS", MACRO),
    "there": takes(BOTH),
    "answered": takes("VALID_CLOCKS", MACRO, answer=ANSWERS),
    "function": takes("allowed_clocks()", ADDED),
    "kept": takes("allowed_clocks()", ADDED, KEEPS, keeps="\t\tkeep_clocks(kvm, cap->args[0]);\n"),
    "applied": takes(BOTH, APPLIES, keeps="\t\tapply_clocks(kvm, cap->args[0]);\n"),
}
MORE: dict[str, dict[str, Any]] = {
    "plain": {},
    "condition": {"condition": ["tdp_enabled"]},
    "excludes": {"excludes": "KVM_X86_CLOCK_OLD", "condition": ["kvm->arch.slow_clock_khz"]},
}


def plan(shape: str, **more: Any) -> Plan:
    section = {
        "capability": "KVM_CAP_X86_SLOW_CLOCK",
        "why": "It fits.",
        "family": "KVM_X86_CLOCK_",
        "bit": BIT,
        "field": "small_maps",
        **more,
    }
    return kit.plan(kit.knob("capability-bit", section), "capability-bit", SHAPES[shape])


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_compiles(shape: str, more: str, tmp_path: Path) -> None:
    if shape in ("function", "kept") and more == "excludes":
        # the function that adds the mask up has no VM
        with pytest.raises(FindingsError, match="kvm"):
            plan(shape, **MORE[more])
        return
    made = plan(shape, **MORE[more])
    files = {**minitree(SHAPES[shape]), **made.files}
    assert not checked(files, tmp_path, [X86, "arch/x86/kvm/mmu/mmu.c"])
    assert f"#define {BIT}\t(1 << 2)\n" in made.files[UAPI].decode()
    assert f"  #define {BIT}\t(1 << 2)\n" in made.files[API].decode()


def code(shape: str, **more: Any) -> str:
    return plan(shape, **more).files[X86].decode()


def test_one_mask_is_accepted_and_answered() -> None:
    made = code("macro")
    assert made.count(BIT) == 2
    assert f"(KVM_X86_CLOCK_SLOW | KVM_X86_CLOCK_OLD | {BIT})" in " ".join(made.split())
    assert f"if (cap->args[0] & {BIT})\n\t\t\tkvm->arch.small_maps = true;\n\n\t\tr = 0;" in made


def test_a_function_that_tells_bits_apart_keeps_no_mask() -> None:
    made = code("applied")
    assert f"if (cap->args[0] & {BIT})\n\t\t\tkvm->arch.small_maps = true;\n" in made
    assert "kvm->arch.disabled_quirks & " in plan("kept").files[MMU].decode()
    assert "kvm->arch.small_maps" in plan("applied").files[MMU].decode()


def test_an_answer_of_its_own_has_it_as_well() -> None:
    assert f"\t\t\tr |= KVM_X86_CLOCK_OLD;\n\t\tr |= {BIT};\n\t\tbreak;" in code("answered")
    asked = code("answered", condition=["tdp_enabled"])
    assert f"\t\tif (tdp_enabled)\n\t\t\tr |= {BIT};\n\t\tbreak;" in asked


def test_a_condition_is_told_and_kept() -> None:
    made = code("macro", condition=["tdp_enabled"])
    assert f"r = VALID_CLOCKS;\n\t\tif (!tdp_enabled)\n\t\t\tr &= ~{BIT};\n" in made
    assert f"if ((cap->args[0] & {BIT}) && !tdp_enabled)\n\t\t\tbreak;\n\n" in made


def test_a_function_that_adds_up_knows_the_condition() -> None:
    made = code("function", condition=["tdp_enabled"])
    assert f"\t}}\n\n\tif (tdp_enabled)\n\t\tr |= {BIT};\n\treturn r;\n" in made
    assert made.count("tdp_enabled") == 2 + minitree()[X86].decode().count("tdp_enabled") - 1


def test_a_mask_that_is_kept_needs_no_field() -> None:
    made = plan("kept")
    assert KVM_HOST not in made.files
    assert "small_maps = true" not in made.files[X86].decode()
    mmu = made.files["arch/x86/kvm/mmu/mmu.c"].decode()
    assert f"return kvm->arch.disabled_quirks & {BIT};" in mmu


def test_the_selftest_has_a_vm_of_its_own() -> None:
    def test(**more: Any) -> str:
        return "".join(
            data.decode() for path, data in plan("macro", **more).files.items() if "_test.c" in path
        )

    assert test().count("vm = vm_create(1);") == 2
    other = test(vm="vm_create(2)")
    assert other.count("vm = vm_create(2);") == 2 and "vm_create(1)" not in other


def test_a_tree_without_the_capability_says_so() -> None:
    with pytest.raises(NotHere, match="does not have the capability"):
        plan("macro", capability="KVM_CAP_X86_NOT_THERE")


def test_a_capability_without_a_mask_is_refused() -> None:
    with pytest.raises(FindingsError, match="refuses what is not in a mask"):
        kit.plan(
            kit.knob(
                "capability-bit",
                {
                    "capability": "KVM_CAP_X86_SLOW_CLOCK",
                    "why": "It fits.",
                    "family": "KVM_X86_QUIRK_",
                    "bit": "KVM_X86_QUIRK_SMALL",
                    "field": "small_maps",
                },
            ),
            "capability-bit",
        )


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("A", "x ( ) ;"),
        ("B", "y ( ) ; break ;"),
        ("C", "y ( ) ; break ;"),
        ("D", "switch ( z ) { case A : break ; } break ;"),
        ("E", ""),
    ],
)
def test_the_statements_of_a_case(label: str, expected: str) -> None:
    text = """void f(void) { switch (x) {
    case A: x(); case B: case C: y(); break;
    case D: switch (z) { case A: break; } break;
    default: w(); } }"""
    tokens = [token for token in lex(text) if not token.comment]
    span = case_of(tokens, label)
    assert " ".join(token.text for token in tokens[span.start : span.stop]) == expected


def test_limits_are_sentences_of_their_own() -> None:
    more = {**MORE["excludes"], "condition-why": "It is so."}
    made = " ".join(" ".join(patch.message for patch in plan("macro", **more).patches).split())
    assert "khz. It is so. Refuse it beside KVM_X86_CLOCK_OLD. " in made + " "


def test_each_bit_beyond_the_new_one_is_refused() -> None:
    made = next(
        data.decode()
        for path, data in plan("macro").files.items()
        if path.startswith(SELFTESTS) and path.endswith(".c")
    )
    assert "for (i = 3; i < 64; i++)\n\t\tTEST_ASSERT(enable(KVM_X86_CLOCK_" in made
