# SPDX-License-Identifier: GPL-2.0-only
"""Constants of the uAPI, written otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import UAPI, X86_UAPI, Draft, NotApplicable
from tests.drift.drift import drift

_BITS = r"\((?:1|1UL) << (\d+)\)"


@drift("macros", "uapi-constant memslot-flag-check", "KVM_MEM_ kvm.h")
def memslot_flags_by_bitul(tree: Draft) -> None:
    """`_BITUL(0)` instead of `(1UL << 0)`."""
    tree.replace(UAPI, (rf"^(#define KVM_MEM_\w+\s+){_BITS}", r"\1_BITUL(\2)"))
    if "linux/const.h" not in tree.text(UAPI):
        tree.replace(UAPI, (r"#include <linux/types\.h>\n", "\\g<0>#include <linux/const.h>\n"))


@drift("macros", "uapi-constant quirk-mask", "KVM_X86_QUIRK_ kvm.h")
def quirks_by_bitul(tree: Draft) -> None:
    """`_BITUL(0)` instead of `(1 << 0)`."""
    tree.replace(X86_UAPI, (rf"^(#define KVM_X86_QUIRK_\w+\s+){_BITS}", r"\1_BITUL(\2)"))
    if "linux/const.h" not in tree.text(X86_UAPI):
        tree.replace(X86_UAPI, (r"#include <linux/types\.h>\n", "\\g<0>#include <linux/const.h>\n"))


def _as_enum(tree: Draft, path: str, name: str, head: str) -> None:
    """The macros of a family as enumerators."""
    text = tree.text(path)
    lines = list(re.finditer(rf"^#define ({name})[ \t]+(\S.*?)\n", text, re.M))
    if len(lines) < 2:
        raise NotApplicable(f"no macros {name}")
    inner = "".join(f"\t{m[1]} = {m[2]},\n" for m in lines)
    first = lines[0].start()
    for found in reversed(lines):
        text = text[: found.start()] + text[found.end() :]
    tree.put(path, f"{text[:first]}enum {head} {{\n{inner}}};\n{text[first:]}")


@drift("macros", "uapi-constant memslot-flag-check", "KVM_MEM_ kvm.h")
def memslot_flags_enum(tree: Draft) -> None:
    """The memslot flags are enumerators."""
    _as_enum(tree, UAPI, r"KVM_MEM_\w+", "kvm_mem_flags")


@drift("macros", "uapi-constant quirk-mask", "KVM_X86_QUIRK_ kvm.h")
def quirks_enum(tree: Draft) -> None:
    """The quirks are enumerators."""
    _as_enum(tree, X86_UAPI, r"KVM_X86_QUIRK_\w+", "kvm_x86_quirks")


@drift("macros", "uapi-constant quirk-mask", "KVM_X86_QUIRK_ kvm.h")
def newest_quirk_enum(tree: Draft) -> None:
    """The newest quirk alone is an enumerator: the macros show a lower number."""
    text = tree.text(X86_UAPI)
    lines = list(re.finditer(rf"^#define (KVM_X86_QUIRK_\w+)\s+{_BITS}\n", text, re.M))
    if not lines:
        raise NotApplicable("no quirks")
    last = max(lines, key=lambda m: int(m[2]))
    new = f"enum kvm_x86_quirks {{\n\t{last[1]} = (1 << {last[2]}),\n}};\n"
    tree.put(X86_UAPI, text.replace(last[0], new))


@drift("macros", "uapi-constant vm-type-supported", "KVM_X86_DEFAULT_VM kvm.h")
def vm_types_enum(tree: Draft) -> None:
    """The VM types are enumerators."""
    _as_enum(tree, X86_UAPI, r"KVM_X86_\w+_VM", "kvm_x86_vm_type")


@drift("macros", "uapi-constant", "KVM_CAP_ kvm.h")
def capabilities_enum(tree: Draft) -> None:
    """The capabilities are enumerators, each a macro of its own name as well."""
    text = tree.text(UAPI)
    lines = list(re.finditer(r"^#define (KVM_CAP_\w+)[ \t]+(\d+)[ \t]*\n", text, re.M))[-3:]
    if len(lines) < 3:
        raise NotApplicable("no capabilities")
    for found in reversed(lines):
        text = text[: found.start()] + f"#define {found[1]} {found[1]}\n" + text[found.end() :]
    inner = "".join(f"\t{m[1]} = {m[2]},\n" for m in lines)
    at = lines[0].start()
    tree.put(UAPI, f"{text[:at]}enum {{\n{inner}}};\n{text[at:]}")


@drift("macros", "uapi-constant", "KVM_CAP_ kvm.h")
def newest_capability_enum(tree: Draft) -> None:
    """The newest capability alone is an enumerator: the macros show a lower number."""
    text = tree.text(UAPI)
    lines = list(re.finditer(r"^#define (KVM_CAP_\w+)[ \t]+(\d+)[ \t]*\n", text, re.M))
    last = max(lines, key=lambda m: int(m[2]))
    tree.put(UAPI, text.replace(last[0], f"enum {{\n\t{last[1]} = {last[2]},\n}};\n"))


@drift("moved", "uapi-constant", "KVM_CAP_ kvm_caps.h")
def capabilities_in_a_header(tree: Draft) -> None:
    """The capabilities stand in a uAPI header of their own."""
    text = tree.text(UAPI)
    lines = list(re.finditer(r"^#define KVM_CAP_\w+[ \t]+\d+[ \t]*\n", text, re.M))
    own = "".join(m[0] for m in lines)
    for found in reversed(lines):
        text = text[: found.start()] + text[found.end() :]
    tree.put(
        UAPI,
        text.replace(
            "#include <asm/kvm.h>\n", "#include <asm/kvm.h>\n#include <linux/kvm_caps.h>\n"
        ),
    )
    tree.put(
        "include/uapi/linux/kvm_caps.h",
        "/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */\n"
        f"#ifndef __LINUX_KVM_CAPS_H\n#define __LINUX_KVM_CAPS_H\n\n{own}\n#endif\n",
    )


@drift("macros", "uapi-constant memslot-flag-check", "KVM_MEM_ kvm.h")
def memslot_flags_hexadecimal(tree: Draft) -> None:
    """`0x1` instead of `(1UL << 0)`."""
    text = tree.text(UAPI)
    made = re.sub(
        rf"^(#define KVM_MEM_\w+\s+){_BITS}",
        lambda m: f"{m[1]}{1 << int(m[2]):#x}UL",
        text,
        flags=re.M,
    )
    tree.put(UAPI, made)
