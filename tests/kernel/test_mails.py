# SPDX-License-Identifier: GPL-2.0-only
"""A series as its reader gets it: git am takes it, checkpatch is silent, docutils as well."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from docutils.core import publish_doctree
from docutils.utils import Reporter

from codegen.series import Series, open_tree
from codegen.survey import API
from codegen.tree.git import git_environment

from .conftest import location

pytestmark = pytest.mark.kernel

# checkpatch says these of every new test and every quirk; the second is the exception that KVM
# accepts, the first asks a question that get_maintainer.pl answers (see test_maintainers).
SCRIPTS = ("scripts/checkpatch.pl", "scripts/spelling.txt", "scripts/const_structs.checkpatch")
ACCEPTED = {"FILE_PATH_CHANGES", "BIT_MACRO"}


def git(folder: Path, *arguments: str) -> str:
    """git in a folder, with somebody's identity."""
    identity = {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=git_environment(**identity),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_git_am_gives_the_same_trees(series: tuple[Series, Path], tmp_path: Path) -> None:
    made, folder = series
    assert made.tree.git_dir is not None
    assert made.base is not None
    clone = tmp_path / "clone"
    clone.mkdir()
    git(clone, "init", "-q")
    objects = made.tree.git_dir / "objects"
    (clone / ".git/objects/info/alternates").write_text(f"{objects}\n")
    git(clone, "sparse-checkout", "set", "--no-cone", *(f"/{path}" for path in made.plan.files))
    git(clone, "checkout", "-q", "--detach", made.base)
    mails = sorted(str(p) for p in folder.glob("0*.patch") if not p.name.startswith("0000"))
    git(clone, "am", "-q", *mails)
    trees = git(clone, "log", "--reverse", "--format=%T", f"{made.base}..HEAD").split()
    manifest = json.loads(made.files["manifest.json"])
    assert trees == [patch["tree"] for patch in manifest["patches"]]


@cache
def checkpatch(release: str, folder: Path) -> Path:
    """The tree's own checkpatch with what it reads."""
    with open_tree(location(release)) as tree:
        for path in SCRIPTS:
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(tree.read(path))
    return folder / "scripts/checkpatch.pl"


def test_checkpatch_is_silent(
    series: tuple[Series, Path],
    cell: tuple[str, str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    _, folder = series
    script = checkpatch(cell[2], tmp_path_factory.getbasetemp() / f"checkpatch-{cell[2]}")
    mails = sorted(str(p) for p in folder.glob("0*.patch") if not p.name.startswith("0000"))
    options = ["--no-tree", "--strict", "--no-signoff", "--terse", "--show-types", "--no-summary"]
    done = subprocess.run(
        ["perl", str(script), *options, *mails],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    said = [line for line in done.stdout.splitlines() if ": " in line]
    kinds = [re.search(r"(?:ERROR|WARNING|CHECK):(\w+)", line) for line in said]
    bad = [
        line
        for line, kind in zip(said, kinds, strict=True)
        if kind is None or kind[1] not in ACCEPTED
    ]
    assert not bad, "\n".join(bad)
    assert not done.stderr, done.stderr


@cache
def complaints(text: str) -> frozenset[str]:
    """What docutils says of a document, without line numbers."""
    tree = publish_doctree(
        text, settings_overrides={"report_level": Reporter.SEVERE_LEVEL + 1, "halt_level": 6}
    )
    return frozenset(
        re.sub(r"\d+", "N", message.astext()).partition("\n")[0]
        for message in tree.parse_messages + tree.transform_messages
    )


def chapter(text: str, word: str) -> str:
    """The part of api.rst around the first line that has the word, a few sections long."""
    lines = text.splitlines()
    heads = [i for i in range(1, len(lines)) if re.fullmatch(r"[=-]{4,}", lines[i])]
    at = next(i for i, line in enumerate(lines) if word in line)
    first = max((i - 1 for i in heads if i <= at), default=0)
    last = next((i - 1 for i in heads if i > at + 1), len(lines))
    return "\n".join(lines[first:last]) + "\n"


def test_documentation_has_no_new_warnings(series: tuple[Series, Path]) -> None:
    made, _ = series
    if API not in made.plan.files:
        assert made.plan.variant.name == "hardcoded"
        return
    with open_tree(made.tree) as tree:
        before = tree.read(API).decode()
    after = made.plan.files[API].decode()
    added = [line for line in after.splitlines() if line and line not in set(before.splitlines())]
    assert added
    known: set[str] = set()
    for line in before.splitlines():
        if re.match(r"\d+\.\d+ KVM_(CAP_DISABLE_QUIRKS2|CAP_VM_TYPES|SET_USER)", line):
            known |= complaints(chapter(before, line))
    for line in {next(a for a in added if a in after), added[-1]}:
        new = complaints(chapter(after, line)) - known
        assert not new, (line, new)


def test_every_file_has_a_maintainer(series: tuple[Series, Path]) -> None:
    made, _ = series
    cover = made.files["0000-cover-letter.patch"].decode()
    assert "Sean Christopherson" in cover
    assert "kvm@vger.kernel.org" in cover
    assert f"base-commit: {made.base}" in cover
