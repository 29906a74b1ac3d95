# SPDX-License-Identifier: GPL-2.0-only
"""What a patch names is declared where it names it, or there is no series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding
from tests.minitree import MMU, UAPI, X86, X86_HOST, Change, Files, added, edited, old
from tests.unit.kit import BASE, CAPABILITY, complaints, knob, plan, shipped

CALL = "if (kvm_small_maps(kvm, slot))\n\treturn PG_LEVEL_4K;\n"
PLACE = "max_level = min(max_level, max_huge_page_level);"
IN = "kvm_mmu_max_mapping_level"
MASK = {
    "type": "mask",
    "name": "small_maps",
    "bits": [
        {"name": "KVM_SMALL_MAPS_READ", "bit": 0, "means": "maps what is read"},
        {"name": "KVM_SMALL_MAPS_WRITE", "bit": 1, "means": "maps what is written"},
    ],
}


def putting(put: str, **more: Any) -> dict[str, Any]:
    """A mechanism of one edit, with a text before the call of the predicate."""
    edit = {"in": IN, "before": PLACE, "put": f"{put}{CALL}", **more}
    return {**BASE["mechanism"], "alternatives": [{"tree": "picks the level", "edits": [edit]}]}


def function(text: str) -> dict[str, Any]:
    """A mechanism with a function of its own before the one that calls the predicate."""
    edits = [{"new-function-before": IN, "put": text}, {"in": IN, "before": PLACE, "put": CALL}]
    return {**BASE["mechanism"], "alternatives": [{"tree": "picks the level", "edits": edits}]}


def refused(variant: str = "hardcoded", *changes: Change, **more: Any) -> list[Finding]:
    """Why there is no series."""
    section = more.pop("section", {})
    with pytest.raises(FindingsError) as raised:
        plan(knob(variant, section, **more), variant, *changes)
    return list(raised.value.findings)


# A text of the mechanism, the name that is missing in it, and what is said of it.
MISSING = {
    "function": ("kvm_mmu_frobnicate(kvm);\n", "kvm_mmu_frobnicate", "no file of this tree"),
    "macro": ("max_level = KVM_MAX_HUGEPAGE_LEVEL_TYPO;\n", "KVM_MAX_HUGEPAGE_LEVEL_TYPO", ""),
    "type": ("kvm_level_t level = 0;\n", "kvm_level_t", "no file of this tree"),
    "struct": ("struct kvm_level level = {};\n", "kvm_level", "`struct kvm_level` is not declared"),
    "variable": ("max_level = levels;\n", "levels", ""),
    "local-of-another-block": (
        "{\n\tint inner = 1;\n\n\tmax_level += inner;\n}\nmax_level += inner;\n",
        "inner",
        "",
    ),
    "static-of-another-file": ("max_level = other_level;\n", "other_level", "static in another"),
    "header-not-included": ("kvm_of_header(kvm);\n", "kvm_of_header", "does not include"),
    "defined-below": ("kvm_below(kvm);\n", "kvm_below", "declared below, at"),
    "defined-elsewhere": ("kvm_elsewhere(kvm);\n", "kvm_elsewhere", "no header that"),
    "member": ("if (slot->lags)\n\treturn PG_LEVEL_4K;\n", "lags", "has no member `lags`"),
    "member-of-a-member": (
        "kvm->arch.nothing = 0;\n",
        "nothing",
        "`struct kvm_arch` has no member",
    ),
    "label": ("goto nowhere;\n", "nowhere", "no label"),
}
ELSEWHERE = (
    added("arch/x86/kvm/other.c", "static int other_level;\n\nint kvm_elsewhere(struct kvm *kvm)\n{\n\treturn other_level;\n}\n"),
    added("arch/x86/kvm/other.h", "int kvm_of_header(struct kvm *kvm);\n"),
    lambda files: files.update({MMU: files[MMU] + b"\nstatic void kvm_below(struct kvm *kvm)\n{\n}\n"}),
)  # fmt: skip


@pytest.mark.parametrize("case", MISSING)
def test_a_name_that_is_not_visible_is_refused(case: str) -> None:
    put, name, said = MISSING[case]
    (finding,) = refused("hardcoded", *ELSEWHERE, mechanism=putting(put))
    assert f"`{name}`" in finding.message or f"`struct {name}`" in finding.message
    assert said in f"{finding.message}\n{finding.hint}"
    source = finding.source[finding.column - 1 :]
    assert finding.path == "small-maps.yaml" and finding.line > 1
    assert source.startswith(name) or '"' in finding.source  # a quoted text has no lines of its own


def test_the_place_is_that_of_the_name(tmp_path: Path) -> None:
    from codegen.description.load import parse
    from tests.unit.kit import knob_text

    text = knob_text("hardcoded")
    put = "put: |\n          max_level = PG_LEVLE_4K;\n          if (kvm_small_maps(kvm, slot))\n"
    first, last = text.index("put:"), text.index("test:")
    text = text[:first] + put + "          \treturn PG_LEVEL_4K;\n" + text[last:]
    with pytest.raises(FindingsError) as raised:
        plan(parse(text.encode(), "knob.yaml"), "hardcoded")
    (finding,) = raised.value.findings
    assert finding.source[finding.column - 1 :].startswith("PG_LEVLE_4K;")
    assert "nearest that is visible: `PG_LEVEL_4K`" in finding.hint


ELSEWHERE_A_PARAMETER = {
    "of-a-function-that-returns-an-enum": "static enum kvm_way way(int levels)\n{\n\treturn levels;\n}\n",
    "of-a-trace-event": "TRACE_EVENT(kvm_way,\n\tTP_PROTO(int levels),\n\tTP_fast_assign(\n"
    "\t\t__entry->a = 1;\n\t\t__entry->levels = levels;\n\t),\n);\n",
    "of-the-assembler": "#ifndef __ASSEMBLY__\n#else\n.macro get levels, x\n.endm\n#endif\n",
    "behind-a-macro": "KVM_ACCESSOR(esr, 64)\nstatic inline int way(int levels)\n{\n\treturn levels;\n}\n",
}


@pytest.mark.parametrize("where", ELSEWHERE_A_PARAMETER)
def test_a_parameter_elsewhere_declares_nothing(where: str) -> None:
    def more(files: Files) -> None:
        text = ELSEWHERE_A_PARAMETER[where].encode()
        files[X86_HOST] = files[X86_HOST].replace(
            b"struct kvm_arch {", text + b"\nstruct kvm_arch {"
        )
        files["arch/x86/kvm/other.c"] = b"#include <linux/kvm_host.h>\n" + text

    (finding,) = refused("hardcoded", more, mechanism=putting("max_level = levels;\n"))
    assert "`levels` is not declared" in finding.message


@pytest.mark.parametrize(
    ("lines", "refuses"),
    [
        ("#ifdef __aarch64__\n{}#endif\n", False),
        ("#ifdef CONFIG_ANY\n#else\n{}#endif\n", True),
        ("#ifdef __aarch64__\n#else\n{}#endif\n", True),
        ("#if defined(__aarch64__) || defined(__x86_64__)\n{}#endif\n", True),
    ],
)
def test_what_is_for_other_architectures_alone_is_not_asked_for(lines: str, refuses: bool) -> None:
    put = lines.format("max_level = levels;\n")
    if refuses:
        (finding,) = refused("hardcoded", mechanism=putting(put))
        assert "`levels` is not declared" in finding.message
    else:
        assert plan(knob("hardcoded", mechanism=putting(put)), "hardcoded").patches


def test_what_a_later_patch_defines_is_said() -> None:
    put = "if (slot->flags & KVM_MEM_SMALL_MAPS)\n\treturn PG_LEVEL_4K;\n"
    (finding,) = refused("memslot-flag", mechanism=putting(put))
    assert "a later patch defines it: KVM: Add memslot flag KVM_MEM_SMALL_MAPS" in finding.hint


def test_constants_of_the_knob_come_with_the_mechanism_that_uses_them(tmp_path: Path) -> None:
    put = "if (kvm_small_maps(kvm, slot) & KVM_SMALL_MAPS_READ)\n\treturn PG_LEVEL_4K;\n"
    mechanism = {**BASE["mechanism"], "alternatives": [{"tree": "picks the level", "edits": [{"in": IN, "before": PLACE, "put": put}]}]}  # fmt: skip
    predicate = {**BASE["predicate"], "returns": "u32", "off": "0"}
    section = {**CAPABILITY, "field": MASK}
    made = plan(
        knob("vm-capability", section, mechanism=mechanism, predicate=predicate), "vm-capability"
    )
    assert "KVM_SMALL_MAPS_READ" in made.patches[0].message
    defining = [
        patch.part
        for patch in made.patches
        if any(b"#define KVM_SMALL_MAPS_READ" in d for p, d in patch.files.items() if "uapi" in p)
    ]
    assert defining[0] == "mechanism"
    both = "#define KVM_SMALL_MAPS_READ"
    assert (
        sum(made.files[path].decode().count(both) for path in made.files if "uapi/asm" in path) == 1
    )
    assert complaints(made, tmp_path) == ""


def test_an_alternative_with_missing_names_does_not_fit() -> None:
    edits = [{"in": IN, "before": PLACE, "put": CALL}]
    other = [{"in": IN, "before": PLACE, "put": f"kvm_only_newer(kvm);\n{CALL}"}]
    mechanism = {
        **BASE["mechanism"],
        "alternatives": [{"tree": "newer", "edits": other}, {"tree": "older", "edits": edits}],
    }
    made = plan(knob("hardcoded", mechanism=mechanism), "hardcoded")
    assert made.alternatives == (("mechanism", "alternatives", 1),)


def test_an_expression_with_a_name_that_is_not_visible_gives_way_to_the_next() -> None:
    # KVM has the name, but the file in which it is asked does not see it
    change = added("arch/x86/kvm/other.c", "static bool other_level;\n")
    section = {"expression": ["other_level", "kvm->created_vcpus > 8"], "why": "Many."}
    made = plan(knob("hardcoded", section), "hardcoded", change)
    assert "return kvm->created_vcpus > 8;" in made.files[MMU].decode()
    (finding,) = refused("hardcoded", change, section={"expression": ["other_level"]})
    assert "other_level" in finding.message and "static in another file" in finding.hint
    assert finding.source[finding.column - 1 :].startswith("other_level")


def test_a_condition_is_looked_at_where_it_is_used() -> None:
    change = added("arch/x86/kvm/other.c", "static bool other_level;\n")
    findings = refused("vm-capability", change, section={"condition": ["other_level"]})
    assert any(X86 in finding.message for finding in findings)


def test_a_tree_without_a_struct_that_the_mechanism_needs() -> None:
    """As 5.10 is: zap-leafs-only for such trees uses struct kvm_gfn_range."""
    assert plan(shipped("zap-leafs-only"), "hardcoded", old).alternatives

    def without(files: dict[str, bytes]) -> None:
        for path in files:
            files[path] = files[path].replace(b"struct kvm_gfn_range", b"struct kvm_hva_range")

    with pytest.raises(FindingsError) as raised:
        plan(shipped("zap-leafs-only"), "hardcoded", old, without)
    said = "\n".join(finding.render() for finding in raised.value.findings)
    assert "abi/zap-leafs-only.yaml:" in said and "`struct kvm_gfn_range` is not declared" in said


def test_the_selftest_is_read_against_its_own_headers() -> None:
    code = BASE["test"]["code"].replace("vcpu_run(vcpu)", "vcpu_rum(vcpu)")
    (finding,) = refused("hardcoded", test={**BASE["test"], "code": code})
    assert "`vcpu_rum`" in finding.message and "nearest that is visible: `vcpu_run`" in finding.hint


def test_a_selftest_s_struct_may_be_the_c_library_s() -> None:
    use = "#include <time.h>\n\nstatic struct timespec last;\n\n"
    use += "static bool was(void)\n{\n\treturn last.tv_sec;\n}\n\n"
    whole = {**BASE["test"], "code": use + BASE["test"]["code"]}
    assert plan(knob("hardcoded", test=whole), "hardcoded").patches
    code = whole["code"].replace("timespec", "timespan")
    found = refused("hardcoded", test={**BASE["test"], "code": code})
    assert "`struct timespan` is not declared" in found[0].message


def test_a_setup_s_members_are_those_of_the_selftest_s_struct() -> None:
    code = BASE["test"]["code"].replace("vcpu_run(vcpu);", "vcpu->nothing = 0;\n\tvcpu_run(vcpu);")
    (finding,) = refused("hardcoded", test={**BASE["test"], "code": code})
    assert "`struct kvm_vcpu` has no member `nothing`" in finding.message


# What compiles, and what a reader of C without its types might take for missing.
FINE = {
    "statement-expression": "max_level = ({ int a = 1, *b = &a; *b; });\n",
    "compound-literal": "max_level = (struct kvm_gfn_range){ .start = 1 }.start;\n",
    "designators": "struct kvm_gfn_range range = {\n\t.start = 1,\n\t.end = 2,\n};\n\nmax_level += range.end;\n",
    "union-without-a-name": "union {\n\tstruct kvm_gfn_range *range;\n\tvoid *buffer;\n} u;\n\nu.buffer = NULL;\nmax_level += !u.range;\n",
    "typeof": "typeof(slot) other = slot;\n__auto_type third = other;\n\nmax_level += !third;\n",
    "sizeof": "max_level = sizeof(struct kvm_gfn_range) + sizeof(*slot);\n",
    "label": "if (!slot)\n\tgoto ready;\nready:\n",
    "for": "for (int i = 0; i < 2; i++)\n\tmax_level -= i;\n",
    "ternary": "max_level = max_level ? max_level : PG_LEVEL_4K;\n",
    "switch": "switch (max_level) {\ncase PG_LEVEL_4K:\n\tbreak;\ndefault:\n\tmax_level--;\n}\n",
    "attribute": "int unused __attribute__((__unused__)) = 1;\n",
    "asm": 'asm volatile("" : [out] "+r" (max_level) : : "memory");\n',
    "asm-goto": 'asm goto("" : : : : out);\nout:\n',
    "builtin": "if (__builtin_expect(!slot, 0))\n\treturn PG_LEVEL_4K;\n",
    "function-pointer": "int (*level)(struct kvm *vm, int limit) = NULL;\n\nif (level)\n\tmax_level = level(kvm, 1);\n",
    "macro": "#define HALF(x) ((x) / 2)\nmax_level = HALF(max_level);\n#undef HALF\n",
    "comment": "/* kvm_mmu_frobnicate() is no name of this. */\n",
    "string": 'if (slot && "kvm_mmu_frobnicate")\n\tmax_level--;\n',
}


@pytest.mark.parametrize("case", FINE)
def test_what_compiles_is_not_refused(case: str, tmp_path: Path) -> None:
    made = plan(knob("hardcoded", mechanism=putting(FINE[case])), "hardcoded")
    assert complaints(made, tmp_path) == ""


MACROS = """
#define LEVEL_OF(name) level_of_##name
#define DEFINE_LEVEL(name) static inline int LEVEL_OF(name)(void) { return 1; }
#define LOCAL_LEVEL(name) int name = 1
#define MEMBER_OF(ptr, member) ((ptr)->member)
#define for_each_level(level, last) for (level = 1; level < (last); level++)
#define NAME_OF(x) #x
DEFINE_LEVEL(huge)
"""


@pytest.mark.parametrize(
    "put",
    [
        "max_level = LEVEL_OF(huge)();\n",
        "max_level = level_of_huge();\n",
        "LOCAL_LEVEL(mine);\n\nmax_level += mine;\n",
        "max_level = MEMBER_OF(slot, flags);\n",
        "int i;\n\nfor_each_level(i, 3)\n\tmax_level -= i;\n",
        "if (!NAME_OF(anything))\n\tmax_level--;\n",
    ],
)
def test_macros_make_and_take_names(put: str, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        head, line, tail = files[X86_HOST].partition(b"struct kvm_arch {")
        files[X86_HOST] = head + MACROS.encode() + b"\n" + line + tail

    made = plan(knob("hardcoded", mechanism=putting(put)), "hardcoded", change)
    assert complaints(made, tmp_path, change) == ""


@pytest.mark.parametrize(
    ("put", "name"),
    [
        ("max_level = LEVEL_OF(tiny)();\n", "tiny"),
        ("max_level = level_of_tiny();\n", "level_of_tiny"),
        ("max_level = MEMBER_OF(slot, fags);\n", "fags"),
        ("int i;\n\nfor_each_level(j, 3)\n\tmax_level -= i;\n", "j"),
    ],
)
def test_macros_do_not_make_all_names(put: str, name: str) -> None:
    def change(files: dict[str, bytes]) -> None:
        head, line, tail = files[X86_HOST].partition(b"struct kvm_arch {")
        files[X86_HOST] = head + MACROS.encode() + b"\n" + line + tail

    (finding,) = refused("hardcoded", change, mechanism=putting(put))
    assert f"`{name}`" in finding.message


def test_a_header_that_is_not_in_the_tree_may_declare_anything() -> None:
    change = edited(
        MMU, ("#include <linux/kvm_host.h>", "#include <linux/kvm_host.h>\n#include <linux/gone.h>")
    )
    plan(knob("hardcoded", mechanism=putting("kvm_mmu_frobnicate(kvm);\n")), "hardcoded", change)


def test_a_header_of_the_build_declares_what_others_use() -> None:
    change = added(
        "arch/x86/kvm/other.c",
        "#include <generated/levels.h>\n\nint other(void)\n{\n\treturn NR_LEVELS;\n}\n",
    )
    plan(knob("hardcoded", mechanism=putting("max_level = NR_LEVELS;\n")), "hardcoded", change)


def test_uapi_of_another_name_is_said_by_the_template_s_own_c() -> None:
    """What gen itself writes is looked at as well: a tree whose headers hide its names."""
    change = edited(UAPI, ("#define KVM_MEM_READONLY", "#define KVM_MEM_READ_ONLY"))
    with pytest.raises(FindingsError):
        plan(
            knob("memslot-flag", {"excludes": [{"flag": "KVM_MEM_READONLY"}]}),
            "memslot-flag",
            change,
        )
