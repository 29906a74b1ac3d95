# SPDX-License-Identifier: GPL-2.0-only

"""Every site on the small trees: where it is, what stands around it."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.plan.sites import SITES
from codegen.sites import named
from codegen.sites.place import Place
from tests.minitree import (
    API,
    KVM_MAIN,
    MMU,
    SELFTESTS,
    UAPI,
    X86,
    X86_HOST,
    X86_UAPI,
    Files,
    edited,
    minitree,
    new,
    old,
)
from tests.minitree.attributes import VCPU_DOC, attributes, none
from tests.minitree.capabilities import capabilities
from tests.minitree.clock import clock
from tests.minitree.memfd import GUEST_MEMFD, MEMFD_TEST, memfd, shown
from tests.minitree.uapi import ARM64, COMPLETED, completed, uapi
from tests.unit import kit
from tests.unit.kit import survey

A = {"arch": "x86"}
TEST = {"test": "x86_64/b_test", **A}
FLAG_TEST = f"{SELFTESTS}set_memory_region_test.c"
SVM = "arch/x86/kvm/svm/svm.c"

HAS = """
static int kvm_x86_dev_has_attr(u64 attr)
{
	switch (attr) {
	case KVM_X86_XCOMP_GUEST_SUPP:
		return 0;
	}
	return -ENXIO;
}
"""


def asked(files: Files) -> None:
    """The tree with a function that says which attributes there are, as Linux 6.1 has it."""
    uapi(files)
    edited(X86, ("\t\t*val = tdp_enabled;", "\t\t*val = 1;"))(files)
    files[X86] += HAS.encode()


def attributed(files: Files) -> None:
    """The tree with attributes of the system and of vCPUs."""
    capable(files)
    attributes(files)


def before_attributes(files: Files) -> None:
    """The tree before the system had any."""
    uapi(files)
    none(files)


def capable(files: Files) -> None:
    """The tree with capabilities of generic code and of vCPUs."""
    uapi(files)
    capabilities(files)


ANSWERED = "\treturn kvm_is_plain(kvm) ? 0 : -EOPNOTSUPP;\n"
UNDONE = """\
	if (kvm_is_plain(kvm))
		return 0;

	kvm->arch.slow_clock_khz = 2000;
	ret = -EOPNOTSUPP;
out:
	kvm->arch.slow_clock_khz = 0;
	return ret;
"""
# what is set for errors stands behind what succeeds
undone = edited(X86, (ANSWERED, UNDONE))

ENABLES = "int kvm_vm_ioctl_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)\n"
FILTERS = """\
{
	int r = 0;

	switch (cap->cap) {
	case KVM_CAP_DISABLE_QUIRKS2:
		cap->args[0] &= KVM_X86_VALID_QUIRKS;
		break;
	default:
		break;
	}

	r = __kvm_enable_cap(kvm, cap);

	return r;
}

"""
INIT = "int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)\n"
# a switch in front of the one that enables, whose result is another one then
filtered = edited(
    X86,
    (ENABLES, f"static {ENABLES.replace('vm_ioctl_', '').replace('kvm_en', '__kvm_en', 1)}"),
    (INIT, f"{ENABLES}{FILTERS}{INIT}"),
)

UNKNOWN = "\tif (mem->flags & ~valid_flags)\n\t\treturn -EINVAL;\n\n\treturn 0;\n"
KNOWN = "(mem->flags & valid_flags) == mem->flags"
SMM = "\tif (is_smm(vcpu))\n\t\tkvm_run->flags |= KVM_RUN_X86_SMM;\n"


def in_smm(before: str, behind: str) -> Any:
    """The tree that sets a flag of struct kvm_run, with something around that."""

    def change(files: Files) -> None:
        uapi(files)
        edited(X86, (SMM, f"{before}{SMM}{behind}"))(files)

    return change


# what an existing memslot may change, instead of what it keeps
changeable = edited(
    KVM_MAIN, ("old->flags) & KVM_MEM_READONLY)", "old->flags) & ~KVM_MEM_LOG_DIRTY_PAGES)")
)
WARNS = "\tif (WARN_ON_ONCE(!((old_flags ^ new_flags) & KVM_MEM_LOG_DIRTY_PAGES)))\n\t\treturn;\n"
TOGGLED = """\
	switch (old_flags ^ new_flags) {
	case KVM_MEM_LOG_DIRTY_PAGES:
		break;
	default:
		WARN_ON_ONCE(1);
		return;
	}
"""
toggled = edited(X86, (WARNS, TOGGLED))


def checked_once_more(files: Files) -> None:
    """The tree that looks at a vCPU behind the switch over its capabilities, as powerpc does."""
    capable(files)
    text = files[X86].decode()
    start = text.index("int kvm_vcpu_ioctl_enable_cap(")
    end = text.index("\treturn r;\n}", start)
    files[X86] = f"{text[:end]}\tif (!r)\n\t\tr = check(vcpu);\n\n{text[end:]}".encode()


HOST = "include/linux/kvm_host.h"
# site, arguments, tree, file, the line above the place, the line below it (or what is replaced)
QUIRKS_CAP = {"capability": "KVM_CAP_DISABLE_QUIRKS2"}
OF_QUIRKS = {"of": "KVM_CAP_DISABLE_QUIRKS2"}
QUIRKS = {**QUIRKS_CAP, "family": "KVM_X86_QUIRK_"}
CLOCK = {"ioctls": "KVM_SET_CLOCK_KHZ"}
MEMFD = {"ioctl": "KVM_CREATE_GUEST_MEMFD"}
FLAGS, FAMILY = {"member": "flags"}, {"family": "GUEST_MEMFD_FLAG_"}
TOLD = {"capability": "KVM_CAP_GUEST_MEMFD_FLAGS"}
NO_FLAGS = "No flags are defined yet, the field must be zero."
LISTED = """\
  #define GUEST_MEMFD_FLAG_MMAP (1ULL << 0)

  ===================== ====
  GUEST_MEMFD_FLAG_MMAP Maps
  ===================== ====
"""


PADDING = {
    "struct": "kvm_create_guest_memfd",
    "takes": "reserved",
    "name": "least",
    "type": "__u64",
    "architectures": "x86",
}


def with_completed(files: Files) -> None:
    """The tree whose documentation lists the exits that KVM_RUN completes."""
    uapi(files)
    completed(files)


def with_memfd(files: Files) -> None:
    """The tree with an ioctl that has no flags."""
    uapi(files)
    memfd(files)


def with_shown(files: Files) -> None:
    """The same, with the struct in the documentation."""
    with_memfd(files)
    shown(files)


def with_clock(files: Files) -> None:
    """The tree with ioctls of vCPUs that take and return numbers."""
    uapi(files)
    clock(files)


def with_flag(files: Files) -> None:
    """The same with one flag, told by a capability of its own."""
    with_memfd(files)
    case = "\tcase KVM_CAP_GUEST_MEMFD:\n"
    told = "\tcase KVM_CAP_GUEST_MEMFD_FLAGS:\n\t\treturn GUEST_MEMFD_FLAG_MMAP;\n"
    struct = "struct kvm_create_guest_memfd {"
    edited(UAPI, (struct, f"#define GUEST_MEMFD_FLAG_MMAP (1ULL << 0)\n\n{struct}"))(files)
    edited(KVM_MAIN, (case, f"{told}{case}"))(files)
    edited(API, (f"{NO_FLAGS}\n", LISTED))(files)


def with_told_flag(files: Files) -> None:
    """The same, and the capability has a section that lists the flag."""
    with_flag(files)
    above = "8.1 KVM_CAP_PPC_HWRNG\n"
    listed = "  #define GUEST_MEMFD_FLAG_MMAP (1ULL << 0)\n\nAll of them.\n\n"
    title = "8.0 KVM_CAP_GUEST_MEMFD_FLAGS\n-----------------------------\n\n"
    edited(API, (above, f"{title}{listed}{above}"))(files)


TERMS = """\
GUEST_MEMFD_FLAG_MMAP:
    Maps.

    All of it.

Nothing else is said."""


def with_terms(files: Files) -> None:
    """The same flag in a definition list, and a term of something else behind it."""
    with_memfd(files)
    edited(API, (f"{NO_FLAGS}\n", f"{TERMS}\n\nother\n    Is none.\n"))(files)


def in_if(files: Files) -> None:
    """Constants in an `#if`: the last of many, one alone, and all of a family."""
    last = "#define KVM_CAP_X86_SLOW_CLOCK 237\n"
    alone = "#define KVM_EXIT_MEMORY_FAULT\t39\n"
    first, flag = "#define KVM_MEM_LOG_DIRTY_PAGES", "#define KVM_MEM_GUEST_MEMFD\t(1UL << 2)\n"
    edited(
        UAPI,
        (last, f"#if A\n# ifdef B\n{last}# endif\n#else\n#define C\n#endif /* outer */\n"),
        (alone, f"#ifdef A\n{alone}#endif /* alone */\n"),
        (first, f"#ifndef A\n{first}"),
        (flag, f"{flag}#endif /* all */\n"),
    )(files)


X86_KCONFIG = "arch/x86/kvm/Kconfig"
SELECTED = "\tselect KVM_COMMON\n\tselect HAVE_KVM_PFNCACHE\n\tselect HAVE_KVM_READONLY_MEM\n"
FOLLOWS = f"config KVM_X86\n\tdef_tristate KVM\n{SELECTED}\tselect KVM_GENERIC_SYNC\n"
MANY = "".join(f"\tselect HAVE_KVM_{number}\n" for number in range(9))


def vendor(files: Files) -> None:
    """Other symbols select most: of a module, of 64 bits, of who wants them."""
    others = (
        f'config KVM_TDX\n\tbool "TDX"\n\tdepends on KVM\n{MANY}\n'
        f"config KVM_X86_64\n\tdef_bool y\n\tdepends on KVM_X86 && X86_64\n{MANY}\n"
        f"config KVM_INTEL_MORE\n\tdef_tristate KVM if KVM_INTEL\n{MANY}\n"
        f"if X86_64\nconfig KVM_LONG\n\tdef_tristate KVM\n{MANY}endif\n\n"
    )
    edited(X86_KCONFIG, ("config KVM_XEN\n", f"{others}config KVM_XEN\n"))(files)


def in_group(files: Files) -> None:
    """What follows KVM selects another symbol, and that selects KVM's."""
    group = FOLLOWS.replace("\tdef_tristate KVM\n", "\tbool\n").replace("KVM_X86\n", "OUR_GROUP\n")
    edited(
        X86_KCONFIG,
        (FOLLOWS, f"config X86_VIRT\n\tdef_tristate KVM\n\tselect OUR_GROUP\n\n{group}"),
    )(files)
    vendor(files)


def tied(files: Files) -> None:
    """What follows KVM depends on it, and asks for any module."""
    edited(
        X86_KCONFIG,
        (
            FOLLOWS,
            f"config KVM_X86\n\tdef_bool y if (KVM_INTEL != n || KVM_AMD != n)\n\tdepends on KVM\n{SELECTED}"
            "\tselect KVM_MMIO\n",
        ),
    )(files)
    vendor(files)


def only_vendors(files: Files) -> None:
    """All that selects KVM's symbols may be off."""
    vendor(files)
    edited(X86_KCONFIG, (FOLLOWS, ""))(files)


WHERE: list[tuple[str, dict[str, Any], Any, str, str, str]] = [
    ("uapi-constant", {"prefix": "KVM_CAP_"}, None, UAPI, "#define KVM_CAP_X86_SLOW_CLOCK 237", ""),
    (
        "uapi-constant",
        {"prefix": "KVM_CAP_"},
        old,
        UAPI,
        "#define KVM_CAP_VM_DISABLE_NX_HUGE_PAGES 220",
        "",
    ),
    (
        "uapi-constant",
        {"prefix": "KVM_MEM_", "bits": True, "limit": 16},
        None,
        UAPI,
        "#define KVM_MEM_GUEST_MEMFD\t(1UL << 2)",
        "",
    ),
    (
        "uapi-constant",
        {"prefix": "KVM_X86_", "suffix": "_VM"},
        None,
        X86_UAPI,
        "#define KVM_X86_SEV_VM\t\t2",
        "",
    ),
    ("uapi-constant", {"prefix": "KVM_CAP_"}, in_if, UAPI, "#endif /* outer */", ""),
    ("uapi-constant", {"prefix": "KVM_EXIT_"}, in_if, UAPI, "#endif /* alone */", ""),
    (
        "uapi-constant",
        {"prefix": "KVM_MEM_"},
        in_if,
        UAPI,
        "#define KVM_MEM_GUEST_MEMFD\t(1UL << 2)",
        "#endif /* all */",
    ),
    ("uapi-arch-header", A, None, X86_UAPI, "", "#endif /* _ASM_X86_KVM_H */"),
    ("kconfig-symbol", {}, None, "virt/kvm/Kconfig", "       bool", ""),
    ("kconfig-select", A, None, "arch/x86/kvm/Kconfig", "\tselect KVM_GENERIC_SYNC", ""),
    ("kconfig-select", A, vendor, X86_KCONFIG, "\tselect KVM_GENERIC_SYNC", ""),
    ("kconfig-select", A, in_group, X86_KCONFIG, "\tselect KVM_GENERIC_SYNC", ""),
    ("kconfig-select", A, tied, X86_KCONFIG, "\tselect KVM_MMIO", ""),
    (
        "kconfig-select",
        {"arch": "arm64"},
        None,
        "arch/arm64/kvm/Kconfig",
        "\tselect HAVE_KVM_READONLY_MEM",
        "\thelp",
    ),
    ("memslot-flag-check", {}, None, KVM_MAIN, "", "\tif (mem->flags & ~valid_flags)"),
    ("memslot-flag-check", {}, old, KVM_MAIN, "", "\tif (mem->flags & ~valid_flags)"),
    (
        "memslot-flag-check",
        {},
        edited(KVM_MAIN, (UNKNOWN, f"\tif ({KNOWN})\n\t\treturn 0;\n\n\treturn -EINVAL;\n")),
        KVM_MAIN,
        "",
        f"\tif ({KNOWN})",
    ),
    ("memslot-v1-mask", {}, None, KVM_MAIN, "", "(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)"),
    (
        "memslot-immutable-flags",
        {},
        None,
        KVM_MAIN,
        "",
        "KVM_MEM_READONLY",
    ),
    ("memslot-changeable-flags", {}, changeable, KVM_MAIN, "", "KVM_MEM_LOG_DIRTY_PAGES"),
    ("memslot-arch-veto", A, None, X86, "", "\t/* The host cannot map more than that. */"),
    (
        "memslot-arch-veto",
        {"arch": "arm64"},
        None,
        "arch/arm64/kvm/mmu.c",
        "",
        "\tif (change != KVM_MR_CREATE && change != KVM_MR_MOVE)",
    ),
    ("memslot-apply-flags", A, None, X86, "", "\t/*"),
    ("memslot-apply-exact", A, toggled, X86, "", "switch (old_flags ^ new_flags)"),
    ("check-extension-generic", {}, None, KVM_MAIN, "#endif", "\t\treturn 1;"),
    ("check-extension-list", A, None, X86, "\tcase KVM_CAP_ENABLE_CAP_VM:", "\t\tr = 1;"),
    (
        "check-extension-list",
        {"arch": "arm64"},
        None,
        "arch/arm64/kvm/arm.c",
        "\tcase KVM_CAP_ENABLE_CAP_VM:",
        "\t\tr = 1;",
    ),
    ("check-extension-case", A, None, X86, "\t\tbreak;", "\tcase KVM_CAP_X86_SLOW_CLOCK:"),
    ("enable-cap-case", A, None, X86, "\t\tbreak;", "\tdefault:"),
    (
        "enable-cap-case",
        {"arch": "arm64"},
        None,
        "arch/arm64/kvm/arm.c",
        "\t\tbreak;",
        "\tdefault:",
    ),
    ("enable-cap-case", A, filtered, X86, "\t\tbreak;", "\tdefault:"),
    ("arch-field", A, None, X86_HOST, "\tbool slow_clock;", ""),
    (
        "arch-field",
        {"arch": "arm64"},
        None,
        "arch/arm64/include/asm/kvm_host.h",
        "\tunsigned long flags;",
        "};",
    ),
    (
        "arch-field",
        A,
        edited(X86_HOST, ("slow_clock;", "clock;"), ("disabled_quirks;", "quirks;")),
        X86_HOST,
        "\tbool has_private_mem;",
        "};",
    ),
    (
        "arch-flag",
        {"arch": "arm64"},
        None,
        "arch/arm64/include/asm/kvm_host.h",
        "#define KVM_ARCH_FLAG_TAGS_ENABLED\t1",
        "\tunsigned long flags;",
    ),
    (
        "enable-cap-case",
        {"arch": "arm64"},
        edited(
            "arch/arm64/kvm/arm.c",
            (
                "int kvm_vm_ioctl_enable_cap(struct kvm *kvm,\n\t\t\t    struct kvm_enable_cap *cap)",
                "int other(int cap)",
            ),
        ),
        "arch/arm64/kvm/arm.c",
        "}",
        "",
    ),
    ("init-vm", A, None, X86, "\tkvm->arch.slow_clock_khz = 1000;", ""),
    ("init-vm", A, undone, X86, "\tkvm->arch.slow_clock_khz = 1000;", ""),
    ("init-vm", {"arch": "arm64"}, None, "arch/arm64/kvm/arm.c", "\tkvm->arch.flags = type;", ""),
    ("quirk-mask", {}, None, X86_HOST, "", "(KVM_X86_QUIRK_LINT0_REENABLED |"),
    (
        "vm-type-supported",
        {},
        None,
        X86,
        "\t\tkvm_caps.supported_vm_types |= BIT(KVM_X86_SW_PROTECTED_VM);",
        "}",
    ),
    ("vm-type-alike", {}, None, SVM, "", "KVM_X86_DEFAULT_VM"),
    (
        "predicate-value",
        {"name": "kvm_memslot_flush_zap_all", "off": "kvm->arch.vm_type == KVM_X86_DEFAULT_VM"},
        None,
        MMU,
        "",
        "kvm->arch.vm_type == KVM_X86_DEFAULT_VM",
    ),
    ("api-vm-capability", {}, None, API, "The last one.", ""),
    ("api-other-capability", {}, None, API, "Note, there are fewer of them here.", ""),
    ("api-memslot-defines", {}, None, API, "  #define KVM_MEM_READONLY\t(1UL << 1)", ""),
    (
        "api-memslot-flags",
        {},
        None,
        API,
        "",
        "The flags field supports two flags: KVM_MEM_LOG_DIRTY_PAGES and",
    ),
    ("api-memslot-v2", {}, None, API, "A slot with such a file cannot be changed.", ""),
    (
        "api-quirk-table",
        {},
        None,
        API,
        "",
        "=================================== ============================================",
    ),
    ("api-vm-types", {}, None, API, "  #define KVM_X86_SEV_VM\t2", ""),
    ("api-vm-types-end", {}, None, API, "Note, there are fewer of them here.", ""),
    (
        "selftest-register",
        TEST,
        None,
        f"{SELFTESTS}Makefile",
        "TEST_GEN_PROGS_x86_64 = x86_64/alpha_test",
        "TEST_GEN_PROGS_x86_64 += x86_64/quirks_test",
    ),
    (
        "selftest-register",
        {"test": "x86/zzz_test", **A},
        new,
        f"{SELFTESTS}Makefile.kvm",
        "TEST_GEN_PROGS_x86 += x86/zz_test",
        "TEST_GEN_PROGS_x86 += set_memory_region_test",
    ),
    (
        "selftest-register",
        {"test": "common_test", **A},
        None,
        f"{SELFTESTS}Makefile",
        "TEST_GEN_PROGS_x86_64 += set_memory_region_test",
        "",
    ),
    (
        "selftest-register",
        {"test": "aarch64/a_test", "arch": "arm64"},
        None,
        f"{SELFTESTS}Makefile",
        "TEST_GEN_PROGS_aarch64 += aarch64/irq_test",
        "TEST_GEN_PROGS_aarch64 += set_memory_region_test",
    ),
    (
        "selftest-gitignore",
        {"test": "x86_64/b_test"},
        old,
        f"{SELFTESTS}.gitignore",
        "/x86_64/alpha_test",
        "/x86_64/quirks_test",
    ),
    (
        "selftest-memslot-flags",
        {},
        None,
        FLAG_TEST,
        "",
        "\t/* Bits that nobody knows are refused. */",
    ),
    ("selftest-memslot-v2-only", {}, None, FLAG_TEST, "", "KVM_MEM_GUEST_MEMFD"),
    ("new-file", {"path": "a/new.c"}, None, "a/new.c", "", ""),
    ("bit-accepted", A | QUIRKS, None, X86_HOST, "", "(KVM_X86_QUIRK_LINT0_REENABLED |"),
    (
        "bit-answered",
        A | QUIRKS | {"condition": "tdp_enabled"},
        None,
        X86,
        "\t\tr = KVM_X86_VALID_QUIRKS;",
        "\t\tbreak;",
    ),
    (
        "bit-refused",
        A | QUIRKS_CAP,
        None,
        X86,
        "\t\t\tbreak;",
        "\t\tkvm->arch.disabled_quirks |= cap->args[0];",
    ),
    (
        "bit-enabled",
        A | QUIRKS_CAP,
        None,
        X86,
        "\t\tkvm->arch.disabled_quirks |= cap->args[0];",
        "\t\tr = 0;",
    ),
    (
        "api-bit-define",
        QUIRKS,
        edited(API, ("The quirks are:\n", "  #define KVM_X86_QUIRK_A (1 << 0)\n")),
        API,
        "  #define KVM_X86_QUIRK_A (1 << 0)",
        "",
    ),
    (
        "alias-answered",
        OF_QUIRKS,
        None,
        X86,
        "\tcase KVM_CAP_DISABLE_QUIRKS2:",
        "\t\tr = KVM_X86_VALID_QUIRKS;",
    ),
    (
        "alias-enabled",
        OF_QUIRKS,
        None,
        X86,
        "\tcase KVM_CAP_DISABLE_QUIRKS2:",
        "\t\tr = -EINVAL;",
    ),
    (
        "alias-enabled",
        {"of": "KVM_CAP_HALT_POLL"},
        capable,
        KVM_MAIN,
        "\tswitch (cap->cap) {",
        "\tcase KVM_CAP_HALT_POLL: {",
    ),
    ("alias-title", OF_QUIRKS, None, API, "", "7.31 KVM_CAP_DISABLE_QUIRKS2"),
    (
        "api-capability-end",
        QUIRKS_CAP,
        None,
        API,
        "=================================== ============================================",
        "",
    ),
    ("uapi-header", {}, None, UAPI, "", "#endif /* __LINUX_KVM_H */"),
    ("enable-cap-generic", {}, capable, KVM_MAIN, "\t}", "\tdefault:"),
    (
        "check-extension-generic-case",
        {},
        None,
        KVM_MAIN,
        "\t\treturn 1;",
        "\tcase KVM_CAP_GUEST_MEMFD:",
    ),
    (
        "init-vm-generic",
        {},
        capable,
        KVM_MAIN,
        "\tkvm->dirty_ring_size = 0;",
        "\tkvm->max_halt_poll_ns = 200;",
    ),
    ("vm-field", {}, capable, HOST, "\tbool override_halt_poll_ns;", "\tu32 dirty_ring_size;"),
    ("vm-field", {}, None, HOST, "\tstruct kvm_arch arch;", "};"),
    ("vcpu-field", A, capable, X86_HOST, "\tbool slow_clock;", "\tbool wants_tsc;"),
    ("vcpu-enable-cap", A, capable, X86, "\t\tbreak;", "\tdefault:"),
    ("vcpu-enable-cap", A, checked_once_more, X86, "\t\tbreak;", "\tdefault:"),
    ("api-vcpu-capability", {}, capable, API, "A slow clock for a vCPU.", ""),
    ("ioctl-case", {"of": "vm"}, uapi, KVM_MAIN, "\t\tbreak;", "\tdefault:"),
    ("ioctl-case", {"of": "vcpu"}, uapi, KVM_MAIN, "\t\tbreak;", "\tdefault:"),
    ("ioctl-case", {"of": "dev"}, uapi, KVM_MAIN, "\t\tbreak;", "\tdefault:"),
    ("ioctl-function", {"of": "vcpu"}, uapi, KVM_MAIN, "", "/* What a vCPU is asked for. */"),
    ("ioctl-case-arch", {"of": "vm", **A}, uapi, X86, "\t\tbreak;", "\tdefault:"),
    (
        "ioctl-case-arch",
        {"of": "vm", "arch": "arm64"},
        uapi,
        ARM64,
        "\t\treturn kvm->created_vcpus;",
        "\tdefault:",
    ),
    (
        "ioctl-function-arch",
        {"of": "vm", **A},
        uapi,
        X86,
        "",
        "long kvm_arch_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)",
    ),
    ("exit-filled", {}, uapi, "include/linux/kvm_host.h", "", "#endif"),
    (
        "kvm-run-union",
        {},
        uapi,
        UAPI,
        "\t\t} memory_fault;",
        "\t\t/* Fix the size of the union. */",
    ),
    (
        "attribute-define",
        {"beside": "KVM_X86_XCOMP_GUEST_SUPP"},
        uapi,
        X86_UAPI,
        "#define KVM_X86_XCOMP_GUEST_SUPP\t0",
        "",
    ),
    (
        "attribute-get",
        {"beside": "KVM_X86_XCOMP_GUEST_SUPP"},
        uapi,
        X86,
        "\t\treturn 0;",
        "\tdefault:",
    ),
    (
        "attribute-group",
        {"arch": "x86", "of": "system"},
        attributed,
        X86,
        "{",
        "\tif (attr->group)",
    ),
    (
        "attribute-group-functions",
        {"arch": "x86", "of": "vcpu"},
        attributed,
        X86,
        "",
        "static int kvm_vcpu_ioctl_device_attr(struct kvm_vcpu *vcpu,",
    ),
    (
        "attribute-group-define",
        {"arch": "x86", "of": "vcpu"},
        attributed,
        X86_UAPI,
        "#define   KVM_VCPU_TSC_OFFSET 0 /* attribute for the TSC offset */",
        "",
    ),
    ("api-attribute-group", {"of": "vcpu"}, attributed, VCPU_DOC, "What it is.", ""),
    (
        "api-attribute-levels",
        {"ioctl": "KVM_HAS_DEVICE_ATTR"},
        before_attributes,
        API,
        "             KVM_CAP_VCPU_ATTRIBUTES for vcpu device",
        "",
    ),
    ("attribute-has", {"beside": "KVM_X86_XCOMP_GUEST_SUPP"}, asked, X86, "\t\treturn 0;", "\t}"),
    ("api-attributes", {}, uapi, API, "Gets or sets an attribute.", ""),
    ("run-flags", {}, uapi, X86, "\t\tkvm_run->flags |= KVM_RUN_X86_SMM;", "}"),
    (
        "api-run-flags",
        {},
        uapi,
        API,
        "  #define KVM_RUN_BUS_LOCK    (1 << 1)",
        "  /* arm64, set for KVM_EXIT_DEBUG */",
    ),
    ("api-kvm-run", {}, uapi, API, "The reason of the hardware.", ""),
    ("api-completed", {}, with_completed, API, "", COMPLETED.splitlines()[0]),
    (
        "ioctl-define",
        CLOCK,
        with_clock,
        UAPI,
        "/* Available with KVM_CAP_X86_SLOW_CLOCK */",
        "#define KVM_SET_CLOCK_KHZ _IO(KVMIO, 0xa4)",
    ),
    (
        "api-ioctl-field",
        CLOCK | {"field": "Type"},
        with_clock,
        API,
        ":Architectures: x86",
        ":Type: vcpu ioctl",
    ),
    ("api-ioctl-end", CLOCK, with_clock, API, "Sets the frequency.", ""),
    ("api-ioctl", {}, None, API, "A slot with such a file cannot be changed.", ""),
    ("flag-accepted", MEMFD | FLAGS | FAMILY, with_memfd, GUEST_MEMFD, "", "0"),
    ("flag-refused", MEMFD | FLAGS, with_memfd, GUEST_MEMFD, "\t\treturn -EINVAL;", ""),
    (
        "flag-told",
        {"beside": "KVM_CAP_GUEST_MEMFD", "answer": "1"},
        with_memfd,
        KVM_MAIN,
        "\t\treturn !kvm || kvm_arch_has_private_mem(kvm);",
        "\tdefault:",
    ),
    (
        "flag-answered",
        MEMFD | FLAGS | FAMILY | TOLD,
        with_flag,
        KVM_MAIN,
        "",
        "GUEST_MEMFD_FLAG_MMAP",
    ),
    ("flag-first", MEMFD, with_memfd, UAPI, "};", ""),
    ("struct-padding", PADDING, with_memfd, UAPI, "", "__u64 reserved[6];"),
    ("api-struct-padding", PADDING, with_shown, API, "  \t__u64 flags;", "  "),
    ("api-flag", MEMFD | FAMILY, with_memfd, API, NO_FLAGS, ""),
    ("api-flag", MEMFD | FAMILY, with_terms, API, "    All of it.", ""),
    ("api-flag-corrected", MEMFD | FAMILY | FLAGS, with_memfd, API, "", NO_FLAGS),
    ("api-flag-define", MEMFD | FAMILY | TOLD, with_flag, API, LISTED.splitlines()[0], ""),
    ("api-flag-told", FAMILY | TOLD, with_told_flag, API, "All of them.", ""),
    ("api-flag-table", MEMFD | FAMILY, with_flag, API, "", LISTED.splitlines()[2]),
    (
        "selftest-all-flags",
        MEMFD | FLAGS | TOLD,
        with_memfd,
        MEMFD_TEST,
        "\tfor (flag = BIT(0); flag; flag <<= 1) {",
        "\t\tfd = create_memfd(vm, flag);",
    ),
]


@pytest.mark.parametrize(("site", "arguments", "tree", "path", "above", "below"), WHERE)
def test_where_a_site_is(
    site: str, arguments: dict[str, Any], tree: Any, path: str, above: str, below: str
) -> None:
    changes = (tree,) if tree else ()
    places = [place for place in SITES[site](survey(*changes), **arguments) if place.path == path]
    (place,) = places
    data = minitree(*changes).get(path, b"")
    assert data[place.start : place.end].decode() == place.old
    if above:
        assert data[: place.start].decode().split("\n")[-2] == above
    if place.old:
        assert place.old.split("\n")[0].split("\t")[0] == below
    elif path in minitree(*changes):
        assert data[place.start :].decode().split("\n")[0] == below
    assert place.how


def test_an_entry_of_a_definition_list_is_written_like_those_before() -> None:
    (place,) = SITES["api-flag"](survey(with_terms), **MEMFD, **FAMILY)
    assert place.names == {"term": "$:", "indent": "    "}


def test_every_site_is_tried() -> None:
    assert {site for site, *_ in WHERE} == set(SITES)


def test_every_site_says_what_it_is() -> None:
    assert all(site.about for site in SITES.values())


@pytest.mark.parametrize(
    ("site", "arguments", "tree"),
    [
        ("selftest-gitignore", {"test": "x86_64/b_test"}, None),
        ("selftest-gitignore", {"test": "riscv/b_test"}, old),
        (
            "selftest-gitignore",
            {"test": "x86_64/b_test"},
            lambda files: files.pop(f"{SELFTESTS}.gitignore"),
        ),
        ("selftest-memslot-flags", {}, old),
        ("selftest-memslot-v2-only", {}, old),
        ("memslot-immutable-flags", {}, changeable),
        ("memslot-changeable-flags", {}, None),
        ("memslot-apply-exact", A, None),
        ("vm-type-alike", {}, old),
        ("attribute-has", {"beside": "KVM_X86_XCOMP_GUEST_SUPP"}, uapi),
        ("api-flag-told", FAMILY | TOLD, with_flag),
    ],
)
def test_a_site_that_need_not_be(site: str, arguments: dict[str, Any], tree: Any) -> None:
    assert SITES[site](survey(*((tree,) if tree else ())), **arguments) == ()


REFUSES = "\tif (kvm->arch.vm_type != KVM_X86_DEFAULT_VM)\n\t\treturn -EINVAL;\n\n\tswitch ("


def test_an_ioctl_that_refuses_all_but_the_default_type_refuses_a_new_one() -> None:
    usual = SITES["vm-type-alike"](survey())
    more = SITES["vm-type-alike"](survey(edited(SVM, ("\tswitch (", REFUSES))))
    assert len(more) == len(usual)
    both = REFUSES.replace("_VM)", "_VM && kvm->arch.x)")
    assert len(SITES["vm-type-alike"](survey(edited(SVM, ("\tswitch (", both))))) == len(usual) + 1


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("{} && kvm_check_has_quirk(kvm, QUIRK)", 0),
        ("kvm_check_has_quirk(kvm, QUIRK) && {}", 0),
        ("!kvm_check_has_quirk(kvm, QUIRK) && {}", 1),
        ("{} && kvm->arch.x", 1),
    ],
)
def test_a_quirk_of_the_default_type_is_none_of_a_new_one(condition: str, named: int) -> None:
    usual = SITES["vm-type-alike"](survey())
    asks = condition.format("kvm->arch.vm_type == KVM_X86_DEFAULT_VM")
    text = f"\tkvm->arch.y = {asks};\n\n\tswitch ("
    more = SITES["vm-type-alike"](survey(edited(SVM, ("\tswitch (", text))))
    assert len(more) == len(usual) + named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("if ({}) kvm->arch.y = kvm_check_has_quirk(kvm, KVM_X86_QUIRK_ANY);", 0),
        ("if ({}) {{ kvm->arch.disabled_quirks |= KVM_X86_QUIRK_ANY; }}", 0),
        ("if ({}) {{ kvm->arch.y = KVM_X86_QUIRK_ANY; kvm->arch.z = 1; }}", 1),
        ("if ({}) kvm->arch.y = 1; else kvm->arch.y = KVM_X86_QUIRK_ANY;", 1),
    ],
)
@pytest.mark.parametrize("test", ["==", "!="])
def test_nor_where_that_is_decided_in_two_steps(text: str, named: int, test: str) -> None:
    usual = SITES["vm-type-alike"](survey())
    said = text.format(f"kvm->arch.vm_type {test} KVM_X86_DEFAULT_VM")
    more = SITES["vm-type-alike"](survey(edited(SVM, ("\tswitch (", f"\t{said}\n\tswitch ("))))
    assert len(more) == len(usual) + named


@pytest.mark.parametrize(("file", "named"), [("sev.c", 0), ("tdx_ops.c", 0), ("nested.c", 1)])
def test_nor_in_what_kvm_does_for_confidential_vms_alone(file: str, named: int) -> None:
    case = "void init(struct kvm *kvm)\n{\n\tswitch (kvm->arch.vm_type) {\n\tcase KVM_X86_DEFAULT_VM:\n\t\tx87(kvm);\n\t}\n}\n"
    text = "void sync(struct kvm *kvm)\n{\n\tif (kvm->arch.vm_type != KVM_X86_DEFAULT_VM)\n\t\tx87(kvm);\n}\n"
    usual = SITES["vm-type-alike"](survey())
    more = survey(lambda files: files.update({f"arch/x86/kvm/svm/{file}": (text + case).encode()}))
    assert len(SITES["vm-type-alike"](more)) == len(usual) + named + 1


NOWHERE: list[tuple[str, dict[str, Any], Any]] = [
    ("uapi-constant", {"prefix": "KVM_X86_", "suffix": "_VM"}, old),
    ("uapi-arch-header", {"arch": "riscv"}, None),
    ("attribute-group", {"arch": "x86", "of": "vm"}, attributed),
    ("attribute-group-functions", {"arch": "x86", "of": "vm"}, attributed),
    ("attribute-group-define", {"arch": "x86", "of": "vm"}, attributed),
    ("api-attribute-group", {"of": "vcpu"}, None),
    ("uapi-arch-header", A, edited(X86_UAPI, ("#endif", "#end"))),
    ("kconfig-symbol", {}, edited("virt/kvm/Kconfig", ("HAVE_KVM_", "HAS_KVM_"))),
    ("kconfig-symbol", {}, lambda files: files.pop("virt/kvm/Kconfig")),
    ("kconfig-select", {"arch": "s390"}, None),
    ("kconfig-select", A, only_vendors),
    ("memslot-v1-mask", {}, old),
    ("memslot-changeable-flags", {}, edited(KVM_MAIN, ("(mem->flags ^ old->flags) & KVM_MEM_READONLY", "differ(mem->flags, old->flags)"))),
    ("memslot-apply-flags", A, edited(X86, ("WARN_ON_ONCE", "WARN"))),
    ("check-extension-list", {"arch": "riscv"}, None),
    ("enable-cap-case", A, edited(X86, ("\treturn r;\n}\n\nint kvm_arch_init_vm", "\treturn -EIO;\n}\n\nint kvm_arch_init_vm"))),
    ("arch-field", A, edited(X86_HOST, ("struct kvm_arch {", "struct kvm_architecture {"))),
    ("arch-flag", A, None),
    ("run-flags", {}, in_smm("\tif (vcpu->mapped) {\n", "\t}\n")),
    ("run-flags", {}, in_smm("#ifdef CONFIG_KVM_SMM\n", "#endif\n")),
    ("run-flags", {}, in_smm("\tif (!vcpu->mapped)\n\t\treturn;\n\n", "")),
    ("init-vm", A, edited(X86, ("int kvm_arch_init_vm", "int kvm_arch_make_vm"))),
    ("init-vm", A, edited(X86, ("\tkvm->arch.vm_type = type;", "\tif (!type)\n\t\treturn 0;\n\tkvm->arch.vm_type = type;"))),
    ("quirk-mask", {}, edited(X86_HOST, ("KVM_X86_QUIRK_", "X86_QUIRK_"))),
    ("vm-type-supported", {}, old),
    ("predicate-value", {"name": "kvm_memslot_flush_zap_all", "off": "true"}, None),
    ("api-memslot-defines", {}, edited(API, ("  #define KVM_MEM_", "  #define MEM_"))),
    ("api-memslot-flags", {}, edited(API, ("KVM_MEM_READONLY.", "KVM_MEM_RO."))),
    ("api-memslot-v2", {}, old),
    ("api-quirk-table", {}, edited(API, ("============ =====", "==================")) ),
    ("api-bit-define", QUIRKS, None),
    ("bit-accepted", A | QUIRKS, edited(X86_HOST, (" |\t", " +\t"))),
    ("bit-enabled", A | {"capability": "KVM_CAP_X86_SLOW_CLOCK"}, None),
    ("api-vm-types", {}, old),
    ("api-vm-types", {}, edited(API, ("  #define KVM_X86_", "  #define X86_"))),
    ("api-vm-types-end", {}, old),
    ("selftest-register", {"test": "aarch64/a_test", "arch": "arm64"}, edited(f"{SELFTESTS}Makefile", ("TEST_GEN_PROGS_aarch64", "TEST_GEN_FILES_aarch64"))),
]  # fmt: skip


RENAMED: list[tuple[str, dict[str, Any], Any]] = [
    ("memslot-arch-veto", A, edited(X86, ("kvm_arch_prepare_memory_region", "kvm_prepare_region"))),
    ("check-extension-generic", {}, edited(KVM_MAIN, ("_extension_generic", "_extension_common"))),
    ("enable-cap-case", A, edited(X86, ("kvm_vm_ioctl_enable_cap", "kvm_vm_ioctl_enable"))),
    ("api-vm-capability", {}, edited(API, ("7.1 ", ""), ("7.31 ", ""), ("7.32 ", ""))),
    ("api-other-capability", {}, edited(API, ("8. Other capabilities.", "8. What can be asked."))),
]  # fmt: skip


@pytest.mark.parametrize(("site", "arguments", "tree"), RENAMED)
def test_what_has_another_name_is_found_by_what_it_is(
    site: str, arguments: dict[str, Any], tree: Any
) -> None:
    (usual,) = SITES[site](survey(), **arguments)
    (place,) = SITES[site](survey(tree), **arguments)
    before, after = minitree()[usual.path], minitree(tree)[place.path]
    assert after[place.start :].split(b"\n")[0] == before[usual.start :].split(b"\n")[0]


def test_nothing_behind_a_switch_matters_where_each_case_returns() -> None:
    switch = "{\n\tswitch (cap->cap) {\n\tdefault:\n\t\treturn -EINVAL;\n\t}\n\tif (kvm)\n\t\treturn -EIO;\n\treturn 0;\n}\n"
    returns = edited(X86, (ENABLES, f"{ENABLES}{switch}\nint other(struct kvm *kvm, struct other *cap)\n"))  # fmt: skip
    (place,) = SITES["enable-cap-case"](survey(returns), arch="x86")
    assert place.how.startswith("kvm_vm_ioctl_enable_cap()")


def test_a_case_goes_where_what_it_says_is_returned() -> None:
    (place,) = SITES["enable-cap-case"](survey(filtered), arch="x86")
    assert place.how.startswith("__kvm_enable_cap()")


@pytest.mark.parametrize(("site", "arguments", "tree"), NOWHERE)
def test_a_site_that_is_nowhere_says_so(site: str, arguments: dict[str, Any], tree: Any) -> None:
    with pytest.raises(FindingsError) as caught:
        SITES[site](survey(*((tree,) if tree else ())), **arguments)
    for finding in caught.value.findings:
        assert finding.site == site
        assert f"{site}: " in finding.message
        assert "not found" in finding.message
        assert "searched: " in finding.hint
        assert "to mend: " in finding.hint


TWICE: list[tuple[str, dict[str, Any], Any]] = [
    ("memslot-v1-mask", {}, edited(KVM_MAIN, ("\t\tif (mem->flags & ~KVM_SET", "\t\tif (mem->flags & ~KVM_MEM_LOG_DIRTY_PAGES)\n\t\t\treturn -EINVAL;\n\t\tif (mem->flags & ~KVM_SET"))),
    ("memslot-immutable-flags", {}, edited(KVM_MAIN, ("\tr = kvm_arch_prepare", "\tif ((new.flags ^ old->flags) & KVM_MEM_READONLY)\n\t\treturn -EINVAL;\n\n\tr = kvm_arch_prepare"))),
    ("memslot-apply-flags", A, edited(X86, ("\tif (log_dirty_pages)\n", "\tif (WARN_ON_ONCE(!((old_flags ^ new_flags) & KVM_MEM_LOG_DIRTY_PAGES)))\n\t\treturn;\n\n\tif (log_dirty_pages)\n"))),
    ("selftest-memslot-flags", {}, edited(FLAG_TEST, ("\tkvm_vm_free(vm);\n", "\tfor (i = 0; i < 32; i++)\n\t\tr = __vm_set_user_memory_region(vm, 0, BIT(i), 0, 4096, NULL);\n\n\tkvm_vm_free(vm);\n"))),
    ("new-file", {"path": KVM_MAIN}, None),
]  # fmt: skip


@pytest.mark.parametrize(("site", "arguments", "tree"), TWICE)
def test_a_site_that_is_there_twice_says_where(
    site: str, arguments: dict[str, Any], tree: Any
) -> None:
    with pytest.raises(FindingsError) as caught:
        SITES[site](survey(*((tree,) if tree else ())), **arguments)
    (finding,) = caught.value.findings
    assert finding.site == site
    assert "found: " in finding.hint
    assert "to mend: " in finding.hint


def around(place: Place) -> tuple[str, str]:
    """The lines above and below a place of mmu.c."""
    data = minitree()[MMU]
    return data[: place.start].decode().split("\n")[-2], data[place.start :].decode().split("\n")[0]


def test_places_of_a_description() -> None:
    here = survey()
    name = "kvm_arch_flush_shadow_memslot"
    assert around(named.before(here, "mechanism", name, "if (zap_all)")) == ("", "\tif (zap_all)")
    assert around(named.after(here, "mechanism", name, "bool zap_all = ...;")) == (
        "\t\t       kvm_check_has_quirk(kvm, KVM_X86_QUIRK_SLOT_ZAP_ALL);", "")  # fmt: skip
    # the whole statement, with its else, although only its beginning was given
    assert around(named.after(here, "mechanism", name, "if (zap_all)")) == (
        "\t\tkvm_mmu_zap_memslot(kvm, slot);", "}")  # fmt: skip
    assert named.instead(here, "mechanism", name, "kvm_memslot_flush_zap_all(kvm)").old == (
        "kvm_memslot_flush_zap_all(kvm)"
    )
    assert (
        around(named.new_function_before(here, "mechanism", "kvm_mmu_max_mapping_level"))[1] == "/*"
    )
    assert (
        around(named.include(here, "mechanism", name, "<linux/x.h>"))[0]
        == "#include <linux/kvm_host.h>"
    )
    assert around(named.include(here, "mechanism", name, '"x.h"'))[0] == '#include "../x86.h"'
    listed = "\tbool zap_all = false;\n\n#include <asm/kvm-x86-ops.h>\n"
    inside = survey(edited(MMU, ("\tbool zap_all = ", f"{listed}\tbool other = ")))
    assert named.include(inside, "mechanism", name, "<linux/x.h>").line < 20
    assert named.remove_macro(here, "mechanism", "PG_LEVEL_2M").old == "#define PG_LEVEL_2M\t2\n"


def test_the_comment_above_a_statement_belongs_to_it() -> None:
    (place,) = SITES["memslot-arch-veto"](survey(), arch="x86")
    assert minitree()[X86][place.start :].startswith(b"\t/* The host cannot map more")


@pytest.mark.parametrize("indent", ["       ", "\t"])
def test_a_symbol_is_indented_as_its_neighbour(indent: str) -> None:
    path = "virt/kvm/Kconfig"
    as_there = edited(path, ("\n       bool", f"\n{indent}bool"))
    files = kit.plan(kit.knob("memslot-flag"), "memslot-flag", as_there).files
    assert f"\nconfig HAVE_KVM_MEMSLOT_SMALL_MAPS\n{indent}bool\n".encode() in files[path]


WAYS_TO_CHANGE = [
    "((mem->flags ^ old->flags) & ~(KVM_MEM_LOG_DIRTY_PAGES))",
    "(~KVM_MEM_LOG_DIRTY_PAGES & (mem->flags ^ old->flags))",
    "((mem->flags & ~KVM_MEM_LOG_DIRTY_PAGES) != (old->flags & ~KVM_MEM_LOG_DIRTY_PAGES))",
    "((mem->flags | KVM_MEM_LOG_DIRTY_PAGES) != (old->flags | KVM_MEM_LOG_DIRTY_PAGES))",
]


@pytest.mark.parametrize("test", WAYS_TO_CHANGE)
def test_what_a_memslot_may_change_has_a_mutable_flag(test: str) -> None:
    change = edited(KVM_MAIN, ("((mem->flags ^ old->flags) & KVM_MEM_READONLY)", test))
    made = {
        mutable: kit.after(
            kit.plan(kit.knob("memslot-flag", {"mutable": mutable}), "memslot-flag", change),
            KVM_MAIN,
        )
        for mutable in (True, False)
    }
    assert "KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_SMALL_MAPS" in " ".join(made[True].split())
    assert " ".join(test.split()) in " ".join(made[False].split())


WARNINGS = {
    TOGGLED: "switch ((old_flags ^ new_flags) & ~KVM_MEM_SMALL_MAPS) {",
    TOGGLED.replace("old_flags ^ new_flags", "(old_flags ^ new_flags) & ~BIT(16)"): (
        "switch ((old_flags ^ new_flags) & ~(BIT(16) | KVM_MEM_SMALL_MAPS)) {"
    ),
    "\tif (WARN_ON_ONCE((old_flags ^ new_flags) != KVM_MEM_LOG_DIRTY_PAGES))\n\t\treturn;\n": (
        "(((old_flags ^ new_flags) & ~KVM_MEM_SMALL_MAPS) != KVM_MEM_LOG_DIRTY_PAGES))"
    ),
}


@pytest.mark.parametrize("warning", WARNINGS)
def test_a_mutable_flag_is_no_reason_to_warn_neither_alone_nor_with_the_first(warning: str) -> None:
    description = kit.knob("memslot-flag", {"mutable": True})
    made = kit.after(kit.plan(description, "memslot-flag", edited(X86, (WARNS, warning))), X86)
    flat = " ".join(made.split())
    others = "(BIT(16) | KVM_MEM_SMALL_MAPS)" if "BIT(16)" in warning else "KVM_MEM_SMALL_MAPS"
    assert f"if (!((old_flags ^ new_flags) & ~{others})) return;" in flat
    assert WARNINGS[warning] in flat


@pytest.mark.parametrize(
    "warning",
    [
        "\tu32 toggled = old_flags ^ new_flags;\n\n\tswitch (toggled) {\n\tcase KVM_MEM_LOG_DIRTY_PAGES:"
        "\n\t\tbreak;\n\tdefault:\n\t\tWARN_ON_ONCE(1);\n\t\treturn;\n\t}\n",
        "\tif ((old_flags & KVM_MEM_LOG_DIRTY_PAGES) == (new_flags & KVM_MEM_LOG_DIRTY_PAGES)) {\n"
        '\t\tKVM_BUG(1, kvm, "%x", old_flags);\n\t\treturn;\n\t}\n',
    ],
)
def test_a_warning_that_is_not_understood_is_refused(warning: str) -> None:
    with pytest.raises(FindingsError, match="memslot-apply-flags: .* not found"):
        SITES["memslot-apply-flags"](survey(edited(X86, (WARNS, warning))), **A)


SLOTS = "4.35 KVM_SET_USER_MEMORY_REGION\n-------------------------------\n"
INTRO = f"""\
4.34a Memory slots, KVM_SET_USER_MEMORY_REGION and KVM_GET_DIRTY_LOG
{"-" * 68}

The flags field supports KVM_MEM_READONLY::

  #define KVM_MEM_LOG_DIRTY_PAGES	(1UL << 0)
  #define KVM_MEM_READONLY	(1UL << 1)

"""
TYPES = "  #define KVM_X86_SEV_VM\t2\n"


@pytest.mark.parametrize("site", ["api-memslot-defines", "api-memslot-flags"])
def test_the_section_that_has_no_other_title_is_meant(site: str) -> None:
    tree = edited(API, (SLOTS, INTRO + SLOTS))
    (usual,), (place,) = SITES[site](survey()), SITES[site](survey(tree))
    assert place.start == usual.start + len(INTRO)
    assert place.old == usual.old


def test_of_two_sections_with_more_in_their_titles_none_is_meant() -> None:
    tree = edited(
        API,
        (SLOTS, INTRO + SLOTS.replace("35 KVM", "35 Slots: KVM").replace("---\n", "---------\n")),
    )
    with pytest.raises(FindingsError, match="about KVM_SET_USER_MEMORY_REGION found 2 times"):
        SITES["api-memslot-defines"](survey(tree))


def test_the_block_that_has_most_of_a_family_is_meant() -> None:
    (usual,) = SITES["api-vm-types"](survey())
    fewer = edited(API, (TYPES, f"{TYPES}\nOf these, some are odd::\n\n{TYPES}"))
    (place,) = SITES["api-vm-types"](survey(fewer))
    assert (place.start, place.names) == (usual.start, usual.names)
    # text parts blocks, blank lines do not
    more = edited(API, (TYPES, f"{TYPES}\n  #define KVM_X86_SEV_ES_VM\t3\n"))
    (place,) = SITES["api-vm-types"](survey(more))
    assert "KVM_X86_SEV_ES_VM" in place.names["sibling"]


def test_of_two_blocks_with_as_many_of_a_family_none_is_meant() -> None:
    defines = "".join(
        f"  #define KVM_X86_{n}_VM\t{i}\n" for i, n in enumerate(["DEFAULT", "SW_PROTECTED", "SEV"])
    )
    tree = edited(API, (TYPES, f"{TYPES}\nOnce more::\n\n{defines}"))
    with pytest.raises(FindingsError, match="api-vm-types: a block with most .* found 2 times"):
        SITES["api-vm-types"](survey(tree))


FILTER = (
    "static u32 kvm_arch_memslot_flags(struct kvm *kvm)\n{{\n\treturn {};\n}}\n\nstatic int check_"
)
NARROWS = "\tvalid_flags &= kvm_arch_memslot_flags(kvm);\n"
TESTS = "\tif (mem->flags & ~valid_flags)"


def narrowing(names: str) -> Any:
    """The mask of memslot flags narrowed to what a function of its own says."""
    return edited(KVM_MAIN, ("static int check_", FILTER.format(names)), (TESTS, NARROWS + TESTS))


def test_a_flag_is_valid_before_what_narrows_the_mask() -> None:
    tree = narrowing("KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD")
    (place,) = SITES["memslot-flag-check"](survey(tree))
    assert minitree(tree)[KVM_MAIN][place.start :].startswith(NARROWS.encode())
    # which has to know it as well
    with pytest.raises(
        FindingsError, match="kvm_arch_memslot_flags names .* and not KVM_MEM_SMALL"
    ):
        kit.plan(kit.knob("memslot-flag"), "memslot-flag", tree)
    description = kit.knob("memslot-flag", not_in=["kvm_arch_memslot_flags"])
    assert kit.plan(description, "memslot-flag", tree).patches


def test_what_narrows_the_mask_has_to_say_to_what() -> None:
    with pytest.raises(FindingsError) as caught:
        SITES["memslot-flag-check"](survey(narrowing("GENMASK(2, 0)")))
    (finding,) = caught.value.findings
    assert "what check_memory_region_flags() narrows valid_flags to" in finding.message
    assert "closest: `valid_flags &= kvm_arch_memslot_flags(kvm);` at" in finding.hint
