# SPDX-License-Identifier: GPL-2.0-only
"""The archive is read back with cpio itself; init is compiled for real."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.run.initramfs import (
    INIT_SOURCE,
    GuestTest,
    build_init,
    clock_params,
    contents,
    cpio,
    list_text,
    write_initramfs,
)

needs_cpio = pytest.mark.skipif(not shutil.which("cpio"), reason="cpio is not installed")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF or so")
    return path


@needs_cpio
def test_cpio_reads_what_was_written(tmp_path: Path, program: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"another")
    tests = [
        GuestTest("x86/a_test", program, ("-i", "2"), 5),
        GuestTest("b_test", other),
        GuestTest("c", program, (), 7, (("/sys/x", "1"), ("/sys/y", "a b"))),
    ]
    archive = write_initramfs(tmp_path / "initramfs", program, tests)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(
        ["cpio", "-id", "--quiet"], stdin=archive.open("rb"), cwd=out, check=True, timeout=10
    )
    assert (out / "init").read_bytes() == program.read_bytes()
    assert (out / "tests/x86/a_test").stat().st_mode & stat.S_IXUSR
    assert (out / "gen/tests").read_text() == (
        "5\t/tests/x86/a_test\t-i\t2\n"
        "120\t/tests/b_test\n"
        "7\t@/sys/x=1\t@/sys/y=a b\t/tests/x86/a_test\n"
    )
    assert not (out / "tests/c").exists()
    assert (out / "proc").is_dir()


def test_same_content_same_bytes_and_aligned() -> None:
    entries = [("a", stat.S_IFREG | 0o644, b"12345"), ("bcd", stat.S_IFREG | 0o644, b"")]
    archive = cpio(entries)
    assert archive == cpio(entries)
    assert len(archive) % 4 == 0
    assert archive.startswith(b"070701")


def test_a_folder_comes_before_what_it_holds(program: Path) -> None:
    names = list(contents(program, [GuestTest("x86/deep/a_test", program)]))
    assert names.index("tests") < names.index("tests/x86") < names.index("tests/x86/deep/a_test")


@pytest.mark.parametrize("bad", ["a\tb", "a\nb", "a\0b"])
def test_argument_that_the_list_cannot_hold_is_refused(program: Path, bad: str) -> None:
    with pytest.raises(UsageError, match="tab and newline"):
        contents(program, [GuestTest("a_test", program, (bad,))])


def test_list_is_empty_without_tests() -> None:
    assert list_text([]) == ""


def test_init_compiles_without_a_warning(tmp_path: Path) -> None:
    flags = ["-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["gcc", *flags, "-o", str(tmp_path / "init"), str(INIT_SOURCE)], check=True)


def test_init_is_compiled_once(tmp_path: Path) -> None:
    init = build_init(tmp_path)
    made = init.stat().st_mtime_ns
    assert init.read_bytes().startswith(b"\x7fELF")
    assert build_init(tmp_path).stat().st_mtime_ns == made


def test_init_measures_the_clock_of_the_host(tmp_path: Path) -> None:
    (param,) = clock_params(build_init(tmp_path))
    name, _, khz = param.partition("=")
    assert name == "tsc_early_khz"
    assert 100_000 < int(khz) < 10_000_000
    assert clock_params(tmp_path / "nothing") == ()


def test_missing_compiler_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="cannot run no-such-compiler"):
        build_init(tmp_path, "no-such-compiler")
