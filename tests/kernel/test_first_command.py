# SPDX-License-Identifier: GPL-2.0-only
"""The README's first command on a machine whose apt lists are new, old, or older than the archive.

The lists are real ones, fetched by apt into a folder of their own; an old machine's know less.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.tree.fetch import version_key
from codegen.tree.registry import DEFAULT

pytestmark = pytest.mark.kernel

TOP = Path(__file__).resolve().parents[2]
PACKAGE = DEFAULT.replace("debian:", "linux-source-")
GONE = "6.12.1-1"
HELPER = "/usr/lib/apt/apt-helper"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lists of an apt that has this machine's sources, fetched now, as text."""
    root = tmp_path / "apt"
    (root / "lists/partial").mkdir(parents=True)
    (root / "cache/archives/partial").mkdir(parents=True)
    (root / "apt.conf").write_text(
        f'Dir::State::lists "{root}/lists";\nDir::Cache "{root}/cache";\n'
        'Acquire::Languages "none";\nAPT::Sandbox::User "root";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(root / "apt.conf"))
    subprocess.run(["apt-get", "-qq", "update"], check=True)
    for path in (root / "lists").glob("*_Packages.*"):  # small images keep them compressed
        text = subprocess.run([HELPER, "cat-file", path], check=True, capture_output=True).stdout
        path.with_suffix("").write_bytes(text)
        path.unlink()
    return root / "lists"


def rewritten(lists: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change the stanzas of the package in all lists; others stay."""
    head = f"Package: {PACKAGE}\n"
    for path in lists.glob("*_Packages"):
        stanzas = path.read_text().split("\n\n")
        mine = [stanza for stanza in stanzas if stanza.lstrip("\n").startswith(head)]
        if mine:
            rest = [stanza for stanza in stanzas if stanza not in mine]
            path.write_text("\n\n".join([*change(mine), *rest]))


def version(stanza: str) -> str:
    found = re.search(r"^Version: (.+)$", stanza, re.M)
    assert found
    return found[1]


def versions(lists: Path) -> list[str]:
    """What the lists know, oldest first."""
    found = {
        version(stanza)
        for path in lists.glob("*_Packages")
        for stanza in path.read_text().split("\n\n")
        if stanza.lstrip("\n").startswith(f"Package: {PACKAGE}\n")
    }
    return sorted(found, key=version_key)


def first_command(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """`./gen --variant memslot-flag` with a cache of its own, as a stranger runs it."""
    environment = {**os.environ, "GEN_CACHE": str(tmp_path / "cache")}
    command = ["./gen", "--variant", "memslot-flag", "--out", str(tmp_path / "out")]
    return subprocess.run(
        command, cwd=TOP, env=environment, capture_output=True, text=True, check=False
    )


def made(done: subprocess.CompletedProcess[str], version_: str) -> None:
    """A series was made, of that version."""
    assert done.returncode == 0, done.stderr
    upstream = version_.partition("-")[0]
    assert f"on debian-6.12 (Linux {upstream})" in done.stdout
    assert "0004  KVM: selftests: Test KVM_MEM_ZAP_LEAFS_ONLY" in done.stdout


@pytest.mark.parametrize("which", [pytest.param("newest", marks=pytest.mark.long), "oldest"])
def test_on_lists_that_are(which: str, machine: Path, tmp_path: Path) -> None:
    known = versions(machine)
    meant = known[-1 if which == "newest" else 0]
    rewritten(machine, lambda stanzas: [s for s in stanzas if version(s) == meant])
    assert versions(machine) == [meant]
    done = first_command(tmp_path)
    made(done, meant)
    assert "can no longer be fetched" not in done.stderr


@pytest.mark.long
def test_on_lists_older_than_the_archive(machine: Path, tmp_path: Path) -> None:
    """What they name is gone from the archive: the newest is taken, and that is said."""
    newest = versions(machine)[-1]

    def aged(stanzas: list[str]) -> list[str]:
        return [s.replace(version(s), GONE).replace("_all.deb", "_gone.deb") for s in stanzas[:1]]

    rewritten(machine, aged)
    assert versions(machine) == [GONE]
    done = first_command(tmp_path)
    made(done, newest)
    assert f"{PACKAGE} {GONE}, which this machine's apt lists name, can no longer" in done.stderr
    assert f"took {newest}" in done.stderr
