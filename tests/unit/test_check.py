# SPDX-License-Identifier: GPL-2.0-only
"""Each rule speaks on a series that breaks it and is silent on the one that does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from codegen.check import messages
from codegen.check.registry import CHECKS
from codegen.check.remark import Remark
from codegen.check.run import Checked, check
from codegen.check.view import View
from codegen.mail.mbox import read_files
from codegen.mail.patch import Posted
from codegen.series.commit import Signer
from codegen.series.make import generate
from codegen.series.read import read_series
from codegen.series.series import Series
from codegen.tree import TreeLocation, resolve
from codegen.tree.changed import Changed
from tests.minitree import (
    API,
    KVM_MAIN,
    MMU,
    SELFTESTS,
    UAPI,
    X86,
    X86_HOST,
    Change,
    Files,
    added,
    edited,
    minitree,
    written,
)
from tests.unit.kit import VARIANTS, committed, git, knob
from tests.unit.test_abi import BASICS

pytestmark = pytest.mark.programs

Mails = dict[str, bytes]
Edit = Callable[[Mails], None]
Step = tuple[str, list[Change]]

# Says what checkpatch.pl would of every added line with a word; the real one has its own tests.
CHECKPATCH = r"""#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
my $found = 0;
my %says = (BIT_BAIT => 'CHECK:BIT_MACRO', LONG_BAIT => 'WARNING:LONG_LINE',
	    ID_BAIT => 'WARNING:UNKNOWN_COMMIT_ID');
for my $file (grep { !/^--/ } @ARGV) {
	open(my $in, '<', $file) or die "$file: $!\n";
	while (my $line = <$in>) {
		for my $bait (keys %says) {
			next unless $line =~ /^\+.*$bait/;
			print "$file:$.: $says{$bait}: bait\n";
			$found = 1;
		}
		if ($line =~ /^new file mode/) {
			print "$file:$.: WARNING:FILE_PATH_CHANGES: added, moved or deleted file(s)\n";
			$found = 1;
		}
	}
}
exit $found;
"""
COMPLETE = [added(path, text) for path, text in BASICS.items()]
COMPLETE += [added("scripts/checkpatch.pl", CHECKPATCH)]
SHARED_TEST = f"{SELFTESTS}set_memory_region_test.c"
ARM_UAPI = "arch/arm64/include/uapi/asm/kvm.h"
X86_TEST = f"{SELFTESTS}x86_64/new_test.c"
MAKEFILE = f"{SELFTESTS}Makefile"
TEST_TEXT = """\
// SPDX-License-Identifier: GPL-2.0-only
#include "kvm_util.h"

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_X86_NEW));
	TEST_ASSERT(errno == EINVAL, "refused");

	return 0;
}
"""


@pytest.fixture(scope="module")
def linux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small tree as a repository, with headers that parse and a checkpatch.pl."""
    return committed(written(minitree(*COMPLETE), tmp_path_factory.mktemp("check") / "linux"))


@pytest.fixture(scope="module")
def tree(linux: Path) -> TreeLocation:
    """Where it is."""
    return resolve(str(linux))


@pytest.fixture(scope="module")
def good(tree: TreeLocation) -> Mapping[str, Mails]:
    """gen's own series by variant."""
    return {variant: dict(generate(knob(), variant, tree).files) for variant in VARIANTS}


def by_hand(linux: Path, folder: Path, *steps: Step) -> Mails:
    """A person's series: each step is a message and changes."""
    base = git(linux, "rev-parse", "HEAD")
    work = folder / "work"
    git(folder, "clone", "-q", "--shared", str(linux), str(work))
    files: Files = minitree(*COMPLETE)
    for message, changes in steps:
        before = dict(files)
        for change in changes:
            change(files)
        for path in before.keys() - files.keys():
            (work / path).unlink()
        written(files, work)
        git(work, "add", "-f", "-A")
        git(work, "commit", "-q", "-s", "--allow-empty-message", "-m", message)
    many = ["--cover-letter"] if len(steps) > 1 else []
    mails = ["format-patch", "-q", "-o", str(folder / "out"), f"--base={base}", *many, base]
    git(work, *mails)
    return dict(read_files(folder / "out"))


def run(files: Mapping[str, bytes], tree: TreeLocation) -> Checked:
    """What the checks that need no build say."""
    return check(read_series(files, tree), compiler=None)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_series_is_the_same_as_it_was_made_and_as_mails(variant: str, tree: TreeLocation) -> None:
    made = generate(knob(), variant, tree)
    assert check(made, compiler=None) == run(made.files, tree)


def said(found: Checked, rule: str, note: bool = False) -> list[Remark]:
    """The remarks of one rule."""
    return [r for r in found.remarks if r.rule.partition(":")[0] == rule and r.note is note]


@pytest.mark.parametrize("variant", VARIANTS)
def test_gen_s_own_series_have_no_findings(
    good: Mapping[str, Mails], tree: TreeLocation, variant: str
) -> None:
    found = run(good[variant], tree)
    assert not found.findings, "\n".join(r.render() for r in found.findings)
    assert {r.rule for r in found.remarks} == {"R14"}
    assert found.patches == 3


def swap(number: int, old: str, new: str) -> Edit:
    """Another text in one of the mails; 0 is the cover letter."""

    def edit(mails: Mails) -> None:
        name = next(name for name in mails if name.startswith(f"{number:04}-"))
        assert old in mails[name].decode(), (old, mails[name].decode())
        mails[name] = mails[name].replace(old.encode(), new.encode())

    return edit


def everywhere(old: str, new: str) -> Edit:
    """Another text in all of the mails."""

    def edit(mails: Mails) -> None:
        for name, data in mails.items():
            mails[name] = data.replace(old.encode(), new.encode())

    return edit


def without(number: int, path: str) -> Edit:
    """A mail that does not change a file."""

    def edit(mails: Mails) -> None:
        name = next(name for name in mails if name.startswith(f"{number:04}-"))
        cut = rf"diff --git a/{re.escape(path)} .*?(?=diff --git |\Z|^base-commit|^-- $)"
        data, count = re.subn(cut.encode(), b"", mails[name], flags=re.S | re.M)
        assert count == 1
        mails[name] = data

    return edit


def drop(number: int) -> Edit:
    """A series without one of its mails."""

    def edit(mails: Mails) -> None:
        del mails[next(name for name in mails if name.startswith(f"{number:04}-"))]

    return edit


FLAG, CAPABILITY, QUIRK = "memslot-flag", "vm-capability", "quirk"
SUBJECT = "KVM: Add memslot flag KVM_MEM_SMALL_MAPS"
BAD_MAILS = [
    ("R1", FLAG, swap(2, "KVM: Add memslot", "x86/kvm: Add memslot"), "begins with 'x86/kvm'"),
    ("R1", FLAG, swap(2, "KVM: Add memslot", "Add memslot"), "does not begin with `KVM: `"),
    ("R1", FLAG, swap(2, "KVM: Add memslot", "kvm: Add memslot"), "does not begin with `KVM: `"),
    ("R1", FLAG, swap(2, "KVM: Add memslot", "KVM: kvm_main.c: Add memslot"), "file's name"),
    ("R1", FLAG, swap(3, "KVM: selftests: ", "KVM: "), "only selftests are changed"),
    ("R1", FLAG, swap(1, "KVM: x86/mmu: ", "KVM: "), "only x86 is changed"),
    ("R1", FLAG, swap(1, "KVM: x86/mmu: ", "KVM: selftests: "), "the topic is selftests"),
    ("R2", FLAG, swap(2, SUBJECT, SUBJECT.replace("Add", "add")), "not capitalised"),
    ("R2", FLAG, swap(2, SUBJECT, SUBJECT.replace("Add", "Adds")), "not imperative"),
    ("R2", FLAG, swap(2, SUBJECT, SUBJECT.replace("Add", "Added")), "not imperative"),
    ("R2", FLAG, swap(2, SUBJECT, SUBJECT.replace("Add", "Adding")), "not imperative"),
    ("R2", FLAG, swap(2, SUBJECT, f"{SUBJECT}."), "full stop"),
    ("R2", FLAG, swap(2, SUBJECT, f"{SUBJECT} which is far too long for any subject line"), "columns"),
    ("R3", FLAG, swap(1, "Stop at", "We stop at"), "'We' in the message"),
    ("R3", FLAG, swap(1, "Stop at", "This patch stops at"), "'This patch'"),
    ("R3", FLAG, swap(1, "says so.", "tells us so."), "'us' in the message"),
    ("R4", FLAG, drop(0), "no cover letter"),
    ("R4", FLAG, everywhere("base-commit: ", "commit: "), "no `base-commit:`"),
    ("R4", FLAG, swap(0, "To: Ada", "In-Reply-To: <1@example.org>\nTo: Ada"), "In-Reply-To"),
    ("R4", FLAG, swap(0, "Let userspace ask", "*** SUBJECT HERE *** ask"), "SUBJECT HERE"),
    ("numbers", FLAG, swap(2, "+#define KVM_CAP_MEMSLOT_SMALL_MAPS 238", "+#define KVM_CAP_MEMSLOT_SMALL_MAPS 255"), "238 would be the next"),
    ("numbers", FLAG, swap(2, "(1UL << 3)", "(1UL << 5)"), "3 would be the next"),
    ("numbers", FLAG, swap(2, "(1UL << 3)", "(1UL << 16)"), "none of the bits 0 to 15"),
    ("sections", FLAG, swap(2, "+8.42 ", "+8.99 "), "8.99 does not follow 8.41"),
    ("memslots", FLAG, everywhere("+\tif (IS_ENABLED(CONFIG_HAVE_KVM_MEMSLOT_SMALL_MAPS))\n", "+\n"), "on every architecture, and only x86 acts on it"),
    ("memslots", FLAG, swap(2, "+	(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY | KVM_MEM_SMALL_MAPS)", "+	(KVM_MEM_LOG_DIRTY_PAGES | 0 | KVM_MEM_READONLY)"), "which refuses it"),
    ("effect", CAPABILITY, swap(2, "+\treturn kvm->arch.small_maps;", "+\treturn false;"), "small_maps is stored for a VM, and nothing reads it"),
    ("effect", FLAG, swap(2, "+\treturn slot->flags & KVM_MEM_SMALL_MAPS;", "+\treturn false;"), "KVM_MEM_SMALL_MAPS is taken, and nothing acts on it"),
    ("effect", FLAG, swap(1, "+	if (kvm_small_maps(kvm, slot))", "+	if (false)"), "nothing calls kvm_small_maps()"),
    ("R5", FLAG, without(2, API), "does not change"),
    ("R5", FLAG, swap(2, "+\tcase KVM_CAP_MEMSLOT_SMALL_MAPS", "+\tcase KVM_CAP_SMALL"), "know"),
    ("R5", FLAG, swap(2, "+8.42 KVM_CAP_MEMSLOT_SMALL_MAPS", "+8.42 Of memory slots today"), "section"),
    ("R6", QUIRK, without(2, X86_HOST), "KVM_X86_VALID_QUIRKS lacks"),
    ("R7", CAPABILITY, swap(2, "cap->args", "unknown"), "whatever flags and arguments"),
    ("R10", FLAG, drop(3), "no selftest comes with it"),
    ("R12", FLAG, swap(3, "+// SPDX-License-Identifier: GPL-2.0-only", "+/* One test for one flag */"), "SPDX"),
    ("R12", FLAG, without(3, MAKEFILE), "is not registered"),
    ("R12", FLAG, swap(3, "+\tTEST_REQUIRE(", "+\t(void)("), "does not ask for"),
    ("R18", FLAG, swap(1, "intended.\n", "intended.\n\nSigned-off-by: gen <gen@localhost>\n"), "tool"),
    ("R18", FLAG, swap(0, "small-maps.yaml", "a file"), "does not name the input"),
    ("maintainers", FLAG, everywhere("eve@example.org", "evan@example.org"), "eve@example.org"),
    ("maintainers", FLAG, swap(3, "eve@example.org", "evan@example.org"), "for this patch: eve@example.org"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "variant", "edit", "message"), BAD_MAILS)
def test_gen_s_own_series_with_one_thing_wrong(
    good: Mapping[str, Mails],
    tree: TreeLocation,
    rule: str,
    variant: str,
    edit: Edit,
    message: str,
) -> None:
    mails = dict(good[variant])
    edit(mails)
    found = said(run(mails, tree), rule)
    assert any(message in remark.message for remark in found), found
    assert all(remark.reason for remark in found)


@pytest.mark.parametrize(("gave", "count"), [("commit 0123456789ab", 0), ("somebody", 1)])
def test_a_hole_is_none_where_a_commit_of_linux_gave_the_number(
    linux: Path, tree: TreeLocation, tmp_path: Path, gave: str, count: int
) -> None:
    place = "#define KVM_CREATE_VM _IO(KVMIO, 0x01)\n"
    ioctl = edited(UAPI, (place, f"{place}#define KVM_NEW _IO(KVMIO, 0x50)\n"))
    told = f'Linux has it since {gave} ("KVM: Add KVM_NEW"), so take\n0x50 for KVM_NEW.'
    found = run(by_hand(linux, tmp_path, (f"KVM: Add KVM_NEW\n\n{told}", [ioctl])), tree)
    assert len(said(found, "numbers")) == count


TAG = "Assisted-by: gen:"
ASKS = "Using Assisted-by:\n------------------\n\nAcknowledge it by adding an Assisted-by tag.\n"


def test_what_a_tool_wrote_is_tagged_where_the_tree_asks_for_it(
    good: Mapping[str, Mails], tmp_path: Path
) -> None:
    assert not any(TAG.encode() in data for data in good["memslot-flag"].values())
    document = added("Documentation/process/submitting-patches.rst", ASKS)
    linux = committed(written(minitree(*COMPLETE, document), tmp_path / "linux"))
    where = resolve(str(linux))
    signer = Signer("Ada", "ada@example.org")
    for made in (generate(knob(), "memslot-flag", where, signer=who) for who in (None, signer)):
        mails = dict(made.files)
        assert [TAG in mails[name].decode() for name in sorted(mails) if name[0] == "0"] == [
            False, True, True, True
        ]  # fmt: skip
        assert not said(run(mails, where), "R18")
        everywhere(f"{TAG}0", "Reviewed-by: gen:0")(mails)
        assert len(said(run(mails, where), "R18")) == 3


def new_cap(text: str = "") -> list[Change]:
    """A new capability that is all right but for what `text` has the case do."""
    body = (
        text
        or "\t\tr = -EINVAL;\n\t\tif (cap->args[0] & ~1)\n\t\t\tbreak;\n\t\tr = 0;\n\t\tbreak;\n"
    )
    return [
        edited(UAPI, ("SLOW_CLOCK 237\n", "SLOW_CLOCK 237\n#define KVM_CAP_X86_NEW 238\n")),
        edited(X86, ("\tcase KVM_CAP_ENABLE_CAP_VM:\n", "\tcase KVM_CAP_ENABLE_CAP_VM:\n\tcase KVM_CAP_X86_NEW:\n"),
               ("\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n\t}\n\treturn r;\n}\n\nint kvm_arch_init_vm",
                f"\tcase KVM_CAP_X86_NEW:\n{body}\tdefault:\n\t\tr = -EINVAL;\n\t\tbreak;\n\t}}\n\treturn r;\n}}\n\nint kvm_arch_init_vm")),
        edited(API, ("\n8. Other capabilities.", "\n7.33 KVM_CAP_X86_NEW\n--------------------\n\nNew.\n\n8. Other capabilities.")),
    ]  # fmt: skip


def new_test(text: str = TEST_TEXT) -> list[Change]:
    """A new selftest, registered."""
    line = "TEST_GEN_PROGS_x86_64 += x86_64/zz_test\n"
    mine = "TEST_GEN_PROGS_x86_64 += x86_64/new_test\n"
    return [added(X86_TEST, text), edited(MAKEFILE, (line, mine + line))]


CAP = ("KVM: x86: Add KVM_CAP_X86_NEW\n\nAdd it.", new_cap())
TEST = ("KVM: selftests: Test KVM_CAP_X86_NEW\n\nTest it.", new_test())


def struct(*fields: str) -> Step:
    """A patch with a struct for userspace."""
    text = "".join(f"\t{field};\n" for field in fields)
    place = "#define KVMIO 0xAE\n"
    change = edited(UAPI, (place, f"struct kvm_new {{\n{text}}};\n\n{place}"))
    return "KVM: Add struct kvm_new\n\nAdd it.", [change]


def code(path: str, old: str, new: str, message: str = "KVM: x86: Do it\n\nDo it.") -> Step:
    """A patch that puts a text for another one."""
    return message, [edited(path, (old, new))]


def taken(*more: Change) -> Step:
    """A memslot flag that is taken where a symbol of Kconfig is on."""
    mask = "\tif (mem->flags & ~valid_flags)\n"
    gate = "\tif (IS_ENABLED(CONFIG_HAVE_KVM_NEW))\n\t\tvalid_flags |= KVM_MEM_NEW;\n\n"
    define = "#define KVM_MEM_GUEST_MEMFD\t(1UL << 2)\n"
    changes = [
        edited(UAPI, (define, f"{define}#define KVM_MEM_NEW\t(1UL << 3)\n")),
        edited(KVM_MAIN, (mask, f"{gate}{mask}")),
        edited(
            "virt/kvm/Kconfig",
            ("config KVM_GENERIC", "config HAVE_KVM_NEW\n\tbool\n\nconfig KVM_GENERIC"),
        ),
    ]
    return "KVM: Take it\n\nTake it.", [*changes, *more]


SELECTED = edited("arch/x86/kvm/Kconfig", ("config KVM\n", "config KVM\n\tselect HAVE_KVM_NEW\n"))
PRIVATE = "\tif (kvm_arch_has_private_mem(kvm))\n"
NEW = "\tif (mem->flags & KVM_MEM_NEW)\n\t\treturn -EINVAL;\n"
REFUSED = edited(KVM_MAIN, (PRIVATE, f"{NEW}{PRIVATE}"))
ANSWERED = edited(KVM_MAIN, (PRIVATE, f"{NEW.replace('EINVAL', 'EFAULT')}{PRIVATE}"))
LISTED = edited(
    KVM_MAIN, (PRIVATE, f"\tx = mem->flags & (KVM_MEM_READONLY | KVM_MEM_NEW);\n{PRIVATE}")
)
INIT = "\tkvm->arch.slow_clock_khz = 1000;\n"
FIELD = ("\tbool slow_clock;\n", "\tbool slow_clock;\n\tbool fast_clock;\n")
INNER = "union { struct { __u64 a; __u32 b; } io; __u64 pad[4]; }"  # whose end is nobody's
SIZES = struct(
    "__u32 flags", "__u32 pad", "__u64 addr", "__s8 c[8]", "struct kvm_enable_cap cap", INNER
)
CALL = "The last one"
COMMON = "#ifdef __x86_64__\n\tsupported_flags |= KVM_MEM_READONLY;\n#endif\n"
ARM_FIRST = "#define __KVM_HAVE_READONLY_MEM\n"
ARM_NEW = code(ARM_UAPI, ARM_FIRST, f"{ARM_FIRST}#define KVM_ARM_NEW 1\n")
ASKED = "kvm_check_has_quirk(kvm, KVM_X86_QUIRK_SLOT_ZAP_ALL)"
ASKED_MORE = code(MMU, f"{ASKED};", f"{ASKED} &&\n\t\t       kvm->created_vcpus;")
PROTECTED = "KVM_X86_SW_PROTECTED_VM"
FIELD_OF_IOCTL = ":Capability: KVM_CAP_USER_MEMORY2"
BY_HAND = [
    # rule, what is wrong, what is right, what is said
    ("R5", [("KVM: Add it\n\nAdd it.", [*new_cap()[:2], edited(API, (FIELD_OF_IOCTL, f"{FIELD_OF_IOCTL}\nKVM_CAP_X86_NEW"))])],
     [("KVM: Add it\n\nAdd it.", [*new_cap()[:2], edited(API, (FIELD_OF_IOCTL, f"{FIELD_OF_IOCTL},\n             KVM_CAP_X86_NEW"))]), TEST],
     "no section on KVM_CAP_X86_NEW"),
    ("R5", [struct("__u64 a"), code(UAPI, "#define KVMIO", "#define KVM_MEM_NEW (1UL << 3)\n#define KVMIO"),
            code(API, CALL, "KVM_MEM_NEW"), code(KVM_MAIN, "valid_flags |= KVM_MEM_READONLY", "valid_flags |= KVM_MEM_READONLY | KVM_MEM_NEW")],
     [CAP, TEST], "nothing tells userspace"),
    ("R6", [("KVM: x86: Do it\n\nDo it.", [edited(X86_HOST, FIELD), edited(X86, (INIT, f"{INIT}\tkvm->arch.fast_clock = true;\n"))])],
     [("KVM: x86: Do it\n\nDo it.", [edited(X86_HOST, FIELD), edited(X86, (INIT, f"{INIT}\tkvm->arch.fast_clock = false;\n"))])],
     "on by default"),
    ("R7", [("KVM: x86: Add it\n\nAdd it.", new_cap("\t\tkvm->arch.slow_clock = true;\n\t\tr = 0;\n\t\tbreak;\n"))],
     [("KVM: x86: Add it\n\nAdd it.", new_cap("\t\tr = kvm_vm_ioctl_check_extension(kvm, *cap);\n\t\tr = f(kvm, cap);\n\t\tbreak;\n"))],
     "takes whatever"),
    ("R7", [code(UAPI, "#define KVMIO", "#define KVM_MEM_NEW (1UL << 3)\n#define KVMIO")], [CAP], "no code of KVM's knows"),
    ("R8", [struct("__u64 a", "int b", "__u32 c")], [SIZES], "int is no type"),
    ("R8", [struct("__u64 a", "uint64_t b")], [SIZES], "uint64_t is no type"),
    ("R8", [struct("void *a")], [SIZES], "a pointer"),
    ("R8", [struct("__u32 a:3", "__u32 b:29")], [SIZES], "bit-fields"),
    ("R8", [struct("__u32 a", "__u64 b")], [SIZES], "4 unnamed bytes before b"),
    ("R8", [struct("__u64 a", "__u32 b")], [SIZES], "4 unnamed bytes at the end"),
    ("R10", [("KVM: selftests: Test it\n\nTest it.", new_test()), CAP], [CAP, TEST], "before what it tests"),
    ("R11", [code(SHARED_TEST, COMMON, f"{COMMON}\tsupported_flags |= KVM_X86_QUIRK_SLOT_ZAP_ALL;\n")],
     [code(SHARED_TEST, COMMON, COMMON.replace("#endif", "\tsupported_flags |= KVM_X86_QUIRK_SLOT_ZAP_ALL;\n#endif"))],
     "is x86's"),
    ("R11", [code(SHARED_TEST, COMMON, COMMON.replace("#endif", "#else\n\tsupported_flags |= KVM_X86_DEFAULT_VM;\n#endif"))],
     [code(SHARED_TEST, COMMON, "#ifndef __x86_64__\n#else\n\tsupported_flags |= KVM_X86_DEFAULT_VM;\n#endif\n")],
     "is x86's"),
    ("R11", [ARM_NEW, code(SHARED_TEST, COMMON, f"{COMMON}\tsupported_flags |= KVM_ARM_NEW;\n")],
     [ARM_NEW, code(SHARED_TEST, COMMON, f"{COMMON}#ifdef __aarch64__\n\tsupported_flags |= KVM_ARM_NEW;\n#endif\n")],
     "is arm64's"),
    ("R12", [("KVM: selftests: Add it\n\nAdd it.", [added(X86_TEST, TEST_TEXT)])], [CAP, TEST], "not registered"),
    ("R16", [("KVM: Add it\n\nAdd it.", [added("tools/include/uapi/linux/kvm.h", "#define KVM_NEW 1\n")])],
     [("KVM: Add it\n\nAdd it.", [added("tools/lib/x.h", "#define X 1\n")])], "is a copy"),
    ("effect", [taken(SELECTED)], [taken()], "KVM_MEM_NEW is taken, and nothing acts on it"),
    ("effect", [taken(SELECTED, REFUSED)], [taken(SELECTED, ANSWERED)], "KVM_MEM_NEW is taken, and nothing acts on it"),
    ("effect", [taken(SELECTED, REFUSED)], [taken(SELECTED, LISTED)], "KVM_MEM_NEW is taken, and nothing acts on it"),
    ("said", [ASKED_MORE], [ASKED_MORE, code(API, "KVM invalidates all SPTEs.", "KVM invalidates some SPTEs.")],
     "what is said of it stays: Documentation/virt/kvm/api.rst:86"),
    ("said", [ASKED_MORE], [code(X86, f"BIT({PROTECTED});", f"BIT({PROTECTED}) | BIT(2);")], "KVM_X86_QUIRK_SLOT_ZAP_ALL"),
    ("abi", [code(UAPI, "KVM_MEM_READONLY	(1UL << 1)", "KVM_MEM_READONLY	(1UL << 5)")], [CAP], "renumbered"),
    ("abi", [code(UAPI, "#define KVM_CAP_HLT	  1\n", "")], [CAP], "removed"),
    ("abi", [code(UAPI, "#define KVMIO", "#define KVM_CAP_NEW 98\n#define KVMIO")], [CAP], "taken twice"),
    ("checkpatch", [code(X86, INIT, f"{INIT}\tLONG_BAIT;\n")], [code(UAPI, "#define KVMIO", "#define BIT_BAIT 1\n#define KVMIO")], "bait"),
    ("checkpatch", [code(X86, INIT, f"{INIT}\tBIT_BAIT;\n")], [CAP, TEST], "bait"),
    ("checkpatch", [code(X86, INIT, f"{INIT}\tLONG_BAIT;\n")], [code(X86, INIT, f"{INIT}\tID_BAIT;\n")], "bait"),
    ("maintainers", [("KVM: Add it\n\nAdd it.", [added("lost/file.c", "int i;\n")])], [CAP], "nobody maintains lost/file.c"),
    ("docs", [code(API, CALL, "A longer title\n----\n\nThe last one")], [code(API, CALL, "A title\n~~~~~~~\n\nThe last one")], "underline"),
    ("docs", [code(API, " KVM_X86_QUIRK_CD_NW_CLEARED        By", "KVM_X86_QUIRK_CD_NW_CLEARED_AND_MORE By")], [CAP], "Malformed table"),
    ("docs", [code(API, CALL, "The `last one")], [code(API, CALL, "The :ref:`last one <x>`")], "interpreted text"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "bad", "right", "message"), BY_HAND)
def test_a_person_s_series(
    linux: Path,
    tree: TreeLocation,
    tmp_path: Path,
    rule: str,
    bad: list[Step],
    right: list[Step],
    message: str,
) -> None:
    for name in ("bad", "right"):
        (tmp_path / name).mkdir()
    found = said(run(by_hand(linux, tmp_path / "bad", *bad), tree), rule)
    assert any(message in remark.message for remark in found), found
    assert all(remark.patch for remark in found), found
    silent = run(by_hand(linux, tmp_path / "right", *right), tree)
    assert not said(silent, rule), said(silent, rule)


NOTES = [
    ("R2", ("KVM: x86: Do it in a way that needs seventy-six columns, and not one more or\n\nDo it.", [edited(X86, (INIT, ""))]), "76 columns"),
    ("R3", ("KVM: x86: Do it\n\nCurrently, it is not done.", [edited(X86, (INIT, ""))]), "background"),
    ("R3", ("KVM: x86: Do it\n\nHave kvm_arch_init_vm do it.", [edited(X86, (INIT, ""))]), "kvm_arch_init_vm()"),
    ("R9", code(API, CALL, "It calls kvm_mmu_max_mapping_level()", "KVM: Document it\n\nDocument it."), "inside of KVM"),
    ("R10", ("KVM: x86: Do it\n\nDo it.", [*new_cap(), *new_test(TEST_TEXT.replace("errno == EINVAL", "true"))]), "no error"),
    ("R14", code(MMU, "PG_LEVEL_2M", "PG_LEVEL_1G"), "TDP off"),
    ("maintainers", code(X86, INIT, ""), "no recipients"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "step", "message"), NOTES)
def test_what_may_be_meant_is_a_note(
    linux: Path, tree: TreeLocation, tmp_path: Path, rule: str, step: Step, message: str
) -> None:
    found = said(run(by_hand(linux, tmp_path, step), tree), rule, note=True)
    assert any(message in f"{r.message} {r.hint}" for r in found), found


def test_what_may_be_said_of_another_architecture_is_a_note(tmp_path: Path) -> None:
    linux = written(minitree(*COMPLETE), tmp_path / "linux")
    header = linux / ARM_UAPI
    both = f"{ARM_FIRST}#define KVM_X86_QUIRK_SLOT_ZAP_ALL 1\n"
    header.write_text(header.read_text().replace(ARM_FIRST, both))
    mails = by_hand(committed(linux), tmp_path, ASKED_MORE)
    report = run(mails, resolve(str(linux)))
    assert said(report, "said", note=True) and not said(report, "said")


TOLD = "/* Nothing to do for read-only slots. */"
BELOW = "if ((change != KVM_MR_FLAGS_ONLY) || (new_flags & KVM_MEM_READONLY))"
MORE = code(X86, BELOW, f"{BELOW[:-1]} ||\n\t    tdp_enabled)")
NEW_FLAG = code(UAPI, "#define KVMIO", "#define KVM_MEM_NEW (1UL << 3)\n#define KVMIO")


@pytest.mark.parametrize(
    ("steps", "notes"),
    [
        ([MORE], 1),
        ([MORE, code(X86, TOLD, "/* Nothing to do for some slots. */")], 0),
        ([code(X86, f"{BELOW}\n", f"{BELOW}\n\n")], 0),
        ([code(X86, TOLD, ""), MORE], 0),
        ([NEW_FLAG, code(X86, BELOW, f"{BELOW[:-1]} || (new_flags & KVM_MEM_NEW))")], 0),
    ],
)
def test_a_comment_is_read_again_where_its_condition_changes(
    linux: Path, tree: TreeLocation, tmp_path: Path, steps: list[Step], notes: int
) -> None:
    found = said(run(by_hand(linux, tmp_path, *steps), tree), "comments", note=True)
    assert len(found) == notes
    assert all("stays: Nothing to do for read-only slots." in r.message for r in found)
    assert all(r.line and r.patch for r in found)


def test_a_finding_has_its_line_in_the_patch_file(good: Mapping[str, Mails], tree: TreeLocation) -> None:  # fmt: skip
    mails = dict(good[FLAG])
    swap(1, "Stop at", "We stop at")(mails)
    (remark,) = said(run(mails, tree), "R3")
    lines = mails[remark.patch].decode().splitlines()
    assert lines[remark.line - 1].startswith("We stop at")
    text = remark.render()
    assert text.startswith(f"{remark.patch}:{remark.line}: error: [R3] 'We' in the message\n    ")


def test_remarks_come_in_the_order_of_the_patches(good: Mapping[str, Mails], tree: TreeLocation) -> None:  # fmt: skip
    mails = dict(good[FLAG])
    for number in (3, 1):
        swap(number, ": x86/mmu: " if number == 1 else ": selftests: ", ": ")(mails)
    drop(0)(mails)
    names = [remark.patch for remark in run(mails, tree).remarks if remark.patch]
    assert names == sorted(names)


def test_a_plain_diff_is_checked_for_what_it_changes(linux: Path, tree: TreeLocation, tmp_path: Path) -> None:  # fmt: skip
    mails = by_hand(linux, tmp_path, struct("__u64 a", "int b"))
    (mail,) = mails.values()
    found = run({"new.diff": mail[mail.index(b"diff --git") :]}, tree)
    assert said(found, "R8") and said(found, "R3", note=True)
    assert not any(said(found, rule) for rule in ("R1", "R2", "R3", "R4"))


def test_every_check_has_a_reason_and_a_document() -> None:
    names = [each.name for each in CHECKS]
    assert len(set(names)) == len(names)
    assert all(each.why and each.document for each in CHECKS)
    built = {each.name for each in CHECKS if each.run is None}
    assert built == {"bisect", "sparse"}


def test_the_page_lists_every_check() -> None:
    page = (Path(__file__).parents[2] / "docs/check.md").read_text()
    for each in CHECKS:
        assert f"| {each.name} | {each.why} | `{each.document}` |" in page, each.name
    assert len(page.splitlines()) < 60 + len(CHECKS)


def of(subject: str, *paths: str, message: str = "Do it.") -> list[str]:
    """What R1 to R3 say of a subject for some paths."""
    patch = Posted(
        name="p",
        raw=f"Subject: {subject}\n".encode(),
        diff=b"",
        subject=subject,
        message=message,
        author="A <a@b>",
        changes={path: Changed(path, b"", b"") for path in paths},
    )
    series = Series(cast(Any, None), (patch,), {}, "", {})
    view = View(series, cast(Any, None), cast(Any, None))
    checks = (messages.topic, messages.subject, messages.message)
    return [r.message for check in checks for r in check(view) if not r.note]


SVM_C, VMX_C, GUEST = "arch/x86/kvm/svm/svm.c", "arch/x86/kvm/vmx/vmx.c", "arch/x86/kernel/kvm.c"
UPSTREAM = [
    ("KVM: x86/mmu: Introduce a quirk to control memslot zap behavior", MMU, UAPI, API),
    ("KVM: selftests: Test slot move/delete with slot zap quirk enabled/disabled", SHARED_TEST),
    ("KVM: selftests: x86: Prioritize getting max_gfn from GuestPhysBits", SHARED_TEST),
    ("KVM: nVMX: Check for pending INIT/SIPI after entering non-root mode", VMX_C),
    ("KVM: x86: hyper-v: Forbid TSC page when it is of no use", X86),
    ("KVM: Harden guest memory APIs against out-of-bounds accesses", KVM_MAIN, "include/linux/kvm_host.h"),
    ("KVM: guest_memfd: Pass index, not gfn, to the lookup", "virt/kvm/guest_memfd.c"),
    ("KVM: arm64: Fix the walk", "arch/arm64/kvm/mmu.c"),
    ("RISC-V: KVM: Fix the walk", "arch/riscv/kvm/mmu.c"),
    ("x86/kvm: Do not try to disable kvmclock if it was not enabled", GUEST),
    ("x86/reboot: Move the callback", "arch/x86/kernel/reboot.c", VMX_C),
    ('Revert "KVM: x86: Do it"', X86),
    ("Documentation: KVM: Fix a typo", API),
    ("KVM: Documentation: Fix a typo", API),
    ("KVM: SVM: Pass the value", SVM_C, X86),
    ("KVM: SEV: Bypass the check", "arch/x86/kvm/svm/sev.c"),
    ("KVM: x86: Embed the thing", X86),
]  # fmt: skip


@pytest.mark.parametrize("case", UPSTREAM, ids=lambda case: case[0])
def test_subjects_such_as_kvm_s_maintainers_write_are_good(case: tuple[str, ...]) -> None:
    assert of(*case) == []


@pytest.mark.parametrize(
    "text",
    [
        "Wait for 10 us, i.e. not long. I.e. do I/O.",
        "See https://lore.kernel.org/all/we-and-us@example.org",
        "Use it.\n\n> We said so.",
        "Use it.\n\n    we = code(us);",
        "Move the use of /proc/we/us/my to `our` place in Bus.",
        "Use it.\n\nReviewed-by: You <we@us.example.org>",
        "Use it.\n---\nv2: we rebased this",
    ],
)
def test_what_looks_like_a_pronoun_and_is_none(text: str) -> None:
    assert of("KVM: x86: Do it", X86, message=text) == []


def test_a_vendor_s_topic_and_the_other_vendor_s_folder() -> None:
    assert of("KVM: SVM: Do it", VMX_C)
    assert of("KVM: nVMX: Do it", SVM_C)
