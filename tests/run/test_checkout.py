# SPDX-License-Identifier: GPL-2.0-only
"""A commit as files: only what differs is rewritten, and a killed run is completed."""

import os
import subprocess
from pathlib import Path

import pytest

from codegen.base.errors import UsageError
from codegen.run import checkout
from codegen.run.checkout import sync

ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(repo: Path, *args: str) -> str:
    command = ["git", "-C", str(repo), *args]
    return subprocess.run(command, env=ENV, check=True, capture_output=True, text=True).stdout


class Repo:
    """A bare repository with commits made from files."""

    def __init__(self, folder: Path) -> None:
        self.work, self.git_dir = folder / "work", folder / "bare.git"
        self.work.mkdir()
        git(self.work, "init", "-q", "-b", "main")

    def commit(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            path = self.work / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.work, "add", "-A", "-f", ".")
        git(self.work, "commit", "-q", "--allow-empty", "-m", "c")
        if not self.git_dir.exists():
            git(self.work, "clone", "-q", "--bare", ".", str(self.git_dir))
        git(self.work, "push", "-q", str(self.git_dir), "main")
        return git(self.work, "rev-parse", "HEAD").strip()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".gen-")
    }


BASE = {
    "Makefile": "all:\n",
    "kvm/x86.c": "int x;\n",
    "kvm/mmu.c": "int m;\n",
    ".gitignore": "/*\n",
}


def test_files_of_a_commit(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit(dict(BASE))
    done = sync(repo.git_dir, commit, tmp_path / "out")
    assert files(tmp_path / "out") == BASE
    assert (done.commit, done.changed) == (commit, True)
    assert not sync(repo.git_dir, "main", tmp_path / "out").changed


def test_only_what_differs_is_rewritten(repo: Repo, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = repo.commit(dict(BASE))
    second = repo.commit({"kvm/x86.c": "int y;\n", "kvm/new.c": "int n;\n"})
    sync(repo.git_dir, first, out)
    before = {path: (out / path).stat().st_mtime_ns for path in BASE}
    sync(repo.git_dir, second, out)
    after = {path: (out / path).stat().st_mtime_ns for path in BASE}
    assert {path for path in BASE if before[path] != after[path]} == {"kvm/x86.c"}
    sync(repo.git_dir, first, out)
    assert files(out) == BASE


def test_what_somebody_changed_is_put_back(repo: Repo, tmp_path: Path) -> None:
    out = tmp_path / "out"
    commit = repo.commit(dict(BASE))
    sync(repo.git_dir, commit, out)
    (out / "kvm/x86.c").write_text("int changed;\n")
    (out / "kvm/mmu.c").unlink()
    sync(repo.git_dir, commit, out)
    assert files(out) == BASE


@pytest.mark.parametrize("after_files", [False, True])
def test_a_killed_run_is_completed(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_files: bool
) -> None:
    out = tmp_path / "out"
    first = repo.commit(dict(BASE))
    second = repo.commit({"kvm/x86.c": "int y;\n", "new/n.c": "int n;\n", "kvm/mmu.c": None})
    sync(repo.git_dir, first, out)
    real = checkout._git

    def killed(git_dir: Path, dest: Path, *args: str) -> str:
        if args[0] != "read-tree":
            return real(git_dir, dest, *args)
        if after_files:
            index = (out / checkout.INDEX).read_bytes()
            real(git_dir, dest, *args)
            (out / checkout.INDEX).write_bytes(index)
        (out / f"{checkout.INDEX}.lock").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(checkout, "_git", killed)
    with pytest.raises(KeyboardInterrupt):
        sync(repo.git_dir, second, out)
    monkeypatch.undo()
    assert sync(repo.git_dir, first, out).changed
    assert files(out) == BASE


def test_foreign_folder_is_refused(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit(dict(BASE))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not made by gen"):
        sync(repo.git_dir, commit, tmp_path / "mine")
    assert files(tmp_path / "mine") == {"thesis.txt": "years of work"}


@pytest.mark.parametrize("bad", ["no-such-branch", "--upload-pack=x", "", "0" * 40])
def test_unknown_commit_is_a_usage_error(repo: Repo, tmp_path: Path, bad: str) -> None:
    repo.commit(dict(BASE))
    with pytest.raises(UsageError, match="no commit"):
        sync(repo.git_dir, bad, tmp_path / "out")


def test_not_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        sync(tmp_path, "HEAD", tmp_path / "out")


def test_repository_is_only_read(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit(dict(BASE))
    before = sorted(str(path) for path in repo.git_dir.rglob("*"))
    sync(repo.git_dir, commit, tmp_path / "out")
    assert sorted(str(path) for path in repo.git_dir.rglob("*")) == before
