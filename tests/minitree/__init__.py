# SPDX-License-Identifier: GPL-2.0-only
"""A small kernel tree of our own: what gen looks for, as real C that a compiler takes.

`files/` is a tree with VM types and the second memslot ioctl; `old/` is what an older one has
instead.  Every other tree is one of these with changes: functions from files to files.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from clang import cindex

HERE = Path(__file__).parent
Files = dict[str, bytes]
Change = Callable[[Files], None]

API = "Documentation/virt/kvm/api.rst"
KVM_MAIN = "virt/kvm/kvm_main.c"
MMU = "arch/x86/kvm/mmu/mmu.c"
SELFTESTS = "tools/testing/selftests/kvm/"
UAPI = "include/uapi/linux/kvm.h"
X86_UAPI = "arch/x86/include/uapi/asm/kvm.h"
X86_HOST = "arch/x86/include/asm/kvm_host.h"
X86 = "arch/x86/kvm/x86.c"


class MemoryTree:
    """A tree in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def read(self, path: str) -> bytes:
        """See `Tree.read`."""
        try:
            return self.files[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        return tuple(sorted(path for path in self.files if path.startswith(prefix)))

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """See `Tree.grep`."""
        wanted = word.encode()
        return tuple(
            path
            for path, data in sorted(self.files.items())
            if path.startswith(within) and path.endswith((".c", ".h")) and wanted in data
        )


@lru_cache(maxsize=2)
def _folder(name: str) -> tuple[tuple[str, bytes], ...]:
    top = HERE / name
    found = []
    for path in sorted(top.rglob("*")):
        if path.is_file():
            shown = str(path.relative_to(top))
            # git would take a .gitignore of the small tree for one of ours
            found.append((re.sub(r"(^|/)gitignore$", r"\1.gitignore", shown), path.read_bytes()))
    return tuple(found)


def minitree(*changes: Change) -> Files:
    """The small tree's files, changed."""
    files = dict(_folder("files"))
    for change in changes:
        change(files)
    return files


def edited(path: str, *pairs: tuple[str, str]) -> Change:
    """A change that replaces texts of one file; each must be there."""

    def change(files: Files) -> None:
        text = files[path].decode()
        for old, new in pairs:
            assert old in text, f"{path} has no {old!r}"
            text = text.replace(old, new)
        files[path] = text.encode()

    return change


def added(path: str, text: str) -> Change:
    """A change that adds a file, or replaces it."""

    def change(files: Files) -> None:
        files[path] = text.encode()

    return change


def removed(*paths: str) -> Change:
    """A change that removes files."""

    def change(files: Files) -> None:
        for path in paths:
            del files[path]

    return change


def function_of(text: str, name: str) -> str:
    """A function of the small tree: from the line that names it first to its closing bracket."""
    found = re.search(
        rf"^(?:[\w*].*[ *])?{name}\((?:[^;{{]|\n)*\n?\{{\n(?:.*\n)*?\}}\n", text, re.M
    )
    assert found, name
    return found[0]


def renamed(old: str, new: str) -> Change:
    """A change that renames a folder or a file; what is in the files stays."""

    def change(files: Files) -> None:
        for path in [path for path in files if path.startswith(old)]:
            files[new + path[len(old) :]] = files.pop(path)

    return change


def moved(name: str, source: str, target: str, head: str) -> Change:
    """A change that moves a function into a file of its own, which begins with `head`."""

    def change(files: Files) -> None:
        text = files[source].decode()
        function = function_of(text, name)
        files[source] = text.replace(function, "").encode()
        files[target] = f"{head}\n{function}".encode()

    return change


def old(files: Files) -> None:
    """The tree as Linux 6.1 is: no VM types, no second memslot ioctl, other selftests."""
    files.update(_folder("old"))


def helper_decides(files: Files) -> None:
    """The tree as mainline's 6.12 is: a function of its own decides what a memslot takes along."""
    helper = "return kvm->arch.vm_type == KVM_X86_DEFAULT_VM"
    quirk = "kvm_check_has_quirk(kvm, KVM_X86_QUIRK_SLOT_ZAP_ALL);\n"
    own = f"\tbool zap_all = kvm_memslot_flush_zap_all(kvm) &&\n\t\t       {quirk}\n"
    edited(
        MMU,
        (f"{own}\tif (zap_all)", "\tif (kvm_memslot_flush_zap_all(kvm))"),
        (f"{helper};\n", f"{helper} &&\n\t       {quirk}"),
    )(files)


def new(files: Files) -> None:
    """The tree as Linux 7.2 is: selftests renamed, their types and lists as well."""
    for path in sorted(files):
        if not path.startswith(SELFTESTS):
            continue
        text = files.pop(path).decode()
        text = re.sub(r"\b(u?)int(8|16|32|64)_t\b", lambda m: (m[1] or "s") + m[2], text)
        text = text.replace("vm_vaddr_t", "gva_t").replace("vm_paddr_t", "gpa_t")
        text = text.replace("x86_64/", "x86/").replace("aarch64/", "arm64/")
        text = re.sub(r"PROGS_x86_64\b", "PROGS_x86", text)
        text = re.sub(r"PROGS_aarch64\b", "PROGS_arm64", text)
        text = text.replace(
            "u64 vm_get_stat(struct kvm_vm *vm, const char *stat_name);\n",
            "u64 __vm_get_stat(struct kvm_vm *vm, const char *stat_name);\n"
            "#define vm_get_stat(vm, stat) __vm_get_stat(vm, #stat)\n",
        )
        if path.endswith("/kvm_util.h"):
            types = "".join(
                f"typedef {sign}int{bits}_t {short}{bits};\n"
                for sign, short in (("u", "u"), ("", "s"))
                for bits in (8, 16, 32, 64)
            )
            text = text.replace("typedef u64 gva_t;", types + "\ntypedef u64 gva_t;")
        path = path.replace("/x86_64/", "/x86/").replace("/aarch64/", "/arm64/")
        if path == f"{SELFTESTS}Makefile":
            files[f"{SELFTESTS}Makefile.kvm"] = text.encode()
            text = "# SPDX-License-Identifier: GPL-2.0-only\ninclude Makefile.kvm\n"
        files[path] = text.encode()


_KERNEL_FLAGS = "-std=gnu11 -nostdinc -Wall -Werror -Wno-main -ffreestanding".split()
_SELFTEST_FLAGS = "-std=gnu11 -Wall -Werror -Wno-unused-function -D__x86_64__".split()


def compiled(files: Mapping[str, bytes], folder: Path, paths: Iterable[str] | None = None) -> str:
    """What gcc says of the tree's C files, or of some of them; nothing where all is well."""
    written(files, folder)
    said = []
    for path in sorted(files if paths is None else paths):
        if path.endswith(".c"):
            done = subprocess.run(
                ["gcc", "-S", "-o", os.devnull, *_flags(path), path],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
            )
            said.append(done.stderr)
    return "".join(said)


def checked(files: Mapping[str, bytes], folder: Path, paths: Iterable[str] | None = None) -> str:
    """The same by libclang in this process, in a third of the time: for the many trees."""
    written(files, folder)
    said = []
    for path in sorted(files if paths is None else paths):
        if path.endswith(".c"):
            flags = [re.sub(r"^-I(?!/)", f"-I{folder}/", flag) for flag in _flags(path)]
            flags += [f"-isystem{_gcc_headers()}"]
            unit = _index().parse(str(folder / path), flags)
            said += [
                f"{path}:{d.location.line}: {d.spelling}\n"
                for d in unit.diagnostics
                if d.severity > 1
            ]
    return "".join(said)


@lru_cache(maxsize=1)
def _index() -> cindex.Index:
    return cindex.Index.create()


@lru_cache(maxsize=1)
def _gcc_headers() -> str:
    return subprocess.check_output(["gcc", "-print-file-name=include"], text=True).strip()


def written(files: Mapping[str, bytes], folder: Path) -> Path:
    """Files in a folder; what is there already is not written again."""
    for path, data in files.items():
        place = folder / path
        if not place.exists() or place.read_bytes() != data:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return folder


def _flags(path: str) -> list[str]:
    arch = "arm64" if "/arm64/" in path or "/aarch64/" in path else "x86"
    own = [f"-Iarch/{arch}/include", f"-Iarch/{arch}/include/uapi", "-Iinclude/uapi"]
    if path.startswith(SELFTESTS):
        return [*_SELFTEST_FLAGS, f"-I{SELFTESTS}include", "-Itools/include", *own]
    return [*_KERNEL_FLAGS, *own, "-Iinclude"]
