# SPDX-License-Identifier: GPL-2.0-only
"""Patches in every form that people keep them in, and the commits that they become."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError, UsageError
from codegen.mail.mbox import read_files, read_mail
from codegen.series.blame import origin
from codegen.series.commit import commits_of
from codegen.series.make import Generated, generate
from codegen.series.read import read_series
from codegen.tree import resolve
from codegen.tree.scratch import scratch_repository
from tests.minitree import written
from tests.unit.kit import VARIANTS, git, knob

FILE = "virt/kvm/kvm_main.c"


def made(repository: Path, variant: str = "memslot-flag") -> Generated:
    """A series of gen on the small tree."""
    return generate(knob(), variant, resolve(str(repository)))


def by_hand(repository: Path, edits: dict[str, str], message: str = "KVM: Do it") -> Path:
    """A person's commit on the small tree, as a mail beside it; the tree stays at its base."""
    for path, text in edits.items():
        place = repository / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", message)
    out = repository.parent / "mails"
    git(repository, "format-patch", "-q", "-1", f"--start-number={len(list(out.glob('*'))) + 1}",
        "-o", str(out))  # fmt: skip
    return out


@pytest.mark.parametrize("variant", VARIANTS)
def test_gen_s_own_files_give_gen_s_own_commits(
    repository: Path, tmp_path: Path, variant: str
) -> None:
    series = made(repository, variant)
    files = read_files(written(series.files, tmp_path / "out"))
    applied = read_series(files, series.tree)
    with scratch_repository(series.tree.git_dir) as git_dir:
        commits = commits_of(applied, git_dir)
    assert commits.ids == series.commits
    assert applied.behind == series.behind
    for read, sent in zip(applied.patches, series.patches, strict=True):
        for what in ("name", "raw", "subject", "message", "author", "date", "part", "files"):
            assert getattr(read, what) == getattr(sent, what)
        assert {path: c.hunks for path, c in read.changes.items()} == {
            path: c.hunks for path, c in sent.changes.items()
        }
    assert applied.paths == tuple(sorted(series.plan.files))
    assert applied.cover
    assert applied.manifest["variant"] == variant


def test_an_unpacked_folder_is_a_base_as_well(
    repository: Path, unpacked: Path, tmp_path: Path
) -> None:
    series = made(repository)
    applied = read_series(series.files, resolve(str(unpacked)))
    again = read_series(series.files, resolve(str(unpacked)))
    assert applied.patches == again.patches
    with scratch_repository(None) as git_dir:
        commits = commits_of(applied, git_dir)
        assert commits == commits_of(again, git_dir)
        changed = git(git_dir, "show", f"{commits.tip}:{FILE}")
    assert changed == series.plan.files[FILE].decode().strip()
    assert not (unpacked / ".git").exists()


def test_mails_in_a_folder_a_mailbox_one_mail_and_a_plain_diff(repository: Path) -> None:
    before = resolve(str(repository))
    text = (repository / FILE).read_text()
    mails = by_hand(repository, {FILE: text + "/* one */\n"})
    mails = by_hand(repository, {FILE: text + "/* one */\n/* two */\n"}, "KVM: Do more")
    box = repository.parent / "all.mbox"
    box.write_bytes(b"".join(path.read_bytes() for path in sorted(mails.iterdir())))
    plain = repository.parent / "plain.diff"
    plain.write_text(git(repository, "diff", "HEAD~2..HEAD") + "\n")
    wanted = git(repository, "show", "-s", "--format=%T", "HEAD")
    for place, count in ((mails, 2), (box, 2), (plain, 1)):
        applied = read_series(read_files(place), before)
        assert len(applied.patches) == count
        with scratch_repository(before.git_dir) as git_dir:
            commits = commits_of(applied, git_dir)
            assert git(git_dir, "show", "-s", "--format=%T", commits.tip) == wanted
    subjects = [patch.subject for patch in applied.patches]
    assert subjects == ["plain.diff"]


def test_quilt_s_list_gives_the_order_and_leaves_files_out(tmp_path: Path) -> None:
    files = {
        "a.patch": "a",
        "b.patch": "b",
        "c.patch": "c",
        "series": "b.patch -p1\n# c\na.patch\n",
    }
    place = written({name: text.encode() for name, text in files.items()}, tmp_path / "s")
    assert list(read_files(place)) == ["b.patch", "a.patch"]


def test_a_patch_that_does_not_apply_is_named(repository: Path) -> None:
    base = resolve(str(repository))
    text = (repository / FILE).read_text()
    mails = by_hand(repository, {FILE: text + "/* one */\n"})
    by_hand(repository, {FILE: text + "/* one */\n/* two */\n"}, "KVM: Do more")
    sorted(mails.iterdir())[0].unlink()
    with pytest.raises(
        FindingsError, match=r"the patch does not apply: patch failed: .*kvm_main"
    ) as e:
        read_series(read_files(mails), base)
    (finding,) = e.value.findings
    assert finding.path.startswith("0002-")
    assert "--tree" in finding.hint


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no patches here"),
        ({"readme.txt": b"x"}, "no patches here"),
        ({"series": b"../../etc/passwd\n"}, "outside of the folder"),
        ({"series": b"missing.patch\n"}, "No such file"),
    ],
)
def test_folders_that_are_no_series(files: dict[str, bytes], said: str, tmp_path: Path) -> None:
    place = tmp_path / "s"
    place.mkdir()
    written(files, place)
    with pytest.raises(UsageError, match=said):
        read_files(place)


@pytest.mark.parametrize(
    "raw", [b"", b"\0\xff\n", b"From: A <a@b.org>\nSubject: x\n\nhello\n", b"just words\n" * 50]
)
def test_what_is_no_patch_is_a_finding_or_a_cover_letter(raw: bytes) -> None:
    if b"Subject" in raw:
        assert read_mail("0001-x.patch", raw) is None
        return
    with pytest.raises(FindingsError) as problem:
        read_mail("0001-x.patch", raw)
    assert problem.value.findings[0].path == "0001-x.patch"


def test_a_series_of_cover_letters_only_is_none(repository: Path) -> None:
    cover = {"0000-cover-letter.patch": made(repository).files["0000-cover-letter.patch"]}
    with pytest.raises(UsageError, match="no patch in this series"):
        read_series(cover, resolve(str(repository)))


def test_hostile_paths_stay_outside(repository: Path) -> None:
    base = resolve(str(repository))
    diff = b"diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+a\n"
    for path in (b"../../evil", b".git/hooks/pre-commit", b"/etc/evil"):
        with pytest.raises(FindingsError):
            read_series({"a.diff": diff % path}, base)


def test_a_line_of_the_compiler_is_traced_to_patch_and_template(repository: Path) -> None:
    """By the plan that knew it, and, of mails, by what lies beside them."""
    series = made(repository)
    tip = (series.behind[FILE] or b"").decode().splitlines()
    line = next(i for i, text in enumerate(tip, 1) if "valid_flags |= KVM_MEM_SMALL" in text)
    for known in (series, read_series(series.files, series.tree)):
        said = origin(f"{FILE}:{line}:3: error: no such thing", known.patches)
        mail = known.patches[1].name
        assert said == f"from {mail}, template memslot-flag/flag-check"
        assert "not this line" in origin(f"{FILE}:1:1: error: x", known.patches)
        assert origin("Makefile:3: error: x", known.patches) == ""
        assert origin("undefined reference to `x'", known.patches) == ""


def test_every_line_is_traced_as_git_does(repository: Path) -> None:
    """`git blame` on the commits is the witness."""
    series = made(repository)
    with scratch_repository(series.tree.git_dir) as git_dir:
        commits = commits_of(series, git_dir)
        names = dict(zip(commits.ids, (p.name for p in series.patches), strict=True))
        for path in (path for path in series.paths if path.endswith((".c", ".h"))):
            lines = git(git_dir, "blame", "-l", "-s", "--root", commits.tip, "--", path)
            for number, text in enumerate(lines.splitlines(), 1):
                came = origin(f"{path}:{number}: error: x", series.patches)
                name = names.get(text.split()[0])
                assert came.startswith(f"from {name}, template" if name else "the series"), text


def test_nothing_is_written_to_the_tree(repository: Path) -> None:
    series = made(repository)
    shutil.rmtree(repository / ".git/hooks", ignore_errors=True)
    before = sorted(str(p) for p in repository.rglob("*"))
    read_series(series.files, series.tree)
    assert sorted(str(p) for p in repository.rglob("*")) == before
