# SPDX-License-Identifier: GPL-2.0-only
"""A series as its reader gets it: git am takes it, and its maintainers get it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from codegen.mail.mbox import MANIFEST
from codegen.series import recipients as asked_of
from codegen.series.make import Generated, open_tree
from codegen.series.recipients import recipients
from codegen.tree.git import git_environment
from tests.kernel.conftest import RELEASES, location

pytestmark = pytest.mark.kernel

# Folders whose files have maintainers of many kinds.
KVM = (
    *("Documentation/virt/kvm/", "arch/arm64/kvm/", "arch/s390/kvm/", "arch/x86/kvm/svm/"),
    *("drivers/vfio/", "include/uapi/linux/", "tools/testing/selftests/kvm/", "virt/kvm/"),
)


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


def test_git_am_gives_the_same_trees(series: tuple[Generated, Path], tmp_path: Path) -> None:
    made, folder = series
    assert made.tree.git_dir is not None
    assert made.tree.commit is not None
    clone = tmp_path / "clone"
    clone.mkdir()
    git(clone, "init", "-q")
    objects = made.tree.git_dir / "objects"
    (clone / ".git/objects/info/alternates").write_text(f"{objects}\n")
    git(clone, "sparse-checkout", "set", "--no-cone", *(f"/{path}" for path in made.plan.files))
    git(clone, "checkout", "-q", "--detach", made.tree.commit)
    mails = sorted(str(p) for p in folder.glob("0*.patch") if not p.name.startswith("0000"))
    git(clone, "am", "-q", *mails)
    trees = git(clone, "log", "--reverse", "--format=%T", f"{made.tree.commit}..HEAD").split()
    manifest = json.loads(made.files[MANIFEST])
    assert trees == [patch["tree"] for patch in manifest["patches"]]


def test_every_file_has_a_maintainer(series: tuple[Generated, Path]) -> None:
    made, _ = series
    cover = made.files["0000-cover-letter.patch"].decode()
    assert "Paolo Bonzini" in cover
    of_x86 = any(path.startswith("arch/x86/") for path in made.paths)
    assert ("Sean Christopherson" in cover) == of_x86
    assert "kvm@vger.kernel.org" in cover
    assert f"base-commit: {made.tree.commit}" in cover


def test_every_patch_reaches_those_of_its_own_files(series: tuple[Generated, Path]) -> None:
    made, _ = series
    with open_tree(made.tree) as tree:
        for patch in made.patches:
            asked = recipients(tree, sorted(patch.changes))
            assert asked.to and asked.cc and not asked.missing
            head = " ".join(patch.raw.partition(b"\n\n")[0].decode().split())
            assert not [who for who in (*asked.to, *asked.cc) if who not in head]
            selftests = any(path.startswith("tools/testing/") for path in patch.changes)
            assert "shuah@kernel.org" in head or not selftests


@pytest.mark.parametrize("release", RELEASES)
def test_sections_that_cannot_be_about_a_file_change_nothing(
    release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_tree(location(release)) as tree:
        paths = [path for folder in KVM for path in sorted(tree.paths(folder))[:3]]
        script, listed = tree.read("scripts/get_maintainer.pl"), tree.read("MAINTAINERS")
    perl = shutil.which("perl")
    assert perl and len(paths) > 2 * len(KVM)
    found = [asked_of._run(perl, script, listed, [path]) for path in paths]
    assert len(asked_of._concerned(listed, paths)) < len(listed) / 4
    monkeypatch.setattr(asked_of, "_concerned", lambda listed, paths: listed)
    assert found == [asked_of._run(perl, script, listed, [path]) for path in paths]
