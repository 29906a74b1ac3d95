# SPDX-License-Identifier: GPL-2.0-only
"""Importing packages: what arrives, and that nothing arrives by halves."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from treekit import KERNEL, MTIME, kernel_members, make_deb, make_tar, member, run

from codegen.base.errors import EnvironmentFailure, GenError
from codegen.base.progress import silent
from codegen.tree.importer import import_package
from codegen.tree.store import imported, trees_path
from codegen.tree.unpack import Package

pytestmark = pytest.mark.programs

NAME = "debian-6.12"
IMPORT = """
import os, sys
from pathlib import Path
from codegen.tree.importer import import_package
from codegen.tree.unpack import Package
def progress(done, total, what):
    print(done, what, flush=True)
package = Package(Path(sys.argv[1]), "linux-source-6.12", "6.12.7-1")
print("commit", import_package(package, "debian-6.12", progress), flush=True)
"""


def package_of(deb: Path) -> Package:
    return Package(deb, "linux-source-6.12", "6.12.7-1")


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    return make_deb(tmp_path, make_tar(*kernel_members()))


@pytest.fixture(scope="module")
def large_deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose import takes a moment: 5 MB that do not compress."""
    noise = random.Random(0)
    files = {f"drivers/{number}.c": noise.randbytes(12_000) for number in range(400)}
    folder = tmp_path_factory.mktemp("large")
    return make_deb(folder, make_tar(*kernel_members({**KERNEL, **files})))


@pytest.fixture
def broken_deb(tmp_path: Path, large_deb: Path) -> Path:
    """A copy of the large one, to be broken."""
    return Path(shutil.copy(large_deb, tmp_path))


def git(*arguments: str) -> str:
    return run("git", f"--git-dir={trees_path()}", *arguments)


def leftovers(cache: Path) -> list[Path]:
    """What should not be there: scratch files, crash reports, unfinished packs."""
    found = [path for path in (cache / "tmp").rglob("*") if path.is_file()]
    return found + [p for p in cache.rglob("*") if p.name.startswith(("tmp_", "fast_import"))]


def test_what_arrives(cache: Path, deb: Path) -> None:
    told: list[tuple[int, int | None, str]] = []
    commit = import_package(package_of(deb), NAME, lambda *report: told.append(report))
    assert imported(NAME) == commit
    listing = dict(line.split("\t")[::-1] for line in git("ls-tree", "-r", commit).splitlines())
    assert sorted(listing) == sorted([*KERNEL, "link"])
    modes = {path: entry.split()[0] for path, entry in listing.items()}
    assert modes["scripts/run.sh"] == "100755" and modes["link"] == "120000"
    assert modes["Makefile"] == "100644"
    assert git("show", f"{commit}:link") == "virt/kvm"
    assert git("log", "-1", "--format=%s %ct %cn", commit) == (
        f"linux-source-6.12 6.12.7-1 {MTIME} Debian kernel source"
    )
    assert told[-1][:2] == (deb.stat().st_size, deb.stat().st_size)
    assert not leftovers(cache)
    git("fsck", "--strict")


def test_same_commit_on_every_machine(
    cache: Path, deb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    found = import_package(package_of(deb), NAME, silent)
    assert found == "09377b519774c3b5a3f831acae06348a66728c8b"


def test_second_import_reads_nothing(cache: Path, deb: Path) -> None:
    commit = import_package(package_of(deb), NAME, silent)
    assert import_package(package_of(Path("/nowhere")), NAME, silent) == commit


def test_the_same_files_in_another_version(cache: Path, deb: Path) -> None:
    """A rebuild for another suite: nothing is new but the commit."""
    first = import_package(package_of(deb), NAME, silent)
    other = Package(deb, "linux-source-6.12", "6.12.7-1~bpo12+1")
    second = import_package(other, "debian-6.12.7-1_bpo12+1", silent)
    assert first != second == imported("debian-6.12.7-1_bpo12+1")
    assert git("rev-parse", f"{first}^{{tree}}") == git("rev-parse", f"{second}^{{tree}}")


def test_hard_links_become_files(cache: Path, tmp_path: Path) -> None:
    link = member("linux-source-6.12/copy", type=b"1", linkname="linux-source-6.12/Makefile")
    deb = make_deb(tmp_path, make_tar(*kernel_members(), link))
    commit = import_package(package_of(deb), NAME, silent)
    assert git("show", f"{commit}:copy") == KERNEL["Makefile"].decode().strip()


def test_quote_in_front_of_a_name(cache: Path, tmp_path: Path) -> None:
    odd = '"a\\b c"'
    deb = make_deb(tmp_path, make_tar(*kernel_members({**KERNEL, odd: b"x"})))
    commit = import_package(package_of(deb), NAME, silent)
    assert odd in git("ls-tree", "-z", "--name-only", commit).split("\0")


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        pytest.param([member("linux-source-6.12/../x", b"x")], "'..'", id="dotdot"),
        pytest.param([member("linux-source-6.12/Makefile", b"x")], "twice", id="twice"),
        pytest.param(
            [member("linux-source-6.12/link/x", b"x")], "both a folder and none", id="through-link"
        ),
        pytest.param(
            [member("linux-source-6.12/h", type=b"1", linkname="linux-source-6.12/none")],
            "not seen before",
            id="hardlink-to-nothing",
        ),
    ],
)
def test_hostile_package(cache: Path, tmp_path: Path, extra: list[object], says: str) -> None:
    deb = make_deb(tmp_path, make_tar(*kernel_members(), *extra))  # type: ignore[arg-type]
    with pytest.raises(EnvironmentFailure, match=says) as caught:
        import_package(package_of(deb), NAME, silent)
    assert str(deb) in str(caught.value)
    assert imported(NAME) is None and not leftovers(cache)


def test_no_kernel(cache: Path, tmp_path: Path) -> None:
    deb = make_deb(tmp_path, make_tar(*kernel_members({"README": b"no kernel"})))
    with pytest.raises(GenError, match="lacks Makefile, include"):
        import_package(package_of(deb), NAME, silent)
    assert imported(NAME) is None


@pytest.mark.parametrize("keep", [0, 100, 5_000, 0.5, 0.99])
def test_truncated_package(cache: Path, broken_deb: Path, keep: float) -> None:
    size = broken_deb.stat().st_size
    os.truncate(broken_deb, int(keep * size) if keep < 1 else int(keep))
    with pytest.raises(EnvironmentFailure, match="dpkg-deb|tar|xz"):
        import_package(package_of(broken_deb), NAME, silent)
    assert imported(NAME) is None and not leftovers(cache)


def test_other_package(cache: Path, tmp_path: Path) -> None:
    deb = make_deb(tmp_path, make_tar(*kernel_members()), release="6.1")
    with pytest.raises(EnvironmentFailure, match="linux-source-6.12.tar.xz: Not found in archive"):
        import_package(package_of(deb), NAME, silent)


def test_damaged_xz(cache: Path, broken_deb: Path) -> None:
    data = bytearray(broken_deb.read_bytes())
    data[len(data) // 2] ^= 1
    broken_deb.write_bytes(data)
    with pytest.raises(EnvironmentFailure, match="xz: .*corrupt"):
        import_package(package_of(broken_deb), NAME, silent)
    assert imported(NAME) is None


def test_killed_at_any_moment(
    cache: Path, large_deb: Path, program: Callable[[str], list[str]]
) -> None:
    command = [*program(IMPORT), str(large_deb)]
    for delay in (0.0, 0.1, 0.2):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout and process.stdout.readline().endswith(b"6.12.7-1\n")
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        if delay == 0.0:
            assert imported(NAME) is None
    commit = import_package(package_of(large_deb), NAME, silent)
    assert imported(NAME) == commit
    git("fsck", "--strict")
    # A child of the killed ones may be at its last words: its folder goes with the next lock.
    time.sleep(0.1)
    (cache / "trees.git" / "refs" / "trees" / NAME).unlink()
    import_package(package_of(large_deb), NAME, silent)
    assert not leftovers(cache)


def test_two_at_once(cache: Path, large_deb: Path, program: Callable[[str], list[str]]) -> None:
    command = [*program(IMPORT), str(large_deb)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate()[0].decode().splitlines() for process in processes]
    assert said[0][-1] == said[1][-1] == f"commit {imported(NAME)}"
    assert sorted("waiting" in lines[0] for lines in said) == [False, True]


def test_file_size_limit(cache: Path, large_deb: Path, program: Callable[[str], list[str]]) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))

    text = IMPORT.replace("print(done, what, flush=True)", "pass")
    done = subprocess.run(
        [*program(text), str(large_deb)], preexec_fn=limit, capture_output=True, check=False
    )
    assert b"EnvironmentFailure" in done.stderr and b"git fast-import" in done.stderr
    assert imported(NAME) is None and not leftovers(cache)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache on a file system of 3 MB."""
    path = tmp_path / "small"
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", path], check=False)
    if done.returncode:
        pytest.skip("cannot mount a small file system here")
    monkeypatch.setenv("GEN_CACHE", str(path / "cache"))
    yield path / "cache"
    run("umount", path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_disk_full(small_disk: Path, large_deb: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="no space left on the device.*GEN_CACHE"):
        import_package(package_of(large_deb), NAME, silent)
    assert imported(NAME) is None and not leftovers(small_disk)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_read_only_cache(small_disk: Path, deb: Path) -> None:
    commit = import_package(package_of(deb), NAME, silent)
    run("mount", "-o", "remount,ro", small_disk.parent)
    assert imported(NAME) == commit
    with pytest.raises(EnvironmentFailure, match="set GEN_CACHE to a folder"):
        import_package(package_of(deb), "debian-6.1", silent)


def test_missing_program(
    cache: Path, deb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "tar"):
        (programs / name).symlink_to(run("which", name))
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(EnvironmentFailure, match="^dpkg-deb: not found on PATH"):
        import_package(package_of(deb), NAME, silent)


def test_without_xz_python_unpacks(
    cache: Path, deb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_xz = import_package(package_of(deb), NAME, silent)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "tar", "dpkg-deb"):
        (programs / name).symlink_to(run("which", name))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "other"))
    assert import_package(package_of(deb), NAME, silent) == with_xz
