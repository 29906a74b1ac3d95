# SPDX-License-Identifier: GPL-2.0-only
"""What a record says of an architecture: `record.toml` in the folder of its name, whose tables and
keys are these classes and their fields, and up to two configurations of the kernel beside it."""

from __future__ import annotations

import platform
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.architectures.toolchain import Toolchain, toolchain
from codegen.base.errors import UsageError


@dataclass(frozen=True)
class Kernel:
    """How it is made: make's `ARCH` and goal, the `image` that it leaves, what of `kvm` a check
    compiles (modules where they can be) and how that is configured, about how many `objects` there
    are in all.

    `selftests` are more arguments of make for the selftests; `{out}` is where they go.
    """

    arch: str
    goal: str
    image: str
    kvm: tuple[str, ...]
    objects: int
    check_config: Path
    selftests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Qemu:
    """QEMU's program, its Debian package, and its words: of the board, of the processor, emulated
    or not, and of the two `ports`, which are the character devices `console` and `report`.

    `firmware` are files that it looks for in its own folders, with the packages that have them.
    """

    program: str
    package: str
    tcg: tuple[str, ...]
    kvm: tuple[str, ...]
    ports: tuple[str, ...]
    machine: tuple[str, ...] = ()
    firmware: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class GuestNames:
    """What the guest's kernel calls things, and what it is told.

    `console` gets its log, `report` what init says.  `clock` is the clock source that it has to
    find; the parameter `measured` tells it the host's frequency of the same in kHz.  `flags` are
    those of a processor that has KVM, `paging` the parameters of KVM that are off where there is
    no nested paging.
    """

    console: str
    report: str
    clock: str
    params: tuple[str, ...] = ()
    measured: str = ""
    flags: tuple[str, ...] = ()
    paging: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialConditions:
    """How a series is tried: the `conditions`, parameters under which its tests run as well, and
    the folders of KVM that are `unemulated`, with the reason.

    `mmu` is the folder whose changes are to be tried so (rule R14).
    """

    mmu: str = ""
    conditions: tuple[tuple[str, ...], ...] = ()
    unemulated: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Machine:
    """What it takes to boot an architecture, and how the guest's kernel is configured."""

    qemu: Qemu
    guest: GuestNames
    trial: TrialConditions
    run_config: Path


@dataclass(frozen=True)
class Architecture:
    """One architecture: `name` is that of its folder below `arch/`.

    `target` is what compilers call it (scripts/Makefile.clang), `cpu` what `uname -m` does,
    `debian` what packages do, and `macro` is what its compilers define.  `selftests` are its names
    in KVM's selftests, new and old, `topics` what subjects of KVM begin with, which the document
    `process` asks for, where there is one; `vendors` are folders of its KVM with their topics.

    Of its own in the uAPI, `bits` and `numbers` are patterns of names that share a space of
    numbers; `quirks` are what the names of quirks begin with, and the mask of all.
    """

    name: str
    target: str
    cpu: str
    debian: str
    macro: str
    selftests: tuple[str, ...]
    topics: tuple[str, ...]
    process: str = ""
    vendors: tuple[tuple[str, tuple[str, ...]], ...] = ()
    bits: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()
    builds: Kernel | None = None
    runs: Machine | None = None

    @property
    def kernel(self) -> Kernel:
        """How it is built.  Raises UsageError where its record says nothing of that."""
        if self.builds is None:
            raise UsageError(f"gen does not know how {self.name} is built")
        return self.builds

    @property
    def machine(self) -> Machine:
        """How it is booted.  Raises UsageError where its record says nothing of that."""
        if self.runs is None:
            raise UsageError(f"gen does not know how {self.name} is booted")
        return self.runs

    @property
    def native(self) -> bool:
        """Whether this machine is one."""
        return platform.machine() == self.cpu

    @property
    def libc(self) -> str:
        """Debian's package of its C library, for programs that are built here."""
        return "libc6-dev" if self.native else f"libc6-dev-{self.debian}-cross"

    def toolchain(self, compiler: str) -> Toolchain:
        """The compiler that a user names, such as gcc-12 or clang, for this architecture."""
        return toolchain(compiler, "" if self.native else self.target)


def read_record(folder: Path) -> Architecture:
    """The architecture that a folder describes.

    Raises TypeError for a key that is unknown or missing, OSError where there is no record.
    """
    said = _frozen(tomllib.loads((folder / "record.toml").read_text()))
    builds = runs = None
    if "kernel" in said:
        builds = Kernel(**said.pop("kernel"), check_config=folder / "check.config")
    if "qemu" in said:
        runs = Machine(
            Qemu(**said.pop("qemu")),
            GuestNames(**said.pop("guest", {})),
            TrialConditions(**said.pop("trial", {})),
            folder / "run.config",
        )
    return Architecture(folder.name, **said, builds=builds, runs=runs)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return {key: _frozen(each) for key, each in value.items()} if isinstance(value, dict) else value
