# SPDX-License-Identifier: GPL-2.0-only
"""Groups of device attributes, in the ways in which trees tell them apart, or have none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.description.load import Description, parse
from codegen.kinds.attributes import gates
from codegen.kinds.levels import Level
from codegen.plan.plan import Plan
from tests.knobs import KNOBS
from tests.minitree import UAPI, X86, X86_UAPI, Change, Files, edited
from tests.minitree.attributes import VCPU_DOC, apart, attributes, none
from tests.minitree.capabilities import capabilities
from tests.minitree.uapi import ARM64, uapi
from tests.unit import kit

TREE = (uapi, capabilities)
GROUP, NAME = "KVM_X86_GRP_MMU", "KVM_X86_MMU_PAGING"
REFUSES = "\tif (attr->group)\n\t\treturn -ENXIO;\n\n\tswitch"
BLOCK = "\tif (attr->group) {\n\t\tif (tdp_enabled)\n\t\t\treturn -EINVAL;\n\t\treturn -ENXIO;\n\t}\n\n\tswitch"
MAX = {"max": 7, "values": [1, 7]}


def said(small: str, /, **more: Any) -> Description:
    """A description of `knobs/small`, its section changed."""
    data = yaml.safe_load((KNOBS / f"small/{small}.yaml").read_text())
    section = next(each for key, each in data.items() if key.endswith("-attribute"))
    section |= more
    for key in [key for key, value in section.items() if value is None]:
        del section[key]
    if "max" in more:
        data["predicate"] |= {"returns": "u64", "off": "0"}
        code = data["test"]["code"].replace("uint32_t flags", "uint64_t value")
        data["test"]["code"] = code.replace("kvm_valid_regs;", "kvm_valid_regs == value;")
    return parse(yaml.safe_dump(data, sort_keys=False, width=1000).encode(), f"{small}.yaml")


def system(*changes: Change, small: str = "attribute-group", **more: Any) -> Plan:
    return kit.plan(said(small, **more), "system-attribute", *TREE, *changes)


def vcpu(*changes: Change, **more: Any) -> Plan:
    return kit.plan(said("vcpu-attribute", **more), "device-attribute", *TREE, *changes)


def left(made: Plan) -> Change:
    """The tree that a series leaves, without its selftest."""

    def change(files: Files) -> None:
        for patch in made.patches:
            files.update({p: data for p, data in patch.files.items() if p[:6] != "tools/"})

    return change


@pytest.mark.parametrize(
    ("arch", "level", "change", "found"),
    [
        ("x86", "system", attributes, [("__kvm_x86_dev_get_attr", "has get")]),
        (
            "x86",
            "system",
            apart,
            [("kvm_x86_dev_has_attr", "has"), ("kvm_x86_dev_get_attr", "get")],
        ),
        ("x86", "system", none, []),
        ("x86", "vm", attributes, []),
        ("x86", "vcpu", attributes, [("kvm_vcpu_ioctl_device_attr", "has get set")]),
        (
            "arm64",
            "vm",
            attributes,
            [(f"kvm_arm_vm_{op}_attr", op) for op in ("has", "get", "set")],
        ),
    ],
)
def test_who_tells_groups_apart(
    arch: str, level: Level, change: Change, found: list[tuple[str, str]]
) -> None:
    survey = kit.survey(*TREE, change, archs=(arch,))
    seen = [(each.found.extent.name, " ".join(each.asked)) for each in gates(survey, arch, level)]
    assert seen == found


def test_a_switch_without_groups_leaves_them_to_another() -> None:
    passing = """
static int pass_on(struct kvm *kvm, struct kvm_device_attr *attr)
{
	switch (attr->group) {
	default:
		return kvm_arm_vm_set_attr(kvm, attr);
	}
}
"""
    asked = "\t\treturn kvm_arm_vm_set_attr(kvm, &attr);"

    def change(files: Files) -> None:
        attributes(files)
        edited(ARM64, (asked, "\t\treturn pass_on(kvm, &attr);"))(files)
        edited(ARM64, ("\nlong kvm_arch_vm_ioctl(", f"{passing}\nlong kvm_arch_vm_ioctl("))(files)

    survey = kit.survey(*TREE, change, archs=("arm64",))
    assert "kvm_arm_vm_set_attr" in [
        each.found.extent.name for each in gates(survey, "arm64", "vm")
    ]


@pytest.mark.parametrize("change", [attributes, apart, none])
def test_a_first_group_compiles(change: Change, tmp_path: Path) -> None:
    made = system(change)
    assert f"#define {GROUP}" in kit.after(made, X86_UAPI)
    assert kit.complaints(made, tmp_path, *TREE, change) == ""


def test_both_functions_let_the_group_in() -> None:
    after = kit.after(system(apart), X86)
    get, has = after.split("static int kvm_x86_dev_get_attr(")[1].split("kvm_x86_dev_has_attr(")[:2]
    for text in (get, has):
        assert text.index(f"if (attr->group == {GROUP})") < text.index("if (attr->group)\n")
    assert "IS_ERR(uaddr)" in get.split("if (attr->group)\n")[0]


def test_a_group_that_is_refused_in_a_block() -> None:
    made = system(attributes, edited(X86, (REFUSES, BLOCK)))
    assert (
        f"== {GROUP})\n\t\treturn kvm_x86_dev_get_mmu_attr(attr->attr, val);\n\n\tif (attr->group) {{"
        in (kit.after(made, X86))
    )


def test_a_second_attribute_of_a_new_group(tmp_path: Path) -> None:
    first = left(system(attributes))
    made = system(attributes, first, beside=NAME, name=f"{NAME}_2")
    assert f"{NAME}_2 1" in " ".join(kit.after(made, X86_UAPI).split())
    assert kit.complaints(made, tmp_path, *TREE, attributes, first) == ""


def test_a_second_group() -> None:
    first = left(system(attributes))
    made = system(attributes, first, group=f"{GROUP}_2", name=f"{NAME}_2")
    assert f"{GROUP}_2\t\t2" in kit.after(made, X86_UAPI)
    with pytest.raises(NotHere, match="says no attribute `beside`"):
        system(attributes, first, name=f"{NAME}_2")


def test_group_0_needs_no_attribute_beside() -> None:
    made = system(attributes, small="first-attribute")
    assert "#define KVM_X86_PAGING\t\t\t1" in kit.after(made, X86_UAPI)
    assert "KVM_CAP_SYS_ATTRIBUTES" not in kit.after(made, X86)


def test_a_tree_without_the_ioctls() -> None:
    def gone(files: Files) -> None:
        none(files)
        files[UAPI] = files[UAPI].replace(b"#define KVM_GET_DEVICE_ATTR", b"#define KVM_GET_OTHER")

    with pytest.raises(NotHere, match="does not have the ioctls on attributes"):
        system(gone, small="first-attribute")


def test_an_attribute_beside_another_needs_that() -> None:
    with pytest.raises(NotHere, match="/dev/kvm has no attributes in this tree"):
        system(none, beside="KVM_X86_XCOMP_GUEST_SUPP")
    with pytest.raises(NotHere, match="does not have the attribute's group"):
        system(attributes, beside="KVM_X86_XCOMP_GUEST_SUPP")


@pytest.mark.parametrize("more", [{}, MAX, {"condition": None}, {**MAX, "max": None}])
def test_an_attribute_of_a_vcpu_compiles(more: dict[str, Any], tmp_path: Path) -> None:
    made = vcpu(attributes, **more)
    assert kit.complaints(made, tmp_path, *TREE, attributes) == ""
    limit = {1: "val > 1)", 7: "val > 7)"}.get(more.get("max", 1))
    assert ("-EINVAL  The value to set" in kit.after(made, VCPU_DOC)) == bool(limit)
    assert not limit or limit in kit.after(made, X86)


def test_a_group_of_vcpus_in_a_switch_over_groups(tmp_path: Path) -> None:
    gate = "\tif (attr.group != KVM_VCPU_TSC_CTRL)\n\t\treturn -ENXIO;\n"
    switch = "\tswitch (attr.group) {\n\tcase KVM_VCPU_TSC_CTRL:\n\t\tbreak;\n\tdefault:\n\t\treturn -ENXIO;\n\t}\n"
    tree = (attributes, edited(X86, (gate, switch)))
    made = vcpu(*tree)
    assert kit.complaints(made, tmp_path, *TREE, *tree) == ""
    assert "_set_attr(vcpu, &attr);\n\t\t}\n\t\tbreak;\n\tdefault:\n" in kit.after(made, X86)


def test_the_next_group_of_vcpus() -> None:
    old = "#define KVM_VCPU_OLD_CTRL 4\n#define   KVM_VCPU_OLD 0\n\n"
    gate = "\tif (attr.group != KVM_VCPU_TSC_CTRL)"
    one_more = (
        edited(X86, (gate, f"\tif (attr.group == KVM_VCPU_OLD_CTRL)\n\t\treturn 0;\n\n{gate}")),
        edited(X86_UAPI, ("/* attributes for system", f"{old}/* attributes for system")),
    )
    made = vcpu(attributes, *one_more)
    assert f"{old[:-1]}\n/* attributes of vCPUs (group KVM_VCPU_REGS_CTRL) */\n" in (
        kit.after(made, X86_UAPI)
    )
    assert "#define KVM_VCPU_REGS_CTRL 5" in kit.after(made, X86_UAPI)


def test_an_architecture_without_attributes_of_vms() -> None:
    with pytest.raises(NotHere, match="x86 has no KVM_HAS_DEVICE_ATTR of a VM"):
        vcpu(attributes, of="vm")


@pytest.mark.parametrize(
    ("more", "told", "hint"),
    [
        ({"group": "KVM_ONE", "name": "KVM_ONE"}, "have one name", "another name"),
        ({"max": 2**64 - 1, "values": [1]}, "a u64 is never larger", "leave `max` out"),
        ({"max": 7, "values": [1, 7, 1]}, "`1` is given twice", ""),
    ],
)
def test_what_lint_says_of_attributes(more: dict[str, Any], told: str, hint: str) -> None:
    with pytest.raises(FindingsError) as caught:
        said("vcpu-attribute", **more)
    text = "".join(finding.render() for finding in caught.value.findings)
    assert told in text and hint in text


def test_the_numbers_that_places_say_are_told() -> None:
    first = system(attributes)
    second = system(attributes, left(first), beside=NAME, name=f"{NAME}_2")
    group = said("vcpu-attribute").knob.section("device-attribute").group
    # the first attribute of a group is the first one in any tree
    numbers = [(first, GROUP), (second, f"{NAME}_2"), (vcpu(attributes), group)]
    for made, name in numbers:
        assert list(made.named_numbers) == [name]
        defined = re.search(rf"define {name}\s+(\d+)\n", made.files[X86_UAPI].decode())
        assert defined and defined[1] == made.named_numbers[name]
