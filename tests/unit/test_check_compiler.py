# SPDX-License-Identifier: GPL-2.0-only
"""What compilers say, told apart: which warnings are new, which symbols nobody has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from codegen.architectures import ARCHITECTURES
from codegen.check.compiler import (
    Warned,
    count,
    fresh,
    outdated,
    read_log,
    sparse_command,
    undefined,
)
from codegen.run.config import parse_fragment

LOG = """\
make: Entering directory '/b/source'
  CC [M]  arch/x86/kvm/x86.o
  CC [M]  arch/x86/kvm/../../../virt/kvm/kvm_main.o
/b/source/arch/x86/kvm/x86.c:7:3: warning: unused variable 'r' [-Wunused-variable]
    7 |   int r;
/b/source/arch/x86/kvm/../../../virt/kvm/kvm_main.c:9: warning: no column
sparse: /b/source/arch/x86/kvm/x86.c:8:1: warning: symbol 'x' was not declared
sparse: /b/source/arch/x86/kvm/x86.c:8:1: warning: symbol 'x' was not declared
sparse: /b/source/include/a.h:3:1: error: bad thing
/b/source/arch/x86/kvm/x86.c:9:1: error: an error is no warning
WARNING: modpost: "x" [arch/x86/kvm/kvm.ko] undefined!
.config:3:warning: override: reassigning to symbol SMP
"""


def test_a_log_is_read_by_program_place_and_words() -> None:
    assert read_log(LOG, Path("/b/source")) == (
        Warned("bisect", "arch/x86/kvm/x86.c", 7, "unused variable 'r' [-Wunused-variable]"),
        Warned("bisect", "virt/kvm/kvm_main.c", 9, "no column"),
        Warned("sparse", "arch/x86/kvm/x86.c", 8, "symbol 'x' was not declared"),
        Warned("sparse", "include/a.h", 3, "error: bad thing"),
    )


def test_a_sparse_that_is_too_old_is_noticed() -> None:
    assert not outdated(LOG)
    assert outdated(LOG + "sparse: /b/source/a.h:645:1: error: too many errors\n")
    assert outdated("Makefile:9: C=1 specified, but x is not available or not up to date\n" + LOG)


def warned(*lines: int, text: str = "w") -> list[Warned]:
    """The same warning at some lines."""
    return [Warned("bisect", "a.c", line, text) for line in lines]


@pytest.mark.parametrize(
    ("before", "now", "added", "new"),
    [
        ([], [1], [], [1]),
        ([1], [1], [], []),
        ([1], [9], [9], []),  # it moved
        ([1, 2], [3], [], []),
        ([1], [1, 5], [5], [5]),
        ([5], [1, 5], [1], [1]),
        ([1], [2, 3, 4], [], [2, 3]),
    ],
)
def test_what_is_more_than_before_is_new(
    before: list[int], now: list[int], added: list[int], new: list[int]
) -> None:
    found = fresh(warned(*now), count(warned(*before)), {"a.c": frozenset(added)})
    assert [each.line for each in found] == new


def test_other_words_are_another_warning() -> None:
    found = fresh(warned(1, text="v"), count(warned(1, text="w")), {})
    assert [each.text for each in found] == ["v"]


def test_symbols_that_no_module_gives(tmp_path: Path) -> None:
    sources = {
        "one": "void given(void); extern void none(void); void f(void) { given(); none(); }",
        "two": "void given(void) {} char __ksymtab_given; extern void weak(void)"
        " __attribute__((weak)); void g(void) { weak(); }",
    }
    for name, text in sources.items():
        (tmp_path / f"{name}.c").write_text(text)
        subprocess.run(["gcc", "-c", f"{name}.c", "-o", f"{name}.ko"], cwd=tmp_path, check=True)
    assert undefined([tmp_path / "one.ko", tmp_path / "two.ko"]) == {"none", "weak"}


@pytest.mark.parametrize(
    ("names", "file", "asked"),
    [
        ((), "a.c", True),
        (("a.c", "b.c"), "a.c", True),
        (("b.c",), "a.c", False),
        (("b.c",), "tmp.x", True),  # kbuild asks whether sparse is new enough
    ],
)
def test_sparse_reads_files_by_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    file: str,
    asked: bool,
) -> None:
    fake = tmp_path / "bin/sparse"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "$@"; exit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    script = sparse_command(tmp_path)
    assert script is not None
    command = [script, *names, "--", "-DX", f"/b/virt/kvm/{file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    said = f"sparse: -fmax-warnings=unlimited -DX /b/virt/kvm/{file}\n"
    assert done.stderr == (said if asked else "")


def test_without_sparse_there_is_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert sparse_command(tmp_path) is None


def test_the_configuration_has_both_vendors_as_modules() -> None:
    text = ARCHITECTURES["x86"].kernel.check_config.read_text()
    wants = {want.symbol: want.value for want in parse_fragment(text)}
    assert wants["KVM_INTEL"] == wants["KVM_AMD"] == "m"
    assert wants["KVM_WERROR"] == "n"  # warnings are compared, and the compiler goes on
