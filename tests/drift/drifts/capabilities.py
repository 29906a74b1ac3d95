# SPDX-License-Identifier: GPL-2.0-only
"""KVM_CHECK_EXTENSION, KVM_ENABLE_CAP and the VM's fields, written otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import KVM, X86_HOST, Draft, NotApplicable, substituted
from tests.drift.drift import drift

_CHECK = "kvm_vm_ioctl_check_extension"
_ENABLE = "kvm_vm_ioctl_enable_cap"
_X86 = ("arch/x86/kvm/",)
_LISTS = "check-extension-list check-extension-case"
_ALL = (*KVM, "arch/arm64/kvm/", "arch/s390/kvm/", "arch/riscv/kvm/", "arch/loongarch/kvm/")


def _in(tree: Draft, function: str, *pairs: tuple[str, str]) -> None:
    """Change the x86 function of that name."""
    tree.within(function, *pairs, prefixes=_X86)


@drift("names", _LISTS, _CHECK)
def check_extension_locals(tree: Draft) -> None:
    """The answer and the capability have other names."""
    _in(tree, _CHECK, (r"\br\b", "answer"), (r"\bext\b", "cap"))


@drift("names", _LISTS, f"{_CHECK} kvm_arch_check_extension", {_CHECK: "kvm_arch_check_extension"})
def check_extension_renamed(tree: Draft) -> None:
    """The function that answers has another name."""
    tree.rename(_CHECK, "kvm_arch_check_extension", _ALL)


@drift("guards and early returns", _LISTS, _CHECK)
def check_extension_returns(tree: Draft) -> None:
    """Every case returns its answer."""
    _in(tree, _CHECK, (r"\tr = ([^;]*);\n\t\tbreak;", r"\treturn \1;"))


@drift("case lists", _LISTS, _CHECK)
def check_extension_split(tree: Draft) -> None:
    """The list of those whose answer is 1 is split in two."""
    span = tree.function(_CHECK, _X86)
    labels = list(re.finditer(r"(?:^\tcase \w+:\n)+(?=\t\tr = 1;)", span.text, re.M))
    if not labels:
        labels = list(re.finditer(r"(?:^[\t ]+case \w+:\n|^#.*\n)+(?=\t\tr = 1;)", span.text, re.M))
    if not labels:
        raise NotApplicable("no list whose answer is 1")
    longest = max(labels, key=lambda found: found[0].count("case"))
    lines = list(re.finditer(r"^[\t ]+case \w+:\n", longest[0], re.M))
    middle = max(len(lines) // 2, 1)
    if len(lines) < 2 or longest[0][: lines[middle - 1].end()].count("#if") != longest[0][
        : lines[middle - 1].end()
    ].count("#endif"):
        middle = 1
    at = longest.start() + lines[middle - 1].end()
    text = f"{span.text[:at]}\t\tr = 1;\n\t\tbreak;\n{span.text[at:]}"
    tree.swap(span, text)


@drift("switches", _LISTS, _CHECK)
def check_extension_if(tree: Draft) -> None:
    """The capabilities whose answer is 1 are asked for by conditions."""
    span = tree.function(_CHECK, _X86)
    found = re.search(
        r"^\tcase KVM_CAP_IRQCHIP:\n((?:[\t ]+case \w+:\n|#.*\n)+)\t\tr = 1;\n\t\tbreak;\n",
        span.text,
        re.M,
    )
    begin = re.search(r"^\tswitch \(ext\) \{\n", span.text, re.M)
    if not found or not begin:
        raise NotApplicable("no list whose answer is 1")
    names = [
        "KVM_CAP_IRQCHIP",
        *re.findall(r"case (\w+):", re.sub(r"#if.*\n(?:.*\n)*?#endif.*\n", "", found[1])),
    ]
    test = " ||\n\t    ".join(f"ext == {name}" for name in names)
    rest = span.text.replace(found[0], "")
    tree.swap(span, rest.replace(begin[0], f"\tif ({test})\n\t\treturn 1;\n\n{begin[0]}"))


@drift("switches", _LISTS, _CHECK)
def check_extension_default_first(tree: Draft) -> None:
    """`default:` is the first label."""
    span = tree.function(_CHECK, _X86)
    text = substituted(span.text, [(r"^\tdefault:\n\t\tbreak;\n(?=\t\}\n\treturn r;)", "")], _CHECK)
    tree.swap(
        span,
        substituted(text, [(r"^\tswitch \(ext\) \{\n", "\\g<0>\tdefault:\n\t\tbreak;\n")], _CHECK),
    )


@drift("moved", _LISTS + " enable-cap-case", "caps.c")
def capabilities_in_a_file_of_their_own(tree: Draft) -> None:
    """Both functions stand in arch/x86/kvm/caps.c."""
    first, second = tree.function(_CHECK, _X86), tree.function(_ENABLE, _X86)
    own = set(re.findall(r"^static [\w \t*]*?(\w+)\(", tree.text(first.path), re.M))
    used = [n for n in own if re.search(rf"\b{n}\(", first.text + second.text)]
    if used:
        raise NotApplicable(f"they use static functions of their file, such as {used[0]}()")
    head = re.match(r"(?:.*\n)*?(?=\n(?:struct|bool|static|int|extern)\b)", tree.text(first.path))
    assert head
    tree.swap(tree.function(_CHECK, _X86), "")
    tree.swap(tree.function(_ENABLE, _X86), "")
    tree.put("arch/x86/kvm/caps.c", f"{head[0]}\n{first.text}\n{second.text}")


@drift(
    "names",
    "check-extension-generic",
    f"{_CHECK}_generic kvm_check_generic",
    {f"{_CHECK}_generic": "kvm_check_generic"},
)
def check_generic_renamed(tree: Draft) -> None:
    """The generic function that answers has another name."""
    tree.rename(f"{_CHECK}_generic", "kvm_check_generic", _ALL)


@drift("guards and early returns", "check-extension-generic", f"{_CHECK}_generic")
def check_generic_result(tree: Draft) -> None:
    """The generic list sets a result instead of returning."""
    tree.within(
        f"{_CHECK}_generic",
        (r"\n\{\n\tswitch", "\n{\n\tint r = 0;\n\n\tswitch"),
        (r"\t\treturn 1;\n", "\t\tr = 1;\n\t\tbreak;\n"),
        (
            r"\tdefault:\n\t\tbreak;\n\t\}\n\n?\treturn",
            "\tdefault:\n\t\tbreak;\n\t}\n\tif (r)\n\t\treturn r;\n\n\treturn",
        ),
    )


@drift("names", "enable-cap-case arch-field", _ENABLE)
def enable_cap_locals(tree: Draft) -> None:
    """The result and the argument have other names."""
    _in(tree, _ENABLE, (r"\br\b", "err"), (r"\bcap->", "ecap->"), (r"\*cap\)", "*ecap)"))


@drift(
    "names", "enable-cap-case arch-field", "kvm_arch_enable_cap", {_ENABLE: "kvm_arch_enable_cap"}
)
def enable_cap_renamed(tree: Draft) -> None:
    """The function that enables has another name."""
    tree.rename(_ENABLE, "kvm_arch_enable_cap", _ALL)


@drift("guards and early returns", "enable-cap-case arch-field", _ENABLE)
def enable_cap_returns(tree: Draft) -> None:
    """What a case has decided is returned, and so is the error of an unknown one."""
    _in(
        tree,
        _ENABLE,
        (r"^\t\tr = (-?\w+);\n\t\tbreak;\n", r"\t\treturn \1;\n"),
    )


@drift("guards and early returns", "enable-cap-case arch-field", _ENABLE)
def enable_cap_guard(tree: Draft) -> None:
    """`guard(mutex)(&kvm->lock)` in a function of its own for each such case."""
    span = tree.function(_ENABLE, _X86)
    if tree.paths("include/linux/cleanup.h"):
        if b"guard" not in tree.read("include/linux/cleanup.h"):
            raise NotApplicable("this tree has no guard()")
    elif tree.paths("include/linux/kernel.h"):
        raise NotApplicable("this tree has no guard()")
    else:
        tree.replace(
            "include/linux/kvm_host.h",
            (
                r"\nstruct kvm_vcpu;\n",
                "\nstatic inline void mutex_left(struct mutex **m)\n{\n\tmutex_unlock(*m);\n}\n"
                "\n#define guard(kind) \\\\\n\t__attribute__((cleanup(kind##_left))) "
                "struct kind *kind##_held = kind##_entered\n"
                "#define mutex_entered(m) (mutex_lock(m), (m))\n\\g<0>",
            ),
        )
        return _guarded(tree, span.text, "guard(mutex)(&kvm->lock);")
    return _guarded(tree, span.text, "guard(mutex)(&kvm->lock);")


def _guarded(tree: Draft, text: str, guard: str) -> None:
    made = re.sub(
        r"^\t\tmutex_lock\(&kvm->lock\);\n((?:(?!\t\tmutex_unlock).*\n)+?)\t\tmutex_unlock\(&kvm->lock\);\n\t\tbreak;\n",
        lambda m: (
            m[0]
            if "goto" in m[1] or "split" in m[1]
            else f"\t\tscoped_guard (mutex, &kvm->lock) {{\n{_deeper(m[1])}\t\t}}\n\t\tbreak;\n"
        ),
        text,
        flags=re.M,
    )
    if made == text:
        raise NotApplicable("no case takes the lock")
    tree.swap(tree.function(_ENABLE, _X86), made)
    if not tree.paths("include/linux/cleanup.h"):
        tree.replace(
            "include/linux/kvm_host.h",
            (
                r"\nstatic inline void mutex_left\((?:.*\n)*?#define mutex_entered.*\n",
                "\n#define scoped_guard(kind, lock) \\\\\n\tfor (int once = (mutex_lock(lock), 1); once; once = (mutex_unlock(lock), 0))\n",
            ),
        )


def _deeper(text: str) -> str:
    return "".join(f"\t{line}" if line.strip() else line for line in text.splitlines(keepends=True))


@drift("switches", "enable-cap-case", _ENABLE)
def enable_cap_default_first(tree: Draft) -> None:
    """`default:` is the first label."""
    _in(
        tree,
        _ENABLE,
        (r"^\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n(?=\t\}\n\treturn r;)", ""),
        (r"^\tswitch \(cap->cap\) \{\n", "\\g<0>\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n"),
    )


@drift(
    "extracted",
    "enable-cap-case arch-field",
    f"{_ENABLE} kvm_do_enable_cap",
    {_ENABLE: "kvm_do_enable_cap"},
)
def enable_cap_extracted(tree: Draft) -> None:
    """The switch is in a function of its own, called once the arguments are checked."""
    span = tree.function(_ENABLE, _X86)
    found = re.search(
        r"\n\{\n\tint r;\n\n(\tif \(cap->flags\)\n\t\treturn -EINVAL;\n)\n", span.text
    )
    if not found:
        raise NotApplicable(f"{_ENABLE}() does not begin by a test")
    head = span.text[: found.start()]
    inner = span.text[found.end() :]
    tree.swap(
        span,
        f"static int kvm_do_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)\n{{\n\tint r;\n\n{inner}\n"
        f"{head}\n{{\n{found[1]}\n\treturn kvm_do_enable_cap(kvm, cap);\n}}\n",
    )


def _struct(tree: Draft) -> tuple[str, str]:
    """The text of struct kvm_arch and of its fields."""
    found = re.search(r"^struct kvm_arch \{\n((?:.*\n)*?)\};\n", tree.text(X86_HOST), re.M)
    if not found:
        raise NotApplicable("no struct kvm_arch")
    return found[0], found[1]


@drift("structs", "arch-field init-vm", f"kvm_arch {X86_HOST}")
def kvm_arch_no_space(tree: Draft) -> None:
    """`struct kvm_arch{`."""
    _struct(tree)
    tree.replace(X86_HOST, (r"^struct kvm_arch \{", "struct kvm_arch{"))


@drift("structs", "arch-field init-vm", f"kvm_arch {X86_HOST}")
def kvm_arch_brace_below(tree: Draft) -> None:
    """The bracket stands in the next line."""
    _struct(tree)
    tree.replace(X86_HOST, (r"^struct kvm_arch \{", "struct kvm_arch\n{"))


@drift("structs", "arch-field init-vm", "kvm_arch kvm_arch.h")
def kvm_arch_in_a_header(tree: Draft) -> None:
    """struct kvm_arch stands in a header of its own."""
    whole, _ = _struct(tree)
    text = tree.text(X86_HOST)
    tree.put(X86_HOST, text.replace(whole, "#include <asm/kvm_arch.h>\n"))
    tree.put(
        "arch/x86/include/asm/kvm_arch.h",
        f"/* SPDX-License-Identifier: GPL-2.0-only */\n{whole}",
    )


@drift("structs", "arch-field", f"kvm_arch {X86_HOST}")
def fields_grouped(tree: Draft) -> None:
    """Fields that capabilities set are in an anonymous struct."""
    whole, inner = _struct(tree)
    wanted = (
        "slow_clock",
        "exit_on_emulation_error",
        "guest_can_read_msr_platform_info",
        "bus_lock_detection_enabled",
        "triple_fault_event",
        "hypercall_exit_enabled",
        "disable_nx_huge_pages",
        "max_vcpu_ids",
        "notify_window",
        "notify_vmexit_flags",
        "user_space_msr_mask",
        "sgx_provisioning_allowed",
        "enable_pmu",
        "x2apic_format",
        "x2apic_broadcast_quirk_disabled",
        "exception_payload_enabled",
        "mwait_in_guest",
        "hlt_in_guest",
        "pause_in_guest",
        "cstate_in_guest",
        "apic_bus_cycle_ns",
        "irqchip_mode",
        "nr_reserved_ioapic_pins",
    )
    taken = []
    for name in wanted:
        found = re.search(rf"^\t(?:bool|u8|u32|u64|enum \w+) {name};\n", inner, re.M)
        if found:
            taken.append(found[0])
            inner = inner.replace(found[0], "")
    if not taken:
        raise NotApplicable("no such fields")
    group = "".join(f"\t{line}" for line in taken)
    made = f"struct kvm_arch {{\n{inner}\n\tstruct {{\n{group}\t}};\n}};\n"
    tree.put(X86_HOST, tree.text(X86_HOST).replace(whole, made))


@drift("structs", "arch-field", f"kvm_arch {X86_HOST}")
def fields_as_bits(tree: Draft) -> None:
    """Fields that say yes or no are of one bit."""
    whole, inner = _struct(tree)
    made = re.sub(
        r"^\tbool (slow_clock|exit_on_emulation_error|disable_nx_huge_pages|enable_pmu|guest_can_read_msr_platform_info);",
        r"\tbool \1 : 1;",
        inner,
        flags=re.M,
    )
    if made == inner:
        raise NotApplicable("no such fields")
    tree.put(X86_HOST, tree.text(X86_HOST).replace(whole, f"struct kvm_arch {{\n{made}}};\n"))


@drift(
    "extracted",
    "init-vm",
    "kvm_arch_init_vm kvm_init_clock",
    {"kvm_arch_init_vm": "kvm_init_clock"},
)
def init_vm_extracted(tree: Draft) -> None:
    """The fields are set in a function of their own."""
    span = tree.function("kvm_arch_init_vm", _X86)
    found = re.search(
        r"^\tkvm->arch\.(?:slow_clock_khz|guest_can_read_msr_platform_info) = .*;\n",
        span.text,
        re.M,
    )
    if not found:
        raise NotApplicable("no such field is set")
    tree.swap(
        span,
        f"static void kvm_init_clock(struct kvm *kvm)\n{{\n{found[0]}}}\n\n"
        + span.text.replace(found[0], "\tkvm_init_clock(kvm);\n"),
    )


@drift("names", "init-vm", "kvm_arch_init_vm")
def init_vm_by_a_pointer(tree: Draft) -> None:
    """The fields are set through a pointer to struct kvm_arch."""
    span = tree.function("kvm_arch_init_vm", _X86)
    head, brace, body = span.text.partition("\n{\n")
    body = re.sub(r"\bkvm->arch\.", "arch->", body)
    tree.swap(span, f"{head}{brace}\tstruct kvm_arch *arch = &kvm->arch;\n{body}")


@drift("macros", "check-extension-list check-extension-case enable-cap-case", _CHECK)
def capability_cases_with_ranges(tree: Draft) -> None:
    """Two neighbours of the list are a range."""
    _in(
        tree,
        _CHECK,
        (
            r"\tcase KVM_CAP_IRQCHIP:\n\tcase KVM_CAP_HLT:\n",
            "\tcase KVM_CAP_IRQCHIP ... KVM_CAP_HLT:\n",
        ),
    )
