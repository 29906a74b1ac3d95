# SPDX-License-Identifier: GPL-2.0-only
"""Where a tree has KVM's parts: in the usual folder, or wherever folders were renamed to.

Each part is known by what it holds, and the usual folder is looked at first, so that only a tree
in which it was renamed is searched.  uAPI headers are where userspace includes them from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from weakref import WeakKeyDictionary

from codegen.architectures import ARCHITECTURES
from codegen.tree.reader import Overlay, Tree, read_or_none

API = "Documentation/virt/kvm/api.rst"
SELFTESTS = "tools/testing/selftests/kvm/"
_CODE = "virt/kvm/"
_ARCH_CODE = "arch/{}/kvm/"
_HEADERS = ("include/linux/kvm", "include/kvm/")
_ARCH_HEADERS = "arch/{}/include/asm/kvm"
_UAPI = ("include/uapi/linux/kvm", "include/uapi/asm-generic/kvm")
_ARCH_UAPI = "arch/{}/include/uapi/asm/kvm"

# What is written for one architecture, or is no kernel at all.
FOREIGN = ("arch/", "tools/", "samples/", "Documentation/")
_GENERIC_SYMBOL = re.compile(rb"^config[ \t]+HAVE_KVM_\w+[ \t]*$", re.M)
_ARCH_SYMBOL = re.compile(rb"^(?:menu)?config[ \t]+KVM[ \t]*$", re.M)
_VM = re.compile(rb"^struct kvm\s*\{", re.M)
_ARCH_VM = re.compile(rb"^struct kvm_arch\s*\{", re.M)
_TEST_VM = re.compile(rb"\bstruct kvm_vm\b")
_VM_IOCTL = "KVM_SET_USER_MEMORY_REGION"  # who answers it is generic KVM
_IOCTL = re.compile(rb"^:Capability:", re.M)  # every section on an ioctl says which one it needs


class Folders:
    """KVM's folders and files of one tree, each worked out once.

    A folder ends with `/`; a prefix without one is what the names of some files begin with.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._of_arch: dict[str, str | None] = {}
        self._code_of_arch: dict[str, tuple[str, ...]] = {}

    @cached_property
    def kconfig(self) -> str | None:
        """The Kconfig file of the code that all architectures build: it has most `HAVE_KVM_*`."""
        return self._best((f"{_CODE}Kconfig",), lambda: self._kconfigs, _GENERIC_SYMBOL)

    def arch_kconfig(self, arch: str) -> str | None:
        """The Kconfig file of an architecture that has the symbol KVM; None where none has."""
        if arch not in self._of_arch:
            usual = (f"{_ARCH_CODE.format(arch)}Kconfig",)
            self._of_arch[arch] = self._best(
                usual,
                lambda: (path for path in self._kconfigs if path.startswith(f"arch/{arch}/")),
                _ARCH_SYMBOL,
            )
        return self._of_arch[arch]

    @cached_property
    def architectures(self) -> tuple[str, ...]:
        """Those that have KVM, of all that gen knows."""
        return tuple(name for name in ARCHITECTURES if self.arch_kconfig(name))

    @cached_property
    def code(self) -> tuple[str, ...]:
        """The code that all architectures build, and its headers."""
        return (self._generic, *self._headers(_HEADERS, _VM, ""))

    @cached_property
    def _generic(self) -> str:
        """The folder of the Kconfig file; where it has no code, the one that makes VMs."""
        usual = _folder_of(self.kconfig, _CODE)
        if any(path.endswith(".c") for path in self._tree.paths(usual)):
            return usual
        made = Counter(
            path.rpartition("/")[0] + "/"
            for path in self._tree.grep(_VM_IOCTL)
            if path.endswith(".c") and not path.startswith(FOREIGN)
        )
        return made.most_common(1)[0][0] if made else usual

    def arch_code(self, arch: str) -> tuple[str, ...]:
        """An architecture's own code and its headers."""
        if arch not in self._code_of_arch:
            usual = _ARCH_CODE.format(arch)
            headers = self._headers((_ARCH_HEADERS.format(arch),), _ARCH_VM, f"arch/{arch}/")
            found = (_folder_of(self.arch_kconfig(arch), usual), *headers)
            self._code_of_arch[arch] = found
        return self._code_of_arch[arch]

    @cached_property
    def api(self) -> str:
        """The document on KVM's ioctls: of all, it has most sections on one."""
        return self._best((API,), self._documents, _IOCTL) or API

    def _documents(self) -> Iterable[str]:
        return (path for path in self._everything if path.endswith(".rst"))

    @cached_property
    def selftests(self) -> str:
        """KVM's selftests: the folder whose headers speak most of a test's VM."""
        usual = (p for p in self._tree.paths(f"{SELFTESTS}include/") if p.endswith(".h"))
        if any(_TEST_VM.search(self._tree.read(path)) for path in usual):
            return SELFTESTS
        found = Counter(
            path.partition("/include/")[0] + "/"
            for path in self._tree.grep("struct kvm_vm")
            if path.startswith("tools/") and "/include/" in path
        )
        return found.most_common(1)[0][0] if found else SELFTESTS

    def _headers(self, usual: tuple[str, ...], mark: re.Pattern[bytes], top: str) -> list[str]:
        """The usual prefixes, and the header with the mark where none of these has it."""
        paths = (path for prefix in usual for path in self._tree.paths(prefix))
        if any(path.endswith(".h") and mark.search(self._tree.read(path)) for path in paths):
            return list(usual)
        word = "struct kvm_arch" if mark is _ARCH_VM else "struct kvm"
        moved = [
            path
            for path in self._tree.grep(word)
            if path.endswith(".h")
            and path.startswith(top or "include/")
            and mark.search(self._tree.read(path))
        ]
        return [*usual, *moved]

    def _best(
        self, usual: Iterable[str], others: Callable[[], Iterable[str]], mark: re.Pattern[bytes]
    ) -> str | None:
        """The first usual file that has the mark, else the one with most of them.

        The others are asked for only then: that takes the whole tree.
        """
        for path in usual:
            if mark.search(read_or_none(self._tree, path) or b""):
                return path
        counts = {p: len(mark.findall(read_or_none(self._tree, p) or b"")) for p in others()}
        best = max(sorted(counts), key=lambda path: counts[path], default="")
        return best if counts.get(best) else None

    @cached_property
    def _everything(self) -> tuple[str, ...]:
        return self._tree.paths("")

    @cached_property
    def _kconfigs(self) -> tuple[str, ...]:
        return tuple(p for p in self._everything if p.rpartition("/")[2].startswith("Kconfig"))


def _folder_of(path: str | None, usual: str) -> str:
    return path.rpartition("/")[0] + "/" if path else usual


def uapi(arch: str | None = None) -> tuple[str, ...]:
    """What the paths of KVM's uAPI headers begin with: the generic ones or an architecture's."""
    return (_ARCH_UAPI.format(arch),) if arch else _UAPI


_KNOWN: WeakKeyDictionary[Tree, Folders] = WeakKeyDictionary()


def folders(tree: Tree) -> Folders:
    """The folders of a tree; those behind patches that remove no file are those before them."""
    while isinstance(tree, Overlay) and not tree.gone:
        tree = tree.base
    if tree not in _KNOWN:
        _KNOWN[tree] = Folders(tree)
    return _KNOWN[tree]
