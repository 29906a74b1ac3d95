# SPDX-License-Identifier: GPL-2.0-only

"""Trees that nobody has seen: what may be moved, renamed or written otherwise, by name."""

from __future__ import annotations

import re

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
    added,
    edited,
    function_of,
    moved,
)

KCONFIG = "arch/x86/kvm/Kconfig"
SVM = "arch/x86/kvm/svm/svm.c"
HEAD = "// SPDX-License-Identifier: GPL-2.0-only\n#include <linux/kvm_host.h>\n#include <linux/errno.h>\n"


def both(*changes: Change) -> Change:
    """Several changes as one."""

    def change(files: Files) -> None:
        for each in changes:
            each(files)

    return change


def twin(path: str, name: str, option: str) -> Change:
    """A function twice: as it is, and in the `#else` branch with another body of the same text."""

    def change(files: Files) -> None:
        text = files[path].decode()
        function = function_of(text, name)
        text = text.replace(function, f"#ifdef {option}\n{function}#else\n{function}#endif\n")
        files[path] = text.encode()

    return change


def stub(path: str, name: str, option: str, body: str) -> Change:
    """A function with an empty twin in the `#else` branch."""

    def change(files: Files) -> None:
        text = files[path].decode()
        function = function_of(text, name)
        head = function[: function.index("\n{") + 1]
        empty = f"{head}{{\n\t{body}\n}}\n"
        files[path] = text.replace(
            function, f"#ifndef {option}\n{function}#else\n{empty}#endif\n"
        ).encode()

    return change


def returns_directly(files: Files) -> None:
    """`return 1;` instead of `r = 1; break;`."""
    text = files[X86].decode()
    function = function_of(text, "kvm_vm_ioctl_check_extension")
    made = re.sub(r"r = (.*);\n\t\tbreak;", r"return \1;", function)
    made = made.replace("\tint r = 0;\n\n", "").replace("\treturn r;\n", "\treturn 0;\n")
    files[X86] = text.replace(function, made).encode()


def with_another_parameter(files: Files) -> None:
    """check_extension in a file of its own, with one parameter more."""
    moved(
        "kvm_vm_ioctl_check_extension", X86, "arch/x86/kvm/caps.c", HEAD + '\n#include "x86.h"\n'
    )(files)
    for path, data in files.items():
        if path.endswith((".c", ".h")):
            text = data.decode()
            text = text.replace(
                "ioctl_check_extension(struct kvm *kvm, long ext)",
                "ioctl_check_extension(struct kvm *kvm, long ext, bool system)",
            )
            text = text.replace(
                "return kvm_vm_ioctl_check_extension(kvm, arg);",
                "return kvm_vm_ioctl_check_extension(kvm, arg, !kvm);",
            )
            files[path] = text.encode()


def quirk_macro_moved(files: Files) -> None:
    """The mask of quirks in another header."""
    text = files[X86_HOST].decode()
    found = re.search(r"#define KVM_X86_VALID_QUIRKS(?:.*\\\n)*.*\n\n", text)
    assert found
    files[X86_HOST] = text.replace(found[0], "").encode()
    header = "arch/x86/kvm/x86.h"
    anchor = b"extern bool tdp_enabled;\n"
    files[header] = files[header].replace(anchor, found[0].encode() + anchor)


def own_flags_header(files: Files) -> None:
    """The memslot flags in a uAPI header of their own."""
    text = files[UAPI].decode()
    found = re.search(r"(?:#define KVM_MEM_.*\n)+", text)
    assert found
    files[UAPI] = text.replace(found[0], "#include <linux/kvm_memslot.h>\n").encode()
    guard = "#ifndef __LINUX_KVM_MEMSLOT_H\n#define __LINUX_KVM_MEMSLOT_H\n"
    spdx = "/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */\n"
    files["include/uapi/linux/kvm_memslot.h"] = f"{spdx}{guard}\n{found[0]}\n#endif\n".encode()


def non_utf8(files: Files) -> None:
    """Names in comments that are no UTF-8."""
    for path in (X86, KVM_MAIN, MMU, UAPI, X86_UAPI, X86_HOST, KCONFIG, SVM):
        mark = b"# Andr\xe9\n" if path == KCONFIG else b"/* Andr\xe9 */\n"
        first, newline, rest = files[path].partition(b"\n")
        files[path] = first + newline + mark + rest


def knr(files: Files) -> None:
    """White space as nobody writes it."""
    for path in (KVM_MAIN, X86):
        text = files[path].decode()
        text = (
            text.replace("if (", "if(")
            .replace(" & ", "&")
            .replace(" ^ ", "^")
            .replace("= KVM_MEM_LOG", "=KVM_MEM_LOG")
        )
        files[path] = re.sub(r"\n\{\n", "\n{\n\n", text).encode()


def selects_below(files: Files) -> None:
    """The selects under `config KVM`, above its help."""
    text = files[KCONFIG].decode()
    selects = "".join(re.findall(r"\tselect .*\n", text))
    text = text.replace(selects, "").replace(
        "\tdepends on X86_LOCAL_APIC\n", f"\tdepends on X86_LOCAL_APIC\n{selects}"
    )
    files[KCONFIG] = text.encode()


CHECK_HEAD = (
    "static int check_memory_region_flags(struct kvm *kvm,\n"
    "\t\t\t\t     const struct kvm_userspace_memory_region2 *mem)"
)

HOSTILE: dict[str, Change] = {
    "flag check renamed": edited(KVM_MAIN, ("check_memory_region_flags", "kvm_memslot_flags_ok")),
    "flag check moved": both(
        edited(KVM_MAIN, ("static int check_mem", "int check_mem")),
        edited("include/linux/kvm_host.h", ("void kvm_flush_remote", "int check_memory_region_flags(struct kvm *kvm,\n\t\t\t      const struct kvm_userspace_memory_region2 *mem);\nvoid kvm_flush_remote")),
        moved("check_memory_region_flags", KVM_MAIN, "virt/kvm/memslots.c", HEAD),
    ),
    "flag check with other names": edited(
        KVM_MAIN, ("valid_flags", "valid"), ("region2 *mem)\n{\n\tu32", "region2 *region)\n{\n\tu32"),
        ("if (mem->flags & KVM_MEM_GUEST_MEMFD)\n\t\tvalid", "if (region->flags & KVM_MEM_GUEST_MEMFD)\n\t\tvalid"),
        ("!(mem->flags", "!(region->flags"), ("if (mem->flags & ~valid)", "if (region->flags & ~valid)"),
    ),
    "flag check on a copy": edited(
        KVM_MAIN, ("\tu32 valid_flags = KVM_MEM_LOG", "\tu32 flags = mem->flags;\n\tu32 valid_flags = KVM_MEM_LOG"),
        ("if (mem->flags & ~valid_flags)", "if (flags & ~valid_flags)"),
    ),
    "flag check in a bool": edited(
        KVM_MAIN, ("\tif (mem->flags & ~valid_flags)\n\t\treturn -EINVAL;\n\n\treturn 0;", "\treturn mem->flags & ~valid_flags ? -EINVAL : 0;"),
    ),
    "flag check begins elsewhere": edited(
        KVM_MAIN, ("u32 valid_flags = KVM_MEM_LOG_DIRTY_PAGES;", "u32 valid_flags = 0;\n\n\tvalid_flags |= KVM_MEM_LOG_DIRTY_PAGES;"),
    ),
    "flag check twice": twin(KVM_MAIN, "check_memory_region_flags", "CONFIG_KVM_XEN"),
    "flag check with an empty twin": stub(KVM_MAIN, "check_memory_region_flags", "CONFIG_KVM_XEN", "return 0;"),
    "unlikely": edited(KVM_MAIN, ("if (mem->flags & ~valid_flags)", "if (unlikely(mem->flags & ~valid_flags))"), ("static int check", "#define unlikely(x) (!!(x))\n\nstatic int check")),
    "immutable by another name": edited(KVM_MAIN, ("((mem->flags ^ old->flags) & KVM_MEM_READONLY)", "((new.flags ^ old->flags) & KVM_MEM_READONLY)")),
    "immutable already a mask": edited(KVM_MAIN, ("^ old->flags) & KVM_MEM_READONLY)", "^ old->flags) & (KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD))")),
    "immutable turned around": edited(KVM_MAIN, ("((mem->flags ^ old->flags) & KVM_MEM_READONLY)", "(KVM_MEM_READONLY & (mem->flags ^ old->flags))")),
    "immutable by two tests": edited(KVM_MAIN, ("((mem->flags ^ old->flags) & KVM_MEM_READONLY)", "((mem->flags & KVM_MEM_READONLY) != (old->flags & KVM_MEM_READONLY))")),
    "v1 mask in one line": edited(KVM_MAIN, ("V1_FLAGS \\\n\t(", "V1_FLAGS (")),
    "v1 mask of one flag": edited(KVM_MAIN, ("V1_FLAGS \\\n\t(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)", "V1_FLAGS KVM_MEM_LOG_DIRTY_PAGES")),
    "v1 mask in a header": both(
        edited(KVM_MAIN, ("#define KVM_SET_USER_MEMORY_REGION_V1_FLAGS \\\n\t(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)\n", "")),
        edited("include/linux/kvm_host.h", ("struct kvm_vcpu;\n", "#define KVM_SET_USER_MEMORY_REGION_V1_FLAGS \\\n\t(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)\n\nstruct kvm_vcpu;\n")),
    ),
    "check_extension moved, with another parameter": with_another_parameter,
    "check_extension returns directly": returns_directly,
    "check_extension twice": twin(X86, "kvm_vm_ioctl_check_extension", "CONFIG_KVM_XEN"),
    "check_extension with an empty twin": stub(X86, "kvm_vm_ioctl_check_extension", "CONFIG_KVM_XEN", "return 0;"),
    "check_extension renamed": edited(X86, ("int kvm_vm_ioctl_check_extension", "int kvm_vm_ioctl_test_extension")),
    "generic check_extension in a variable": edited(KVM_MAIN, ("#endif\n\t\treturn 1;", "#endif\n\t\tkvm = NULL;\n\t\treturn 1;")),
    "enable_cap with other names": edited(
        X86, ("int kvm_vm_ioctl_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)\n{\n\tint r;\n\n\tif (cap->flags)", "int kvm_vm_ioctl_enable_cap(struct kvm *kvm, struct kvm_enable_cap *c)\n{\n\tint ret;\n\n\tif (c->flags)"),
        ("switch (cap->cap)", "switch (c->cap)"), ("cap->args", "c->args"), ("\t\tr = -EINVAL;", "\t\tret = -EINVAL;"),
        ("\t\tr = 0;\n\t\tbreak;\n\tcase KVM_CAP_X86_SLOW", "\t\tret = 0;\n\t\tbreak;\n\tcase KVM_CAP_X86_SLOW"),
        ("slow_clock = true;\n\t\t\tr = 0;", "slow_clock = true;\n\t\t\tret = 0;"), ("\treturn r;\n}\n\nint kvm_arch_init_vm", "\treturn ret;\n}\n\nint kvm_arch_init_vm"),
    ),
    "enable_cap with default first": edited(
        X86, ("\tswitch (cap->cap) {\n", "\tswitch (cap->cap) {\n\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n"),
        ("\t\tmutex_unlock(&kvm->lock);\n\t\tbreak;\n\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n", "\t\tmutex_unlock(&kvm->lock);\n\t\tbreak;\n"),
    ),
    "enable_cap without default": edited(
        X86, ("\tint r;\n\n\tif (cap->flags)", "\tint r = -EINVAL;\n\n\tif (cap->flags)"),
        ("\t\tmutex_unlock(&kvm->lock);\n\t\tbreak;\n\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n", "\t\tmutex_unlock(&kvm->lock);\n\t\tbreak;\n"),
    ),
    "quirk mask moved": quirk_macro_moved,
    "quirk mask in one line": edited(
        X86_HOST, ("#define KVM_X86_VALID_QUIRKS\t\t\t\\\n\t(KVM_X86_QUIRK_LINT0_REENABLED |\t\\\n\t KVM_X86_QUIRK_CD_NW_CLEARED |\t\t\\\n\t KVM_X86_QUIRK_OUT_7E_INC_RIP |\t\t\\\n\t KVM_X86_QUIRK_SLOT_ZAP_ALL)", "#define KVM_X86_VALID_QUIRKS (KVM_X86_QUIRK_LINT0_REENABLED | KVM_X86_QUIRK_SLOT_ZAP_ALL)"),
    ),
    "a second mask of quirks": edited(X86_HOST, ("struct kvm_arch_memory_slot {", "#define KVM_X86_CONDITIONAL_QUIRKS\t\\\n\t(KVM_X86_QUIRK_CD_NW_CLEARED |\t\\\n\t KVM_X86_QUIRK_SLOT_ZAP_ALL)\n\nstruct kvm_arch_memory_slot {")),
    "flags in a header of their own": own_flags_header,
    "flags as an enum": edited(UAPI, ("#define KVM_MEM_LOG_DIRTY_PAGES\t(1UL << 0)\n#define KVM_MEM_READONLY\t(1UL << 1)\n#define KVM_MEM_GUEST_MEMFD\t(1UL << 2)\n", "enum {\n\tKVM_MEM_LOG_DIRTY_PAGES = 1,\n\tKVM_MEM_READONLY = 2,\n\tKVM_MEM_GUEST_MEMFD = 4,\n};\n")),
    "brackets opened twice": edited(
        X86, ("\tif (!kvm_is_vm_type_supported(type))\n\t\treturn -EINVAL;\n", "#ifdef CONFIG_KVM_XEN\n\tif (type > 1) {\n#else\n\tif (!kvm_is_vm_type_supported(type)) {\n#endif\n\t\treturn -EINVAL;\n\t}\n"),
    ),
    "brackets opened twice in check_extension": edited(
        X86, ("\tint r = 0;\n\n\tswitch (ext) {\n", "\tint r = 0;\n\n#ifdef CONFIG_KVM_XEN\n\tswitch (ext & 0xfff) {\n#else\n\tswitch (ext) {\n#endif\n"),
    ),
    "annotations": both(
        edited(KVM_MAIN, ("static int check", "static __must_check int check"), ("int kvm_set_mem", "int noinline kvm_set_mem")),
        edited(X86, ("int kvm_vm_ioctl_enable_cap", "noinline int kvm_vm_ioctl_enable_cap"), ("static void kvm_mmu_slot_apply", "static __always_inline void kvm_mmu_slot_apply")),
    ),
    "an annotation of its own": edited(
        KVM_MAIN, ("static int check", "#define __kvm_check __attribute__((cold))\n\nstatic __kvm_check int check"),
    ),
    "attribute": edited(X86, ("int kvm_arch_init_vm(struct", "__attribute__((cold)) int kvm_arch_init_vm(struct")),
    "K&R spacing": knr,
    "no UTF-8": non_utf8,
    "selects under config KVM": selects_below,
    "no selects": edited(KCONFIG, ("\tselect HAVE_KVM_PFNCACHE\n\tselect HAVE_KVM_READONLY_MEM\n\tselect KVM_GENERIC_SYNC\n", ""), ("\tselect KVM_COMMON\n", "")),
    "help in Kconfig": edited("virt/kvm/Kconfig", ("config HAVE_KVM_READONLY_MEM\n       bool\n", "config HAVE_KVM_READONLY_MEM\n\tbool\n\thelp\n\t  Has read-only memory.\n\n\t  Or has not.\n")),
    "symbol at the end of Kconfig": edited("virt/kvm/Kconfig", ("\nconfig KVM_GENERIC_SYNC\n       bool\n       depends on KVM_COMMON\n", "")),
    "api.rst without the sentence on flags": edited(API, ("The flags field supports two flags: KVM_MEM_LOG_DIRTY_PAGES and\nKVM_MEM_READONLY.", "Of the flags field, KVM_MEM_LOG_DIRTY_PAGES and KVM_MEM_READONLY are known.")),
    "api.rst without the ioctl": edited(API, (" KVM_SET_USER_MEMORY_REGION\n", " KVM_SET_USER_MEMORY_REGIONS\n")),
    "api.rst without the chapter": edited(API, ("8. Other capabilities.\n======================", "8. Even more capabilities\n=========================")),
    "api.rst in a spelling of its own": edited(API, ("7. Capabilities that can be enabled on VMs", "7. Capabilities which can be enabled on VM")),
    "no api.rst": lambda files: files.pop(API) and None,
    "init_vm sets nothing": edited(
        X86, ("\tkvm->arch.vm_type = type;\n\tkvm->arch.has_private_mem = type == KVM_X86_SW_PROTECTED_VM;\n", "\tkvm_set_type(kvm, type);\n"), ("\tkvm->arch.slow_clock_khz = 1000;\n", ""),
        ("int kvm_arch_init_vm", "static void kvm_set_type(struct kvm *kvm, unsigned long type)\n{\n\tkvm->arch.vm_type = type;\n}\n\nint kvm_arch_init_vm"),
    ),
    "fields in a struct of their own": edited(
        X86_HOST, ("\tu64 disabled_quirks;\n\n\tu32 bsp", "\tu64 disabled_quirks; /* and more */\n\n\tu32 bsp"),
    ),
    "types told apart by a switch": edited(
        X86, ("\treturn kvm->arch.vm_type == KVM_X86_DEFAULT_VM ||\n\t       kvm->arch.vm_type == KVM_X86_SW_PROTECTED_VM;", "\tswitch (kvm->arch.vm_type) {\n\tcase KVM_X86_DEFAULT_VM:\n\tcase KVM_X86_SW_PROTECTED_VM:\n\t\treturn true;\n\tdefault:\n\t\treturn false;\n\t}"),
    ),
    "types told apart in one line": edited(
        X86, ("\treturn kvm->arch.vm_type == KVM_X86_DEFAULT_VM ||\n\t       kvm->arch.vm_type == KVM_X86_SW_PROTECTED_VM;", "\tunsigned long t = kvm->arch.vm_type;\n\n\treturn t == KVM_X86_DEFAULT_VM || t == KVM_X86_SW_PROTECTED_VM;"),
    ),
    "types told apart the other way round": edited(
        X86, ("\treturn kvm->arch.vm_type == KVM_X86_DEFAULT_VM ||\n\t       kvm->arch.vm_type == KVM_X86_SW_PROTECTED_VM;", "\tif (kvm->arch.vm_type != KVM_X86_DEFAULT_VM && kvm->arch.vm_type != KVM_X86_SW_PROTECTED_VM)\n\t\treturn false;\n\n\treturn true;"),
    ),
    "supported types in a table": edited(X86, ("\tkvm_caps.supported_vm_types = BIT(KVM_X86_DEFAULT_VM);\n", "\tkvm_caps.supported_vm_types = 1;\n")),
    "selftests list everything in one variable": edited(f"{SELFTESTS}Makefile", ("TEST_GEN_PROGS_x86_64", "TEST_GEN_PROGS_X"), ("TEST_GEN_PROGS_aarch64", "TEST_GEN_PROGS_A")),
    "selftests in a list with backslashes": edited(f"{SELFTESTS}Makefile", ("TEST_GEN_PROGS_x86_64 = x86_64/alpha_test\nTEST_GEN_PROGS_x86_64 += x86_64/quirks_test\nTEST_GEN_PROGS_x86_64 += x86_64/zz_test\nTEST_GEN_PROGS_x86_64 += set_memory_region_test\n", "TEST_GEN_PROGS_x86_64 = \\\n\tx86_64/alpha_test \\\n\tx86_64/quirks_test\n")),
    "a test of that name is there": added(f"{SELFTESTS}x86_64/small_maps_test.c", "int main(void) { return 0; }\n"),
    "mechanism renamed": edited(MMU, ("kvm_mmu_max_mapping_level", "kvm_mmu_max_level_of_mapping")),
    "mechanism's statement is another": edited(MMU, ("max_level = min(max_level, max_huge_page_level);", "max_level = min(max_huge_page_level, max_level);")),
    "mechanism's statement twice": edited(MMU, ("\tmax_level = min(max_level, max_huge_page_level);\n", "\tmax_level = min(max_level, max_huge_page_level);\n\tmax_level = min(max_level, max_huge_page_level);\n")),
    "mechanism's function twice": twin(MMU, "kvm_mmu_max_mapping_level", "CONFIG_KVM_XEN"),
    "mechanism's function with an empty twin": stub(MMU, "kvm_mmu_max_mapping_level", "CONFIG_KVM_XEN", "return 1;"),
    "CRLF": lambda files: files.update({p: d.replace(b"\n", b"\r\n") for p, d in files.items() if p.endswith((".c", ".h", ".rst", "Kconfig", "Makefile"))}),
}  # fmt: skip
