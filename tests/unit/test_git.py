# SPDX-License-Identifier: GPL-2.0-only

"""A series and git: `git am` gives the same commits, and no repository's peculiarity matters."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from codegen.base.errors import UsageError
from codegen.mail.mbox import MANIFEST, ORDER
from codegen.plan.context import Reserved
from codegen.plan.plan import Plan
from codegen.plan.variants import Variant, load_variant
from codegen.series.branch import apply_branch
from codegen.series.commit import Signer, commits_of
from codegen.series.make import Generated, finish, generate, open_tree, plan_for
from codegen.series.read import read_series
from codegen.tree import TreeLocation, resolve
from codegen.tree.locate import Commit
from codegen.tree.opened import GitTree
from codegen.tree.scratch import scratch_repository
from tests.minitree import minitree, written
from tests.unit.kit import TEMPLATES, VARIANTS, committed, contents, git, knob

pytestmark = pytest.mark.programs


def made_from(
    spec: Path | str, variant: str = "memslot-flag", signer: Signer | None = None
) -> Generated:
    """A series of the test's knob on a tree."""
    return generate(knob(), variant, resolve(str(spec)), signer=signer)


def state(folder: Path) -> dict[str, str]:
    """Every file below a folder, with a digest of what it holds and its mode and time."""
    return {
        str(path.relative_to(folder)): (
            f"{path.lstat().st_mode} {path.lstat().st_mtime_ns} "
            + (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        )
        for path in sorted(folder.rglob("*"))
        if not path.is_dir()
    }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that no test changes."""
    folder = written(minitree(), tmp_path_factory.mktemp("shared") / "linux")
    committed(folder)
    return folder


@pytest.fixture(scope="module")
def expected(shared: Path) -> Mapping[str, bytes]:
    """The files of the series, whatever repository they are made from."""
    return made_from(shared).files


@pytest.mark.parametrize("variant", VARIANTS)
def test_git_am_gives_the_same_trees_and_commits(
    variant: str, repository: Path, tmp_path: Path
) -> None:
    series = made_from(repository, variant)
    folder = written(series.files, tmp_path / "out")
    manifest = json.loads((folder / MANIFEST).read_text())
    mails = [str(folder / name) for name in (folder / ORDER).read_text().split()]
    date = git(repository, "log", "-1", "--format=%cd", "--date=raw")
    git(repository, "-c", "user.name=gen", "-c", "user.email=gen@localhost", "am", "-q", *mails,
        GIT_COMMITTER_DATE=date, GIT_COMMITTER_NAME="gen", GIT_COMMITTER_EMAIL="gen@localhost")  # fmt: skip
    said = git(
        repository, "log", "--reverse", "--format=%H %T %s", f"{series.tree.commit}..HEAD"
    ).split("\n")
    assert [line.split(" ", 2) for line in said] == [
        [patch["commit"], patch["tree"], patch["subject"]] for patch in manifest["patches"]
    ]


def test_patch_applies_the_series_as_quilt_would(unpacked: Path, tmp_path: Path) -> None:
    series = made_from(unpacked)
    folder = written(series.files, tmp_path / "out")
    for name in (folder / ORDER).read_text().split():
        subprocess.run(
            ["patch", "-p1", "-s", "--fuzz=0", "-i", str(folder / name)], cwd=unpacked, check=True
        )
    for path, data in series.plan.files.items():
        assert (unpacked / path).read_bytes() == data


def test_the_cover_letter_says_where_the_series_is_from(repository: Path) -> None:
    series = generate(
        knob(), "memslot-flag", resolve(str(repository)),
        reserved=Reserved({"KVM_CAP_": frozenset({239, 238})}),
    )  # fmt: skip
    cover = series.files["0000-cover-letter.patch"].decode()
    assert f"base-commit: {series.tree.commit}" in cover
    assert "Subject: [PATCH 0/3] KVM: x86/mmu: Let userspace ask for small mappings" in cover
    assert "KVM_CAP_MEMSLOT_SMALL_MAPS = 240" in cover
    assert "--reserve KVM_CAP_=238,239" in cover.replace("\n", " ")
    assert "(Linux 6.99.3-mini)" in cover.replace("\n", " ")
    assert "To: Ada Example <ada@example.org>" in cover
    assert "Bob O'Example <bob@example.org>" in cover
    assert "kvm-x86@example.org" in cover
    assert "Signed-off-by" not in cover
    assert str(repository) not in cover


def test_only_who_asks_for_it_is_signed_off(repository: Path) -> None:
    plain = made_from(repository)
    assert not any(b"Signed-off-by" in data for data in plain.files.values())
    signed = made_from(repository, signer=Signer("Ada", "ada@example.org"))
    for name in signed.files:
        if name.endswith(".patch") and not name.startswith("0000"):
            assert b"Signed-off-by: Ada <ada@example.org>\n" in signed.files[name]
            assert b"From: Ada <ada@example.org>\n" in signed.files[name]


def bare(folder: Path) -> Path:
    """A bare clone."""
    target = folder.parent / "bare.git"
    git(folder, "clone", "-q", "--bare", str(folder), str(target))
    return target


def shallow(folder: Path) -> Path:
    """A clone that has one commit only."""
    (folder / "more").write_text("x")
    git(folder, "add", "more")
    git(folder, "commit", "-q", "-m", "one more")
    git(folder, "rm", "-q", "more")
    git(folder, "commit", "-q", "-m", "and gone")
    target = folder.parent / "shallow"
    git(folder, "clone", "-q", "--depth=1", f"file://{folder}", str(target))
    return target


def dirty(folder: Path) -> Path:
    """A working tree with changes, staged and not, and files in the way."""
    (folder / "virt/kvm/kvm_main.c").write_text("nonsense {{{\n")
    (folder / "include/uapi/linux/kvm.h").unlink()
    (folder / "staged").write_text("x")
    git(folder, "add", "staged")
    return folder


def linked(folder: Path) -> Path:
    """A linked worktree."""
    git(folder, "worktree", "add", "-q", "--detach", str(folder.parent / "linked/linux"))
    return folder.parent / "linked/linux"


def detached(folder: Path) -> Path:
    """No branch."""
    git(folder, "checkout", "-q", "--detach")
    return folder


def packed(folder: Path) -> Path:
    """All in packs, refs as well."""
    git(folder, "gc", "-q")
    git(folder, "pack-refs", "--all")
    return folder


def borrowing(folder: Path) -> Path:
    """A clone whose objects are those of another repository."""
    target = folder.parent / "borrowing"
    git(folder, "clone", "-q", "--shared", str(folder), str(target))
    return target


def peculiar(folder: Path) -> Path:
    """A configuration and hooks that would change what git writes."""
    config = ""
    for key, value in {
        "core.autocrlf": "true", "commit.gpgsign": "true", "gpg.program": "false",
        "user.name": "Somebody", "user.email": "else@example.org", "i18n.commitEncoding": "latin1",
        "i18n.logOutputEncoding": "latin1", "format.signature": "MINE", "format.subjectPrefix": "MINE",
        "format.numbered": "false", "format.suffix": ".mine", "format.attach": "x", "format.to": "x@y.z",
        "format.cc": "x@y.z", "format.headers": "X-Mine: yes", "format.thread": "deep",
        "format.signOff": "true", "format.notes": "true", "format.encodeEmailHeaders": "false",
        "format.coverLetter": "false", "format.from": "Some <one@example.org>", "format.useAutoBase": "true",
        "format.filenameMaxLength": "10", "format.mboxrd": "true", "format.noprefix": "true",
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.context": "9", "diff.renames": "copies",
        "diff.algorithm": "patience", "diff.indentHeuristic": "false", "diff.external": "false",
        "diff.submodule": "log", "diff.interHunkContext": "20", "diff.orderFile": "/nowhere",
        "diff.statGraphWidth": "5", "diff.srcPrefix": "mine/", "diff.dstPrefix": "mine/",
        "core.abbrev": "7", "core.quotePath": "false", "core.attributesFile": "/nowhere", "color.ui": "always",
        "core.commentChar": "K", "log.showSignature": "true", "core.pager": "false", "core.whitespace": "cr-at-eol",
        "core.hooksPath": str(folder / ".git/hooks"), "commit.template": "/nowhere", "alias.format-patch": "!false",
    }.items():  # fmt: skip
        section, _, name = key.partition(".")
        config += f'[{section}]\n\t{name} = "{value}"\n'
    with (folder / ".git/config").open("a") as file:
        file.write(config)
    for name in (
        "pre-commit",
        "commit-msg",
        "post-rewrite",
        "reference-transaction",
        "post-index-change",
    ):
        hook = folder / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {folder}/.git/HOOK-RAN\nexit 1\n")
        hook.chmod(0o755)
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/attributes").write_text("*.c -diff\n*.h text eol=crlf\n*.rst diff=mine\n")
    return folder


@pytest.mark.parametrize(
    "made",
    [bare, dirty, linked, detached, packed, borrowing, peculiar],
    ids=lambda function: function.__name__,
)
def test_any_repository_gives_the_same_bytes(
    made: Callable[[Path], Path], repository: Path, tmp_path: Path, expected: Mapping[str, bytes]
) -> None:
    other = made(repository)
    kept = other.rename(other.parent / "away") if made in (bare, borrowing) else other
    if kept != other:
        (tmp_path / "x").mkdir()
        kept = kept.rename(tmp_path / "x" / "linux")
    files = made_from(kept).files
    assert files == expected
    assert not (repository / ".git/HOOK-RAN").exists()


def test_a_shallow_repository_is_enough(repository: Path, tmp_path: Path) -> None:
    series = made_from(shallow(repository))
    mails = written(series.files, tmp_path / "out")
    names = [str(mails / name) for name in (mails / ORDER).read_text().split()]
    git(tmp_path / "shallow", "am", "-q", *names)
    tree = git(tmp_path / "shallow", "rev-parse", "HEAD^{tree}")
    assert tree == json.loads(series.files[MANIFEST])["patches"][-1]["tree"]


def test_variables_of_git_do_not_matter(
    expected: Mapping[str, bytes], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"), "GIT_AUTHOR_NAME": "X", "GIT_AUTHOR_DATE": "1 +0100",
        "GIT_COMMITTER_EMAIL": "x@y.z", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "diff.noprefix",
        "GIT_CONFIG_VALUE_0": "true", "GIT_DIFF_OPTS": "-u9", "GIT_EXTERNAL_DIFF": "false", "EMAIL": "x@y.z",
        "GIT_CEILING_DIRECTORIES": "/", "GIT_NAMESPACE": "x", "GIT_CONFIG_PARAMETERS": "'diff.noprefix=true'",
        "GIT_TRACE": "1", "LANG": "de_DE.UTF-8", "LC_ALL": "C", "TZ": "Asia/Tokyo", "GIT_ALTERNATE_OBJECT_DIRECTORIES": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert made_from(repository).files == expected


def test_a_replaced_object_does_not_matter(expected: Mapping[str, bytes], repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    other = git(repository, "commit-tree", "HEAD^{tree}", "-m", "another")
    git(repository, "replace", head, other)
    assert made_from(repository).files == expected


def test_commands_of_a_repository_are_not_run(repository: Path) -> None:
    mark = repository.parent / "ran"
    for key in ("core.fsmonitor", "core.sshCommand", "core.gitProxy", "diff.external", "uploadpack.packObjectsHook",
                "core.alternateRefsCommand", "filter.x.clean", "filter.x.smudge", "diff.x.textconv"):  # fmt: skip
        git(repository, "config", key, f"touch {mark}")
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    made_from(repository)
    location = resolve(str(repository))
    assert isinstance(location.at, Commit)
    with open_tree(location) as tree:
        plan = plan_for(knob(), _variant("quirk"), location, tree)
    apply_branch(plan.patches, location.at, "new")
    assert not mark.exists()


def _variant(name: str) -> Variant:
    return load_variant(TEMPLATES, name)


@pytest.fixture(scope="module")
def planned(shared: Path) -> tuple[TreeLocation, Plan]:
    """A plan, and the repository that it is for."""
    location = resolve(str(shared))
    with open_tree(location) as tree:
        return location, plan_for(knob(), _variant("quirk"), location, tree)


def applied_to(folder: Path, branch: str = "gen/small") -> str:
    """The commit that a series ends with, put on a branch of a repository."""
    location = resolve(str(folder))
    with open_tree(location) as tree:
        plan = plan_for(knob(), _variant("memslot-flag"), location, tree)
    assert isinstance(location.at, Commit)
    return apply_branch(plan.patches, location.at, branch)


@pytest.mark.parametrize(
    "made", [None, bare, dirty, linked, detached, peculiar, shallow, borrowing]
)
def test_a_branch_appears_and_nothing_else_changes(
    made: Callable[[Path], Path] | None, repository: Path
) -> None:
    folder = made(repository) if made else repository
    base = git(folder, "rev-parse", "HEAD")
    git_dir = Path(git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    series = made_from(folder)
    top = repository.parent
    before, refs = state(top), git(folder, "for-each-ref")
    tip = applied_to(folder)
    assert tip == series.commits[-1]
    assert git(folder, "rev-parse", "gen/small", "gen/small~3") == f"{tip}\n{base}"
    after = state(top)
    changed = {path for path in after if after[path] != before.get(path)} | set(before) - set(after)
    inside = str(git_dir.relative_to(top))
    allowed = ("objects/", "refs/heads/gen/", "logs/refs/heads/gen/")
    assert all(
        path.startswith(tuple(f"{inside}/{a}" for a in allowed)) for path in changed
    ), changed
    new = set(git(folder, "for-each-ref").split("\n")) - set(refs.split("\n"))
    assert {line.split("\t")[1] for line in new} == {"refs/heads/gen/small"}


def test_a_branch_that_exists_is_refused(repository: Path) -> None:
    before = state(repository)
    with pytest.raises(UsageError, match="the branch main exists"):
        applied_to(repository, "main")
    assert state(repository) == before


@pytest.mark.parametrize(
    "name",
    ["-x", "a..b", "@{", "@", "a@{1}", "", "a b", "a~1", "a^", "a:b", "a\nb", "/a", "a/", "a//b", "a.lock",
     ".a", "a/.b", "a.", "--all", "refs/heads/../x", "HEAD@{0}", "a\\b", "a?", "a*", "x" * 300, "a\0b"],
)  # fmt: skip
def test_a_bad_name_for_a_branch_is_refused(
    name: str, shared: Path, planned: tuple[TreeLocation, Plan]
) -> None:
    before = state(shared)
    location, plan = planned
    assert isinstance(location.at, Commit)
    with pytest.raises(UsageError, match="is no name for a branch"):
        apply_branch(plan.patches, location.at, name)
    assert state(shared) == before


def test_a_commit_can_be_named(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    (repository / "virt/kvm/kvm_main.c").write_text("/* nothing left */\n")
    git(repository, "commit", "-q", "-a", "-m", "broken")
    series = made_from(f"{repository}@HEAD~1")
    assert series.tree.commit == first


ENVIRONMENTS: list[Mapping[str, str]] = [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LANG": "C", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
]


def test_the_same_bytes_on_any_machine(
    expected: Mapping[str, bytes], repository: Path, tmp_path: Path
) -> None:
    source = str(Path(__file__).parents[2])
    description = tmp_path / "small-maps.yaml"
    description.write_text(knob().text)
    for number, more in enumerate(ENVIRONMENTS):
        out = tmp_path / f"out{number}"
        home = tmp_path / f"home{number}"
        home.mkdir()
        program = (
            f"import os, time; os.umask({[0o077, 0o002][number]}); time.time = lambda: {number}.5e9\n"
            f"from codegen.cli.main import main; raise SystemExit(main({['--variant', 'memslot-flag', '--abi', str(description), '--tree', str(repository), '--out', str(out)]!r}))"
        )
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": source, "HOME": str(home), **more}
        subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=home,
        )
        (folder,) = out.glob("*/*/*")
        assert contents(folder) == expected


def test_a_folder_gives_a_series_without_a_base(unpacked: Path) -> None:
    first, second = made_from(unpacked), made_from(unpacked)
    assert first.files == second.files
    assert first.tree.commit is None
    assert b"base-commit" not in first.files["0000-cover-letter.patch"]
    shutil.rmtree(unpacked)


def test_finish_is_what_generate_does(repository: Path) -> None:
    location = resolve(str(repository))
    with open_tree(location) as tree:
        plan = plan_for(knob(), _variant("quirk"), location, tree)
    assert finish(plan, location).files == made_from(repository, "quirk").files


def test_a_repository_whose_objects_have_longer_names(
    unpacked: Path, tmp_path: Path, expected: Mapping[str, bytes]
) -> None:
    """SHA-256: read, written to, and what was written is what `git am` makes of the mails."""
    git(unpacked, "init", "-q", "-b", "main", "--template=", "--object-format=sha256")
    git(unpacked, "add", "-f", "-A")
    git(unpacked, "commit", "-q", "-m", "A small tree")
    series = made_from(unpacked)
    assert len(series.commits[0]) == 64
    diffs = [data[data.index(b"\n---\n") :] for data in series.files.values() if b"\n---\n" in data]
    plain = [data[data.index(b"\n---\n") :] for data in expected.values() if b"\n---\n" in data]
    short = [re.sub(rb"index .*|base-commit: .*", b"", data) for data in diffs]
    assert short == [re.sub(rb"index .*|base-commit: .*", b"", data) for data in plain]
    with scratch_repository(series.tree.git_dir) as git_dir:
        again = commits_of(read_series(series.files, series.tree), git_dir)
    assert again.ids == series.commits
    assert isinstance(series.tree.at, Commit)
    tip = apply_branch(series.patches, series.tree.at, "gen/mine")
    assert tip == series.commits[-1] == git(unpacked, "rev-parse", "gen/mine")
    assert not git(unpacked, "fsck", "--strict")


def test_what_is_no_file_of_a_tree(tmp_path: Path) -> None:
    """A link is its own text, and in no list; a submodule and a path below a file are nothing."""
    git(tmp_path, "init", "-q", "--template=")
    lines = "commit refs/heads/x\ncommitter A <a@b.example> 0 +0000\ndata 0\n"
    lines += "M 100755 inline a/file\ndata 3\nint\nM 120000 inline a/link\ndata 4\nfile\n"
    lines += f"M 160000 {'1' * 40} a/module\n"
    command = ["git", "-C", str(tmp_path), "fast-import", "--quiet"]
    subprocess.run(command, input=lines, text=True, check=True)
    with GitTree(tmp_path / ".git", git(tmp_path, "rev-parse", "x")) as tree:
        assert tree.paths("") == ("a/file",)
        assert (tree.read("a/file"), tree.read("a/link")) == (b"int", b"file")
        for path in ("a", "a/module", "a/module/b", "a/file/b", "a/link/b", "a/b", "b", "a/fi\nle"):
            with pytest.raises(FileNotFoundError):
                tree.read(path)
