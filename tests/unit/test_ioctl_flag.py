# SPDX-License-Identifier: GPL-2.0-only
"""A further flag of an ioctl, in the ways in which trees take, refuse and tell of its flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.kinds.ioctl_flag.documents import flag_row, one_of_several
from codegen.plan.plan import Plan
from tests.minitree import API, KVM_MAIN, UAPI, Change, Files, checked, edited, minitree
from tests.minitree.memfd import GUEST_MEMFD, MASK, MEMFD_TEST, REFUSES, memfd
from tests.minitree.uapi import uapi
from tests.unit import kit

FLAG = "GUEST_MEMFD_FLAG_KEEP"
MMAP, SHARED = "GUEST_MEMFD_FLAG_MMAP", "GUEST_MEMFD_FLAG_INIT_SHARED"
PREDICATE = {
    "name": "kvm_gmem_keeps_memory",
    "args": "const struct kvm_gmem *gmem",
    "before": ["kvm_gmem_punch_hole"],
}
EDIT = {
    "in": "kvm_gmem_punch_hole",
    "before": "gmem->size -= size;",
    "put": "if (kvm_gmem_keeps_memory(gmem))\n\treturn -EPERM;\n",
}
CAPABILITY = "KVM_CAP_GUEST_MEMFD_FLAGS"
DEFINES = f"#define {MMAP}\t\t(1ULL << 0)\n#define {SHARED}\t(1ULL << 2)\n"
CREATE = "int kvm_gmem_create("
ADDED = f"""\
static u64 supported(struct kvm *kvm)
{{
	u64 r = {MMAP};

	if (!kvm || kvm_arch_has_private_mem(kvm))
		r |= {SHARED};

	return r;
}}

"""
BRANCH = f"""\
static inline u64 supported(struct kvm *kvm)
{{
	if (!kvm || kvm_arch_has_private_mem(kvm))
		return {MMAP};

	return 0;
}}

"""
TURNED = f"""\
static inline u64 supported(struct kvm *kvm)
{{
	if (kvm && !kvm_arch_has_private_mem(kvm))
		return 0;

	return {MMAP};
}}

"""
KNOWN = f"""\
static bool known(struct kvm *kvm, u64 given)
{{
	u64 valid_flags = {MMAP};

	return !(given & ~valid_flags);
}}

"""


def asked(above: str, test: str) -> tuple[Change, ...]:
    """The ioctl has a function compare its flags."""
    change = edited(
        GUEST_MEMFD,
        (REFUSES, f"\tif ({test})\n\t\treturn -EINVAL;\n"),
        (MASK, ""),
        (CREATE, f"{above}{CREATE}"),
    )
    return (uapi, memfd, flags, change)


def flags(files: Files) -> None:
    """Two flags, with a hole between them."""
    edited(
        UAPI, ("struct kvm_create_guest_memfd {", f"{DEFINES}\nstruct kvm_create_guest_memfd {{")
    )(files)


def takes(mask: str, *, above: str = "", local: str = "", some: bool = True) -> tuple[Change, ...]:
    """The ioctl compares its flags with a mask."""
    test = (
        REFUSES.replace("~valid_flags", f"~{mask}")
        if mask
        else "\tif (args->flags != 0)\n\t\treturn -EINVAL;\n"
    )
    change = edited(
        GUEST_MEMFD,
        (REFUSES, test),
        (MASK, local),
        (CREATE, f"{above}{CREATE}"),
    )
    return (uapi, memfd, *((flags,) if some else ()), change)


SHAPES = {
    "none": takes("", some=False),
    "local": takes("valid_flags", local=MASK, some=False),
    "begun": takes("valid_flags", local=f"\tu64 valid_flags = {MMAP} | {SHARED};\n"),
    "there": takes(f"({MMAP} | {SHARED})"),
    "macro": takes("VALID", above=f"#define VALID\t({MMAP})\n\n"),
    "added": takes("supported(kvm)", above=ADDED),
    "branch": takes("supported(kvm)", above=BRANCH),
    "turned": takes("supported(kvm)", above=TURNED),
    "known": asked(KNOWN, "!known(kvm, args->flags)"),
    "unknown": asked(
        KNOWN.replace("!(", "(").replace(");", ") != 0;", 1), "known(kvm, args->flags)"
    ),
}
MORE: dict[str, dict[str, Any]] = {
    "plain": {},
    "condition": {"condition": ["kvm->created_vcpus < 8"]},
    "excludes": {"excludes": MMAP, "condition": ["kvm_arch_has_private_mem(kvm)"]},
}


def plan(shape: str, *changes: Change, **more: Any) -> Plan:
    section = {
        "why": "It fits.",
        "ioctl": "KVM_CREATE_GUEST_MEMFD",
        "family": "GUEST_MEMFD_FLAG_",
        "flag": FLAG,
        "capability": CAPABILITY,
        "beside": "KVM_CAP_GUEST_MEMFD",
        "mask": True,
        "state": ["gmem->flags"],
        "call": "args.size = 4096;\n",
        **more,
    }
    mechanism = {**kit.BASE["mechanism"], "alternatives": [{"tree": "any", "edits": [EDIT]}]}
    knob = kit.knob("ioctl-flag", section, predicate=PREDICATE, mechanism=mechanism)
    return kit.plan(knob, "ioctl-flag", *SHAPES[shape], *changes)


def code(shape: str, *changes: Change, **more: Any) -> str:
    return plan(shape, *changes, **more).files[GUEST_MEMFD].decode()


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_compiles(shape: str, more: str, tmp_path: Path) -> None:
    if more == "excludes" and shape in ("none", "local"):
        with pytest.raises(FindingsError, match=MMAP):
            plan(shape, **MORE[more])
        return
    made = plan(shape, **MORE[more])
    files = {**minitree(*SHAPES[shape]), **made.files}
    test = next(path for path in made.files if path.endswith("small_maps_test.c"))
    assert not checked(files, tmp_path, [GUEST_MEMFD, KVM_MAIN, MEMFD_TEST, test])
    number = 0 if shape in ("none", "local") else 3
    assert f"#define {FLAG}\t{'' if not number else chr(9)}(1ULL << {number})" in kit.after(
        made, UAPI
    )


def test_where_all_is_refused_the_flag_is_let_through() -> None:
    assert f"if (args->flags & ~{FLAG})\n" in code("none")
    made = code("none", condition=["kvm->created_vcpus < 8"])
    wanted = f"if ((args->flags & {FLAG}) && !(kvm->created_vcpus < 8))\n\t\treturn -EINVAL;\n"
    assert wanted in made


def test_a_local_mask_begins_with_it_or_adds_it() -> None:
    assert f"\tu64 valid_flags = {FLAG};\n" in code("local")
    made = code("local", condition=["kvm->created_vcpus < 8"])
    assert f"\tif (kvm->created_vcpus < 8)\n\t\tvalid_flags |= {FLAG};\n\n\tif (flags &" in made
    assert f"= {MMAP} | {SHARED} |\n" in code("begun")


def test_a_union_has_it_and_a_condition_behind() -> None:
    made = " ".join(code("macro", condition=["kvm->created_vcpus < 8"]).split())
    assert f"#define VALID ({MMAP} | {FLAG})" in made
    assert f"if ((flags & {FLAG}) && !(kvm->created_vcpus < 8)) return -EINVAL;" in made


def test_a_function_that_adds_up_has_it() -> None:
    assert f"\tu64 r = {MMAP} | {FLAG};\n" in code("added")
    made = code("added", condition=["kvm->created_vcpus < 8"])
    assert f"\n\tif (!kvm || kvm->created_vcpus < 8)\n\t\tr |= {FLAG};\n\n\treturn r;\n" in made


def test_a_function_that_returns_them_adds_them_up() -> None:
    made = code("branch", condition=["kvm->created_vcpus < 8"])
    assert (
        f"\tu64 flags = 0;\n\n\tif (!kvm || kvm_arch_has_private_mem(kvm))\n\t\tflags |= {MMAP};\n\n"
        in made
    )
    assert (
        f"\tif (!kvm || kvm->created_vcpus < 8)\n\t\tflags |= {FLAG};\n\n\treturn flags;\n" in made
    )
    same = code("branch", condition=["kvm_arch_has_private_mem(kvm)"])
    assert f"\t\treturn {MMAP} | {FLAG};\n\n\treturn 0;\n" in same


def test_so_does_one_that_returns_nothing_first() -> None:
    made = code("turned", condition=["kvm->created_vcpus < 8"])
    assert f"\tif (!(kvm && !kvm_arch_has_private_mem(kvm)))\n\t\tflags |= {MMAP};\n\n" in made
    assert (
        f"\tif (!kvm || kvm->created_vcpus < 8)\n\t\tflags |= {FLAG};\n\n\treturn flags;\n" in made
    )
    same = code("turned", condition=["kvm_arch_has_private_mem(kvm)"])
    assert f"\t\treturn 0;\n\n\treturn {MMAP} | {FLAG};\n" in same


@pytest.mark.parametrize("shape", ["known", "unknown"])
def test_a_function_that_is_asked_about_them_has_the_mask(shape: str) -> None:
    made = code(shape)
    assert f"\tu64 valid_flags = {MMAP} | {FLAG};\n" in made
    some = code(shape, condition=["kvm->created_vcpus < 8"])
    assert f"\tif (kvm->created_vcpus < 8)\n\t\tvalid_flags |= {FLAG};\n\n\treturn " in some
    beside = code(shape, excludes=MMAP)
    refuses = f"if ((args->flags & {FLAG}) && (args->flags & {MMAP})) return -EINVAL;"
    assert refuses in " ".join(beside.split("int kvm_gmem_create(")[1].split())


def answers(value: str) -> tuple[Change, ...]:
    """The capability is there, and answers with a mask."""
    case = "\tcase KVM_CAP_GUEST_MEMFD:\n"
    return (
        edited(UAPI, ("#define KVMIO", f"#define {CAPABILITY} 236\n#define KVMIO")),
        edited(KVM_MAIN, (case, f"\tcase {CAPABILITY}:\n\t\treturn {value};\n{case}")),
    )


def test_a_capability_that_is_there_answers_the_same_mask() -> None:
    """Where it does not, its own one has the flag as well; where it has none, that is said."""
    assert KVM_MAIN not in plan("macro", *answers("VALID")).files
    own = plan("macro", *answers(MMAP))
    assert f"return {MMAP} | {FLAG};" in kit.after(own, KVM_MAIN)
    assert list(own.numbers) == ["flag"]
    more = kit.after(plan("macro", *answers(f"{MMAP} | {SHARED}")), KVM_MAIN)
    assert f"return {MMAP} | {SHARED} |\n" in more
    with pytest.raises(FindingsError, match=f"answers for {CAPABILITY}"):
        plan("macro", *answers("7"))


@pytest.mark.parametrize("value", [MMAP, "VALID"])
def test_an_answer_that_knows_no_condition_is_refused(value: str) -> None:
    """Userspace would be told of a flag that is refused then."""
    more = {"condition": ["kvm->created_vcpus < 8"]}
    with pytest.raises(FindingsError, match="a place for `kvm->created_vcpus < 8` in what"):
        plan("macro", *answers(value), **more)
    assert KVM_MAIN not in plan("added", *answers("supported(kvm)"), **more).files


def test_information_stands_in_the_list_beside_the_ioctls() -> None:
    listed = plan("macro", mask=False, beside="KVM_CAP_USER_MEMORY")
    assert f"\tcase KVM_CAP_USER_MEMORY:\n\tcase {CAPABILITY}:\n" in kit.after(listed, KVM_MAIN)
    masked = kit.after(plan("macro", beside="KVM_CAP_USER_MEMORY"), KVM_MAIN)
    assert f"\t\treturn 1;\n\tcase {CAPABILITY}:\n\t\treturn {FLAG};\n" in masked
    own = plan("macro", mask=False)
    assert f"\tcase {CAPABILITY}:\n\t\treturn 1;\n\tdefault:" in kit.after(own, KVM_MAIN)


def test_a_condition_is_shared_with_the_capability_beside() -> None:
    case = "\tcase KVM_CAP_GUEST_MEMFD:\n"
    same = edited(KVM_MAIN, (case, f"{case}\t\treturn kvm_arch_has_private_mem(kvm);\n"))
    more = {"mask": False, "condition": ["kvm_arch_has_private_mem(kvm)"]}
    made = kit.after(plan("macro", same, **more), KVM_MAIN)
    assert f"{case}\t\treturn kvm_arch_has" in made  # it is asked without a VM as well
    other = edited(KVM_MAIN, (case, f"{case}\t\treturn kvm && kvm_arch_has_private_mem(kvm);\n"))
    made = kit.after(plan("macro", other, **more), KVM_MAIN)
    assert f"\tcase {CAPABILITY}:\n" in made


def test_a_test_of_all_flags_is_told() -> None:
    assert f"if (flag == {FLAG} &&" in kit.after(plan("macro"), MEMFD_TEST)
    asks = edited(MEMFD_TEST, ("int fd;", f"int fd = kvm_check_cap({CAPABILITY});"))
    assert MEMFD_TEST not in plan("macro", asks).files


COUNTED = """\
void expect_unknown(struct kvm_vm *vm)
{
	struct kvm_create_guest_memfd args = {};
	int i;

	for (i = 0; i < 64; i++) {
		args.flags = BIT_ULL(i);
		TEST_ASSERT(ioctl(vm->fd, KVM_CREATE_GUEST_MEMFD, &args) < 0 && errno == EINVAL, "?");
	}
}
"""


def test_a_test_that_counts_bits_is_told() -> None:
    def counts(text: str) -> Change:
        def change(files: Files) -> None:
            files[MEMFD_TEST] += text.encode()

        return change

    made = kit.after(plan("macro", counts(COUNTED)), MEMFD_TEST)
    assert f"i++) {{\n\t\tif (BIT_ULL(i) == {FLAG} &&\n" in made
    for other in (
        COUNTED.replace("args.flags", "args.size"),
        COUNTED.replace("BIT_ULL(i)", "0"),
        COUNTED.replace("EINVAL", "ENOENT"),
    ):
        made = kit.after(plan("macro", counts(other)), MEMFD_TEST)
        assert "if (BIT_ULL(i) ==" not in made


def test_the_documentation_lists_it() -> None:
    table = f"  ===== ====\n  {MMAP} Maps.\n  ===== ====\n".replace("=====", "=" * len(MMAP))
    no = "No flags are defined yet, the field must be zero.\n"
    tabled = kit.after(plan("macro", edited(API, (no, table))), API)
    assert f"  {FLAG} Permit\n" in tabled
    listed = kit.after(plan("macro", edited(API, (no, f"  #define {MMAP} (1ULL << 0)\n"))), API)
    assert f"  #define {FLAG} (1ULL << 3)\n" in listed
    assert no not in kit.after(plan("macro"), API)


def test_a_capability_that_lists_the_flags_lists_it_as_well() -> None:
    title = f"8.0 {CAPABILITY}\n{'-' * 29}\n\n"
    section = f"{title}  #define {MMAP}  (1ULL << 0)\n\nOne of them maps.\n\n"
    above = "8.1 KVM_CAP_PPC_HWRNG\n"
    told = (*answers(MMAP), edited(API, (above, f"{section}{above}")))
    made = kit.after(plan("macro", *told), API)
    assert f"<< 0)\n  #define {FLAG}  (1ULL << 3)\n\nOne of them maps.\n\nThe {FLAG} flag" in made


def test_sentences_that_are_no_longer_so() -> None:
    said = f"All are told.  The only flag defined at this\ntime is {MMAP}, which maps.\n"
    assert one_of_several(said, "flags") == f"All are told.  {MMAP} maps.\n"
    assert one_of_several("Other.\n", "flags") == "Other.\n"
    bits = "Bits of ``flags`` that are not documented must be 0."
    for said in (
        "No flags are specified so far, the\ncorresponding field must be set to zero.",
        "No flags are supported.",
        "`flags` must currently be zero.",
        "flags is not used and must be 0.",
        "The \"flags\" field is reserved for\nfuture extensions and must be '0'.",
        "``flags`` must be 0.",
    ):
        assert one_of_several(f"So it is.  {said}\n", "flags") == f"So it is.  {bits}\n"
    no_other = "No other flags are currently valid in the struct kvm_create_guest_memfd.\n"
    assert one_of_several(no_other, "flags") == bits.replace("documented", "named here") + "\n"
    others = "``flags``, ``a`` and ``b`` must be 0.\n"
    made = one_of_several(others, "flags")
    assert made.split() == f"``a`` and ``b`` must be 0.  {bits}".split()
    assert one_of_several(others, "mask") == others
    assert flag_row("  no table\n", FLAG, "It.") == "  no table\n"


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(NotHere, match="does not have the ioctl KVM_CREATE_GUEST_DISK"):
        plan("macro", ioctl="KVM_CREATE_GUEST_DISK")
    with pytest.raises(NotHere, match=f"{MMAP} is there already"):
        plan("macro", flag=MMAP)
    with pytest.raises(NotHere, match="does not begin with `family`"):
        plan("macro", flag="KVM_KEEP")
    with pytest.raises(NotHere, match="no capability is said `beside`"):
        plan("macro", beside=None)
    with pytest.raises(
        NotHere, match="KVM_CAP_USER_MEMORY, which shall tell of the flag, is there"
    ):
        plan("macro", capability="KVM_CAP_USER_MEMORY", mask=False)


def test_what_takes_any_bit_is_refused() -> None:
    takes_all = edited(GUEST_MEMFD, ("\tif (flags & ~VALID)\n\t\treturn -EINVAL;\n", ""))
    with pytest.raises(FindingsError, match="refuses unknown bits of `flags` of struct"):
        plan("macro", takes_all)
    twice = edited(
        GUEST_MEMFD, ("\tif (!size)", "\tif (flags & ~VALID)\n\t\treturn -E2BIG;\n\tif (!size)")
    )
    with pytest.raises(FindingsError, match="found 2 times"):
        plan("macro", twice)


def test_limits_are_sentences_of_their_own() -> None:
    more = {**MORE["excludes"], "condition-why": "It is so."}
    made = " ".join(" ".join(patch.message for patch in plan("there", **more).patches).split())
    assert f"(kvm). It is so. Refuse it beside {MMAP}. " in made


def test_a_flag_is_added_before_what_takes_all_of_them() -> None:
    dead = "\tif (kvm && kvm->created_vcpus > 8)\n\t\tr = 0;\n\n\treturn r;\n"
    change = edited(GUEST_MEMFD, ("\treturn r;\n", dead))
    made = code("added", change, condition=["kvm->created_vcpus < 8"])
    assert made.index(f"r |= {FLAG};") < made.index("\t\tr = 0;")


def test_what_narrows_the_flags_has_to_name_them() -> None:
    change = edited(GUEST_MEMFD, ("\treturn r;\n", "\tr &= GENMASK(2, 0);\n\n\treturn r;\n"))
    with pytest.raises(FindingsError, match="what supported.. narrows r to, .* not found"):
        code("added", change, condition=["kvm->created_vcpus < 8"])
