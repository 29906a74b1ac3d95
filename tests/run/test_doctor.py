# SPDX-License-Identifier: GPL-2.0-only
"""What a machine lacks is named with its package, on machines that lack it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.architectures import DEFAULT
from codegen.cli.main import DONE, FOUND, main
from codegen.run.doctor import apt_command, examine, parts

PARTS = parts()
QEMU = DEFAULT.machine.qemu.program


def test_on_an_empty_machine_everything_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = examine(PARTS)
    assert [each.part for each in found] == list(PARTS)
    assert not any(each.version for each in found)
    packages = apt_command(found).split()
    assert {"qemu-system-x86", "libelf-dev", "ccache", "git"} <= set(packages)
    assert main(["doctor"]) == FOUND
    said = capsys.readouterr().out
    assert f"{QEMU}  MISSING" in said
    assert "as root: apt-get install " in said


def test_a_program_that_is_there_tells_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in PARTS:
        if "." not in part.name:
            program = tmp_path / part.name
            program.write_text(f"#!/bin/sh\necho '{part.name} (GNU something) v12.3.4'\n")
            program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    versions = {each.part.name: each.version for each in examine(PARTS)}
    assert versions["make"] == versions[QEMU] == "12.3.4"


def test_one_object_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["doctor", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is (status == DONE)
    names = {each["name"] for each in said["parts"]}
    assert names == {part.name for part in PARTS}
    missing = [each for each in said["parts"] if not each["version"]]
    assert bool(said["install"]) is bool(missing)
