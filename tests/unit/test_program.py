# SPDX-License-Identifier: GPL-2.0-only
"""What a program says that it is, asked once of the same file."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.run.program import version_line


def test_a_program_is_asked_again_when_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program, asked = tmp_path / "some-cc", tmp_path / "asked"

    def install(version: str) -> None:
        new = tmp_path / "new"
        new.write_text(f"#!/bin/sh\necho x >> {asked}\necho 'cc {version}'\necho more\n")
        new.chmod(0o755)
        new.replace(program)

    install("1")
    assert [version_line("some-cc"), version_line("some-cc")] == ["cc 1", "cc 1"]
    install("2")
    assert version_line("some-cc") == "cc 2"
    assert asked.read_text() == "x\n" * 2
    program.unlink()
    with pytest.raises(FileNotFoundError):
        version_line("some-cc")


def test_a_program_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program = tmp_path / "some-cc"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(OSError, match="ended with status 3"):
        version_line("some-cc")
