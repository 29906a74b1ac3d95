# SPDX-License-Identifier: GPL-2.0-only
"""What a plan refuses: what a tree has already, and what would warn; and names that headers have."""

from __future__ import annotations

from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from tests.minitree import Files, edited
from tests.unit import kit

MMU = "arch/x86/kvm/mmu/mmu.c"
X86 = "arch/x86/kvm/x86.c"


def test_what_can_be_enabled_already_is_not_enabled_again() -> None:
    section = {"capability": "KVM_CAP_X86_SLOW_CLOCK", "new": False}
    with pytest.raises(NotHere, match="can be enabled is there already"):
        kit.plan(kit.knob("vm-capability", section), "vm-capability")


def test_what_is_there_is_told_before_what_the_description_lacks() -> None:
    section = {"capability": "KVM_CAP_X86_SLOW_CLOCK"}
    alone = kit.knob("vm-capability", section, mechanism=None, rfc=True)
    with pytest.raises(NotHere, match="KVM_CAP_X86_SLOW_CLOCK is there already"):
        kit.plan(alone, "vm-capability")


def mechanism(put: str) -> dict[str, Any]:
    (way,) = kit.BASE["mechanism"]["alternatives"]
    more = {"new-function-before": "kvm_mmu_max_mapping_level", "put": put}
    return {
        **kit.BASE["mechanism"],
        "alternatives": [{**way, "edits": [more, *way["edits"]]}],
    }


@pytest.mark.parametrize(
    ("put", "refused"),
    [
        ("static int smallest(struct smallest *of)\n{\n\treturn 0;\n}\n", True),
        ("static inline int smallest(void)\n{\n\treturn 0;\n}\n", False),
        ("int smallest(void);\nint smallest(void)\n{\n\treturn 0;\n}\n", False),
    ],
)
def test_a_static_function_of_the_mechanism_is_called(put: str, refused: bool) -> None:
    made = kit.knob("vm-capability", mechanism=mechanism("struct smallest { int of; };\n\n" + put))
    if refused:
        with pytest.raises(FindingsError, match=r"smallest\(\) is static in .*nothing calls it"):
            kit.plan(made, "vm-capability")
    else:
        assert kit.plan(made, "vm-capability").patches


def test_the_predicate_stays_apart_from_what_is_declared_above() -> None:
    def declared(files: Files) -> None:
        comment = "/*\n * How large may a mapping be?\n"
        edited(MMU, (comment, f"extern int mappings;\n{comment}"))(files)

    made = kit.plan(kit.knob("vm-capability"), "vm-capability", declared)
    assert b"extern int mappings;\n\nstatic bool kvm_small_maps(" in (made.files[MMU] or b"")


def test_a_condition_may_name_what_a_header_alone_has() -> None:
    def header(files: Files) -> None:
        files["arch/x86/include/asm/features.h"] = b"#define FEATURE_SMALL 1\n"
        text = files[X86].decode()
        files[X86] = text.replace("#include", "#include <asm/features.h>\n#include", 1).encode()

    section = {"condition": ["FEATURE_SMALL"]}
    made = kit.plan(kit.knob("vm-capability", section), "vm-capability", header)
    assert b"r = FEATURE_SMALL;" in (made.files[X86] or b"")
    with pytest.raises(NotHere, match="names FEATURE_SMALL, which it does not have"):
        kit.plan(kit.knob("vm-capability", section), "vm-capability")
