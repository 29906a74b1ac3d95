# SPDX-License-Identifier: GPL-2.0-only
"""From arguments to a series and its tree: gen's own record says what a series was made for."""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError, UsageError
from codegen.base.progress import silent
from codegen.cli.target import description, location, target_of
from codegen.cli.usage import parse
from codegen.mail.mbox import MANIFEST, ORDER
from codegen.series.folder import write
from codegen.series.make import generate
from codegen.series.record import digest, nearest, recall, reference_list, unknown
from codegen.tree import add, remove
from codegen.tree.cache import cache_path
from tests.minitree import written
from tests.unit.kit import contents, git, knob_text

pytestmark = pytest.mark.programs


def parsed(*arguments: object) -> argparse.Namespace:
    """Arguments as a command on one series takes them."""
    return parse(["check", *map(str, arguments)])


@pytest.fixture
def made(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A series that gen wrote for the small tree, which then goes on."""
    (tmp_path / "knob.yaml").write_text(knob_text())
    monkeypatch.delenv("GEN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    add("small-linux", str(repository))
    options = parsed("--variant", "quirk", "--abi", tmp_path / "knob.yaml", "--tree", "small-linux")
    about = target_of(options)
    assert about.own
    assert about.location.commit == git(repository, "rev-parse", "HEAD")
    series = generate(description(options.abi), "quirk", location(options.tree))
    assert series.files == about.files
    folder = write(series, tmp_path / "out")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Go on")
    yield folder
    remove("small-linux")


def test_the_record_names_tree_and_commit(made: Path, repository: Path) -> None:
    about = target_of(parsed(made))
    assert about.own
    base = json.loads(about.files[MANIFEST])["tree"]["base"]
    assert about.location.commit == base == git(repository, "rev-parse", "HEAD~")


def test_a_series_is_known_wherever_it_lies(made: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "mine"
    shutil.copytree(made, moved)
    assert target_of(parsed(moved)).own


def test_tree_goes_before_the_record(made: Path, repository: Path) -> None:
    about = target_of(parsed(made, "--tree", repository))
    assert about.own
    assert about.location.commit == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("kind", ["folder", "repository", "revision"])
def test_a_tree_that_was_given_by_path_is_found_from_anywhere(
    kind: str, repository: Path, unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"folder": "unpacked", "repository": "linux", "revision": "linux@main~0"}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "knob.yaml").write_text(knob_text())
    where = location(f"./{places[kind]}")
    folder = write(generate(description("knob.yaml"), "quirk", where), tmp_path / "out")
    monkeypatch.chdir("/")
    about = target_of(parsed(folder))
    assert about.own
    assert about.location == where
    record = recall(about.files)
    assert record is not None
    assert record.abi == str(tmp_path / "knob.yaml")
    assert description(record.abi).knob.name == "small-maps"


def test_a_tree_that_is_not_to_be_had_is_named(made: Path, repository: Path) -> None:
    shutil.rmtree(repository)
    with pytest.raises(UsageError, match="name the tree by --tree"):
        target_of(parsed(made))


def _edited(made: Path, name: str) -> None:
    path = next(made.glob(name))
    path.write_bytes(path.read_bytes().replace(b"small", b"smell", 1))


@pytest.mark.parametrize("name", ["0000-*", "0002-*", MANIFEST])
def test_a_series_that_was_changed_is_a_stranger_s(made: Path, repository: Path, name: str) -> None:
    _edited(made, name)
    with pytest.raises(UsageError, match="not as gen wrote it") as problem:
        target_of(parsed(made))
    assert problem.value.commands == (f"gen check {made} --tree small-linux",)
    assert not target_of(parsed(made, "--tree", repository)).own


def test_a_cover_letter_with_a_diff_is_no_way_in(made: Path) -> None:
    cover = made / "0000-cover-letter.patch"
    patch = next(made.glob("0001-*")).read_bytes()
    cover.write_bytes(cover.read_bytes() + patch[patch.index(b"diff --git") :])
    with pytest.raises(UsageError, match="by --tree, such as"):
        target_of(parsed(made))


def test_another_order_is_another_series(made: Path) -> None:
    order = (made / ORDER).read_text().splitlines()
    (made / "series").write_text("\n".join(reversed(order)))
    with pytest.raises(UsageError, match="not as gen wrote it"):
        target_of(parsed(made))


def test_the_manifest_chooses_no_tree(made: Path, unpacked: Path) -> None:
    """It names one that is there; a series of nobody's that is like gen's own asks for --tree."""
    entry = json.loads((made / MANIFEST).read_text())
    entry["command"] = f"gen --variant quirk --tree {unpacked}"
    entry["tree"]["name"] = str(unpacked)
    (made / MANIFEST).write_text(json.dumps(entry))
    shutil.rmtree(cache_path() / "series")
    with pytest.raises(UsageError, match="not made by gen here") as problem:
        target_of(parsed(made))
    assert str(unpacked) not in str(problem.value)
    assert problem.value.commands == (f"gen check {made} --tree debian:6.12",)


@pytest.mark.parametrize(
    "manifest",
    ["[]", "{", '{"command": "\'", "tree": 3}', '{"command": "gen --tree"}', '{"tree": {"base": "\\u0000"}}'],
)  # fmt: skip
def test_a_manifest_of_nobody_s_is_none(made: Path, repository: Path, manifest: str) -> None:
    (made / MANIFEST).write_text(manifest)
    about = target_of(parsed(made, "--tree", repository))
    assert not about.own
    # what the mails say is the commit, and the repository has it
    assert about.location.commit == git(repository, "rev-parse", "HEAD~")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", "[" * 100_000, '{"tree": 1}', "\0", '"' + "x" * (2 << 20) + '"', b"\xff\xfe",
     '{"tree": "t", "commit": 3, "abi": "a", "variant": "v", "files": {}}',
     '{"tree": "t", "commit": null, "abi": "a", "variant": "v", "files": []}'],
)  # fmt: skip
def test_a_damaged_record_is_none(made: Path, text: str | bytes) -> None:
    for place in (cache_path() / "series").iterdir():
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match="not made by gen here"):
        target_of(parsed(made))


def test_a_record_counts_for_its_own_bytes_only(made: Path, tmp_path: Path) -> None:
    """A record under the name of another series' digest says nothing of that series."""
    files = {"0001-x.patch": b"mine"}
    (record,) = (cache_path() / "series").iterdir()
    record.rename(record.with_name(f"{digest(files)}.json"))
    assert recall(files) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_record_of_another_user_is_none(made: Path) -> None:
    for place in (cache_path() / "series").iterdir():
        os.chown(place, 12345, 12345)
    with pytest.raises(UsageError, match="not made by gen here"):
        target_of(parsed(made))


def test_records_are_bounded(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from codegen.series import record

    monkeypatch.setattr(record, "_KEPT", 3)
    shutil.rmtree(cache_path() / "series")
    for number in range(6):
        files = {"0001-x.patch": b"%d" % number}
        record.remember(files, tree="t", commit=None, abi="a", variant="v")
        place = cache_path() / "series" / f"{digest(files)}.json"
        os.utime(place, (1e9 + number, 1e9 + number))
    assert len(list((cache_path() / "series").iterdir())) == 3
    assert recall({"0001-x.patch": b"5"})
    assert recall({"0001-x.patch": b"0"}) is None


def test_a_cache_that_cannot_be_written_stops_nothing(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "series").write_text("in the way of the records")
    (tmp_path / "knob.yaml").write_text(knob_text())
    made = generate(description(str(tmp_path / "knob.yaml")), "quirk", location(str(repository)))
    folder = write(made, tmp_path / "out")
    assert recall(made.files) is None
    assert nearest(made.files) is None
    with pytest.raises(UsageError, match="not made by gen here"):
        target_of(parsed(folder))
    assert not target_of(parsed(folder, "--tree", repository)).own
    assert target_of(parsed(written(made.files, tmp_path / "x"), "--tree", repository)).files


def test_the_reference_series_are_gens_own_on_a_fresh_machine() -> None:
    """`tools/reference.py` makes them and the list of them; its output is what is committed."""
    folders = [path.parents[1] for path in reference_list().parent.glob(f"*/*/*/{MANIFEST}")]
    assert len(folders) >= 4
    assert len(json.loads(reference_list().read_text())) == len(folders)
    for folder in folders:
        files = contents(folder)
        record = recall(files)
        assert record is not None, f"{folder}: run tools/reference.py"
        assert record.tree == folder.parts[-3].replace("-", ":", 1)
        assert record.commit == json.loads(files[MANIFEST])["tree"]["base"]
        assert [record.abi, record.variant] == list(folder.parts[-2:])
        assert unknown(files) == ()
        assert unknown({**files, ORDER: b"mine"}) == (ORDER,)


def _two_commits(repository: Path) -> str:
    """Two commits of a person's on a branch of the repository; the commit below them."""
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-q", "-b", "mine")
    for text in ("one", "two"):
        with (repository / "virt/kvm/kvm_main.c").open("a") as stream:
            stream.write(f"/* {text} */\n")
        git(repository, "commit", "-qam", f"KVM: Add {text}")
    git(repository, "checkout", "-q", "main")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Go on")
    return base


def test_commits_of_a_repository_are_a_series_on_what_is_below_them(repository: Path) -> None:
    base = _two_commits(repository)
    about = target_of(parsed(f"{repository}@main..mine"))
    assert (about.location.commit, about.own, len(about.files)) == (base, False, 2)
    series = about.series(silent)
    assert [patch.subject for patch in series.patches] == ["KVM: Add one", "KVM: Add two"]
    for wrong, said in (("main..main", "is 0 commits"), ("none..mine", "names no commit")):
        with pytest.raises(UsageError, match=said):
            target_of(parsed(f"{repository}@{wrong}"))


@pytest.mark.parametrize(
    "setting",
    ["diff.noprefix=true", "format.coverLetter=true", "diff.context=0", "format.attach=true"],
)
def test_how_their_repository_is_configured_shapes_no_mail(repository: Path, setting: str) -> None:
    _two_commits(repository)
    usual = target_of(parsed(f"{repository}@main..mine")).files
    git(repository, "config", *setting.split("="))
    assert target_of(parsed(f"{repository}@main..mine")).files == usual


def test_a_series_is_piped_in(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = _two_commits(repository)
    mails = git(repository, "format-patch", "--stdout", f"{base}..mine").encode() + b"\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mails)))
    about = target_of(parsed("-", "--tree", f"{repository}@{base}"))
    assert len(about.series(silent).patches) == 2


def test_the_commit_that_mails_are_for_is_taken_of_a_repository(repository: Path) -> None:
    base = _two_commits(repository)
    mails = git(repository, "format-patch", "--stdout", f"--base={base}", f"{base}..mine") + "\n"
    place = repository.parent / "mine.mbox"
    place.write_text(mails)
    assert target_of(parsed(place, "--tree", repository)).location.commit == base
    # a revision that is named goes before it, and what is no part of the tree is not taken
    head = git(repository, "rev-parse", "HEAD")
    assert target_of(parsed(place, "--tree", f"{repository}@main")).location.commit == head
    place.write_text(mails.replace(base, git(repository, "rev-parse", "mine")))
    assert target_of(parsed(place, "--tree", repository)).location.commit == head


def test_what_is_applied_already_is_said(repository: Path) -> None:
    _two_commits(repository)
    place = repository.parent / "mine.mbox"
    place.write_text(git(repository, "format-patch", "--stdout", "mine~..mine") + "\n")
    about = target_of(parsed(place, "--tree", f"{repository}@mine"))
    with pytest.raises(FindingsError, match="the tree has what it changes already"):
        about.series(silent)
