# SPDX-License-Identifier: GPL-2.0-only
"""Ioctls with a mask, with a number in place of a struct, and of those who do not take them yet."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.description.load import Description, load, parse
from codegen.kernel.survey import Survey
from codegen.sites import named
from tests.golden.test_kinds import KNOBS_FOLDER
from tests.minitree import KVM_MAIN, UAPI, X86, edited
from tests.minitree.clock import clock
from tests.minitree.uapi import uapi
from tests.unit.kit import plan, survey

SHARED = {"name": "KVM_MEMORY_TAG_SHARED", "bit": 2, "means": "one"}

WORD = {"name": "word", "type": "__u32", "goes": "out", "means": "one"}
REST = {**WORD, "name": "words", "rest": True}


def said(name: str, **more: Any) -> Description:
    """One of the small knobs, with other keys in its section; None leaves one out."""
    text = yaml.safe_load((KNOBS_FOLDER / f"{name}.yaml").read_bytes())
    own = {**text["new-ioctl"], **{key.replace("_", "-"): each for key, each in more.items()}}
    section = {key: each for key, each in own.items() if each is not None}
    return parse(yaml.safe_dump({**text, "new-ioctl": section}).encode(), "knob.yaml")


def tags(**more: Any) -> list[dict[str, Any]]:
    """A struct of a mask, with keys of its member changed."""
    return [{"name": "tags", "type": "__u64", "means": "tags", "bits": [SHARED], **more}]


def kinds(value: int = 255, **more: Any) -> list[dict[str, Any]]:
    """A struct of a member that is one of two values, with keys of it changed."""
    values = [
        {"name": f"KVM_TAG_KIND_{number}", "value": each, "means": "one"}
        for number, each in enumerate((1, value))
    ]
    return [{"name": "kind", "type": "__u8", "means": "a kind", "values": values, **more}]


def bytes_(count: int) -> dict[str, Any]:
    """A member of so many bytes."""
    return {"name": f"bytes{count}", "type": "__u8", "count": count, "means": "bytes"}


def failing(call: str) -> list[dict[str, Any]]:
    """The errors of an ioctl: one, with a call that gets it."""
    return [{"error": "EPERM", "when": "it is not allowed", "call": call}]


PLAIN = {"call": "memset(&args, 1, sizeof(args));", "errors": [], "answer": None}
BYTES = {**REST, "type": "__u8"}
LARGE = [{**bytes_(4096), "name": f"large{n}", "goes": "out"} for n in range(4)]


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("number-ioctl", {"struct": "kvm_limit"}, "a struct without members"),
        ("mask-ioctl", {"struct": None}, "members of no struct"),
        ("mask-ioctl", {"argument": "how many"}, "takes a struct or a number"),
        ("number-ioctl", {"command": "_IOR"}, "without a struct is made by _IO"),
        ("number-ioctl", {"call": None}, "`call` is missing"),
        ("number-ioctl", {"returns": None}, "no member is given back"),
        ("mask-ioctl", {"members": tags(type="__u8")}, ""),
        ("mask-ioctl", {"members": tags(type="__u8", bits=[{**SHARED, "bit": 8}])}, "no bit 8"),
        ("mask-ioctl", {"members": tags(bits=[SHARED, dict(SHARED)])}, "given twice"),
        ("mask-ioctl", {"members": tags(goes="out")}, ""),
        ("mask-ioctl", {"members": tags(goes="both")}, "a mask is one number that goes to KVM"),
        ("mask-ioctl", {"members": tags(bits=[{**SHARED, "bit": 31}])}, "cannot tell of KVM_MEM"),
        (
            "mask-ioctl",
            {"members": [*tags(), {**tags(bits=[dict(SHARED)])[0], "name": "more"}]},
            "with the bits of one mask",
        ),
        ("mask-ioctl", {"members": kinds(value=256)}, "a __u8 holds 255 at most"),
        ("mask-ioctl", {"members": kinds(type="__s8", value=128)}, "a __s8 holds 127 at most"),
        ("mask-ioctl", {"members": kinds(value=1)}, "given twice"),
        ("mask-ioctl", {"members": kinds(goes="both")}, "is one number that goes to KVM"),
        ("mask-ioctl", {"members": kinds(bits=[SHARED])}, "a mask has bits"),
        ("sized-ioctl", {"size": None}, "a rest without one"),
        ("number-ioctl", {"size": "8"}, "a size of nothing"),
        ("sized-ioctl", {"check_extension": None}, "nothing tells how large struct kvm_state is"),
        ("sized-ioctl", {"members": [REST, WORD]}, "stands behind all else"),
        ("sized-ioctl", {"members": [{**WORD, "goes": "in"}, REST]}, "KVM only fills a struct"),
        ("mask-ioctl", {"condition": ["tdp_enabled"]}, "says that already"),
        ("number-ioctl", {"does": "kvm_set(kvm, args)"}, "no struct that would be `args`"),
        ("number-ioctl", {"call": "args.most = 1;"}, "no struct that would be `args`"),
        ("number-ioctl", {"setup": "set(&args);"}, "no struct that would be `args`"),
        ("number-ioctl", {"setup": "int args[] = {};\n\nset(args);"}, ""),
        ("number-ioctl", {"does": "kvm->arch.args + arg"}, ""),
        ("number-ioctl", {"errors": failing("args.most = 0;")}, "no struct that would be `args`"),
        ("plain-ioctl", {"does": "kvm_drop_caches(arg)"}, "nothing says what `arg` is"),
        ("plain-ioctl", {"errors": failing("arg = 1;")}, "nothing says what `arg` is"),
        ("mask-ioctl", {"does": "kvm_set_tags(kvm, arg)"}, "no number `arg`"),
        ("vm-ioctl", {"members": [bytes_(1024)], **PLAIN}, ""),
        ("vm-ioctl", {"members": [bytes_(1025)], **PLAIN}, "1025 bytes, and it is copied to the"),
        ("sized-ioctl", {"members": [{**bytes_(4096), "goes": "out"}, BYTES]}, ""),
        ("sized-ioctl", {"members": [*LARGE, BYTES]}, "16384 bytes, and an ioctl's number 14 bits"),
        (
            "number-ioctl",
            {"also": [{"name": "KVM_LIMIT_LEAFS", "lets": "read it", "does": "0"}]},
            "is given twice",
        ),
    ],
)
def test_what_is_no_ioctl(name: str, more: dict[str, Any], told: str) -> None:
    if not told:
        said(name, **more)
        return
    with pytest.raises(FindingsError, match=told):
        said(name, **more)


def handler(made: Any, path: str, name: str) -> str:
    text: str = made.files[path].decode()
    at = text.index(f"static int {name}(")
    return text[at : text.index("\n}\n", at)]


def test_a_number_is_made_as_linux_makes_it() -> None:
    made = plan(said("mask-ioctl", command="_IOR"), "new-ioctl", uapi)
    assert b"KVM_SET_TAGS\t_IOR(KVMIO, " in made.files[UAPI]


def test_a_mask_without_an_answer_is_that_of_its_bits() -> None:
    made = plan(said("mask-ioctl", check_extension=None), "new-ioctl", uapi)
    test = "args.tags & ~(KVM_MEMORY_TAG_SHARED | KVM_MEMORY_TAG_COLD)"
    assert test in handler(made, X86, "kvm_vm_ioctl_set_tags")
    assert b"\tcase KVM_CAP_TAGS:\n\t\tr = 1;" in made.files[X86]


def test_a_member_that_is_one_of_some_values_is_no_other() -> None:
    word = {"type": "__u64", "means": "a part of the range"}
    members = [{**word, "name": "gpa"}, {**word, "name": "size"}, *kinds(type="__u64")]
    fill = "args.size = 4096;\nargs.kind = KVM_TAG_KIND_1;"
    made = plan(said("vm-ioctl", members=members, call=fill), "new-ioctl", uapi)
    header = made.files[UAPI].decode()
    assert "#define KVM_TAG_KIND_0\t1\n#define KVM_TAG_KIND_1\t255\n" in header
    test = "if (args.kind != KVM_TAG_KIND_0 && args.kind != KVM_TAG_KIND_1)"
    assert test in " ".join(handler(made, X86, "kvm_vm_ioctl_drop_leafs").split())
    document = made.files["Documentation/virt/kvm/api.rst"].decode()
    assert "``kind`` has a value that KVM does not know" in document
    assert "The values of ``kind`` are:\n\n- KVM_TAG_KIND_0: one\n" in document
    (selftest,) = (text.decode() for path, text in made.files.items() if path.endswith("_test.c"))
    others = "const __u64 others[] = { 0, 2, 254, 256, 18446744073709551615ull };"
    assert others in " ".join(selftest.split())


def test_what_the_capability_answers_is_asked_of_the_vm_of_a_vcpu() -> None:
    made = plan(
        said("mask-ioctl", of="vcpu", config="HAVE_KVM_TAGS", does="kvm_set_tags(NULL, &args)"),
        "new-ioctl",
        uapi,
        edited(KVM_MAIN, ("#include <linux/kvm_host.h>", '#include "../../arch/x86/kvm/x86.h"')),
    )
    text = handler(made, KVM_MAIN, "kvm_vcpu_ioctl_set_tags")
    assert "args.tags & ~kvm_supported_tags(vcpu->kvm)" in text
    assert "return kvm_supported_tags(kvm);" in made.files[KVM_MAIN].decode()


def test_who_gives_a_number_refuses_what_has_no_meaning() -> None:
    number = handler(
        plan(load(KNOBS_FOLDER / "number-ioctl.yaml"), "new-ioctl", uapi),
        KVM_MAIN,
        "kvm_vm_ioctl_limit_leafs",
    )
    assert "if (arg != (u32)arg)\n\t\treturn -EINVAL;" in number
    nothing = handler(
        plan(load(KNOBS_FOLDER / "plain-ioctl.yaml"), "new-ioctl", uapi),
        KVM_MAIN,
        "kvm_dev_ioctl_drop_caches",
    )
    assert "(unsigned long arg)" in nothing and "if (arg)\n\t\treturn -EINVAL;" in nothing


def test_a_struct_that_there_is_is_not_defined_again() -> None:
    there = edited(
        UAPI, ("#define KVMIO", "struct kvm_state { __u32 version, words[]; };\n\n#define KVMIO")
    )
    made = plan(said("sized-ioctl", new_struct=False), "new-ioctl", uapi, there)
    assert made.files[UAPI].count(b"struct kvm_state {") == 1
    assert b"_IOR(KVMIO, 0xa4, struct kvm_state)" in made.files[UAPI]


FURTHER = KNOBS_FOLDER / "further-level.yaml"


def test_an_ioctl_that_there_is_keeps_its_number() -> None:
    made = plan(load(FURTHER), "new-ioctl", uapi, clock)
    assert list(made.numbers) == ["capability"]
    assert "return -EINVAL" not in handler(made, X86, "kvm_vm_ioctl_set_clock_khz")


def test_an_ioctl_that_there_is_has_to_be_there() -> None:
    with pytest.raises(NotHere, match="does not have the ioctl KVM_SET_CLOCK_KHZ"):
        plan(load(FURTHER), "new-ioctl", uapi)


@pytest.mark.parametrize(
    ("path", "above"),
    [
        (X86, "\tcase KVM_GET_TSC_KHZ:\n\t\tswitch"),
        (KVM_MAIN, "\tcase KVM_SET_USER_MEMORY_REGION:\n\tcase"),
    ],
)
@pytest.mark.parametrize("name", ["KVM_SET_CLOCK_KHZ", "KVM_GET_CLOCK_KHZ"])
def test_who_takes_it_already_does_not_get_it_again(path: str, above: str, name: str) -> None:
    case = edited(path, (above, f"\tcase {name}:\n\t\tr = 0;\n\t\tbreak;\n{above}"))
    with pytest.raises(NotHere, match=f"{name} is there already for VMs"):
        plan(load(FURTHER), "new-ioctl", uapi, clock, case)


STRUCT = {"struct": "kvm_clock", "members": [WORD], "argument": None, "does": "0"}
STRUCT |= {"call": "args.word = 1;", "also": []}


@pytest.mark.parametrize(
    ("ioctl", "macro", "more", "told", "key"),
    [
        ("SET", "_IOW(KVMIO, 0xa4, struct kvm_clock)", {}, "takes struct kvm_clock", "argument: "),
        ("GET", "_IOR(KVMIO, 0xa5, struct kvm_clock)", {}, "takes struct kvm_clock", "name: "),
        ("SET", "_IO(KVMIO, 0xa4)", STRUCT, "takes no struct in this", "struct: "),
        ("SET", "_IOR(KVMIO, 0xa4, struct kvm_time)", STRUCT, "takes struct kvm_time", "struct: "),
    ],
)
def test_an_ioctl_that_there_is_keeps_its_struct(
    ioctl: str, macro: str, more: dict[str, Any], told: str, key: str
) -> None:
    number = "0xa4" if ioctl == "SET" else "0xa5"
    name = f"KVM_{ioctl}_CLOCK_KHZ"
    there = edited(UAPI, (f"{name} _IO(KVMIO, {number})", f"{name} {macro}"))
    with pytest.raises(FindingsError, match=f"{name} {told}") as caught:
        plan(said("further-level", **more), "new-ioctl", uapi, clock, there)
    (finding,) = caught.value.findings
    assert finding.source.strip().startswith(key) and finding.hint


def test_a_new_member_is_the_last_that_no_condition_is_around() -> None:
    place = named.new_member_of(survey(), "mechanism", "kvm_arch")
    assert place.path == "arch/x86/include/asm/kvm_host.h"
    assert "has_private_mem" in place.how
    with pytest.raises(FindingsError, match="a member of struct kvm_nowhere"):
        named.new_member_of(survey(), "mechanism", "kvm_nowhere")
    both = Survey(survey().tree, ("arm64", "x86"))
    with pytest.raises(FindingsError, match="struct kvm_arch"):
        named.new_member_of(both, "mechanism", "kvm_arch")


def test_a_struct_of_userspace_gets_no_member() -> None:
    with pytest.raises(FindingsError, match="struct kvm_enable_cap is shared with userspace"):
        named.new_member_of(survey(), "mechanism", "kvm_enable_cap")


@pytest.mark.parametrize("put", ["struct {\n\tu32 a;\n};", "u32 a", "/* u32 a; */", "u32 a; // b"])
def test_a_new_member_is_one(put: str) -> None:
    text = yaml.safe_load(FURTHER.read_bytes())
    (way,) = text["mechanism"]["alternatives"]
    way["edits"][0]["put"] = put
    data = yaml.safe_dump(text).encode()
    if put.startswith("u32 a;"):
        parse(data, "knob.yaml")
        return
    with pytest.raises(FindingsError, match="that is no member of a struct"):
        parse(data, "knob.yaml")
