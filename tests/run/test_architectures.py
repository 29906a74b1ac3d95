# SPDX-License-Identifier: GPL-2.0-only
"""An architecture is a record: those that ship, and one that is nothing but a folder of a test's."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from codegen import architectures
from codegen.architectures import ARCHITECTURES, COMPILED, DEFAULT, RUN, Architecture, chosen
from codegen.architectures.record import read_record
from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.cli.target import Target
from codegen.run import accel
from codegen.run.boot import check_qemu, qemu_command
from codegen.run.build import Options, build
from codegen.run.doctor import accelerator, apt_command, examine, parts
from codegen.run.initramfs import build_init, clock_params, guest_text
from codegen.run.selftests import build_selftests, told

RECORDS = Path(architectures.__file__).parent
# What another architecture takes: a table each of how it is built, run and spoken to.
RISCV = """
[kernel]
arch = "riscv"
goal = "Image"
image = "arch/riscv/boot/Image"
kvm = ["arch/riscv/kvm/kvm.ko"]
objects = 700

[qemu]
program = "qemu-system-riscv64"
package = "qemu-system-misc"
firmware = [["firmware.bin", "opensbi"]]
machine = ["-machine", "virt"]
tcg = ["-cpu", "rv64,h=true"]
kvm = ["-cpu", "host"]
ports = ["-serial", "chardev:console", "-device", "virtconsole,chardev=report"]

[guest]
console = "ttyS0"
report = "/dev/hvc0"
clock = "riscv_clocksource"
"""
MAKEFILE = """\
tinyconfig olddefconfig:
\techo CONFIG_KVM=y >$(O)/.config
\tmkdir -p $(O)/include/config $(O)/usr/include $(O)/arch/$(ARCH)/boot
\techo 1.0-$(ARCH) >$(O)/include/config/kernel.release
Image: ; $(CC) -c arch/$(ARCH)/kvm/main.c -o $(O)/arch/$(ARCH)/boot/Image
headers: ; echo "$(CROSS_COMPILE)" >$(O)/prefix
"""
SELFTESTS = """\
TEST_GEN_PROGS := $(OUTPUT)/$(ARCH)/a_test
all: $(TEST_GEN_PROGS)
$(OUTPUT)/%: %.c ; mkdir -p $(@D) && $(CC) $< -o $@
"""


@pytest.fixture(autouse=True)
def a_usual_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: DEFAULT.cpu)


@pytest.fixture
def riscv(tmp_path: Path) -> Architecture:
    folder = tmp_path / "riscv"
    folder.mkdir()
    text = (RECORDS / "riscv/record.toml").read_text().partition("\n[kernel]")[0]
    (folder / "record.toml").write_text(f"{text}{RISCV}")
    for name in ("run.config", "check.config"):
        (folder / name).write_text("CONFIG_KVM=y # for: KVM\n")
    return read_record(folder)


@pytest.mark.parametrize("arch", ARCHITECTURES.values(), ids=list(ARCHITECTURES))
def test_a_record_says_what_its_architecture_is(arch: Architecture) -> None:
    assert arch.name == (RECORDS / arch.name).name
    assert arch.name in arch.selftests
    assert arch.macro.startswith("__") and arch.topics and arch.debian
    files = {path.name for path in (RECORDS / arch.name).iterdir()}
    assert ("check.config" in files, "run.config" in files) == (bool(arch.builds), bool(arch.runs))
    assert files <= {"record.toml", "check.config", "run.config"}


def test_a_key_that_no_record_has_is_refused(tmp_path: Path) -> None:
    text = (RECORDS / "riscv/record.toml").read_text().partition("\n[kernel]")[0]
    (tmp_path / "record.toml").write_text(f'{text}tarket = "riscv"\n')
    with pytest.raises(TypeError, match="tarket"):
        read_record(tmp_path)
    (tmp_path / "record.toml").write_text(text + RISCV.replace('console = "ttyS0"\n', ""))
    with pytest.raises(TypeError, match="console"):
        read_record(tmp_path)


def test_one_is_chosen_by_name_or_by_what_a_series_changes() -> None:
    assert chosen(None) is chosen(None, ["s390"]) is DEFAULT
    assert chosen(None, ["arm64", DEFAULT.name]) is DEFAULT
    assert chosen(None, ["s390", "arm64"]).name == chosen("arm64", [DEFAULT.name]).name == "arm64"
    with pytest.raises(UsageError, match=r"'arm46' \(did you mean arm64\?\): arm64, riscv, x86"):
        chosen("arm46")
    with pytest.raises(UsageError, match="how s390 is booted"):
        ARCHITECTURES["s390"].machine  # noqa: B018
    assert chosen(None, ["s390"], COMPILED).name == chosen("s390", (), COMPILED).name == "s390"
    with pytest.raises(UsageError, match=r"builds no architecture 'sparc'"):
        chosen("sparc", (), COMPILED)
    with pytest.raises(UsageError, match="how mips is built"):
        replace(ARCHITECTURES["mips"], builds=None).kernel  # noqa: B018


def test_a_series_says_by_its_paths_what_it_is_for() -> None:
    def arch(*paths: str, named: str | None = None) -> str:
        diffs = "".join(f"---\ndiff --git a/{path} b/{path}\n" for path in paths)
        about = Target(cast(Any, None), {"0001.patch": diffs.encode()}, cast(Any, None), own=True)
        return about.arch(named).name

    common, arm, x86 = "virt/kvm/Kconfig", "arch/arm64/kvm/mmu.c", "arch/x86/kvm/Kconfig"
    assert arch(common) == arch(common, arm, x86) == arch(arm, named="x86") == "x86"
    assert arch(common, arm) == arch(common, named="arm64") == "arm64"


@pytest.mark.parametrize(
    ("compiler", "program", "make"),
    [
        ("gcc", "aarch64-linux-gnu-gcc", ("CROSS_COMPILE=aarch64-linux-gnu-",)),
        ("gcc-12", "aarch64-linux-gnu-gcc-12", ("CROSS_COMPILE=aarch64-linux-gnu-",)),
        ("/opt/arm/bin/cc", "/opt/arm/bin/cc", ("CROSS_COMPILE=aarch64-linux-gnu-",)),
        ("clang", "clang", ("LLVM=1",)),
        ("clang-14", "clang-14", ("LLVM=-14",)),
    ],
)
def test_a_compiler_is_named_as_for_this_machine(
    compiler: str, program: str, make: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    arm64 = ARCHITECTURES["arm64"]
    tools = arm64.toolchain(compiler)
    assert (tools.program, tools.make) == (program, make)
    assert ("--target=aarch64-linux-gnu" in tools.command) is compiler.startswith("clang")
    assert tools.name != Path(compiler).name or compiler.startswith("/")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert arm64.toolchain(compiler).command == compiler
    assert arm64.toolchain(compiler).make == ()


def test_its_board_its_ports_and_its_clock(tmp_path: Path, riscv: Architecture) -> None:
    odd = tmp_path / "a,b"
    words = qemu_command(odd, odd, odd, accel="tcg", arch=riscv, cmdline_extra=["a.b=0"])
    assert words[0] == "qemu-system-riscv64"
    assert {"virt", "rv64,h=true", "chardev:console", "virtconsole,chardev=report"} <= set(words)
    said = words[words.index("-append") + 1].split()
    assert said[0] == "console=ttyS0" and said[-1] == "a.b=0" and "tsc=reliable" not in said
    assert f"file,id=report,path={tmp_path}/a,,b/output.log" in words
    assert "host" in qemu_command(odd, odd, odd, accel="kvm", arch=riscv)
    assert guest_text(riscv) == "report /dev/hvc0\nclock riscv_clocksource\n"
    assert clock_params(tmp_path, riscv) == ()
    assert guest_text(DEFAULT).splitlines()[2:4] == ["flag svm", "flag vmx"]


def test_a_kernel_and_its_selftests_are_built_for_it(
    tmp_path: Path, riscv: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cross = tmp_path / "bin/riscv64-linux-gnu-gcc"
    tree = tmp_path / "tree"
    kvm, selftests = tree / "arch/riscv/kvm", tree / "tools/testing/selftests/kvm"
    for folder in (cross.parent, kvm, selftests / "riscv"):
        folder.mkdir(parents=True)
    cross.write_text('#!/bin/sh\nexec gcc -DCROSS="$0" "$@"\n')
    cross.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cross.parent}:{os.environ['PATH']}")
    (tree / "Makefile").write_text(MAKEFILE)
    (tree / "Kconfig").write_text('source "arch/$(SRCARCH)/kvm/Kconfig"\n')
    (kvm / "Kconfig").write_text("config KVM\n")
    (kvm / "main.c").write_text("#ifdef CROSS\nint x;\n#endif\n")
    (selftests / "Makefile").write_text(SELFTESTS)
    (selftests / "riscv/a_test.c").write_text("int main(void) { return 0; }\n")
    kernel = build(tree, tmp_path / "out", None, Options(arch=riscv))
    assert kernel.image.read_bytes().startswith(b"\x7fELF")
    assert (kernel.release, kernel.arch) == ("1.0-riscv", riscv)
    assert (kernel.out / "prefix").read_text() == "riscv64-linux-gnu-\n"
    assert list(build_selftests(kernel).programs) == ["riscv/a_test"]
    with pytest.raises(UsageError, match="is not a kernel tree with KVM for arm64"):
        build(tree, tmp_path / "other", None, Options(arch=ARCHITECTURES["arm64"]))


def test_what_the_selftests_makefile_is_told() -> None:
    arm64 = ARCHITECTURES["arm64"]
    words = told(arm64, arm64.toolchain("gcc"), Path("/out"))
    assert words == ["ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "arm64_hdr_outdir=/out/"]


def test_init_is_an_architecture_s_own(tmp_path: Path) -> None:
    init = build_init(tmp_path, arch=ARCHITECTURES["arm64"])
    assert init.read_bytes()[18:20] == b"\xb7\0"  # EM_AARCH64, elf.h
    assert init != build_init(tmp_path)


def test_another_machine_is_emulated(tmp_path: Path, riscv: Architecture) -> None:
    found = accel.choose("auto", tmp_path, tmp_path, tmp_path / "a", arch=riscv)
    assert (found.name, found.why) == ("tcg", "this machine is no riscv64")
    assert accelerator(riscv).startswith("this machine is no riscv64: QEMU emulates one")


@pytest.mark.parametrize("name", [name for name in RUN if name != DEFAULT.name])
def test_what_is_missing_is_named_with_its_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arch = ARCHITECTURES[name]
    monkeypatch.setenv("PATH", str(tmp_path))
    packages = set(apt_command(examine(parts(arch))).split())
    cross = f"gcc-{arch.target.replace('_', '-')}"
    assert {cross, f"libc6-dev-{arch.debian}-cross", arch.machine.qemu.package} <= packages
    assert arch.machine.qemu.package not in apt_command(examine(parts())).split()
    with pytest.raises(EnvironmentFailure, match=rf"Debian: {arch.machine.qemu.package}\)"):
        check_qemu(arch)
    with pytest.raises(EnvironmentFailure, match=rf"Debian: {cross}\)"):
        build_init(tmp_path / "init", arch=arch)


def test_firmware_is_looked_for_where_qemu_looks(
    tmp_path: Path, riscv: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        return apt_command(examine(part for part in parts(riscv) if part.name == "firmware.bin"))

    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert missing().endswith(" opensbi")
    qemu = tmp_path / riscv.machine.qemu.program
    qemu.write_text(f'#!/bin/sh\n[ "$*" = "-L help" ] && echo /nowhere && echo {tmp_path}/share\n')
    qemu.chmod(0o755)
    assert missing().endswith(" opensbi")
    (tmp_path / "share").mkdir()
    (tmp_path / "share/firmware.bin").touch()
    assert not missing()
