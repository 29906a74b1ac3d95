# SPDX-License-Identifier: GPL-2.0-only
"""A cache that is damaged: noticed, said, and repaired by importing again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from treekit import KERNEL, kernel_members, make_deb, make_tar, run

from codegen.base.errors import DamagedRepository
from codegen.base.progress import silent
from codegen.cli.main import main
from codegen.series.make import open_tree
from codegen.tree import debian
from codegen.tree.cache import locked
from codegen.tree.importer import import_package
from codegen.tree.registry import list_trees, remove, resolve
from codegen.tree.store import damage, imported, trees_path
from codegen.tree.unpack import Package

pytestmark = pytest.mark.programs

NAME, SPEC = "debian-6.12", "debian:6.12"


def packs(suffix: str) -> list[Path]:
    return sorted((trees_path() / "objects/pack").glob(f"*{suffix}"))


def truncated(suffix: str) -> None:
    (path,) = packs(suffix)
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size // 2)


def flipped(objects: int = 1000) -> None:
    """Bytes of the first objects in the pack, files', changed: its size stays."""
    (path,) = packs(".pack")
    path.chmod(0o644)
    listed = run("git", f"--git-dir={trees_path()}", "verify-pack", "-v", packs(".idx")[0])
    lines = [line.split() for line in listed.splitlines() if " blob " in line or objects > 1]
    places = sorted(int(words[4]) for words in lines if len(words) == 5 and words[4].isdigit())
    data = bytearray(path.read_bytes())
    for place in places[:objects]:
        data[place + 4 : place + 8] = bytes(4)
    path.write_bytes(data)


def no_repository() -> None:
    (trees_path() / "HEAD").write_text("nonsense")
    shutil.rmtree(trees_path() / "objects/pack")


DAMAGES: dict[str, Callable[[], object]] = {
    "pack cut off": lambda: truncated(".pack"),
    "index cut off": lambda: truncated(".idx"),
    "pack empty": lambda: (packs(".pack")[0].chmod(0o644), os.truncate(packs(".pack")[0], 0)),
    "pack gone": lambda: packs(".pack")[0].unlink(),
    "index gone": lambda: packs(".idx")[0].unlink(),
    "ref is nonsense": lambda: (trees_path() / f"refs/trees/{NAME}").write_text("nonsense\n"),
    "ref of nothing": lambda: (trees_path() / f"refs/trees/{NAME}").write_text("1" * 40 + "\n"),
    "objects broken": flipped,
    "one object broken": lambda: flipped(1),
    "no repository": no_repository,
}


@pytest.fixture
def known(cache: Path, tmp_path: Path) -> str:
    """A package that was downloaded and imported; returns the commit."""
    deb = make_deb(tmp_path, make_tar(*kernel_members()))
    release = debian.release_of(SPEC)
    with locked(release.package) as held:
        kept = cache / "debs" / deb.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(deb, kept)
        import hashlib
        import json

        fields = {
            "file": kept.name,
            "version": "6.12.7-1",
            "size": kept.stat().st_size,
            "sha256": hashlib.sha256(kept.read_bytes()).hexdigest(),
        }
        held.write(kept.with_name("linux-source-6.12.json"), json.dumps(fields).encode())
    package = Package(deb, "linux-source-6.12", "6.12.7-1")
    commit = import_package(package, NAME, silent)
    location = resolve(SPEC)
    assert location.commit == commit and not location.note
    return commit


@pytest.mark.parametrize("break_it", DAMAGES.values(), ids=DAMAGES)
def test_the_next_run_repairs_it(known: str, break_it: Callable[[], object]) -> None:
    break_it()
    text = b""
    for _ in range(2):  # what shows only when it is read is said once
        with suppress(DamagedRepository), open_tree(resolve(SPEC)) as tree:
            text = tree.read("Makefile")
            break
    assert text == KERNEL["Makefile"]
    assert imported(NAME) == known and not damage()
    run("git", f"--git-dir={trees_path()}", "fsck", "--strict")


@pytest.mark.parametrize("break_it", DAMAGES.values(), ids=DAMAGES)
def test_it_can_be_listed_and_removed(known: str, break_it: Callable[[], object]) -> None:
    break_it()
    list_trees()
    remove(SPEC)
    assert imported(NAME) is None
    assert not list_trees()
    assert resolve_again(known)


def resolve_again(known: str) -> bool:
    """A removed tree has no package any more; what was broken is not in the way of a new one."""
    return not (trees_path() / f"refs/trees/{NAME}").exists() and len(known) == 40


def test_the_program_repairs_what_shows_while_it_reads(
    known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flipped()
    assert main(["explain", "--variant", "quirk", "--tree", SPEC]) == 1  # no kernel, only a tree
    said = capsys.readouterr().err
    assert "damaged" in said or "cannot be read" in said
    assert imported(NAME) == known
    run("git", f"--git-dir={trees_path()}", "fsck", "--strict")
