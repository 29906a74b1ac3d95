# SPDX-License-Identifier: GPL-2.0-only
"""Trees that nobody has seen: gen finds its way, or says where it lost it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError
from tests.unit.hostile import HOSTILE
from tests.unit.kit import complaints, knob, plan

COND = {"condition": ["tdp_enabled"]}
FIELD = {
    "expression": None,
    "field": {"type": "bool", "name": "small_maps"},
    "value": ["tdp_enabled"],
}
KNOBS = {
    "flag": ("memslot-flag", {}),
    "flag excludes": ("memslot-flag", {"excludes": [{"flag": "KVM_MEM_READONLY"}]}),
    "flag mutable": ("memslot-flag", {"mutable": True, **COND}),
    "capability": ("vm-capability", {}),
    "capability if": ("vm-capability", COND),
    "quirk": ("quirk", {}),
    "type": ("vm-type", {}),
    "field": ("hardcoded", FIELD),
    "hardcoded": ("hardcoded", {}),
}

# The knob whose series has to be found and to compile on a tree.
FOUND = [
    ("capability if", "check_extension with an empty twin"),
    ("hardcoded", "mechanism's function with an empty twin"),
    ("flag excludes", "flag check renamed"),
    ("flag excludes", "flag check moved"),
    ("flag excludes", "flag check with other names"),
    ("flag excludes", "flag check on a copy"),
    ("flag excludes", "unlikely"),
    ("flag", "flag check in a bool"),
    ("flag", "flag check begins elsewhere"),
    ("flag", "flag check with an empty twin"),
    ("flag", "immutable by another name"),
    ("flag", "immutable already a mask"),
    ("flag", "v1 mask in one line"),
    ("flag", "v1 mask of one flag"),
    ("flag", "v1 mask in a header"),
    ("flag", "K&R spacing"),
    ("flag", "annotations"),
    ("flag mutable", "annotations"),
    ("flag", "an annotation of its own"),
    ("flag", "flags in a header of their own"),
    ("flag", "no UTF-8"),
    ("capability", "no UTF-8"),
    ("flag mutable", "no UTF-8"),
    ("quirk", "no UTF-8"),
    ("type", "no UTF-8"),
    ("flag", "selects under config KVM"),
    ("flag", "help in Kconfig"),
    ("flag", "symbol at the end of Kconfig"),
    ("flag", "api.rst without the sentence on flags"),
    ("capability", "check_extension moved, with another parameter"),
    ("capability if", "check_extension moved, with another parameter"),
    ("capability", "check_extension returns directly"),
    ("capability if", "check_extension returns directly"),
    ("flag mutable", "check_extension returns directly"),
    ("capability", "brackets opened twice in check_extension"),
    ("capability", "enable_cap with other names"),
    ("capability", "enable_cap with default first"),
    ("capability", "attribute"),
    ("capability", "annotations"),
    ("field", "attribute"),
    ("field", "brackets opened twice"),
    ("flag", "immutable turned around"),
    ("flag", "immutable by two tests"),
    ("flag", "api.rst without the chapter"),
    ("capability", "api.rst in a spelling of its own"),
    ("capability", "check_extension renamed"),
    ("quirk", "selftests in a list with backslashes"),
    ("quirk", "quirk mask moved"),
    ("quirk", "quirk mask in one line"),
    ("quirk", "a second mask of quirks"),
    ("type", "types told apart by a switch"),
    ("type", "types told apart in one line"),
    ("type", "types told apart the other way round"),
]

# The knob and what gen has to say of a tree on which a site is nowhere, or twice.
LOST = [
    ("flag", "flag check twice", "memslot-flag-check: .* found 2 times"),
    ("flag", "generic check_extension in a variable", "check-extension-generic: a list"),
    ("flag", "flags as an enum", r"KVM_MEM_\*: some of this family are enumerators"),
    ("flag", "no selects", "kconfig-select: a config that selects .* not found"),
    ("flag", "api.rst without the ioctl", "api-memslot-defines: a section about KVM_SET_USER_MEM"),
    ("flag", "no api.rst", "api.rst: the file Documentation/virt/kvm/api.rst not found"),
    ("capability", "check_extension twice", "check-extension-list: .* found 2 times"),
    ("capability", "enable_cap without default", "enable-cap-case: the default: .* not found"),
    ("field", "init_vm sets nothing", "init-vm: an assignment to kvm->arch .* not found"),
    ("type", "supported types in a table", "vm-type-supported: .* not found"),
    ("quirk", "selftests list everything in one variable", "selftest-register: .* not found"),
    ("quirk", "a test of that name is there", "new-file: .*small_maps_test.c found"),
    ("hardcoded", "mechanism renamed", r"mechanism: the definition of function .*\(\) not found"),
    ("hardcoded", "mechanism's statement is another", "mechanism: `max_level = min.* not found"),
    ("hardcoded", "mechanism's statement twice", "mechanism: `max_level = .* found 2 times"),
    ("hardcoded", "mechanism's function twice", "mechanism: `max_level = .* found 2 times"),
]

# What came closest, where something does.
CLOSEST = [
    ("flag", "api.rst without the ioctl", "closest: 4.35 KVM_SET_USER_MEMORY_REGIONS"),
    ("hardcoded", "mechanism renamed", "closest: kvm_mmu_max_level_of_mapping()"),
    (
        "hardcoded",
        "mechanism's statement is another",
        "closest: `max_level = min(max_huge_page_level, max_level);` at arch/x86/kvm/mmu/mmu.c:38",
    ),
]


@pytest.mark.parametrize(("who", "tree"), FOUND)
def test_gen_finds_its_way(who: str, tree: str, tmp_path: Path) -> None:
    variant, section = KNOBS[who]
    made = plan(knob(variant, section), variant, HOSTILE[tree])
    assert complaints(made, tmp_path, HOSTILE[tree]) == ""


@pytest.mark.parametrize(("who", "tree", "said"), LOST)
def test_gen_says_where_it_lost_it(who: str, tree: str, said: str) -> None:
    variant, section = KNOBS[who]
    with pytest.raises(FindingsError) as caught:
        plan(knob(variant, section), variant, HOSTILE[tree])
    assert re.search(said, caught.value.findings[0].message)
    for finding in caught.value.findings:
        assert re.search(r"(searched|found): \S", finding.hint)
        assert re.search(r"to mend: \S", finding.hint) or "no number" in finding.message


@pytest.mark.parametrize(("who", "tree", "near"), CLOSEST)
def test_gen_says_what_came_closest(who: str, tree: str, near: str) -> None:
    variant, section = KNOBS[who]
    with pytest.raises(FindingsError) as caught:
        plan(knob(variant, section), variant, HOSTILE[tree])
    assert any(near in finding.hint for finding in caught.value.findings)


def test_every_hostile_tree_is_tried() -> None:
    tried = {tree for _, tree, *_ in (*FOUND, *LOST)}
    elsewhere = {"fields in a struct of their own", "CRLF"}  # see test_editable
    assert set(HOSTILE) - tried <= elsewhere


def test_bytes_that_are_no_utf8_come_through() -> None:
    made = plan(knob(), "vm-capability", HOSTILE["no UTF-8"])
    for path, data in made.files.items():
        if path.endswith(("x86.c", "kvm_host.h", "mmu.c")):
            assert b"Andr\xe9" in data, path


def test_all_sites_that_are_lost_are_said_at_once() -> None:
    def change(files: dict[str, bytes]) -> None:
        HOSTILE["no selects"](files)
        HOSTILE["flag check twice"](files)
        HOSTILE["api.rst without the ioctl"](files)

    with pytest.raises(FindingsError) as caught:
        plan(knob(), "memslot-flag", change)
    assert {finding.site for finding in caught.value.findings} == {
        "kconfig-select",
        "memslot-flag-check",
        "api-memslot-defines",
        "api-memslot-flags",
    }
