# SPDX-License-Identifier: GPL-2.0-only
"""Where KVM looks at memslot flags, written otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import KVM, Draft, NotApplicable, substituted
from tests.drift.drift import drift, rewriting

_CHECK = "check_memory_region_flags"
_APPLY = "kvm_mmu_slot_apply_flags"
_V1 = "KVM_SET_USER_MEMORY_REGION_V1_FLAGS"
_TEST = r"\tif \(mem->flags & ~valid_flags\)\n\t\treturn -EINVAL;\n"
_END = _TEST + r"\n\treturn 0;\n"
_BEGIN = r"\tu32 valid_flags = KVM_MEM_LOG_DIRTY_PAGES;\n"
_GENERIC = ("virt/kvm/", "include/linux/kvm")

rewriting(
    "the test of unknown flags",
    "memslot-flag-check",
    _CHECK,
    unknown_flags_ternary=((_END, "\treturn mem->flags & ~valid_flags ? -EINVAL : 0;\n"),),
    unknown_flags_inverted=(
        (_END, "\tif (!(mem->flags & ~valid_flags))\n\t\treturn 0;\n\n\treturn -EINVAL;\n"),
    ),
    unknown_flags_union=(
        (_TEST, "\tif ((mem->flags | valid_flags) != valid_flags)\n\t\treturn -EINVAL;\n"),
    ),
    unknown_flags_masked=(
        (_TEST, "\tif ((mem->flags & valid_flags) != mem->flags)\n\t\treturn -EINVAL;\n"),
    ),
    unknown_flags_switch=(
        (
            _END,
            "\tswitch (mem->flags & ~valid_flags) {\n\tcase 0:\n\t\treturn 0;\n\tdefault:\n"
            "\t\treturn -EINVAL;\n\t}\n",
        ),
    ),
    unknown_flags_result=(
        (_BEGIN, "\tu32 valid_flags = KVM_MEM_LOG_DIRTY_PAGES;\n\tint r = 0;\n"),
        (_END, "\tif (mem->flags & ~valid_flags)\n\t\tr = -EINVAL;\n\n\treturn r;\n"),
    ),
    unknown_flags_goto=(
        (
            _END,
            "\tif (mem->flags & ~valid_flags)\n\t\tgoto unknown;\n\n\treturn 0;\n\nunknown:\n"
            "\treturn -EINVAL;\n",
        ),
    ),
    unknown_flags_in_a_local=(
        (_BEGIN, "\tu32 valid_flags = KVM_MEM_LOG_DIRTY_PAGES;\n\tu32 unknown;\n"),
        (_TEST, "\tunknown = mem->flags & ~valid_flags;\n\tif (unknown)\n\t\treturn -EINVAL;\n"),
    ),
    unknown_flags_begun_empty=(
        (_BEGIN, "\tu32 valid_flags = 0;\n\n\tvalid_flags |= KVM_MEM_LOG_DIRTY_PAGES;\n"),
    ),
    unknown_flags_begun_behind=(
        (_BEGIN, "\tu32 valid_flags;\n\n\tvalid_flags = KVM_MEM_LOG_DIRTY_PAGES;\n"),
    ),
    unknown_flags_likely=(
        (_TEST, "\tif (__builtin_expect(!!(mem->flags & ~valid_flags), 0))\n\t\treturn -EINVAL;\n"),
    ),
    unknown_flags_bare_braces=(
        (_TEST, "\tif (mem->flags & ~valid_flags) {\n\t\treturn -EINVAL;\n\t}\n"),
    ),
    flag_check_locals=(
        (r"\bvalid_flags\b", "allowed"),
        (r"\bmem\b", "region"),
    ),
)


@drift("the test of unknown flags", "memslot-flag-check", _CHECK)
def unknown_flags_by_the_opposite(tree: Draft) -> None:
    """A mask of the flags that are not valid."""
    span = tree.function(_CHECK)
    pairs = [
        (_BEGIN, "\tu32 invalid_flags = ~(u32)KVM_MEM_LOG_DIRTY_PAGES;\n"),
        (_TEST, "\tif (mem->flags & invalid_flags)\n\t\treturn -EINVAL;\n"),
    ]
    text = substituted(span.text, pairs, _CHECK)
    text = re.sub(r"\bvalid_flags &= ~(\w+)", r"invalid_flags |= \1", text)
    tree.swap(span, re.sub(r"\bvalid_flags \|= (\w+)", r"invalid_flags &= ~\1", text))


@drift("the test of unknown flags", "memslot-flag-check", _CHECK)
def unknown_flags_copied(tree: Draft) -> None:
    """The flags are copied to a local first."""
    span = tree.function(_CHECK)
    text = substituted(span.text, [(_BEGIN, r"\g<0>	u32 flags = mem->flags;" + "\n")], _CHECK)
    tree.swap(span, re.sub(r"mem->flags(?!;)", "flags", text))


@drift(
    "the test of unknown flags",
    "memslot-flag-check",
    f"{_CHECK} kvm_valid_memslot_flags",
    {_CHECK: "kvm_valid_memslot_flags"},
)
def unknown_flags_by_a_mask_function(tree: Draft) -> None:
    """`if (mem->flags & ~kvm_valid_memslot_flags(kvm, mem))`."""
    span = tree.function(_CHECK)
    head, brace, body = span.text.partition("\n{\n")
    (parameters,) = re.findall(r"\(([\s\S]*)\)$", head)
    names = ", ".join(re.findall(r"(\w+)(?:,|$)", parameters))
    mask = f"static u32 kvm_valid_memslot_flags({parameters})" + brace
    mask += substituted(body, [(_END, "\treturn valid_flags;\n")], _CHECK)
    test = f"\tif (mem->flags & ~kvm_valid_memslot_flags({names}))\n\t\treturn -EINVAL;\n"
    tree.swap(span, f"{mask}\n{head}{brace}{test}\n\treturn 0;\n}}\n")


@drift("the test of unknown flags", "memslot-flag-check", f"{_CHECK} kvm_flags_unknown")
def unknown_flags_by_a_test_function(tree: Draft) -> None:
    """`if (kvm_flags_unknown(mem->flags, valid_flags))`."""
    tree.within(
        _CHECK,
        (_TEST, "\tif (kvm_flags_unknown(mem->flags, valid_flags))\n\t\treturn -EINVAL;\n"),
    )
    tree.before(
        tree.function(_CHECK),
        "static bool kvm_flags_unknown(u32 flags, u32 valid)\n{\n\treturn flags & ~valid;\n}\n\n",
    )


@drift("the test of unknown flags", "memslot-flag-check", _CHECK)
def unknown_flags_message(tree: Draft) -> None:
    """Braces and a message around the refusal."""
    _pr_debug(tree, "include/linux/kvm_host.h")
    tree.within(
        _CHECK,
        (
            _TEST,
            "\tif (mem->flags & ~valid_flags) {\n"
            '\t\tpr_debug("kvm: unknown memslot flags 0x%x\\\\n", mem->flags);\n'
            "\t\treturn -EINVAL;\n\t}\n",
        ),
    )


def _pr_debug(tree: Draft, header: str) -> None:
    """A tree that has no printk gets a pr_debug()."""
    if not tree.paths("include/linux/printk.h"):
        tree.replace(
            header, (r"\n#endif\n\Z", "\n#define pr_debug(...) do { } while (0)\n\n#endif\n")
        )


@drift("the test of unknown flags", "memslot-flag-check", f"{_CHECK} kvm_has_dirty_log")
def unknown_flags_table(tree: Draft) -> None:
    """Which flags are valid stands in a table, each with what it depends on."""
    span = tree.function(_CHECK)
    if "kvm_arch_has_private_mem" not in span.text:
        raise NotApplicable(f"{_CHECK}() asks for nothing that a table would hold")
    head, brace, _ = span.text.partition("\n{\n")
    tree.swap(
        span,
        "static bool kvm_has_dirty_log(struct kvm *kvm, u32 flags)\n{\n"
        "\treturn !(flags & KVM_MEM_GUEST_MEMFD);\n}\n\n"
        "static bool kvm_has_readonly(struct kvm *kvm, u32 flags)\n{\n"
        "\treturn kvm_arch_has_readonly_mem(kvm) && !(flags & KVM_MEM_GUEST_MEMFD);\n}\n\n"
        "static bool kvm_has_guest_memfd(struct kvm *kvm, u32 flags)\n{\n"
        "\treturn kvm_arch_has_private_mem(kvm);\n}\n\n"
        "static const struct {\n\tu32 flag;\n\tbool (*valid)(struct kvm *kvm, u32 flags);\n"
        "} kvm_memslot_flags[] = {\n"
        "\t{ KVM_MEM_LOG_DIRTY_PAGES, kvm_has_dirty_log },\n"
        "\t{ KVM_MEM_READONLY, kvm_has_readonly },\n"
        "\t{ KVM_MEM_GUEST_MEMFD, kvm_has_guest_memfd },\n};\n\n"
        f"{head}{brace}\tu32 unknown = mem->flags;\n\tunsigned int i;\n\n"
        "\tfor (i = 0; i < sizeof(kvm_memslot_flags) / sizeof(kvm_memslot_flags[0]); i++) {\n"
        "\t\tif (kvm_memslot_flags[i].valid(kvm, mem->flags))\n"
        "\t\t\tunknown &= ~kvm_memslot_flags[i].flag;\n\t}\n\n"
        "\treturn unknown ? -EINVAL : 0;\n}\n",
    )


@drift(
    "names",
    "memslot-flag-check",
    "kvm_validate_memslot_flags",
    {_CHECK: "kvm_validate_memslot_flags"},
)
def flag_check_renamed(tree: Draft) -> None:
    """The function that refuses unknown flags has another name."""
    tree.rename(_CHECK, "kvm_validate_memslot_flags")


@drift("names", "memslot-v1-mask", "KVM_MEM_FLAGS_OF_V1", {_V1: "KVM_MEM_FLAGS_OF_V1"})
def v1_mask_renamed(tree: Draft) -> None:
    """The macro with the flags of the first ioctl has another name."""
    tree.rename(_V1, "KVM_MEM_FLAGS_OF_V1")


@drift("moved", "memslot-flag-check", f"{_CHECK} memslot.c")
def flag_check_in_a_file_of_its_own(tree: Draft) -> None:
    """The function stands in virt/kvm/memslot.c."""
    span = tree.function(_CHECK)
    tree.swap(span, "")
    head = span.text.partition("\n{\n")[0].removeprefix("static ")
    tree.put(
        "virt/kvm/memslot.c",
        "// SPDX-License-Identifier: GPL-2.0-only\n#include <linux/kvm_host.h>\n"
        "#include <linux/errno.h>\n\n" + span.text.removeprefix("static "),
    )
    host = "include/linux/kvm_host.h"
    tree.replace(host, (r"\n#endif[^\n]*\n\Z", lambda m: f"\n{head};\n{m[0]}"))  # type: ignore[arg-type]
    if tree.paths("virt/kvm/Makefile.kvm"):
        tree.replace("virt/kvm/Makefile.kvm", (r"\$\(KVM\)/kvm_main\.o", r"\g<0> $(KVM)/memslot.o"))


@drift("moved", "memslot-flag-check", f"{_CHECK} memslot.h")
def flag_check_in_a_header(tree: Draft) -> None:
    """The function is a static inline one of virt/kvm/memslot.h."""
    span = tree.function(_CHECK)
    tree.swap(span, "")
    tree.put(
        "virt/kvm/memslot.h",
        "/* SPDX-License-Identifier: GPL-2.0-only */\n#ifndef KVM_MEMSLOT_H\n"
        "#define KVM_MEMSLOT_H\n\n#include <linux/kvm_host.h>\n#include <linux/errno.h>\n\n"
        + span.text.replace("static ", "static inline ", 1)
        + "\n#endif\n",
    )
    tree.replace(
        span.path, (r"(?<=\n)#include <linux/kvm_host\.h>\n", '\\g<0>\n#include "memslot.h"\n')
    )


@drift("moved", "memslot-v1-mask", f"{_V1} kvm_host.h")
def v1_mask_in_a_header(tree: Draft) -> None:
    """The macro with the flags of the first ioctl stands in include/linux/kvm_host.h."""
    span = tree.macro(_V1, _GENERIC)
    tree.swap(span, "")
    host = "include/linux/kvm_host.h"
    tree.replace(host, (r"\n#endif[^\n]*\n\Z", lambda m: f"\n{span.text}{m[0]}"))  # type: ignore[arg-type]


@drift("macros", "memslot-v1-mask", "kvm_v1_flags", {_V1: "kvm_v1_flags"})
def v1_mask_constant(tree: Draft) -> None:
    """The mask of the first ioctl is a constant instead of a macro."""
    span = tree.macro(_V1, _GENERIC)
    value = re.sub(r"\\\n\s*", "", span.text.partition(_V1)[2]).strip()
    tree.swap(span, f"static const u32 kvm_v1_flags = {value};\n")
    tree.rename(_V1, "kvm_v1_flags")


@drift("macros", "memslot-v1-mask", "kvm_vm_ioctl KVM_MEM_LOG_DIRTY_PAGES", {_V1: "kvm_vm_ioctl"})
def v1_mask_written_out(tree: Draft) -> None:
    """The mask of the first ioctl is written where it is used."""
    span = tree.macro(_V1, _GENERIC)
    value = re.sub(r"\\\n\s*", "", span.text.partition(_V1)[2]).strip()
    tree.swap(span, "")
    tree.rename(_V1, value)


_FIXED = r"\(\((\S+)->flags \^ old->flags\) & (KVM_MEM_READONLY|\([^()]*KVM_MEM_READONLY[^()]*\))\)"


def _immutable(tree: Draft, replacement: str) -> None:
    for path in tree.holding("KVM_MEM_READONLY", ("virt/kvm/",)):
        if re.search(_FIXED, tree.text(path)):
            return tree.replace(path, (_FIXED, replacement))
    raise NotApplicable("no test of the flags that a memslot keeps")


@drift(
    "inverted",
    "memslot-immutable-flags",
    "kvm_set_memory_region __kvm_set_memory_region kvm_main.c",
)
def immutable_flags_compared(tree: Draft) -> None:
    """`(new & MASK) != (old & MASK)` instead of `(new ^ old) & MASK`."""
    _immutable(tree, r"((\1->flags & \2) != (old->flags & \2))")


@drift(
    "extracted",
    "memslot-immutable-flags",
    "KVM_MEM_IMMUTABLE kvm_main.c",
    {"kvm_set_memory_region": "KVM_MEM_IMMUTABLE", "__kvm_set_memory_region": "KVM_MEM_IMMUTABLE"},
)
def immutable_flags_in_a_macro(tree: Draft) -> None:
    """The flags that a memslot keeps are a macro."""
    for path in tree.holding("KVM_MEM_READONLY", ("virt/kvm/",)):
        found = re.search(_FIXED, tree.text(path))
        if found:
            break
    else:
        raise NotApplicable("no test of the flags that a memslot keeps")
    mask = found[2] if found[2].startswith("(") else f"({found[2]})"
    tree.replace(path, (_FIXED, r"((\1->flags ^ old->flags) & KVM_MEM_IMMUTABLE)"))
    span = tree.function(_CHECK)
    tree.before(span, f"#define KVM_MEM_IMMUTABLE {mask}\n\n")


@drift(
    "extracted",
    "memslot-immutable-flags",
    "kvm_fixed_flags_change kvm_main.c",
    {
        "kvm_set_memory_region": "kvm_fixed_flags_change",
        "__kvm_set_memory_region": "kvm_fixed_flags_change",
    },
)
def immutable_flags_extracted(tree: Draft) -> None:
    """Whether fixed flags change is a function of its own."""
    for path in tree.holding("KVM_MEM_READONLY", ("virt/kvm/",)):
        found = re.search(_FIXED, tree.text(path))
        if found:
            break
    else:
        raise NotApplicable("no test of the flags that a memslot keeps")
    tree.replace(path, (_FIXED, r"kvm_fixed_flags_change(\1->flags, old->flags)"))
    tree.before(
        tree.function(_CHECK),
        "static bool kvm_fixed_flags_change(u32 new_flags, u32 old_flags)\n{\n"
        f"\treturn (new_flags ^ old_flags) & {found[2]};\n}}\n\n",
    )


_WARNING = (
    r"\tif \(WARN_ON_ONCE\(!\(\(old_flags \^ new_flags\) & KVM_MEM_LOG_DIRTY_PAGES\)\)\)\n"
    r"\t\treturn;\n"
)

rewriting(
    "names",
    "memslot-apply-flags",
    _APPLY,
    apply_flags_locals=((r"\bold_flags\b", "before"), (r"\bnew_flags\b", "behind")),
)
rewriting(
    "inverted",
    "memslot-apply-flags",
    _APPLY,
    apply_flags_by_a_local=(
        (
            r"\tu32 new_flags = [^;]*;\n",
            "\\g<0>\tbool toggled = (old_flags ^ new_flags) & KVM_MEM_LOG_DIRTY_PAGES;\n",
        ),
        (_WARNING, "\tif (WARN_ON_ONCE(!toggled))\n\t\treturn;\n"),
    ),
    apply_flags_same=(
        (
            _WARNING,
            "\tif (WARN_ON_ONCE((old_flags & KVM_MEM_LOG_DIRTY_PAGES) ==\n"
            "\t\t\t (new_flags & KVM_MEM_LOG_DIRTY_PAGES)))\n\t\treturn;\n",
        ),
    ),
)
rewriting(
    "braces",
    "memslot-apply-flags",
    _APPLY,
    apply_flags_braces=(
        (
            _WARNING,
            "\tif (WARN_ON_ONCE(!((old_flags ^ new_flags) & KVM_MEM_LOG_DIRTY_PAGES))) {\n"
            "\t\treturn;\n\t}\n",
        ),
    ),
)
_TOGGLED = (
    "static {}bool kvm_dirty_log_toggled(u32 old_flags, u32 new_flags)\n{{\n"
    "\treturn !WARN_ON_ONCE(!((old_flags ^ new_flags) & KVM_MEM_LOG_DIRTY_PAGES));\n}}\n"
)
_ASKS = (_WARNING, "\tif (!kvm_dirty_log_toggled(old_flags, new_flags))\n\t\treturn;\n")


@drift("extracted", "memslot-apply-flags", f"{_APPLY} kvm_dirty_log_toggled")
def apply_flags_extracted(tree: Draft) -> None:
    """The warning about other flags stands in a function of its own."""
    tree.within(_APPLY, _ASKS)
    tree.before(tree.function(_APPLY), _TOGGLED.format("") + "\n")


@drift("extracted", "memslot-apply-flags", f"{_APPLY} kvm_dirty_log_toggled")
def apply_flags_in_a_header(tree: Draft) -> None:
    """The same, as a static inline function of a header."""
    tree.within(_APPLY, _ASKS)
    tree.replace(
        "arch/x86/kvm/x86.h",
        (r"\n#endif[^\n]*\n\Z", lambda m: f"\n{_TOGGLED.format('inline ')}{m[0]}"),  # type: ignore[arg-type]
    )


@drift("moved", "memslot-apply-flags", f"{_APPLY} slots.h")
def apply_flags_moved_to_a_header(tree: Draft) -> None:
    """The whole function stands in a header."""
    span = tree.function(_APPLY)
    if "kvm_mmu_update_cpu_dirty_logging" in span.text:
        raise NotApplicable("the function uses static ones of its file")
    tree.swap(span, "")
    tree.put(
        "arch/x86/kvm/slots.h",
        "/* SPDX-License-Identifier: GPL-2.0-only */\n"
        + span.text.replace("static ", "static inline ", 1),
    )
    tree.replace("arch/x86/kvm/x86.c", (r'\n#include "x86\.h"\n', '\\g<0>#include "slots.h"\n'))


@drift("names", "memslot-arch-veto", "kvm_arch_prepare_memory_region")
def arch_veto_locals(tree: Draft) -> None:
    """The hook's parameters have other names."""
    tree.within(
        "kvm_arch_prepare_memory_region",
        (r"\bnew\b", "slot"),
        (r"\bchange\b", "what"),
        prefixes=("arch/x86/kvm/",),
    )


@drift("names", "memslot-arch-veto", "kvm_arch_prepare_memory_region")
def arch_veto_renamed(tree: Draft) -> None:
    """The hook has another name."""
    tree.rename(
        "kvm_arch_prepare_memory_region",
        "kvm_arch_check_memory_region",
        (*KVM, "arch/arm64/kvm/"),
    )
