# SPDX-License-Identifier: GPL-2.0-only
"""What the machine has of what gen runs: programs, libraries, /dev/kvm, room on the disk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import DEFAULT, Architecture
from codegen.run.boot import DEVICE
from codegen.sandbox.confined import PACKAGE, PROGRAM

ROOM_GB = 6  # a tree, its checkout, one build of it, ccache


@dataclass(frozen=True, slots=True)
class Need:
    """Something that gen runs: a program, or a file that the program `finder` finds: the header of
    a library (`.h`, `.a`) for a compiler, firmware (`.bin`) for QEMU."""

    name: str
    package: str
    use: str
    needed: bool = True
    finder: str = "gcc"


@dataclass(frozen=True, slots=True)
class Looked:
    """A part and what was found of it; `version` is empty where it is missing."""

    part: Need
    version: str


_COMMON = (
    Need("git", "git", "trees and series"),
    Need("perl", "perl", "get_maintainer.pl, checkpatch.pl"),
    Need("make", "make", "building kernels"),
    Need("gcc", "gcc", "building kernels"),
    Need("ld", "binutils", "building kernels"),
    Need("flex", "flex", "building kernels"),
    Need("bison", "bison", "building kernels"),
    Need("bc", "bc", "building kernels"),
    Need("libelf.h", "libelf-dev", "building kernels (objtool)"),
    Need("openssl/opensslv.h", "libssl-dev", "building kernels (certificates)"),
)
_WISHED = (
    Need("xz", "xz-utils", "unpacking Debian's sources faster", needed=False),
    Need("ccache", "ccache", "building what was built before", needed=False),
    Need("clang", "clang", "gen build --compiler clang", needed=False),
    Need("sparse", "sparse", "gen check", needed=False),
    Need(PROGRAM, PACKAGE, "a sandbox for what a tree or a series runs", needed=False),
)
_LLVM = (("ld.lld", "lld"), ("llvm-ar", "llvm"))  # what LLVM=1 asks for besides clang


def parts(arch: Architecture = DEFAULT) -> tuple[Need, ...]:
    """What it takes to build an architecture here, and to boot it where gen can."""
    tools = arch.toolchain("gcc")
    qemu = (arch.runs.qemu,) if arch.runs else ()
    cross, llvm = f"building for {arch.name}", "gen build --compiler clang"
    return (
        *_COMMON,
        *(() if arch.native else (Need(tools.program, tools.package, cross),)),
        Need(
            "libc.a",
            arch.libc,
            "selftests that need no library in the guest",
            finder=tools.program,
        ),
        *(Need(each.program, each.package, "booting kernels") for each in qemu),
        *(Need(*file, "booting kernels", finder=q.program) for q in qemu for file in q.firmware),
        *_WISHED,
        *(() if arch.native else (Need(*each, llvm, needed=False) for each in _LLVM)),
    )


def examine(parts: Iterable[Need]) -> tuple[Looked, ...]:
    """Look for each part, in the order given."""
    return tuple(Looked(part, _version(part)) for part in parts)


def apt_command(found: Iterable[Looked]) -> str:
    """The one command that installs what is missing; empty where nothing is."""
    missing = sorted({each.part.package for each in found if not each.version})
    return f"apt-get install --no-install-recommends {' '.join(missing)}" if missing else ""


def _version(part: Need) -> str:
    if part.name.endswith((".h", ".a")):
        return _library(part)
    if part.name.endswith(".bin"):
        return _firmware(part)
    if not shutil.which(part.name):
        return ""
    return _first_line([part.name, "--version"]) or "there"


def _first_line(command: list[str]) -> str:
    """The version in what a program says first; all of it where there is none."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=10, errors="replace"
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    text = lines[0] if lines else ""
    version = re.search(r"\bv?(\d+(?:\.\d+)+)", text)
    return version[1] if version else text[:40]


def _library(part: Need) -> str:
    """Whether the compiler finds a header or a static library, by asking it."""
    others = ("cc", "clang") if part.finder == "gcc" else ()
    compiler = next(filter(None, map(shutil.which, (part.finder, *others))), None)
    if compiler is None:
        return ""
    if part.name.endswith(".a"):
        path = _raw([compiler, f"-print-file-name={part.name}"]).strip()
        return "there" if os.path.isabs(path) and Path(path).exists() else ""
    done = subprocess.run(
        [compiler, "-E", "-xc", "-o", os.devnull, "-"],
        input=f"#include <{part.name}>\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode else "there"


def _firmware(part: Need) -> str:
    """Whether QEMU finds a file in the folders that it names."""
    folders = _raw([part.finder, "-L", "help"]) if shutil.which(part.finder) else ""
    return "there" if any(Path(each, part.name).exists() for each in folders.splitlines()) else ""


def _raw(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def accelerator(arch: Architecture = DEFAULT) -> str:
    """What is known of /dev/kvm without a boot, in words."""
    if arch.runs is None:
        return f"gen compiles what is for {arch.name}, and boots none"
    if not arch.native:
        return f"this machine is no {arch.cpu}: QEMU emulates one, which is slower and as good"
    if not DEVICE.exists():
        return f"{DEVICE} is not there: QEMU emulates, which is slower and as good"
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return f"{DEVICE} is not yours (group kvm?): QEMU emulates, which is slower and as good"
    return f"{DEVICE} is there: the first `gen test` finds out by a boot whether it can be used"


def room(folder: Path) -> tuple[float, bool]:
    """The room on the disk of a folder in GB, and whether it is enough for a tree and a build."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / 1e9
    return free, free >= ROOM_GB
