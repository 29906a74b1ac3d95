# SPDX-License-Identifier: GPL-2.0-only
"""What the small tree's KVM does: its C is compiled for this machine, run and asked everything.

Two trees that answer alike are the same to userspace, however they are written.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from codegen.tree.reader import Tree
from tests.drift.draft import SELFTESTS
from tests.minitree import HERE, written

_OWN = Path(__file__).parent
_X86 = ("virt/", "arch/x86/", "include/", SELFTESTS)
_ENTRIES = (
    "kvm_vm_ioctl_check_extension_generic",
    "kvm_vm_ioctl_check_extension",
    "kvm_vm_ioctl_enable_cap",
)


def behaviour(
    tree: Tree, renamed: Mapping[str, str], config: tuple[str, ...], new: frozenset[str]
) -> str:
    """What the tree's KVM answers, or what the compiler complains of.

    `renamed` are functions with other names, `config` the symbols that are set, `new` the files
    that a series adds: of the tests, the one that was there and knows memslot flags is run.
    """
    files = {
        path: tree.read(path)
        for prefix in _X86
        for path in tree.paths(prefix)
        if path.endswith((".c", ".h"))
    }
    aliases = tuple((old, new) for old, new in renamed.items() if old in _ENTRIES)
    wanted = {
        path: data
        for path, data in files.items()
        if not path.startswith(SELFTESTS)
        or path.endswith(".h")
        or (b"KVM_MEM_LOG_DIRTY_PAGES" in data and path not in new)
    }
    digest = hashlib.sha256(repr((sorted(wanted.items()), aliases, config)).encode()).hexdigest()
    _TREES[digest] = wanted
    return _run(digest, aliases, config)


_TREES: dict[str, Mapping[str, bytes]] = {}


@cache
def _run(digest: str, aliases: tuple[tuple[str, str], ...], config: tuple[str, ...]) -> str:
    files = _TREES.pop(digest)
    with TemporaryDirectory() as name:
        folder = Path(name)
        written(files, folder)
        sources = [p for p in sorted(files) if p.endswith(".c") and not p.startswith(SELFTESTS)]
        text = "".join(f'#include "{path}"\n' for path in sources)
        text += "".join(f"#define {old} {new}\n" for old, new in aliases if f"{old}(" not in text)
        (folder / "kernel.c").write_text(text)
        tests = [p for p in sorted(files) if p.endswith(".c") and p.startswith(SELFTESTS)]
        include = [f"-I{f}" for f in ("arch/x86/include", "arch/x86/include/uapi", "include/uapi")]
        kernel = (
            "-std=gnu11 -nostdinc -Wall -Werror -Wno-main -ffreestanding -fno-builtin -Wno-unused".split()
            + ['-DKERNEL="kernel.c"', "-I.", *include, "-Iinclude", f"-I{HERE}/stubs"]
            + [f"-DCONFIG_{symbol}=1" for symbol in config]
            + ["-include", "linux/types.h", "-include", str(_OWN / "warn.h")]
        )
        user = ["-std=gnu11", "-Wall", "-Werror", "-Wno-unused", "-D__x86_64__"]
        user += [f"-I{SELFTESTS}include", *include]
        said = _gcc(folder, *kernel, "-c", str(_OWN / "probe.c"), "-o", "probe.o")
        if not said:
            sources = [*tests, str(_OWN / "main.c"), "probe.o"]
            said = _gcc(folder, *user, "-Dmain=tests_main", *sources, "-o", "probe")
        if said:
            return f"does not compile: {said}"
        done = subprocess.run(
            [str(folder / "probe")], capture_output=True, text=True, check=False, timeout=20
        )
        return done.stdout + (f"died: {done.returncode}\n" if done.returncode else "")


def _gcc(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["gcc", "-O0", "-pipe", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stderr
