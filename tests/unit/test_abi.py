# SPDX-License-Identifier: GPL-2.0-only
"""The uAPI of a tree by value, and every kind of difference between two."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.base.errors import FindingsError, UsageError
from codegen.cli.main import main
from codegen.uapi.headers import read_headers
from codegen.uapi.read import read_abi
from codegen.uapi.table import table
from codegen.uapi.trees import differences
from tests.minitree import UAPI, X86_UAPI, Files, MemoryTree, edited, minitree, written
from tests.unit.kit import committed, git

ARM_UAPI = "arch/arm64/include/uapi/asm/kvm.h"
PARA = "include/uapi/linux/kvm_para.h"
BASICS = {
    "include/uapi/linux/types.h": """\
#ifndef TYPES_H
#define TYPES_H
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
#define _BITUL(n) (1UL << (n))
#endif
""",
    "include/uapi/asm-generic/ioctl.h": """\
#define _IOC(dir, type, nr, size) \\
	(((dir) << 30) | ((type) << 8) | (nr) | ((size) << 16))
#define _IO(type, nr) _IOC(0U, type, nr, 0)
#define _IOW(type, nr, size) _IOC(1U, type, nr, sizeof(size))
#define _IOR(type, nr, size) _IOC(2U, type, nr, sizeof(size))
""",
    "include/uapi/linux/ioctl.h": "#include <asm/ioctl.h>\n",
}
BEFORE = """\
#ifndef __LINUX_KVM_H
#define __LINUX_KVM_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/ioctl.h>
#include <asm/kvm.h>

#define KVM_MEM_LOG_DIRTY_PAGES	(1UL << 0)
#define KVM_MEM_READONLY	(1UL << 1)
#define KVM_CAP_IRQCHIP 0
#define KVM_CAP_OTHER 0x10
#define KVM_CAP_ALIAS KVM_CAP_OTHER
#define KVM_EXIT_IO 2
#define KVM_EXIT_IO_IN 0
#define KVM_EXIT_IO_OUT 1
#define KVM_EXIT_HLT 5
#define KVM_STATS_TYPE_MAX 3
#define KVM_VALID_FIELDS 3
#define KVM_NAME "kvm"
#define KVM_SHIFTED(x) ((x) << 1)
#ifdef __KVM_HAVE_PIT
#define KVM_CAP_PIT 11
#endif
#ifdef __KERNEL__
#define KVM_FOR_THE_KERNEL 1
#endif

enum kvm_kind {
	KVM_KIND_ONE = 1,
	KVM_KIND_TWO,
};

struct kvm_thing {
	__u32 flags;
	__u16 size:4;
	__u16 rest:12;
	union {
		__u64 address;
		struct {
			__u8 port;
			__u8 *__user data;
		} io;
	};
	__u64 pad[4];
};

struct kvm_list {
	__u32 nr;
	__u32 entries[];
};

#define KVMIO 0xAE
#define KVM_GET_THING _IOR(KVMIO, 0x50, struct kvm_thing)
#define KVM_SET_THING _IOW(KVMIO, 0x50, struct kvm_thing)
#define KVM_RUN _IO(KVMIO, 0x80)
#endif
"""
X86 = """\
#ifndef ASM_KVM_H
#define ASM_KVM_H
#define __KVM_HAVE_PIT
#include <linux/types.h>
struct kvm_regs { __u64 rax, rbx; };
#define KVM_X86_QUIRK_ONE (1 << 0)
#define KVM_X86_DEFAULT_VM 0
#define KVM_GET_REGS _IOR(KVMIO, 0x81, struct kvm_regs)
#endif
"""


def small(text: str = BEFORE, **more: str) -> MemoryTree:
    """A tree of headers; `x86`, `arm64` and `para` are those of their names."""
    files = {**BASICS, UAPI: text, X86_UAPI: more.get("x86", X86)}
    files[ARM_UAPI] = more.get("arm64", "/* nothing */\n")
    files[PARA] = more.get("para", "")
    return MemoryTree({path: data.encode() for path, data in files.items() if data})


def said(new: MemoryTree, old: MemoryTree | None = None) -> str:
    """The table of the differences, white space as in prose."""
    lines = table(differences(old or small(), new)).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines)


def changed(old: str, new: str, count: int = 1) -> str:
    """The header with a text replaced."""
    assert BEFORE.count(old) >= count, old
    return BEFORE.replace(old, new)


READONLY = "#define KVM_MEM_READONLY	(1UL << 1)\n"
OTHER = "#define KVM_CAP_OTHER 0x10\n"
IRQCHIP = "#define KVM_CAP_IRQCHIP 0\n"
PAD = "	__u64 pad[4];\n"
RUN = "#define KVM_RUN _IO(KVMIO, 0x80)\n"

CASES = {
    "flag moved": ("(1UL << 1)", "(1UL << 5)", "! KVM_MEM_READONLY bit 1 → bit 5"),
    "capability renumbered": (IRQCHIP, "#define KVM_CAP_IRQCHIP 999\n", "! KVM_CAP_IRQCHIP 0 → 999"),
    "other spelling": ("(1UL << 1)", "_BITUL(1)", ""),
    "other spelling of a capability": ("0x10", "(8 * 2)", ""),
    "comments and spaces": (READONLY, "#define\tKVM_MEM_READONLY  /* x */ (1UL\\\n<<1) // y\n", ""),
    "capability added": (OTHER, OTHER + "#define KVM_CAP_X 17\n", "+ KVM_CAP_X 17"),
    "capability removed": (IRQCHIP, "", "- KVM_CAP_IRQCHIP 0"),
    "undefined again": (IRQCHIP, IRQCHIP + "#undef KVM_CAP_IRQCHIP\n", "- KVM_CAP_IRQCHIP 0"),
    "taken twice": (OTHER, OTHER + "#define KVM_CAP_X 16\n", "+ KVM_CAP_X 16\n! KVM_CAP_X 16 is KVM_CAP_OTHER as well"),
    "renumbered to a taken one": (IRQCHIP, "#define KVM_CAP_IRQCHIP 16\n", "! KVM_CAP_IRQCHIP 0 → 16\n! KVM_CAP_IRQCHIP 16 is KVM_CAP_OTHER as well"),
    "both new, same number": (OTHER, OTHER + "#define KVM_CAP_X 18\n#define KVM_CAP_Y 18\n", "+ KVM_CAP_X 18\n+ KVM_CAP_Y 18\n! KVM_CAP_Y 18 is KVM_CAP_X as well"),
    "another name for the same": (OTHER, OTHER + "#define KVM_CAP_X (KVM_CAP_OTHER)\n", "+ KVM_CAP_X 16"),
    "bit taken twice": (READONLY, READONLY + "#define KVM_MEM_X 2\n", "+ KVM_MEM_X bit 1\n! KVM_MEM_X bit 1 is KVM_MEM_READONLY as well"),
    "mask of flags": (READONLY, READONLY + "#define KVM_MEM_ALL 3\n", "+ KVM_MEM_ALL 3"),
    "value within an exit reason": ("KVM_EXIT_IO_OUT 1\n", "KVM_EXIT_IO_OUT 1\n#define KVM_EXIT_HLT_X 2\n", "+ KVM_EXIT_HLT_X 2"),
    "exit reason taken twice": ("KVM_EXIT_HLT 5\n", "KVM_EXIT_HLT 5\n#define KVM_EXIT_X 5\n", "+ KVM_EXIT_X 5\n! KVM_EXIT_X 5 is KVM_EXIT_HLT as well"),
    "same ioctl number, other direction": (RUN, RUN + "#define KVM_X _IO(KVMIO, 0x50)\n", "+ KVM_X 0xae50"),
    "ioctl taken twice": (RUN, RUN + "#define KVM_X _IO(KVMIO, 0x80)\n", "+ KVM_X 0xae80\n! KVM_X 0xae80 is KVM_RUN as well"),
    "limit goes up": ("TYPE_MAX 3", "TYPE_MAX 4", "~ KVM_STATS_TYPE_MAX 3 → 4"),
    "limit goes down": ("TYPE_MAX 3", "TYPE_MAX 2", "! KVM_STATS_TYPE_MAX 3 → 2"),
    "mask gets a bit": ("FIELDS 3", "FIELDS 7", "~ KVM_VALID_FIELDS 3 → 7"),
    "mask loses a bit": ("FIELDS 3", "FIELDS 6", "! KVM_VALID_FIELDS 3 → 6"),
    "string": ('"kvm"', '"vm"', '! KVM_NAME "kvm" → "vm"'),
    "function-like macro": ("((x) << 1)", "((x) << 2)", "! KVM_SHIFTED (x) ((x) << 1) → (x) ((x) << 2)"),
    "function-like macro, only spaces": ("((x) << 1)", "((x)<<1)", ""),
    "number becomes a string": (IRQCHIP, '#define KVM_CAP_IRQCHIP "0"\n', '! KVM_CAP_IRQCHIP 0 → "0"'),
    "string becomes a number": ('"kvm"', "1", '~ KVM_NAME "kvm" → 1'),
    "enumerator renumbered": ("KVM_KIND_ONE = 1", "KVM_KIND_ZERO, KVM_KIND_ONE", "+ KVM_KIND_ZERO 0"),
    "enumerators shifted": ("	KVM_KIND_ONE = 1,\n", "	KVM_KIND_ONE = 1,\n	KVM_KIND_X,\n", "+ KVM_KIND_X 2\n! KVM_KIND_TWO 2 → 3"),
    "macro becomes an enumerator": (IRQCHIP, "enum { KVM_CAP_IRQCHIP };\n", ""),
    "kernel's own": ("KVM_FOR_THE_KERNEL 1", "KVM_FOR_THE_KERNEL 2", ""),
    "for one architecture": ("KVM_CAP_PIT 11", "KVM_CAP_PIT 12", "! KVM_CAP_PIT 11 → 12 (x86)"),
    "struct added": ("struct kvm_list {", "struct kvm_x { __u32 x; };\nstruct kvm_list {", "+ struct kvm_x 4 bytes"),
    "into padding": (PAD, "	__u64 more;\n	__u64 pad[3];\n", "+ struct kvm_thing.more 8 bytes at 24, which was pad"),
    "into a new order": (PAD, "	__u32 one, two;\n	__u64 pad2[3];\n", "+ struct kvm_thing.one 4 bytes at 24, which was pad\n+ struct kvm_thing.two 4 bytes at 28, which was pad\n+ struct kvm_thing.pad2 24 bytes at 32, which was pad"),
    "padding that is all used": (PAD, "	__u64 more[4];\n", "+ struct kvm_thing.more 32 bytes at 24, which was pad"),
    "one more of a union": ("		__u64 address;\n", "		__u64 address;\n		__u32 low;\n", "+ struct kvm_thing.low 4 bytes at 8"),
    "nameless struct around": ("	__u32 flags;\n", "	struct { __u32 flags; };\n", ""),
    "field renamed": ("__u32 flags;", "__u32 more;", "+ struct kvm_thing.more 4 bytes at 0\n- struct kvm_thing.flags 4 bytes at 0"),
    "bit-field": ("size:4;\n	__u16 rest:12;", "size:5;\n	__u16 rest:11;", "! struct kvm_thing.size 4 bits at bit 32 → 5 bits at bit 32\n! struct kvm_thing.rest 12 bits at bit 36 → 11 bits at bit 37"),
    "flexible array becomes one of a length": ("entries[];", "entries[1];", "! struct kvm_list 4 bytes → 8 bytes\n! struct kvm_list.entries flexible at 4 → 4 bytes at 4"),
    "flexible array in the old style": ("entries[];", "entries[0];", ""),
    "flexible array by the macro": ("	__u32 entries[];", "	union { struct { struct {} __empty; __u32 entries[]; }; };", ""),
    "members of a nameless struct": ("			__u8 port;\n", "			__u8 port, more;\n", "+ struct kvm_thing.io.more 1 bytes at 9"),
    "unseen": (IRQCHIP, IRQCHIP + "#ifdef CONFIG_X\n#define KVM_CAP_X  7\n#endif\n", "~ KVM_CAP_X 7 in an #if that no architecture takes"),
    "unseen any longer": (IRQCHIP, f"#ifdef CONFIG_X\n{IRQCHIP}#endif\n", "- KVM_CAP_IRQCHIP 0"),
    "a guard": ("__LINUX_KVM_H", "__OTHER_KVM_H", ""),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES)
def test_what_is_said_of_a_change(old: str, new: str, expected: str) -> None:
    lines = said(small(changed(old, new))).splitlines()
    assert lines[1:-1] == expected.splitlines()
    errors = sum(line.startswith(("!", "-")) for line in lines)
    assert lines[-1].endswith(f"{errors or 'no'} error{'s' * (errors != 1)}" if expected else "no difference")  # fmt: skip


def test_growing_without_padding_moves_and_resizes_and_changes_the_ioctls() -> None:
    lines = said(small(changed("	__u32 flags;\n", "	__u64 flags;\n	__u32 x;\n"))).splitlines()
    assert lines[1:] == [
        "! struct kvm_thing 56 bytes → 64 bytes",
        "+ struct kvm_thing.x 4 bytes at 8",
        "! struct kvm_thing.flags 4 bytes at 0 → 8 bytes at 0",
        "! struct kvm_thing.size 4 bits at bit 32 → 4 bits at bit 96",
        "! struct kvm_thing.rest 12 bits at bit 36 → 12 bits at bit 100",
        "! struct kvm_thing.address 8 bytes at 8 → 8 bytes at 16",
        "! struct kvm_thing.io 16 bytes at 8 → 16 bytes at 16",
        "~ struct kvm_thing.pad 32 bytes at 24 → 32 bytes at 32",
        "! KVM_GET_THING 0x8038ae50 → 0x8040ae50",
        "! KVM_SET_THING 0x4038ae50 → 0x4040ae50",
        "10 differences, 8 errors",
    ]


def test_a_struct_of_one_architecture_counts_where_it_is() -> None:
    generic = RUN + "#define KVM_SET_REGS _IOW(KVMIO, 0x82, struct kvm_regs)\n"
    old = small(changed(RUN, generic))
    other_words = generic.replace("_IOW(KVMIO, 0x82", "_IOW(KVMIO, (0x80 + 2)")
    assert said(small(changed(RUN, other_words)), old) == "no difference"
    wider = small(changed(RUN, generic), x86=X86.replace("rax, rbx", "rax, rbx, rcx"))
    assert said(wider, old).splitlines() == [
        UAPI,
        "! KVM_SET_REGS 0x4010ae82 → 0x4018ae82 (x86)",
        X86_UAPI,
        "! struct kvm_regs 16 bytes → 24 bytes",
        "+ struct kvm_regs.rcx 8 bytes at 16",
        "! KVM_GET_REGS 0x8010ae81 → 0x8018ae81",
        "4 differences, 3 errors",
    ]


def test_moving_to_a_header_that_is_included_is_no_error() -> None:
    own = "/* empty */\n"
    new = small(changed(IRQCHIP, ""), x86=IRQCHIP + X86, arm64=IRQCHIP + own)
    old = small(arm64=own)
    assert said(new, old).splitlines() == [
        ARM_UAPI,
        f"~ KVM_CAP_IRQCHIP was in {UAPI}",
        X86_UAPI,
        f"~ KVM_CAP_IRQCHIP was in {UAPI}",
        "2 differences, no errors",
    ]
    assert said(old, new).splitlines()[-1] == "2 differences, no errors"


def test_moving_to_a_header_that_nobody_includes_is_one() -> None:
    new = small(changed(IRQCHIP, ""), para=IRQCHIP)
    old = small(para="/* empty */\n")
    assert said(new, old).splitlines() == [
        PARA,
        f"! KVM_CAP_IRQCHIP is in {PARA} now, which {UAPI} does not include",
        "1 difference, 1 error",
    ]


def test_moving_to_one_architecture_takes_it_from_the_others() -> None:
    assert said(small(changed(IRQCHIP, ""), x86=IRQCHIP + X86)).splitlines() == [
        UAPI,
        "- KVM_CAP_IRQCHIP 0 (arm64)",
        X86_UAPI,
        f"~ KVM_CAP_IRQCHIP was in {UAPI}",
        "2 differences, 1 error",
    ]


def test_headers_that_come_and_go() -> None:
    with_para = small(para="#define KVM_PARA 1\n")
    assert said(with_para).splitlines() == [PARA, f"+ {PARA}", "+ KVM_PARA 1", "2 differences, no errors"]  # fmt: skip
    assert said(small(), with_para).splitlines()[-1] == "2 differences, 2 errors"
    renamed = small()
    renamed.files["include/uapi/linux/kvm_other.h"] = b"#define KVM_PARA 1\n"
    assert said(renamed, with_para).splitlines() == [
        "include/uapi/linux/kvm_other.h",
        "+ include/uapi/linux/kvm_other.h",
        f"~ KVM_PARA was in {PARA}",
        PARA,
        f"- {PARA}",
        "3 differences, 1 error",
    ]


def test_an_architecture_that_comes_or_goes_is_its_own_headers() -> None:
    without = small(arm64="")
    assert said(small(), without).splitlines() == [ARM_UAPI, f"+ {ARM_UAPI}", "1 difference, no errors"]  # fmt: skip
    assert said(without).splitlines() == [ARM_UAPI, f"- {ARM_UAPI}", "1 difference, 1 error"]
    assert said(small(changed(READONLY, ""), arm64="")).splitlines()[:2] == [
        UAPI,
        "- KVM_MEM_READONLY bit 1",
    ]


def test_line_ends_do_not_matter() -> None:
    crlf = {path: data.replace(b"\n", b"\r\n") for path, data in small().files.items()}
    assert said(MemoryTree(crlf)) == "no difference"


def test_ioctls_have_the_architectures_own_layout() -> None:
    tree = small()
    tree.files["arch/arm64/include/uapi/asm/ioctl.h"] = (
        BASICS["include/uapi/asm-generic/ioctl.h"].replace("_IOC(0U", "_IOC(1U").encode()
    )
    runs = {h.arch: read_abi(h).constants["KVM_RUN"].value for h in read_headers(tree)}
    assert runs == {"arm64": 0x4000AE80, "x86": 0xAE80}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("#define KVM_X KVM_Y\n#define KVM_Y KVM_X\n", "+ KVM_X KVM_Y\n+ KVM_Y KVM_X"),
        ("#define KVM_X (1 << 1000)\n", "+ KVM_X "),
        ("#define KVM_X (1 / 0)\n", "+ KVM_X (1 / 0)"),
        ("#define KVM_X (1\n", "+ KVM_X (1"),
        ("#define KVM_X 1)\n", "+ KVM_X 1)"),
        ("#define KVM_X _IO(KVMIO, 0x85(\n", "+ KVM_X _IO(KVMIO, 0x85("),
        ("#define KVM_X _IO(1\n#define KVM_Y _IO(2\n", "+ KVM_X _IO(1\n+ KVM_Y _IO(2"),
        ("#define KVM_X 1) }; int y = (2\n", "+ KVM_X 1) }; int y = (2"),
        ("#define KVM_X 1 }; enum { gen_value_of_0 = 7\n", "+ KVM_X 1 }; enum { gen_value_of_0 = 7"),
        ("#define KVM_X sizeof(struct nobody)\n", "+ KVM_X sizeof(struct nobody)"),
        ("#define KVM_X 99999999999999999999999999\n", "+ KVM_X 99999999999999999999999999"),
        ("#define KVM_X ((unsigned char)-1)\n", "+ KVM_X 255"),
        ("#define KVM_X 0xffffffffffffffffULL\n", "+ KVM_X 0xffffffffffffffff"),
    ],
)  # fmt: skip
def test_hostile_macros_harm_nobody_else(text: str, kept: str) -> None:
    lines = said(small(changed(READONLY, READONLY + text))).splitlines()
    assert len(lines[1:-1]) == len(kept.splitlines())
    assert all(line.startswith(k) for line, k in zip(lines[1:-1], kept.splitlines(), strict=True))
    values = read_abi(read_headers(small(changed(READONLY, text + READONLY)))[0]).constants
    assert values["KVM_MEM_READONLY"].value == 2
    assert values["KVM_RUN"].value == 0xAE80


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("	__u32 flags;", "	__u33 flags;"), "unknown type name '__u33'"),
        (changed("	__u64 pad[4];\n};", "	__u64 pad[4];"), "expected '}'"),
        (changed("enum kvm_kind {", "enum kvm_kind {{"), "expected identifier"),
        (changed(READONLY, "#error no\n"), "no"),
        (changed(READONLY, "#if 1\n"), "unterminated conditional directive"),
        (changed(READONLY, "/* never closed\n"), "unterminated /\\* comment"),
        (changed(READONLY, '}}"\xff\0\n'), "extraneous closing brace"),
        (changed("<linux/types.h>", "<linux/typos.h>"), "unknown type name"),
    ],
)
def test_headers_that_do_not_parse_are_findings(text: str, message: str) -> None:
    with pytest.raises(FindingsError, match=message) as problem:
        differences(small(), small(text, para="#include <linux/kvm.h>\n"))
    first, *_ = problem.value.findings
    assert first.path == UAPI and first.line
    assert first.message.startswith("in the second tree the header does not parse: ")


def test_a_missing_include_is_named() -> None:
    with pytest.raises(FindingsError) as problem:
        differences(small(), small(changed("<linux/types.h>", "<linux/typos.h>"), x86="/* */\n"))
    assert "linux/typos.h" in problem.value.findings[0].hint


def test_what_is_included_may_break_everything_as_well() -> None:
    broken = small()
    broken.files["include/uapi/linux/types.h"] += b"struct open {\n"
    with pytest.raises(FindingsError, match="what KVM's headers include does not parse"):
        differences(small(), broken)


def test_a_tree_without_headers_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="neither tree has uAPI headers of KVM"):
        differences(MemoryTree({}), MemoryTree({"Makefile": b""}))


def test_what_cannot_be_read_in_both_is_no_difference() -> None:
    broken = small(changed("__u32 flags;", "__u33 flags;"))
    assert said(broken, broken) == "no difference"


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(BEFORE) - 1),
    st.integers(0, 12),
    st.text("{}()#\"'/\\*;,\n\0 1x", max_size=3),
)
def test_any_mistake_is_a_finding_or_a_difference(at: int, length: int, text: str) -> None:
    new = small(BEFORE[:at] + text + BEFORE[at + length :])
    try:
        text = table(differences(small(), new))
    except FindingsError as problem:
        text = str(problem)
    assert text


def complete(files: Files) -> None:
    """The small tree's headers include what every kernel has."""
    files.update({path: text.encode() for path, text in BASICS.items()})


READONLY_MOVED = edited(UAPI, ("READONLY\t(1UL << 1)", "READONLY\t(1UL << 5)"))
RENUMBERED = edited(UAPI, ("SLOW_CLOCK 237", "SLOW_CLOCK 999"))


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    """A repository with the small tree."""
    return committed(written(minitree(complete), tmp_path / "linux"))


def committed_change(linux: Path) -> Path:
    """Both renumberings on top, and as a folder of patches."""
    written(minitree(complete, READONLY_MOVED, RENUMBERED), linux)
    git(linux, "commit", "-q", "-a", "-m", "KVM: Renumber")
    patches = linux.parent / "patches"
    git(linux, "format-patch", "-1", "-q", "-o", str(patches))
    return patches


RENUMBERINGS = """\
include/uapi/linux/kvm.h
  ! KVM_MEM_READONLY        bit 1 → bit 5
  ! KVM_CAP_X86_SLOW_CLOCK  237 → 999
2 differences, 2 errors
"""


def test_the_command_finds_both_renumberings(
    linux: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patches = committed_change(linux)
    mail = next(patches.iterdir())
    for second in (f"{linux}@HEAD", str(patches), str(mail)):
        assert main(["abi-diff", f"{linux}@HEAD~1", second]) == 1
        assert capsys.readouterr().out == RENUMBERINGS
    assert main(["abi-diff", str(linux), f"{linux}@HEAD"]) == 0
    assert capsys.readouterr().out == "no difference\n"


def test_the_command_takes_folders_that_are_no_repository(
    linux: Path, unpacked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    committed_change(linux)
    written(minitree(complete), unpacked)
    assert main(["abi-diff", str(unpacked), str(linux)]) == 1
    assert capsys.readouterr().out == RENUMBERINGS


def test_the_command_applies_patches_to_a_folder(
    linux: Path, unpacked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patches = committed_change(linux)
    written(minitree(complete), unpacked)
    assert main(["abi-diff", str(unpacked), str(patches)]) == 1
    assert capsys.readouterr().out == RENUMBERINGS


def test_the_command_for_machines(linux: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patches = committed_change(linux)
    assert main(["abi-diff", f"{linux}@HEAD~1", str(patches), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert answer["differences"][0] == {
        "change": "renumbered",
        "severity": "error",
        "name": "KVM_MEM_READONLY",
        "header": UAPI,
        "line": 31,
        "before": "bit 1",
        "after": "bit 5",
        "architectures": ["arm64", "x86"],
    }
    assert main(["abi-diff", str(linux), str(linux), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "differences": []}


def test_what_the_command_cannot_do(linux: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patches = committed_change(linux)
    (empty := linux.parent / "empty").mkdir()
    assert main(["abi-diff", str(linux), str(linux.parent / "nowhere")]) == 2
    assert main(["abi-diff", str(linux), str(empty)]) == 2
    assert main(["abi-diff", str(linux)]) == 2
    assert main(["abi-diff", str(linux), str(patches)]) == 1  # is applied there already
    assert "does not apply" in capsys.readouterr().err


def test_a_series_that_removes_a_header(linux: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(linux, "rm", "-q", ARM_UAPI)
    git(linux, "commit", "-q", "-m", "KVM: arm64: Remove the header")
    git(linux, "format-patch", "-1", "-q", "-o", str(linux.parent / "patches"))
    assert main(["abi-diff", f"{linux}@HEAD~1", str(linux.parent / "patches")]) == 1
    said = capsys.readouterr().out
    assert f"{ARM_UAPI}\n  - {ARM_UAPI}\n  - __KVM_HAVE_READONLY_MEM\n" in said
