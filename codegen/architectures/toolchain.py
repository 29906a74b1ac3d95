# SPDX-License-Identifier: GPL-2.0-only
"""A compiler for an architecture, native or not, as the kernel's makefiles are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Toolchain:
    """The `command` to compile with, the `program` in it, and a `name` for folders of it.

    `make` is what makefiles are told besides CC (Documentation/kbuild/kbuild.rst, llvm.rst),
    `prefix` what the names of its binutils begin with, `package` what Debian has it in.
    """

    name: str
    program: str
    command: str
    make: tuple[str, ...]
    prefix: str
    package: str


def toolchain(compiler: str, target: str) -> Toolchain:
    """A compiler by the name that it has for this machine; `target` is another one's, or empty.

    A cross compiler and one that is named with its folder are taken as they are.
    """
    name = Path(compiler).name
    if not target:
        return Toolchain(name, compiler, compiler, (), "", name)
    prefix = f"{target}-"
    if name.startswith("clang"):
        command = f"{compiler} --target={target}"
        llvm = f"LLVM={name.removeprefix('clang') or '1'}"
        return Toolchain(f"{prefix}{name}", compiler, command, (llvm,), "llvm-", "clang lld llvm")
    program = compiler if "/" in compiler or name.startswith(prefix) else f"{prefix}{compiler}"
    make = (f"CROSS_COMPILE={prefix}",)
    name = Path(program).name
    return Toolchain(name, program, program, make, prefix, f"gcc-{target.replace('_', '-')}")
