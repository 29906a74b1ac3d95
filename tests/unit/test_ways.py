# SPDX-License-Identifier: GPL-2.0-only
"""Whether KVM_RUN comes to a function, told by names: small sources, each with one way or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.architectures import chosen
from codegen.c.pieces import pieces
from codegen.compare.contender import Contender
from codegen.compare.kernel import section
from codegen.compare.reach import Reach, asking, reach
from codegen.kernel.ways import CallGraph, Way, call_graph
from codegen.tree import resolve
from codegen.tree.locate import Folder, TreeLocation
from tests.minitree import KVM_MAIN, MMU, added, edited, minitree, written
from tests.unit.kit import committed, tree
from tests.unit.test_compare_page import contender, figure, known

X86 = chosen(None, ["x86"])
RUN = "int kvm_arch_vcpu_ioctl_run(struct kvm_vcpu *vcpu)\n{\n\t%s\n}\n"
OPS = """
#define KVM_RUN _IO(KVMIO, 0x80)
#define KVM_SET _IOW(KVMIO, 0x46, struct set)
#define KVM_PUT _IOW(KVMIO, 0x47, struct set)
#define kvm_x86_call(func) static_call(kvm_x86_##func)
#define vt_op(name) vt_##name
struct kvm_x86_ops {
	int (*handle_exit)(struct kvm_vcpu *vcpu);
	void (*release)(struct kvm *kvm);
};
"""
TARGET = "int target(struct kvm_vcpu *vcpu)\n{\n\treturn 0;\n}\n"


def way(*texts: str, to: str = "target") -> Way | None:
    """From KVM_RUN, in files that each hold a text."""
    return graph(*texts).ways(to).run


def graph(*texts: str) -> CallGraph:
    """That of a header with an ops struct, and of files that each hold a text."""
    files = [pieces(f"virt/kvm/{at}.c", text.encode()) for at, text in enumerate((TARGET, *texts))]
    return CallGraph([pieces("include/linux/kvm_host.h", OPS.encode()), *files])


def test_the_shortest_way_is_told() -> None:
    longer = "static void b(void)\n{\n\tc();\n}\nstatic void c(void)\n{\n\ttarget(0);\n}\n"
    made = way(RUN % "b();\n\treturn a();", longer, "int a(void)\n{\n\treturn target(0);\n}\n")
    assert str(made) == "kvm_arch_vcpu_ioctl_run → a → target"


def test_a_way_goes_through_macros_tables_and_functions_that_are_handed_on() -> None:
    macro = "#define ask(x) target(x)\n"
    assert str(way(macro + RUN % "return ask(vcpu);")) == "kvm_arch_vcpu_ioctl_run → ask → target"
    table = "static int (*handlers[])(struct kvm_vcpu *) = {\n\t[3] = target,\n};\n"
    assert str(way(table + RUN % "return handlers[3](vcpu);")).endswith("→ handlers → target")
    assert way(RUN % "return later(vcpu, target);")


@pytest.mark.parametrize(
    ("call", "put"),
    [
        ("kvm_x86_ops.handle_exit(vcpu);", ".handle_exit = target,"),
        ("vcpu->ops->handle_exit(vcpu);", ".handle_exit = target"),
        ("static_call(kvm_x86_handle_exit)(vcpu);", ".handle_exit = &target,"),
        ("kvm_x86_call(handle_exit)(vcpu);", ".handle_exit = target,"),
    ],
)
def test_a_call_by_a_member_leads_to_what_is_put_there(call: str, put: str) -> None:
    ops = f"static struct kvm_x86_ops ops = {{\n\t{put}\n}};\n"
    assert str(way(RUN % call, ops)) == "kvm_arch_vcpu_ioctl_run → .handle_exit → target"


def test_a_member_may_be_put_by_a_macro_or_an_assignment() -> None:
    call = RUN % "kvm_x86_call(handle_exit)(vcpu);"
    pasted = "int vt_handle_exit(void)\n{\n\ttarget(0);\n}\n"
    ops = "struct kvm_x86_ops ops = {\n\t.handle_exit = vt_op(handle_exit),\n};\n"
    assert str(way(call, ops, pasted)).endswith("→ .handle_exit → vt_handle_exit → target")
    assert way(call, "void set(struct kvm_x86_ops *o)\n{\n\to->handle_exit = target;\n}\n")


def test_to_put_a_function_somewhere_is_not_to_call_it() -> None:
    assert way(RUN % "vcpu->ops->handle_exit = target;") is None
    table = "struct kvm_x86_ops ops = {\n\t.handle_exit = target,\n};\n"
    assert way(table + RUN % "register(&ops);") is None


def test_a_struct_of_others_leads_nowhere() -> None:
    fops = "static struct file_operations fops = {\n\t.release = target,\n};\n"
    assert way(RUN % "vcpu->ops->release(vcpu->kvm);", fops) is None
    ops = "static struct kvm_x86_ops fops = {\n\t.release = target,\n};\n"
    assert way(RUN % "vcpu->ops->release(vcpu->kvm);", ops)


def test_a_member_that_is_not_called_leads_nowhere() -> None:
    ops = "static struct kvm_x86_ops ops = {\n\t.release = target,\n};\n"
    assert way(RUN % "vcpu->release = 1;", ops) is None
    assert way(RUN % "vcpu->target = 1;") is None


def test_a_member_of_several_structs_makes_a_way_doubtful() -> None:
    other = "struct kvm_device_ops {\n\tvoid (*release)(struct kvm_device *dev);\n};\n"
    ops = "static struct kvm_device_ops ops = {\n\t.release = target,\n};\n"
    made = way(RUN % "vcpu->ops->release(vcpu->kvm);", other + ops)
    assert made and made.doubtful == "release"
    sure = way(RUN % "vcpu->ops->release(vcpu->kvm);\n\ta();", other + ops, "void a(void)\n{\n"
               "\tb();\n}\nvoid b(void)\n{\n\ttarget(0);\n}\n")  # fmt: skip
    assert sure and not sure.doubtful and len(sure.names) == 4


def test_a_file_calls_its_own_function_of_a_name_that_others_have() -> None:
    own = "static int a(void)\n{\n\treturn target(0);\n}\n"
    assert way(RUN % "return a();", own) is None  # static in another file
    assert way(RUN % "return a();", own.removeprefix("static "))
    here = "static int a(void)\n{\n\treturn 0;\n}\n" + RUN % "return a();"
    assert way(here, own.removeprefix("static ")) is None


def test_what_stands_in_comments_and_directives_is_no_call() -> None:
    assert way(RUN % "/* target() */ return 0; // target()") is None


def test_what_may_sleep_on_the_way_is_named() -> None:
    lock = "int slow(void)\n{\n\tmutex_lock(&kvm->slots_lock);\n\treturn target(0);\n}\n"
    made = way(RUN % "return slow();", lock)
    assert made and made.waits == "slow"
    around = "int a(void)\n{\n\treturn b();\n}\nint b(void)\n{\n\treturn target(0);\n}\n"
    made = way(RUN % "slow();\n\treturn a();", lock, around)
    assert made and not made.waits and made.names[1:3] == ("a", "b")


@pytest.mark.parametrize(
    ("does", "waits"),
    [
        ("guard(mutex)(&kvm->lock);", True),
        ("down_read(&kvm->arch.lock);", True),
        ("synchronize_srcu_expedited(&kvm->srcu);", True),
        ("down_read_trylock(&kvm->arch.lock);", False),
        ("mutex_trylock(&kvm->lock);", False),
        ("lockdep_assert_held(&kvm->slots_lock); read_lock(&kvm->mmu_lock);", False),
    ],
)
def test_what_may_sleep_is_known_by_what_it_calls(does: str, waits: bool) -> None:
    made = way(RUN % "return slow();", f"int slow(void)\n{{\n\t{does}\n\ttarget(0);\n}}\n")
    assert made and bool(made.waits) == waits


def test_who_runs_a_vcpu_may_wait_before_that() -> None:
    made = way(RUN % "mutex_lock(&vcpu->mutex);\n\treturn target(vcpu);")
    assert made and not made.waits


IOCTL = """long kvm_vm_ioctl(struct kvm *kvm, int ioctl)
{
	switch (ioctl) {
	case KVM_RUN:
		return %s;
	case KVM_PUT:
	case KVM_SET: {
		return set(kvm);
	}
	default:
		return other(kvm);
	}
}
"""


def test_the_ioctl_that_comes_there_is_told() -> None:
    made = graph(IOCTL % "0", "long set(struct kvm *kvm)\n{\n\ttarget(0);\n}\n").ways("target")
    assert made.run is None
    assert made.other and made.other.ioctl == "KVM_PUT and KVM_SET"
    assert str(made.other) == "kvm_vm_ioctl → set → target"


def test_what_only_kvm_run_does_is_no_other_ioctls() -> None:
    made = graph(IOCTL % "target(0)").ways("target")
    assert made.other is None
    assert graph(IOCTL % "0", "long other(void)\n{\n\ttarget(0);\n}\n").ways("target").other is None


def test_no_way_leads_through_who_answers_other_ioctls() -> None:
    fops = "static struct file_operations fops = {\n\tCOMPAT(kvm_vm_ioctl),\n};\n"
    opens = "long set(void)\n{\n\topen_file(&fops);\n}\n"
    made = graph(IOCTL % "kvm_arch_vcpu_ioctl_run(0)", fops + opens, RUN % "target(vcpu);")
    assert made.ways("target").other is None


def test_a_function_that_is_nowhere_is_not_known() -> None:
    assert not graph().ways("nobody").known
    assert not graph().ways("kvm_x86_call").known  # a macro


def mail(*lines: str, head: str = "void kvm_asks(struct kvm *kvm,") -> bytes:
    """A patch's mail that changes a function."""
    body = "\n".join(lines)
    return f"Subject: x\n\nkvm_small_maps() is asked.\n---\n a.c | 1\n\ndiff --git a/a.c b/a.c\n@@ -1,2 +1,3 @@ {head}\n{body}\n-- \n2.0\n".encode()


def asked(raw: bytes) -> tuple[str, ...]:
    predicate = contender().description.knob.predicate
    assert predicate
    raw = raw.replace(b"ASKED", predicate.name.encode())
    return asking(contender(known({"part": "mechanism"}, files={"0001-a.patch": raw})))


def test_who_asks_is_told_by_the_patches() -> None:
    assert asked(mail(" \tint a;", "+\tif (ASKED(kvm, slot))")) == ("kvm_asks",)
    assert asked(mail(" int b(void)", " {", "+\tASKED(kvm);")) == ("b",)
    assert asked(mail("+static bool ASKED(struct kvm *kvm)", "+{", "+\treturn false;", "+}")) == ()
    assert asked(mail("-\tASKED(kvm);", "+\tANOTHER(kvm);")) == ()
    assert asked(mail(" out:", " EXPORT_SYMBOL_GPL(x);", "+\tASKED(kvm);")) == ("kvm_asks",)


def test_who_calls_a_new_function_that_asks_asks() -> None:
    raw = mail("+int new(void)", "+{", "+\treturn ASKED(kvm);", "+}", " int b(void)", "+\tnew();")
    assert asked(raw) == ("b",)


def asks(name: str, where: TreeLocation) -> Contender:
    """A series that asks in a function of a tree."""
    predicate = contender().description.knob.predicate
    assert predicate
    raw = mail(f"+\tif ({predicate.name}(kvm))", head=f"void {name}(struct kvm *kvm)")
    series = known({"part": "mechanism"}, files={"0001-a.patch": raw})
    return contender(series, location=where)


def told(*changes: Any, name: str = "kvm_arch_flush_shadow_memslot", folder: Path) -> Reach:
    """What is said of a series on the small tree that asks in a function."""
    where = TreeLocation("tree", Folder(written(minitree(*changes), folder)))
    one = asks(name, where)
    (made,) = reach([one], X86, lambda *_: None)
    chapter = section([one], [made])
    assert figure(chapter, "hot") == made.hot and figure(chapter, "ways") == made.ways
    return made


FLUSH = edited(KVM_MAIN, ("\tif (!r)\n", "\tkvm_arch_flush_shadow_memslot(kvm, old);\n\tif (!r)\n"))
VCPU = added("arch/x86/kvm/run.c", RUN % "return kvm_mmu_page_fault(vcpu, 0);")
FAULT = edited(MMU, ("\tasync = false;\n", "\tasync = kvm_mmu_max_mapping_level(0, 0, 0);\n"))
LOCKED = edited(
    MMU, ("\tasync = false;\n", "\tmutex_lock(&kvm->lock);\n\tkvm_set_memory_region();\n")
)


def test_a_memslot_that_goes_is_not_hot(tmp_path: Path) -> None:
    made = told(FLUSH, VCPU, folder=tmp_path)
    assert made.hot.value == "no"
    assert made.ways.value == (
        "kvm_arch_flush_shadow_memslot(): not found on the way of KVM_RUN; called by "
        "KVM_SET_USER_MEMORY_REGION: kvm_vm_ioctl → kvm_set_memory_region → "
        "kvm_arch_flush_shadow_memslot"
    )


def test_a_page_fault_is_hot(tmp_path: Path) -> None:
    made = told(FLUSH, VCPU, FAULT, name="kvm_mmu_max_mapping_level", folder=tmp_path)
    assert made.hot.value == "yes"
    assert made.ways.value == (
        "kvm_mmu_max_mapping_level(): on the way of KVM_RUN: kvm_arch_vcpu_ioctl_run → "
        "kvm_mmu_page_fault → __kvm_faultin_pfn → kvm_mmu_max_mapping_level"
    )


def test_behind_a_mutex_it_is_not_hot(tmp_path: Path) -> None:
    made = told(FLUSH, VCPU, LOCKED, folder=tmp_path)
    assert made.hot.value == "no"
    assert "only behind __kvm_faultin_pfn(), which may sleep" in str(made.ways.value)


def test_where_no_way_is_found_it_is_not_known(tmp_path: Path) -> None:
    made = told(VCPU, folder=tmp_path)
    assert made.hot.value is None and "unknown: not found on the way of KVM_RUN" in made.hot.missing
    assert "unknown: " in str(made.ways.value)
    made = told(VCPU, name="kvm_nowhere", folder=tmp_path / "other")
    assert made.hot.value is None and "do not define it" in made.hot.missing


def test_what_was_found_of_a_commit_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    tree = committed(written(minitree(FLUSH, VCPU), tmp_path / "linux"))
    one = asks("kvm_arch_flush_shadow_memslot", resolve(str(tree)))
    (before,) = reach([one], X86, None)
    assert "without --quick" in before.hot.missing and "without --quick" in before.ways.missing
    (made,) = reach([one], X86, lambda *_: None)
    assert made.hot.value == "no"
    assert reach([one], X86, None) == [made]
    for name in ("kvm_set_memory_region", "kvm_nowhere"):
        (other,) = reach([asks(name, resolve(str(tree)))], X86, None)
        assert "without --quick" in other.hot.missing


def test_a_series_that_asks_nothing_says_so() -> None:
    (made,) = reach([contender(known({"part": "uapi"}))], X86, None)
    assert "no patch of the series asks" in made.hot.missing


def test_the_graph_is_of_generic_code_and_one_architecture() -> None:
    made = call_graph(tree(VCPU), "arm64")
    assert not made.ways("kvm_arch_vcpu_ioctl_run").known
    assert made.ways("kvm_set_memory_region").known
    assert call_graph(tree(VCPU), "x86").ways("kvm_arch_vcpu_ioctl_run").known
