# SPDX-License-Identifier: GPL-2.0-only
"""Series and changes on disk: complete or not at all, whatever kills, fills or forbids."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from codegen.base.errors import EnvironmentFailure, GenError, UsageError
from codegen.mail.mbox import MANIFEST, ORDER
from codegen.plan.plan import Plan
from codegen.plan.variants import load_variant
from codegen.series.folder import write
from codegen.series.inplace import JOURNAL, apply_in_place, interrupted, restore
from codegen.series.make import Generated, generate, open_tree, plan_for
from codegen.tree import resolve
from tests.minitree import KVM_MAIN, minitree, written
from tests.unit.kit import TEMPLATES, contents, knob
from tests.unit.test_git import state
from tests.unprivileged import read_only

pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """A series."""
    folder = written(minitree(), tmp_path_factory.mktemp("output") / "linux")
    return generate(knob(), "memslot-flag", resolve(str(folder)))


def names(folder: Path) -> set[str]:
    """What a folder holds."""
    return {path.name for path in folder.iterdir()}


def test_a_series_is_where_it_belongs(series: Generated, tmp_path: Path) -> None:
    folder = write(series, tmp_path)
    assert folder == tmp_path / "linux/small-maps/memslot-flag"
    assert contents(folder) == series.files
    assert names(folder.parent) == {"memslot-flag"}


def test_the_same_bytes_are_not_written_again(series: Generated, tmp_path: Path) -> None:
    folder = write(series, tmp_path)
    before = state(tmp_path)
    inode = folder.stat().st_ino
    assert write(series, tmp_path) == folder
    assert state(tmp_path) == before
    assert folder.stat().st_ino == inode


def changed(series: Generated, folder: Path) -> Generated:
    """Another series for the same place."""
    tree = written(minitree(), folder / "more" / "linux")
    (tree / "MAINTAINERS").write_text("")
    made = generate(
        knob(title="Let userspace have small mappings"), "memslot-flag", resolve(str(tree))
    )
    assert made.folder == series.folder
    assert made.files != series.files
    return made


def test_a_series_of_gen_is_replaced(series: Generated, tmp_path: Path) -> None:
    write(series, tmp_path)
    other = changed(series, tmp_path / "x")
    folder = write(other, tmp_path)
    assert contents(folder) == other.files
    assert names(folder.parent) == {"memslot-flag"}


@pytest.mark.parametrize(
    "name",
    ["thesis.doc", "0009-mine.patch", "0000-cover-letter.patch", MANIFEST, ORDER, ".gen/notes", "more/mine", ".git/config"],
)  # fmt: skip
def test_what_is_not_gens_is_left_alone(series: Generated, name: str, tmp_path: Path) -> None:
    """Whatever the manifest lists: it lies in the folder, where anybody can have written it."""
    folder = write(series, tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("mine")
    if name != MANIFEST:
        listed = json.loads((folder / MANIFEST).read_text())
        listed["patches"] += [{"file": name}]
        (folder / MANIFEST).write_text(json.dumps(listed))
    before = state(tmp_path)
    with pytest.raises(UsageError, match=f"{re.escape(name)}.*--force"):
        write(series, tmp_path)
    assert state(tmp_path) == before
    write(series, tmp_path, force=True)
    assert contents(folder) == series.files


@pytest.mark.parametrize("name", ["0000-*", "0002-*"])
def test_an_edited_mail_is_left_alone(series: Generated, name: str, tmp_path: Path) -> None:
    folder = write(series, tmp_path)
    (mail,) = folder.glob(name)
    mail.write_bytes(mail.read_bytes().replace(b"small", b"tiny", 1))
    before = state(tmp_path)
    other = changed(series, tmp_path / "x")
    before = state(folder)
    for made in (series, other):
        with pytest.raises(UsageError, match=f": {mail.name};"):
            write(made, tmp_path)
    assert state(folder) == before
    write(other, tmp_path, force=True)
    assert contents(folder) == other.files


def test_without_a_record_only_the_same_bytes_are_replaced(
    series: Generated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache may be cleared at any time: what it does not know may be somebody's work."""
    folder = write(series, tmp_path)
    other = changed(series, tmp_path / "x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    with pytest.raises(UsageError, match="or have all of it replaced by --force"):
        write(other, tmp_path)
    assert contents(folder) == series.files
    next(folder.glob("0001-*")).unlink()
    write(series, tmp_path)
    assert contents(folder) == series.files


def test_a_mail_that_is_gone_is_no_loss(series: Generated, tmp_path: Path) -> None:
    folder = write(series, tmp_path)
    next(folder.glob("0001-*")).unlink()
    other = changed(series, tmp_path / "x")
    write(other, tmp_path)
    assert contents(folder) == other.files


@pytest.mark.parametrize("kind", ["file", "link", "nothing"])
@pytest.mark.parametrize("force", [False, True])
def test_a_file_in_the_way_is_left_alone(
    series: Generated, kind: str, force: bool, tmp_path: Path
) -> None:
    target = tmp_path / series.folder
    target.parent.mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    if kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / ("mine" if kind == "link" else "gone"))
    before = state(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        write(series, tmp_path, force)
    assert state(tmp_path) == before


def test_a_run_that_is_killed_leaves_a_complete_series_or_none(
    series: Generated, tmp_path: Path
) -> None:
    tree = written(minitree(), tmp_path / "linux")
    other = generate(knob(title="Another title"), "memslot-flag", resolve(str(tree)))
    steps = 0
    for count in range(1, 40):
        out = tmp_path / f"out{count}"
        folder = write(series, out)
        pid = os.fork()
        if pid == 0:
            _kill_at(count, lambda: write(other, out))  # noqa: B023 - runs at once
        _, status = os.waitpid(pid, 0)
        found = contents(folder) if folder.exists() else {}
        assert found in ({}, series.files, other.files), sorted(found)
        left = names(folder.parent) - {"memslot-flag"}
        assert all(name.startswith(".gen-") for name in left)
        assert write(other, out) == folder
        assert contents(folder) == other.files
        if os.WIFEXITED(status):
            break
        steps += 1
    assert steps >= len(other.files) + 2


_STEPS = ("rename", "replace", "fsync", "mkdir", "unlink", "rmdir")


def _kill_at(count: int, work: object, steps: Sequence[str] = _STEPS) -> None:
    """In a child: run some work, and die by SIGKILL at the nth call that changes the disk."""
    import signal

    left = [count]

    def counted(real):  # type: ignore[no-untyped-def]
        def call(*args, **kwargs):  # type: ignore[no-untyped-def]
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return call

    try:
        for name in steps:
            setattr(os, name, counted(getattr(os, name)))
        work()  # type: ignore[operator]
    finally:
        os._exit(0)


def test_two_runs_at_once_leave_one_complete_series(series: Generated, tmp_path: Path) -> None:
    other = changed(series, tmp_path / "x")
    for _ in range(5):
        children = []
        for made in (series, other, series, other):
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    for _ in range(3):
                        write(made, tmp_path / "out")
                    status = 0
                finally:
                    os._exit(status)
            children.append(pid)
        assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
        folder = tmp_path / "out" / series.folder
        assert contents(folder) in (series.files, other.files)
        assert names(folder.parent) == {"memslot-flag"}


def test_what_killed_runs_left_goes_with_the_next_one(series: Generated, tmp_path: Path) -> None:
    folder = write(series, tmp_path)
    (folder.parent / ".gen-k_3x9a0b/new").mkdir(parents=True)
    for name in (".gen-8letters/mine", ".gen-notes"):  # what only looks like it
        (folder.parent / name).mkdir(parents=True)
    write(series, tmp_path)
    assert names(folder.parent) == {"memslot-flag", ".gen-8letters", ".gen-notes"}


def test_a_folder_that_may_not_be_written_is_said(series: Generated, tmp_path: Path) -> None:
    write(series, tmp_path / "mine")
    (tmp_path / "closed").mkdir()
    with (
        read_only(tmp_path / "closed"),
        pytest.raises(EnvironmentFailure, match="cannot write the series to .*: Permission denied"),
    ):
        write(series, tmp_path / "closed")


def test_a_path_through_a_file_is_said(series: Generated, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailure, match=r"cannot write the series to .*: Not a directory"):
        write(series, tmp_path / "file" / "out")


def limited(limit: int, work: object) -> int:
    """Run some work in a child that may write files of so many bytes; its status."""
    import resource
    import signal

    pid = os.fork()
    if pid == 0:
        status = 9
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            work()  # type: ignore[operator]
            status = 0
        except EnvironmentFailure:
            status = 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("limit", [0, 100, 3000, 6000])
def test_a_full_disk_leaves_the_old_series(series: Generated, limit: int, tmp_path: Path) -> None:
    folder = write(series, tmp_path)
    other = changed(series, tmp_path / "x")
    before = state(tmp_path)
    assert limited(limit, lambda: write(other, tmp_path)) == 2
    assert state(tmp_path) == before
    assert names(folder.parent) == {"memslot-flag"}


def planned(folder: Path) -> Plan:
    """The test's series for a folder."""
    location = resolve(str(folder))
    with open_tree(location) as tree:
        return plan_for(knob(), load_variant(TEMPLATES, "memslot-flag"), location, tree)


def in_place(folder: Path, plan: Plan | None = None) -> list[str]:
    """The test's series in a folder."""
    return apply_in_place((plan or planned(folder)).files, folder)


def test_in_place_changes_what_the_series_changes(unpacked: Path) -> None:
    expected = generate(knob(), "memslot-flag", resolve(str(unpacked))).plan.files
    (unpacked / KVM_MAIN).chmod(0o640)
    assert in_place(unpacked) == sorted(expected)
    assert contents(unpacked) == {**minitree(), **expected}
    assert (unpacked / KVM_MAIN).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("limit", [0, 100, 3000])
def test_in_place_on_a_full_disk_changes_nothing(limit: int, unpacked: Path) -> None:
    before = state(unpacked)
    plan = planned(unpacked)
    assert limited(limit, lambda: in_place(unpacked, plan)) == 2
    assert state(unpacked) == before


def test_in_place_undoes_what_it_did_where_a_rename_fails(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.replace, [4]

    def failing(*args: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise PermissionError(13, "Permission denied")
        real(*args)

    monkeypatch.setattr(os, "replace", failing)
    before = contents(unpacked)
    with pytest.raises(EnvironmentFailure, match="Permission denied; the folder is as it was"):
        in_place(unpacked)
    assert contents(unpacked) == before


def test_in_place_undoes_what_it_did_when_it_is_interrupted(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.replace, [3]

    def killed(*args: str) -> None:
        left[0] -= 1
        real(*args)
        if left[0] == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    before = contents(unpacked)
    with pytest.raises(KeyboardInterrupt):
        in_place(unpacked)
    assert contents(unpacked) == before


def test_in_place_does_not_follow_a_link_out_of_the_folder(unpacked: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (unpacked / "virt").rename(outside)
    (unpacked / "virt").symlink_to(outside)
    before = contents(outside)
    with pytest.raises(GenError):
        in_place(unpacked)
    assert contents(outside) == before


def test_in_place_killed_is_undone_by_the_next_run(unpacked: Path) -> None:
    """A kill between any two renames: `restore` brings the folder back as it was, or as it is."""
    plan = planned(unpacked)
    before, expected = contents(unpacked), {**contents(unpacked), **plan.files}
    partly = 0
    for count in range(1, 99):
        pid = os.fork()
        if pid == 0:
            _kill_at(count, lambda: in_place(unpacked, plan), ("replace", "fsync", "rename"))
        _, status = os.waitpid(pid, 0)
        partly += interrupted(unpacked)
        restore(unpacked)
        assert contents(unpacked) in (before, expected)
        for name in set(expected) - set(before):
            (unpacked / name).unlink(missing_ok=True)
        written(before, unpacked)
        if os.WIFEXITED(status):
            break
    assert os.WIFEXITED(status)
    assert partly >= len(plan.files)


def test_an_interrupted_folder_is_not_read(unpacked: Path) -> None:
    (unpacked / JOURNAL).mkdir()
    with pytest.raises(EnvironmentFailure, match="was killed in"):
        planned(unpacked)


def test_restoring_that_is_killed_can_be_done_again(unpacked: Path) -> None:
    plan = planned(unpacked)
    before, half = contents(unpacked), len(plan.files) // 2
    for count in range(1, 99):
        pid = os.fork()
        if pid == 0:
            _kill_at(half, lambda: in_place(unpacked, plan), ("replace",))
        os.waitpid(pid, 0)
        assert interrupted(unpacked)
        pid = os.fork()
        if pid == 0:
            _kill_at(count, lambda: restore(unpacked), ("replace", "rename", "unlink", "mkdir"))
        _, status = os.waitpid(pid, 0)
        restore(unpacked)
        assert contents(unpacked) == before
        if os.WIFEXITED(status):
            break
    assert os.WIFEXITED(status)


def test_two_runs_in_one_folder_do_not_mix(unpacked: Path) -> None:
    handle = os.open(unpacked, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another gen apply is at work"):
            in_place(unpacked)
    finally:
        os.close(handle)
    assert contents(unpacked) == minitree()
