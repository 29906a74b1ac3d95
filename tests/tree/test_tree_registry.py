# SPDX-License-Identifier: GPL-2.0-only
"""What a tree's name or path means."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from treekit import Archive, Machine, kernel_members, make_deb, make_tar, run, write_kernel

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.tree import TreeLocation, add, list_trees, remove, resolve
from codegen.tree.locate import Commit, Folder, safe_name


@pytest.fixture(autouse=True)
def _empty(cache: Path) -> None:
    """Every test has a cache of its own."""


def head(repository: Path, revision: str = "HEAD") -> str:
    return run("git", "-C", repository, "rev-parse", revision)


def test_work_tree(kernel_repository: Path) -> None:
    commit = head(kernel_repository)
    location = TreeLocation(f"linux-{commit[:12]}", Commit(kernel_repository / ".git", commit))
    for spec in ("", "@HEAD", "@v1", "@main", "@HEAD@{0}", "/.git", f"@{commit[:10]}"):
        assert resolve(f"{kernel_repository}{spec}") == location


def test_relative_and_home(kernel_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kernel_repository.parent)
    monkeypatch.setenv("HOME", str(kernel_repository.parent))
    assert resolve("linux") == resolve("./linux@v1") == resolve("~/linux")
    monkeypatch.chdir(kernel_repository)
    assert resolve(".").name.startswith("linux-")


def test_bare_linked_shallow(kernel_repository: Path, tmp_path: Path) -> None:
    commit = head(kernel_repository)
    bare, linked, shallow = tmp_path / "kvm.git", tmp_path / "linked", tmp_path / "shallow"
    run("git", "clone", "-q", "--bare", kernel_repository, bare)
    run("git", "-C", kernel_repository, "worktree", "add", "-q", "--detach", linked)
    run("git", "clone", "-q", "--depth=1", f"file://{kernel_repository}", shallow)
    assert resolve(str(bare)) == TreeLocation(f"kvm-{commit[:12]}", Commit(bare, commit))
    git_dir = kernel_repository / ".git"
    assert resolve(str(linked)) == TreeLocation(f"linked-{commit[:12]}", Commit(git_dir, commit))
    assert resolve(str(shallow)).commit == commit


def test_linked_worktree_has_its_own_head(kernel_repository: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    run("git", "-C", kernel_repository, "worktree", "add", "-q", "-b", "other", linked)
    identity = ["-c", "user.name=n", "-c", "user.email=e"]
    run("git", "-C", linked, *identity, "commit", "-q", "--allow-empty", "-m", "more")
    assert resolve(str(linked)).commit == head(linked) != resolve(str(kernel_repository)).commit


def test_sha256_repository(tmp_path: Path) -> None:
    path = write_kernel(tmp_path / "new")
    run("git", "init", "-q", "--object-format=sha256", path)
    run("git", "-C", path, "add", ".")
    run("git", "-C", path, "-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "-m", "k")
    assert len(resolve(str(path)).commit or "") == 64


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
def test_somebody_elses_repository(kernel_repository: Path, tmp_path: Path) -> None:
    commit = head(kernel_repository)
    bare = tmp_path / "kvm.git"
    run("git", "clone", "-q", "--bare", kernel_repository, bare)
    run("chown", "-R", "65534:65534", kernel_repository, bare)
    assert resolve(str(kernel_repository)).commit == resolve(str(bare)).commit == commit


def test_callers_git_environment_is_ignored(
    kernel_repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = resolve(str(kernel_repository))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "nonsense")
    assert resolve(str(kernel_repository)) == expected


def test_folder(tmp_path: Path) -> None:
    folder = write_kernel(tmp_path / "my kernel (1)")
    assert resolve(str(folder)) == TreeLocation("my-kernel-1", Folder(folder))


def test_folder_within_a_repository_is_a_folder(kernel_repository: Path) -> None:
    folder = write_kernel(kernel_repository / "unpacked" / "linux-6.12")
    assert resolve(str(folder)) == TreeLocation("linux-6.12", Folder(folder))


def test_folder_with_an_at(tmp_path: Path, kernel_repository: Path) -> None:
    folder = write_kernel(tmp_path / "linux@v1")
    assert resolve(str(folder)).at == Folder(folder)
    shutil.rmtree(folder)
    assert resolve(str(folder)).git_dir == kernel_repository / ".git"


@pytest.mark.parametrize(
    ("revision", "says"),
    [
        ("nonsense", "names no commit"),
        ("--all", "names no commit"),
        ("", "no revision after '@'"),
        ("HEAD:Makefile", "names no commit"),
        ("HEAD^9", "names no commit"),
        ("a\nb", "names no commit"),
    ],
)
def test_bad_revision(kernel_repository: Path, revision: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        resolve(f"{kernel_repository}@{revision}")


def test_no_kernel(tmp_path: Path, kernel_repository: Path) -> None:
    with pytest.raises(UsageError, match="it lacks Makefile, include/uapi/linux/kvm.h"):
        resolve(str(tmp_path))
    (kernel_repository / "Makefile").write_text("all:\n")
    shutil.rmtree(kernel_repository / "include")
    identity = ["-c", "user.name=n", "-c", "user.email=e"]
    run("git", "-C", kernel_repository, *identity, "commit", "-q", "-a", "-m", "less")
    lacks = "it lacks VERSION in Makefile, PATCHLEVEL in Makefile, include/uapi/linux/kvm.h;"
    with pytest.raises(UsageError, match=lacks):
        resolve(str(kernel_repository))
    assert resolve(f"{kernel_repository}@v1")


def test_what_is_no_tree(tmp_path: Path, kernel_repository: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="no folder"):
        resolve(str(tmp_path / "file"))
    with pytest.raises(UsageError, match="no such path, and no name of a tree"):
        resolve("nowhere")
    with pytest.raises(UsageError, match="no path"):
        resolve("")
    folder = write_kernel(tmp_path / "plain")
    with pytest.raises(UsageError, match="no git repository, so it has no revision 'v1'"):
        resolve(f"{folder}@v1")
    (folder / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(UsageError, match="git cannot read this repository: not a git repository"):
        resolve(str(folder))
    run("git", "init", "-q", tmp_path / "empty")
    with pytest.raises(UsageError, match="'HEAD' names no commit"):
        resolve(str(tmp_path / "empty"))


def test_registered(kernel_repository: Path, tmp_path: Path) -> None:
    location = add("mine", f"{kernel_repository}@v1")
    assert location.name == "mine" and location == resolve("mine")
    folder = write_kernel(tmp_path / "plain")
    add("folder", str(folder))
    first, second = list_trees()
    assert (first.name, first.kind, first.version, first.commit) == (
        "folder",
        "folder",
        "6.12.7",
        None,
    )
    assert (second.name, second.kind, second.commit) == ("mine", "git", head(kernel_repository))
    assert first.size > 0 and second.size > 0
    add("mine", f"{kernel_repository}@v1")
    with pytest.raises(UsageError, match="stands for .*linux@v1 already"):
        add("mine", str(folder))
    shutil.rmtree(folder)
    assert "is gone" in (list_trees()[0].problem or "")
    with pytest.raises(UsageError, match="is gone"):
        resolve("folder")
    remove("folder")
    remove("mine")
    assert list_trees() == ()
    with pytest.raises(UsageError, match="not registered; registered: none"):
        remove("mine")
    assert kernel_repository.is_dir()


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "debian-6.12", "a@b", "x" * 65, "a:b"])
def test_names_that_are_not_allowed(kernel_repository: Path, name: str) -> None:
    with pytest.raises(UsageError, match="tree name"):
        add(name, str(kernel_repository))


@pytest.mark.parametrize("text", ["{", "[]", '{"trees": {"a": 1}}', '{"trees": {"a": {}}}'])
def test_damaged_register(cache: Path, text: str) -> None:
    cache.mkdir()
    (cache / "trees.json").write_text(text)
    with pytest.raises(EnvironmentFailure, match=r"trees\.json: .*delete it"):
        resolve("mine")


@pytest.mark.parametrize(
    ("text", "name"),
    [("a b", "a-b"), ("..", "tree"), (".x", "x"), ("ü/ö", "tree"), ("a.b_c", "a.b_c")],
)
def test_safe_name(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_debian_from_archive_to_removal(
    cache: Path,
    machine: Machine,
    archive: Archive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The whole way, by the default name; imported once, it needs no apt and no writing."""
    deb = make_deb(tmp_path, make_tar(*kernel_members()))
    (tmp_path / "old").mkdir()
    members = kernel_members({"Makefile": b"VERSION = 6\nPATCHLEVEL = 1\n", "virt/kvm/a": b"a",
                              "include/uapi/linux/kvm.h": b"h"}, "linux-source-6.1")  # fmt: skip
    old = make_deb(tmp_path / "old", make_tar(*members), "6.1", "6.1.9-1")
    archive.suite("stable", "bookworm", (deb, old), "Debian")
    text = f"deb [trusted=yes] {archive.uri} bookworm main\n"
    (machine.parts / "a.list").write_text(text)
    location = resolve(None)
    assert location.name == "debian-6.12" and location.git_dir == cache / "trees.git"
    kept = f"debian:6.12 is kept in {cache}, "
    assert location.note.splitlines()[-1].startswith(kept)
    assert location.note.endswith(" MB; `gen tree remove debian:6.12` deletes it")
    older = resolve("debian:6.1")
    assert resolve("debian:6.1").note == ""  # said once
    names = [(entry.name, entry.version, entry.kind) for entry in list_trees()]
    assert names == [("debian:6.1", "6.1.9-1", "debian"), ("debian:6.12", "6.12.7-1", "debian")]

    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").symlink_to(run("which", "git"))
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(programs))
        shutil.rmtree(cache / "locks")
        assert resolve("debian:6.12") == location
        assert not (cache / "locks").exists()

    remove("debian:6.12")
    assert [entry.name for entry in list_trees()] == ["debian:6.1"]
    assert resolve("debian:6.1") == older
    run("git", f"--git-dir={cache / 'trees.git'}", "fsck", "--strict")
    objects = run("git", f"--git-dir={cache / 'trees.git'}", "count-objects", "-v")
    assert "packs: 1" in objects
    assert not list((cache / "debs").glob("*6.12*"))
    with pytest.raises(UsageError, match="not in the cache"):
        remove("debian:6.12")
    assert resolve(None) == location
    remove("debian:6.1")
    remove("debian:6.12")
    assert "packs: 0" in run("git", f"--git-dir={cache / 'trees.git'}", "count-objects", "-v")
    assert json.loads("[]") == [entry.name for entry in list_trees()]
