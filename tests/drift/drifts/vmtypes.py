# SPDX-License-Identifier: GPL-2.0-only
"""VM types, told apart otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import Draft, NotApplicable
from tests.drift.drift import drift, rewriting
from tests.drift.drifts.flags import _pr_debug

_REFUSAL = r"\tif \(kvm->arch\.vm_type != KVM_X86_DEFAULT_VM\)\n\t\treturn -EINVAL;\n"
_SEV = "sev_guest_init"
_BOTH = r"(\S+) == KVM_X86_DEFAULT_VM \|\|\s+\1 == KVM_X86_SW_PROTECTED_VM"


@drift("braces", "vm-type-alike", _SEV)
def sev_init_message(tree: Draft) -> None:
    """Braces and a message around the refusal of all types but the default one."""
    _pr_debug(tree, "include/linux/kvm_host.h")
    tree.within(
        _SEV,
        (
            _REFUSAL,
            "\tif (kvm->arch.vm_type != KVM_X86_DEFAULT_VM) {\n"
            '\t\tpr_debug("kvm: not for this type of VM\\\\n");\n\t\treturn -EINVAL;\n\t}\n',
        ),
    )


rewriting(
    "braces",
    "vm-type-alike",
    _SEV,
    sev_init_braces=(
        (
            _REFUSAL,
            "\tif (kvm->arch.vm_type != KVM_X86_DEFAULT_VM) {\n\t\treturn -EINVAL;\n\t}\n",
        ),
    ),
)
rewriting(
    "inverted",
    "vm-type-alike",
    _SEV,
    sev_init_yoda=(
        (
            _REFUSAL,
            "\tif (KVM_X86_DEFAULT_VM != kvm->arch.vm_type)\n\t\treturn -EINVAL;\n",
        ),
    ),
    sev_init_goto=(
        (_REFUSAL, "\tif (kvm->arch.vm_type != KVM_X86_DEFAULT_VM)\n\t\tgoto invalid;\n"),
        (r"\}\n\Z", "\ninvalid:\n\treturn -EINVAL;\n}\n"),
    ),
    sev_init_other_way_round=(
        (
            _REFUSAL + r"([\s\S]*)\}\n\Z",
            "\tif (kvm->arch.vm_type == KVM_X86_DEFAULT_VM)\n\t\tgoto good;\n\n\treturn -EINVAL;\n\ngood:\\1}\n",
        ),
    ),
    sev_init_local=(
        (
            _REFUSAL,
            "\tplain = kvm->arch.vm_type == KVM_X86_DEFAULT_VM;\n\tif (!plain)\n\t\treturn -EINVAL;\n",
        ),
        (r"\n\{\n", "\n{\n\tbool plain;\n"),
    ),
    sev_init_switch=(
        (
            _REFUSAL,
            "\tswitch (kvm->arch.vm_type) {\n\tcase KVM_X86_DEFAULT_VM:\n\t\tbreak;\n\tdefault:\n\t\treturn -EINVAL;\n\t}\n",
        ),
    ),
    sev_init_negated=(
        (
            _REFUSAL,
            "\tif (!(kvm->arch.vm_type == KVM_X86_DEFAULT_VM))\n\t\treturn -EINVAL;\n",
        ),
    ),
)


@drift("guards and early returns", "vm-type-alike", _SEV)
def sev_init_result(tree: Draft) -> None:
    """The refusal's error is kept in a variable."""
    span = tree.function(_SEV)
    head, brace, body = span.text.partition("\n{\n")
    if not re.search(_REFUSAL, body):
        raise NotApplicable(f"{_SEV}() does not refuse by type")
    body = re.sub(
        _REFUSAL,
        "\tif (kvm->arch.vm_type != KVM_X86_DEFAULT_VM)\n\t\tret = -EINVAL;\n"
        "\tif (ret)\n\t\treturn ret;\n",
        body,
    )
    tree.swap(span, f"{head}{brace}\tint ret = 0;\n{body}")


@drift("extracted", "vm-type-alike", f"{_SEV} kvm_is_default_type", {_SEV: "kvm_is_default_type"})
def sev_init_helper(tree: Draft) -> None:
    """The refusal asks a helper for the default type."""
    tree.within(_SEV, (_REFUSAL, "\tif (!kvm_is_default_type(kvm))\n\t\treturn -EINVAL;\n"))
    tree.before(
        tree.function(_SEV),
        "static bool kvm_is_default_type(struct kvm *kvm)\n{\n"
        "\treturn kvm->arch.vm_type == KVM_X86_DEFAULT_VM;\n}\n\n",
    )


_IN_A_HEADER = {"kvm_is_plain": "kvm_type_is_plain", "kvm_arch_init_vm": "kvm_type_is_plain"}


@drift("extracted", "vm-type-alike", "kvm_type_is_plain", _IN_A_HEADER)
def plain_types_in_a_header(tree: Draft) -> None:
    """Which types are plain says a static inline function of a header."""
    path = "arch/x86/kvm/x86.c"
    tree.replace(path, (_BOTH, r"kvm_type_is_plain(\1)"))
    tree.replace(
        "arch/x86/kvm/x86.h",
        (
            r"\n#endif[^\n]*\n\Z",
            "\nstatic inline bool kvm_type_is_plain(unsigned long type)\n{\n"
            "\treturn type == KVM_X86_DEFAULT_VM || type == KVM_X86_SW_PROTECTED_VM;\n}\n\\g<0>",
        ),
    )


@drift("inverted", "vm-type-alike", "x86.c")
def plain_types_negated(tree: Draft) -> None:
    """`!(x != DEFAULT && x != OTHER)`."""
    tree.replace(
        "arch/x86/kvm/x86.c",
        (_BOTH, r"!(\1 != KVM_X86_DEFAULT_VM && \1 != KVM_X86_SW_PROTECTED_VM)"),
    )


@drift("inverted", "vm-type-alike", "x86.c")
def plain_types_mask(tree: Draft) -> None:
    """`BIT(x) & (BIT(DEFAULT) | BIT(OTHER))`."""
    tree.replace(
        "arch/x86/kvm/x86.c",
        (_BOTH, r"!!(BIT(\1) & (BIT(KVM_X86_DEFAULT_VM) | BIT(KVM_X86_SW_PROTECTED_VM)))"),
    )


@drift("switches", "vm-type-alike", "svm_smi_blocked svm.c")
def types_as_an_if_chain(tree: Draft) -> None:
    """A switch over the types is an if."""
    for path in tree.holding("case KVM_X86_DEFAULT_VM:", ("arch/x86/kvm/",)):
        return tree.replace(
            path,
            (
                r"\tswitch \((.*)\) \{\n\tcase KVM_X86_DEFAULT_VM:\n"
                r"\tcase KVM_X86_SW_PROTECTED_VM:\n\t\t(return .*;)\n\tdefault:\n\t\t(return .*;)\n\t\}\n",
                r"\tif (\1 == KVM_X86_DEFAULT_VM || \1 == KVM_X86_SW_PROTECTED_VM)\n"
                r"\t\t\2\n\n\t\3\n",
            ),
        )
    raise NotApplicable("no switch has a case for the default type")


@drift("switches", "vm-type-alike", "svm_vm_init kvm_is_plain")
def types_as_a_switch(tree: Draft) -> None:
    """A condition on the types is a switch."""
    if list(tree.holding("svm_vm_init(", ("arch/x86/kvm/svm/",))):
        return tree.within(
            "svm_vm_init",
            (
                r"\tif \(type != KVM_X86_DEFAULT_VM &&\n\t    type != KVM_X86_SW_PROTECTED_VM\) \{\n"
                r"((?:.*\n)*?)\t\}\n",
                r"\tswitch (type) {\n\tcase KVM_X86_DEFAULT_VM:\n\tcase KVM_X86_SW_PROTECTED_VM:\n"
                r"\t\tbreak;\n\tdefault:\n\1\t\tbreak;\n\t}\n",
            ),
        )
    tree.within(
        "kvm_is_plain",
        (
            rf"\treturn {_BOTH};\n",
            r"\tswitch (\1) {\n\tcase KVM_X86_DEFAULT_VM:\n\tcase KVM_X86_SW_PROTECTED_VM:\n"
            r"\t\treturn true;\n\tdefault:\n\t\treturn false;\n\t}\n",
        ),
    )
    return None


@drift("names", "vm-type-supported", "vm_types")
def supported_types_renamed(tree: Draft) -> None:
    """The list of types has another name."""
    tree.rename("supported_vm_types", "vm_types")


@drift("structs", "vm-type-supported", "vm.supported_types supported_types")
def supported_types_grouped(tree: Draft) -> None:
    """The list of types is in a struct of its own."""
    paths = list(tree.holding("supported_vm_types", ("arch/x86/kvm/", "arch/x86/include/asm/kvm")))
    if not paths:
        raise NotApplicable("this tree has no VM types")
    for path in paths:
        text = re.sub(
            r"\tu32 supported_vm_types;",
            "\tstruct {\n\t\tu32 supported;\n\t} vm_types;",
            tree.text(path),
        )
        tree.put(path, text.replace("supported_vm_types", "vm_types.supported"))


@drift("macros", "vm-type-supported", "supported_vm_types")
def supported_types_shifted(tree: Draft) -> None:
    """`1u << TYPE` instead of `BIT(TYPE)`."""
    paths = list(tree.holding("BIT(KVM_X86_", ("arch/x86/kvm/",)))
    if not paths:
        raise NotApplicable("no BIT() of a VM type")
    for path in paths:
        tree.replace(path, (r"\bBIT\((KVM_X86_\w+_VM)\)", r"(1u << \1)"))


@drift(
    "extracted",
    "vm-type-supported",
    "kvm_init_vm_types supported_vm_types",
    {"kvm_x86_vendor_init": "kvm_init_vm_types", "__kvm_x86_vendor_init": "kvm_init_vm_types"},
)
def supported_types_extracted(tree: Draft) -> None:
    """The list begins in a function of its own."""
    begin = r"\tkvm_caps\.supported_vm_types = BIT\(KVM_X86_DEFAULT_VM\);\n"
    path = "arch/x86/kvm/x86.c"
    text = tree.text(path)
    if not re.search(begin, text):
        raise NotApplicable("no list of types begins here")
    name = "kvm_x86_vendor_init"
    text = re.sub(begin, "\tkvm_init_vm_types();\n", text)
    tree.put(path, text)
    for function in ("__kvm_x86_vendor_init", name):
        try:
            span = tree.function(function, ("arch/x86/kvm/",))
        except NotApplicable:
            continue
        if "kvm_init_vm_types" in span.text:
            break
    else:
        raise NotApplicable("the list of types begins elsewhere")
    tree.before(
        span,
        "static void kvm_init_vm_types(void)\n{\n"
        "\tkvm_caps.supported_vm_types = BIT(KVM_X86_DEFAULT_VM);\n}\n\n",
    )
