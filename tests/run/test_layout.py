# SPDX-License-Identifier: GPL-2.0-only
"""Sizes and holes of structs, as a compiler of the machine lays them out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from codegen.compare.guest import points
from codegen.run.layout import StructLayout, _read

STRUCTS = {
    "packed": ("int a; int b;", StructLayout(8, 0)),
    "middle": ("char a; long b;", StructLayout(16, 7)),
    "tail": ("long a; char b;", StructLayout(16, 7)),
    "array": ("char a[3][5]; short b;", StructLayout(18, 1)),
    "named": ("typedef_t a; const volatile char b; void *c;", StructLayout(16, 3)),
    "bits": ("unsigned a:3, b:5; long c;", StructLayout(16, 7)),
    "inner": ("struct middle a; union { char b; long c; }; enum { X } d;", StructLayout(32, 4)),
    "flexible": ("int a; char b[];", StructLayout(4, 0)),
    "function": ("void (*a)(int); _Bool b;", StructLayout(16, 7)),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StructLayout]:
    folder = tmp_path_factory.mktemp("layout")
    text = "typedef int typedef_t;\n"
    text += "".join(f"struct {name} {{ {what} }} {name};\n" for name, (what, _) in STRUCTS.items())
    (folder / "a.c").write_text(f"{text}struct never *pointed;\n")
    command = ["gcc", "-g", "-gdwarf-4", "-c", "-o", str(folder / "a.o"), str(folder / "a.c")]
    subprocess.run(command, check=True)
    with Path(folder / "a.o").open("rb") as stream:
        return dict(_read(ELFFile(stream).get_dwarf_info(), {*STRUCTS, "never"}))


@pytest.mark.parametrize("name", STRUCTS)
def test_size_and_holes(found: dict[str, StructLayout], name: str) -> None:
    assert found[name] == STRUCTS[name][1]


def test_what_is_only_declared_has_no_layout(found: dict[str, StructLayout]) -> None:
    assert "never" not in found


def test_figures_are_read_from_what_a_guest_said() -> None:
    said = "@gen begin 0\n| figure on kept 1 17\r\n| figure on kept 16 978\nfigure on kept 2 3\n"
    said += "| figure off again 1 0\n| figure on kept x 1\n|  figure on kept 4 4\n"
    said += "| figure on kept 16 978\n| figure on kept 16 523\n"
    assert points(said) == {"on": {"kept": [(1, 17), (16, 978)]}, "off": {"again": [(1, 0)]}}
