# SPDX-License-Identifier: GPL-2.0-only
"""How large the structs of a kernel that was built are, and how much of them is holes: by DWARF.

One small C file that includes KVM's header is compiled with the command that kbuild kept of an
object of KVM, and debug information; the kernel itself is built without.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure
from codegen.run import make
from codegen.run.build import KernelBuild
from codegen.run.preprocessed import compile_command
from codegen.sandbox import sandbox
from codegen.sandbox.limits import BUILD

_HEADER = "linux/kvm_host.h"
_ASKED = "virt/kvm/kvm_main.c"  # whose command is taken
_SAME = ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type")


@dataclass(frozen=True, slots=True)
class StructLayout:
    """The size of a struct in bytes, and how many of them no member has."""

    size: int
    holes: int


def layouts(kernel: KernelBuild, names: Sequence[str]) -> Mapping[str, StructLayout]:
    """The layout of each of the structs that KVM's header has.

    Raises EnvironmentFailure where the probe does not compile.
    """
    from elftools.elf.elffile import ELFFile

    uses = "".join(f"struct {name} *gen_probe_{name};\n" for name in names)
    with tempfile.TemporaryDirectory(dir=kernel.out.parent) as folder:
        source, target = Path(folder, "probe.c"), Path(folder, "probe.o")
        source.write_text(f"#include <{_HEADER}>\n{uses}")
        command = compile_command(kernel, _ASKED)
        if command is None:
            raise EnvironmentFailure(f"kbuild kept no command of {_ASKED}")
        command = [*command, "-w", "-g", "-gdwarf-4", "-c", "-o", str(target), str(source)]
        env = make.environment(None)
        read = (kernel.source, kernel.out, source)
        room = make.room(kernel.tools, kernel.cc, read, (Path(folder),), kernel.ccache)
        done = sandbox.run(command, room, command[0], env=env, cwd=kernel.out, limits=BUILD)
        if done.status:
            said = make.printable(done.stderr.decode(errors="replace"))
            raise EnvironmentFailure(f"the structs of KVM cannot be asked for: {said.strip()}")
        with target.open("rb") as stream:
            return _read(ELFFile(stream).get_dwarf_info(), set(names))


def _read(info: Any, names: set[str]) -> Mapping[str, StructLayout]:
    found = {}
    for unit in info.iter_CUs():
        for entry in unit.iter_DIEs():
            sized = "DW_AT_byte_size" in entry.attributes
            if entry.tag == "DW_TAG_structure_type" and sized and _name(entry) in names:
                found[_name(entry)] = _layout(entry)
    return found


def _name(entry: Any) -> str:
    attribute = entry.attributes.get("DW_AT_name")
    return str(attribute.value.decode()) if attribute else ""


def _layout(struct: Any) -> StructLayout:
    size = int(struct.attributes["DW_AT_byte_size"].value)
    bits = 0
    for member in struct.iter_children():
        if member.tag == "DW_TAG_member":
            width = member.attributes.get("DW_AT_bit_size")
            whole = member.get_DIE_from_attribute("DW_AT_type")
            bits += int(width.value) if width else 8 * _size(whole)
    return StructLayout(size, size - (bits + 7) // 8)


def _size(kind: Any) -> int:
    """The bytes of a type."""
    if "DW_AT_byte_size" in kind.attributes:
        return int(kind.attributes["DW_AT_byte_size"].value)
    if kind.tag == "DW_TAG_pointer_type":
        return int(kind.cu["address_size"])
    if "DW_AT_type" not in kind.attributes:
        return 0
    below = _size(kind.get_DIE_from_attribute("DW_AT_type"))
    if kind.tag in _SAME:
        return below
    for part in kind.iter_children():
        if part.tag == "DW_TAG_subrange_type":
            below *= _count(part)
    return below


def _count(part: Any) -> int:
    if "DW_AT_count" in part.attributes:
        return int(part.attributes["DW_AT_count"].value)
    bound = part.attributes.get("DW_AT_upper_bound")
    return int(bound.value) + 1 if bound and isinstance(bound.value, int) else 0
