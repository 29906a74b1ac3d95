# SPDX-License-Identifier: GPL-2.0-only
"""Trees whose folders were renamed: every site is found, and whole series have the same edits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from codegen.kernel.folders import API, SELFTESTS, Folders, folders
from codegen.plan.sites import SITES
from codegen.tree.locate import locate, parse_path
from codegen.tree.opened import FolderTree, GitTree
from codegen.tree.reader import Overlay, Tree
from tests.minitree import Change, Files, MemoryTree, minitree, new, old, renamed, written
from tests.unit.kit import SHIPPED, committed, plan, shipped, survey
from tests.unit.test_plan import ANSWERS, NOT_DESCRIBED
from tests.unit.test_sites import WHERE

pytestmark = pytest.mark.programs

MOVES: dict[str, dict[str, str]] = {
    "x86's code": {"arch/x86/kvm/": "arch/x86/kvm_x86/"},
    "all architectures' code": {
        "arch/x86/kvm/": "arch/x86/virt/hypervisor/",
        "arch/arm64/kvm/": "arch/arm64/hyp/",
    },
    "generic code": {"virt/kvm/": "kernel/virtual/"},
    "selftests": {"tools/testing/selftests/kvm/": "tools/testing/selftests/virt/"},
    "documentation": {"Documentation/virt/kvm/": "Documentation/virtualization/"},
    "the document": {"Documentation/virt/kvm/api.rst": "Documentation/virt/kvm/ioctls.rst"},
    "headers": {
        "include/linux/kvm_host.h": "include/hyper/kvm_host.h",
        "arch/x86/include/asm/kvm_host.h": "arch/x86/include/asm/hyp/host.h",
        "arch/arm64/include/asm/kvm_host.h": "arch/arm64/include/asm/hyp/host.h",
    },
    "a file": {"virt/kvm/kvm_main.c": "virt/kvm/core/machine.c"},
}
MOVES["everything"] = {
    old: new
    for name in ("all architectures' code", "generic code", "selftests", "documentation", "headers")
    for old, new in MOVES[name].items()
}


def changes(name: str) -> list[Change]:
    return [*(renamed(*pair) for pair in MOVES[name].items()), *includes(name)]


def includes(name: str) -> list[Change]:
    """What includes a header that was moved says so: that much a developer does."""

    def change(files: Files) -> None:
        files.update({path: including(name, data) for path, data in files.items()})

    return [change]


def including(name: str, data: bytes) -> bytes:
    """A file's text with the headers named as they are after a move; no byte more or less."""
    for old_, new_ in MOVES[name].items():
        if old_.endswith(".h"):
            one, other = (each.rpartition("include/")[2] for each in (old_, new_))
            assert len(one) == len(other)
            data = data.replace(f"<{one}>".encode(), f"<{other}>".encode())
    return data


def there(name: str, path: str) -> str:
    """Where a path of the small tree is after a move."""
    for old_, new_ in MOVES[name].items():
        if path.startswith(old_):
            return new_ + path[len(old_) :]
    return path


@pytest.mark.parametrize("name", MOVES)
def test_every_site(name: str) -> None:
    """The place is the same bytes of the same file, wherever that is."""
    for site, arguments, tree, *_ in WHERE:
        before = (tree,) if tree else ()
        usual = SITES[site](survey(*before), **arguments)
        places = SITES[site](survey(*before, *changes(name)), **arguments)
        assert [(p.path, p.start, p.end, p.old, p.names) for p in places] == [
            (there(name, p.path), p.start, p.end, p.old, p.names) for p in usual
        ], site


@pytest.mark.parametrize(
    ("name", "before"),
    [("x86's code", None), ("everything", None), ("everything", old), ("everything", new)],
)
def test_every_shipped_series(name: str, before: Change | None) -> None:
    """The same files are changed in the same way, patch by patch."""
    tree = before.__name__ if before else "as is"
    first = (before,) if before else ()
    for knob, variant in CELLS:
        if (tree, knob, variant) in ANSWERS or (tree != "old" and knob == "apic-bus-cycles-ns"):
            continue
        usual = plan(shipped(knob), variant, *first)
        moved = plan(shipped(knob), variant, *first, *changes(name))
        assert [(p.subject, p.message) for p in moved.patches] == [
            (p.subject, p.message) for p in usual.patches
        ]
        for one, other in zip(moved.patches, usual.patches, strict=True):
            assert one.files == {
                there(name, path): including(name, data) for path, data in other.files.items()
            }


CELLS = [
    (knob, variant)
    for knob in SHIPPED
    for variant in ("hardcoded", "memslot-flag", "quirk", "vm-capability", "vm-type")
    if (knob, variant) not in NOT_DESCRIBED
]


def everything(folder: Path) -> Files:
    files = minitree(*changes("everything"))
    # what is in the way: files that speak of the same things and are not it
    files["arch/x86/Kconfig"] = b"config X86\n\tdef_bool y\n\nconfig KVM_GUEST\n\tbool\n"
    files["drivers/Kconfig"] = b"config VFIO_KVM\n\tdepends on KVM\n"
    files["Documentation/networking/ioctl.rst"] = b"Ioctls\n======\n\n:Capability: none\n"
    files["tools/lib/include/vm.h"] = b"struct vm;\n"
    return files


@pytest.mark.parametrize("kind", ["memory", "folder", "git"])
def test_where_they_are(kind: str, tmp_path: Path) -> None:
    """However the tree is read; and a patch on top of it moves nothing."""
    files = everything(tmp_path)
    folder = written(files, tmp_path / "linux")
    tree: Tree
    if kind == "memory":
        tree = MemoryTree(files)
    elif kind == "folder":
        assert locate(parse_path(str(folder)))[1] == "6.99.3-mini"
        tree = FolderTree(folder)
    else:
        where, _ = locate(parse_path(str(committed(folder))))
        assert where.git_dir and where.commit
        tree = GitTree(where.git_dir, where.commit)
    found = Folders(tree)
    assert found.kconfig == "kernel/virtual/Kconfig"
    assert found.code == (
        "kernel/virtual/",
        "include/linux/kvm",
        "include/kvm/",
        "include/hyper/kvm_host.h",
    )
    assert found.arch_kconfig("x86") == "arch/x86/virt/hypervisor/Kconfig"
    assert found.arch_kconfig("riscv") is None
    assert found.arch_code("x86") == (
        "arch/x86/virt/hypervisor/",
        "arch/x86/include/asm/kvm",
        "arch/x86/include/asm/hyp/host.h",
    )
    assert found.api == "Documentation/virtualization/api.rst"
    assert found.selftests == "tools/testing/selftests/virt/"
    overlay = Overlay(Overlay(tree, {"virt/kvm/Kconfig": b"config HAVE_KVM_X\n"}), {})
    assert folders(overlay) is folders(tree)
    if isinstance(tree, GitTree):
        tree.close()


@pytest.mark.parametrize("kind", ["memory", "folder", "git"])
def test_a_search_sees_what_patches_changed(kind: str, tmp_path: Path) -> None:
    files: dict[str, bytes] = {
        "Makefile": b"VERSION = 6\nPATCHLEVEL = 12\n",
        "include/uapi/linux/kvm.h": b"int fresh_one;\n",
        "kernel/a.c": b"int word(void);\n",
        "kernel/b.c": b"int word_of_its_own; int sword;\n",
        "kernel/c.txt": b"word\n",
        "usr/d.h": b"int word;\n",
    }
    tree: Any = MemoryTree(files)
    if kind != "memory":
        folder = written(files, tmp_path / "linux")
        tree = FolderTree(folder)
        if kind == "git":
            where, _ = locate(parse_path(str(committed(folder))))
            assert where.git_dir and where.commit
            tree = GitTree(where.git_dir, where.commit)
            assert tree.grep("word") == FolderTree(folder).grep("word")
    changed = {"usr/d.h": b"int other;\n", "usr/e.c": b"int word;\n", "usr/f.txt": b"word\n"}
    found = Overlay(tree, changed).grep("word")
    assert [path for path in found if path != "kernel/b.c"] == ["kernel/a.c", "usr/e.c"]
    assert Overlay(tree, {"kernel/g.c": b"int words;\n"}).grep("words") == ("kernel/g.c",)
    if isinstance(tree, GitTree):
        tree.close()


def test_no_place_is_named_by_a_path() -> None:
    """What looks for a place asks for it: only one room knows where things usually are."""
    top = Path(__file__).resolve().parents[2] / "codegen"
    for path in [p for d in ("sites", "kinds", "plan") for p in top.glob(f"{d}/**/*.py")] + [
        top / "kernel/survey.py"
    ]:
        text = re.sub(r'""".*?"""|#.*', "", path.read_text(), flags=re.S)
        found = re.findall(r'"[^"\n]*(?:virt/kvm|arch/[^"]*/kvm/|selftests/kvm)[^"\n]*"', text)
        assert not found, f"{path.name}: {found}"


class Unsearched(MemoryTree):
    """A tree that may be asked for folders, and not for everything."""

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        assert prefix, "the whole tree was listed"
        return super().paths(prefix)

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """See `Tree.grep`."""
        raise AssertionError(f"the whole tree was searched for {word}")


def test_a_tree_with_the_usual_folders_is_not_searched() -> None:
    found = Folders(Unsearched(minitree()))
    assert found.kconfig == "virt/kvm/Kconfig"
    assert found.arch_kconfig("x86") == "arch/x86/kvm/Kconfig"
    assert found.api == API and found.selftests == SELFTESTS
    assert "virt/kvm/" in found.code and "arch/arm64/kvm/" in found.arch_code("arm64")
