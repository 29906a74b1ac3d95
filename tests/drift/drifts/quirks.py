# SPDX-License-Identifier: GPL-2.0-only
"""The mask of quirks, written otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import X86_HOST, Draft, NotApplicable
from tests.drift.drift import drift

_VALID = "KVM_X86_VALID_QUIRKS"
_QUIRK = re.compile(r"\bKVM_X86_QUIRK_\w+")


def _value(tree: Draft) -> tuple[str, list[str]]:
    """The mask's macro as it stands, and the quirks in it."""
    text = tree.macro(_VALID).text
    names = _QUIRK.findall(text)
    if not names:
        raise NotApplicable(f"{_VALID} is not made of quirks")
    return text, names


@drift("names", "quirk-mask", "KVM_X86_SUPPORTED_QUIRKS", {_VALID: "KVM_X86_SUPPORTED_QUIRKS"})
def quirk_mask_renamed(tree: Draft) -> None:
    """The mask has another name."""
    tree.rename(_VALID, "KVM_X86_SUPPORTED_QUIRKS")


@drift("moved", "quirk-mask", f"{_VALID} x86.h")
def quirk_mask_in_x86_h(tree: Draft) -> None:
    """The mask stands in arch/x86/kvm/x86.h."""
    text, _ = _value(tree)
    tree.swap(tree.macro(_VALID), "")
    path = "arch/x86/kvm/x86.h"
    tree.replace(path, (r"(?<=\n)(static inline|extern|struct)\b", lambda m: m[0]))  # type: ignore[arg-type]
    at = re.search(r"^(?:static inline|extern|struct)\b", tree.text(path), re.M)
    assert at
    whole = tree.text(path)
    tree.put(path, f"{whole[: at.start()]}{text}\n{whole[at.start() :]}")


@drift("macros", "quirk-mask", f"{_VALID}")
def quirk_mask_genmask(tree: Draft) -> None:
    """All bits up to the last quirk: the mask names no quirk any more."""
    _, names = _value(tree)
    tree.swap(
        tree.macro(_VALID),
        f"#define KVM_X86_VALID_QUIRKS ((({names[-1]} << 1) - 1) & ~KVM_X86_NO_QUIRKS)\n"
        f"#define KVM_X86_NO_QUIRKS {_holes(tree, names)}ull\n",
    )


def _holes(tree: Draft, names: list[str]) -> int:
    """The bits below the last quirk that are none."""
    header = tree.text("arch/x86/include/uapi/asm/kvm.h")
    bits = [int(n) for n in re.findall(r"define KVM_X86_QUIRK_\w+\s+\(1 << (\d+)\)", header)]
    known = {
        int(found[1])
        for name in names
        if (found := re.search(rf"define {name}\s+\(1 << (\d+)\)", header))
    }
    last = int(re.search(rf"define {names[-1]}\s+\(1 << (\d+)\)", header)[1])  # type: ignore[index]
    if not bits or last != max(known):
        raise NotApplicable("the mask's last quirk is not the highest")
    return sum(1 << n for n in range(last + 1) if n not in known)


@drift("macros", "quirk-mask", "kvm_valid_quirks", {_VALID: "kvm_valid_quirks"})
def quirk_mask_constant(tree: Draft) -> None:
    """The mask is a constant."""
    _, names = _value(tree)
    joined = " |\n\t".join(names)
    tree.swap(tree.macro(_VALID), f"static const u64 kvm_valid_quirks =\n\t{joined};\n")
    tree.rename(_VALID, "kvm_valid_quirks")


@drift("macros", "quirk-mask", f"{_VALID}")
def quirk_mask_enum(tree: Draft) -> None:
    """The mask is an enumerator."""
    _, names = _value(tree)
    joined = " |\n\t\t".join(names)
    tree.swap(tree.macro(_VALID), f"enum {{\n\t{_VALID} =\n\t\t{joined},\n}};\n")


@drift("extracted", "quirk-mask", "kvm_valid_quirks", {_VALID: "kvm_valid_quirks"})
def quirk_mask_function(tree: Draft) -> None:
    """The mask is what a function returns."""
    _, names = _value(tree)
    joined = " |\n\t       ".join(names)
    tree.swap(
        tree.macro(_VALID),
        f"static inline u64 kvm_valid_quirks(void)\n{{\n\treturn {joined};\n}}\n",
    )
    tree.rename(_VALID, "kvm_valid_quirks()")


@drift("case lists", "quirk-mask", f"{_VALID} KVM_X86_OLD_QUIRKS")
def quirk_mask_in_two(tree: Draft) -> None:
    """The mask is made of one with the old quirks and the others."""
    _, names = _value(tree)
    half = (len(names) + 1) // 2
    old, more = " | ".join(names[:half]), " | ".join(names[half:])
    tree.swap(
        tree.macro(_VALID),
        f"#define KVM_X86_OLD_QUIRKS \\\n\t({old})\n"
        f"#define {_VALID} \\\n\t(KVM_X86_OLD_QUIRKS | {more})\n",
    )


@drift("macros", "quirk-mask", f"{_VALID}")
def quirk_mask_beside_a_larger_one(tree: Draft) -> None:
    """Another mask, of those that need no TDP, has as many quirks."""
    _, names = _value(tree)
    span = tree.macro(_VALID)
    joined = " | \\\n\t ".join([*names, names[0]])
    tree.swap(span, f"{span.text}\n#define KVM_X86_SHADOW_QUIRKS \\\n\t({joined})\n")


@drift("lists", "quirk-mask", f"{_VALID}")
def quirk_mask_from_the_right(tree: Draft) -> None:
    """The operators stand at the beginning of lines."""
    _, names = _value(tree)
    joined = " \\\n\t| ".join(names)
    tree.swap(tree.macro(_VALID), f"#define {_VALID} \\\n\t({joined})\n")


@drift("structs", "quirk-mask", X86_HOST)
def quirk_mask_without_brackets(tree: Draft) -> None:
    """The mask has no brackets around it."""
    _, names = _value(tree)
    joined = " | \\\n\t".join(names)
    tree.swap(tree.macro(_VALID), f"#define {_VALID} \\\n\t{joined}\n")
    for path in list(tree.holding(f"~{_VALID}")):
        tree.replace(path, (f"~{_VALID}", f"~({_VALID})"))
