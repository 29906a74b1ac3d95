# SPDX-License-Identifier: GPL-2.0-only
"""Fetching packages by the real apt from an archive in a folder."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from treekit import KERNEL, Archive, Machine, kernel_members, make_deb, make_tar, run

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.progress import silent
from codegen.tree import debian
from codegen.tree.debian import Release
from codegen.tree.fetch import version_key
from codegen.tree.registry import list_trees, remove, resolve
from codegen.tree.sources import AptSource, derive, parse_deb822, parse_one_line, render

pytestmark = pytest.mark.programs

ONE_LINE = "deb [trusted=yes] {uri} {suite} main # the archive\n"
DEB822 = "Types: deb deb-src\nURIs: {uri}\nSuites: {suite}\nComponents: main\nTrusted: yes\n"


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    return make_deb(tmp_path, make_tar(*kernel_members()))


def test_from_the_machines_lists(
    cache: Path, machine: Machine, archive: Archive, deb: Path
) -> None:
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="bookworm"))
    machine.update()
    before = machine.files()
    told: list[tuple[int, int | None, str]] = []
    package = debian.fetch(Release("6.12"), lambda *report: told.append(report))
    assert package.path.read_bytes() == deb.read_bytes()
    assert (package.name, package.version) == ("linux-source-6.12", "6.12.7-1")
    assert package.path.is_relative_to(cache)
    assert machine.files() == before
    assert told[-1] == (*2 * (deb.stat().st_size,), "fetching linux-source-6.12 6.12.7-1")


def test_without_lists(cache: Path, machine: Machine, archive: Archive, deb: Path) -> None:
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.sources").write_text(DEB822.format(uri=archive.uri, suite="bookworm"))
    before = machine.files()
    assert debian.fetch(Release("6.12"), silent).version == "6.12.7-1"
    assert machine.files() == before


def test_stale_lists(
    cache: Path, machine: Machine, archive: Archive, deb: Path, tmp_path: Path
) -> None:
    """The package that the lists name is gone from the archive, a newer one is there."""
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.sources").write_text(DEB822.format(uri=archive.uri, suite="bookworm"))
    machine.update()
    (archive.root / "pool" / deb.name).unlink()
    (tmp_path / "new").mkdir()
    newer = make_deb(tmp_path / "new", make_tar(*kernel_members()), version="6.12.8-1")
    archive.suite("stable", "bookworm", (newer,), "Debian")
    package = debian.fetch(Release("6.12"), silent)
    assert package.version == "6.12.8-1"
    assert package.note == (
        "linux-source-6.12 6.12.7-1, which this machine's apt lists name, can no longer be "
        "fetched; took 6.12.8-1"
    )


@pytest.mark.parametrize("form", [ONE_LINE, DEB822])
@pytest.mark.parametrize("suite", ["bookworm-backports", "unstable"])
def test_other_suite(
    cache: Path, machine: Machine, archive: Archive, deb: Path, form: str, suite: str
) -> None:
    """Derived from what says that it is Debian; another vendor's archive is left alone."""
    archive.suite("stable", "bookworm", (), "Debian")
    archive.suite(suite, suite.replace("unstable", "sid"), (deb,), "Debian")
    vendor = Archive(archive.root.parent / "vendor")
    vendor.suite("stable", "vendor", (), "Somebody")
    ending = "list" if form is ONE_LINE else "sources"
    (machine.parts / f"a.{ending}").write_text(form.format(uri=archive.uri, suite="bookworm"))
    (machine.parts / f"b.{ending}").write_text(form.format(uri=vendor.uri, suite="stable"))
    vendor.suite(suite, suite, (deb,), "Somebody")
    if suite == "unstable":
        machine.update()
    before = machine.files()
    assert debian.fetch(Release("6.12"), silent).version == "6.12.7-1"
    assert machine.files() == before


def test_vendor_only(cache: Path, machine: Machine, archive: Archive, deb: Path) -> None:
    archive.suite("stable", "vendor", (), "Somebody")
    archive.suite("unstable", "sid", (deb,), "Somebody")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="stable"))
    with pytest.raises(EnvironmentFailure, match="none of this machine's apt sources is Debian"):
        debian.fetch(Release("6.12"), silent)


def test_no_such_release(cache: Path, machine: Machine, archive: Archive, deb: Path) -> None:
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="bookworm"))
    with pytest.raises(EnvironmentFailure, match="linux-source-9.9.*tree by its path"):
        debian.fetch(Release("9.9"), silent)
    assert not [path for path in (cache / "tmp").rglob("*") if path.is_file()]


def test_unsigned_stays_unsigned(
    cache: Path, machine: Machine, archive: Archive, deb: Path
) -> None:
    """Nothing may make apt trust what its owner did not."""
    archive.suite("stable", "bookworm", (deb,), "Debian")
    text = ONE_LINE.replace("[trusted=yes] ", "").format(uri=archive.uri, suite="bookworm")
    (machine.parts / "a.list").write_text(text)
    with pytest.raises(EnvironmentFailure, match="not signed"):
        debian.fetch(Release("6.12"), silent)


def test_wrong_hash(cache: Path, machine: Machine, archive: Archive, deb: Path) -> None:
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="bookworm"))
    pool = archive.root / "pool" / deb.name
    data = bytearray(pool.read_bytes())
    data[-1] ^= 1
    pool.write_bytes(data)
    with pytest.raises(EnvironmentFailure, match="Hash Sum mismatch"):
        debian.fetch(Release("6.12"), silent)
    assert not debian.cached_files(Release("6.12"))


@pytest.mark.parametrize("damage", ["truncated", "changed", "gone", "record"])
def test_damaged_cache(
    cache: Path, machine: Machine, archive: Archive, deb: Path, damage: str
) -> None:
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="bookworm"))
    path = debian.fetch(Release("6.12"), silent).path
    if damage == "truncated":
        os.truncate(path, 100)
    elif damage == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"\1")
    elif damage == "gone":
        path.unlink()
    else:
        path.with_name("linux-source-6.12.json").write_text('{"file": "../../x"')
    assert debian.fetch(Release("6.12"), silent).path.read_bytes() == deb.read_bytes()


def test_cached_needs_no_apt(
    cache: Path, machine: Machine, archive: Archive, deb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="bookworm"))
    package = debian.fetch(Release("6.12"), silent)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert debian.fetch(Release("6.12"), silent) == package


def test_no_apt(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EnvironmentFailure, match="apt-get: not found.*by its path instead"):
        debian.fetch(Release("6.12"), silent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_ordinary_user(
    machine: Machine,
    archive: Archive,
    deb: Path,
    program: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    archive.suite("stable", "bookworm", (deb,), "Debian")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="bookworm"))
    machine.update()
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    text = """
from codegen.tree import debian
print(debian.fetch(debian.Release("6.12"), lambda *report: None).version)
"""
    command = program(text)
    # pytest hides its folders from others; it hides them again when it starts.
    for path in (tmp_path, *tmp_path.parents):
        if path.is_relative_to(tempfile.gettempdir()) and path != Path(tempfile.gettempdir()):
            path.chmod(0o755)
    env = {**os.environ, "GEN_CACHE": str(home / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, user=65534, group=65534, extra_groups=[], env=env, capture_output=True, check=False
    )
    assert done.stdout == b"6.12.7-1\n", done.stderr.decode()


@pytest.mark.parametrize("spec", ["debian:", "debian:6", "debian:../x", "debian:6.12\n", "6.12"])
def test_release_names(spec: str) -> None:
    with pytest.raises(UsageError, match=r"such as debian:6\.1, debian:6\.12, debian:7\.2"):
        debian.release_of(spec)


@pytest.mark.parametrize(
    "version", ["", "6.1.170-1", "6.12", "6.12.7-1 ", "6.12.7/../x", "6.12.7-1\n"]
)
def test_versions_that_are_none(version: str) -> None:
    with pytest.raises(
        UsageError, match=r"no version of linux-source-6.12; Debian's are like 6\.12"
    ):
        debian.release_of(f"debian:6.12={version}")


@pytest.mark.parametrize("version", [None, "6.12.7-1", "6.12.95-1~bpo12+1", "6.12~rc7-1~exp1"])
def test_a_release_is_known_by_the_name_of_its_tree(version: str | None) -> None:
    release = Release("6.12", version)
    assert debian.release_of(release.spec) == release
    assert debian.release_of_tree(release.tree) == release
    assert re.fullmatch(r"[A-Za-z0-9._+-]+", release.tree)
    assert debian.release_of_tree("debian-kernels") is None


VERSIONS = (
    "6.12~rc7-1~exp1 6.12.9-1 6.12.10-1~deb12u1 6.12.10-1 6.12.10-1+b1 6.12.10-1.1 6.12.10-2~bpo1 "
    "6.12.10-2 6.12.10a-1"
).split()


def test_versions_are_sorted_as_dpkg_does() -> None:
    for one, other in itertools.product(VERSIONS, repeat=2):
        command = ["dpkg", "--compare-versions", one, "lt", other]
        less = subprocess.run(command, check=False).returncode == 0
        assert (version_key(one) < version_key(other)) is less, (one, other)


@pytest.fixture
def debs(tmp_path: Path) -> Callable[..., tuple[Path, ...]]:
    """Makes packages of some versions, all different."""

    def make(*versions: str) -> tuple[Path, ...]:
        made = []
        for version in versions:
            folder = tmp_path / version
            folder.mkdir()
            members = kernel_members({**KERNEL, "version": version.encode()})
            made.append(make_deb(folder, make_tar(*members), version=version))
        return tuple(made)

    return make


def test_a_pinned_version(
    cache: Path, machine: Machine, archive: Archive, debs: Callable[..., tuple[Path, ...]]
) -> None:
    """In the machine's lists, in another release's security updates; and trees do not mix."""
    archive.suite("oldstable", "bookworm", debs("6.12.7-1", "6.12.9-1"), "Debian")
    archive.suite("stable", "trixie", debs("6.12.8-1"), "Debian")
    security = Archive(archive.root.parent / "security")
    security.suite("oldstable-security", "bookworm-security", (), "Debian", "Debian-Security")
    updates = debs("6.12.8-2~deb13u1")
    security.suite("stable-security", "trixie-security", updates, "Debian", "Debian-Security")
    (machine.parts / "a.list").write_text(
        ONE_LINE.format(uri=archive.uri, suite="bookworm")
        + ONE_LINE.format(uri=security.uri, suite="bookworm-security")
    )
    machine.update()
    before = machine.files()
    specs = ["debian:6.12", "debian:6.12=6.12.7-1", "debian:6.12=6.12.8-2~deb13u1"]
    trees = [resolve(spec) for spec in specs]
    assert [tree.name for tree in trees] == [
        "debian-6.12",
        "debian-6.12.7-1",
        "debian-6.12.8-2_deb13u1",
    ]
    for tree, version in zip(trees, ("6.12.9-1", "6.12.7-1", "6.12.8-2~deb13u1"), strict=True):
        assert run("git", f"--git-dir={tree.git_dir}", "show", f"{tree.commit}:version") == version
    assert machine.files() == before
    assert [entry.name for entry in list_trees()] == specs

    # the newest under its own version: nothing to fetch, and each stays when the other goes
    newest = resolve("debian:6.12=6.12.9-1")
    assert (newest.name, newest.commit) == ("debian-6.12.9-1", trees[0].commit)
    remove("debian:6.12")
    assert [entry.name for entry in list_trees()] == [*specs[1:], "debian:6.12=6.12.9-1"]
    remove(specs[1])
    assert resolve(specs[2]).commit == trees[2].commit


def test_a_version_that_is_not_to_be_had(
    cache: Path, machine: Machine, archive: Archive, debs: Callable[..., tuple[Path, ...]]
) -> None:
    archive.suite("stable", "bookworm", debs("6.12.7-1", "6.12.9-1~deb12u1"), "Debian")
    archive.suite("unstable", "sid", debs("6.12.10-1"), "Debian")
    (machine.parts / "a.list").write_text(ONE_LINE.format(uri=archive.uri, suite="bookworm"))
    with pytest.raises(UsageError) as caught:
        debian.fetch(Release("6.12", "6.12.9-1"), silent)
    assert "did you mean debian:6.12=6.12.9-1~deb12u1?" in str(caught.value)
    assert "there are: 6.12.10-1, 6.12.9-1~deb12u1, 6.12.7-1" in str(caught.value)
    with pytest.raises(EnvironmentFailure, match=r"Debian has debian:6\.12; if this machine"):
        debian.fetch(Release("6.13"), silent)


def test_both_forms_say_the_same() -> None:
    line = "deb [ arch=amd64,arm64 signed-by=/k.gpg trusted=yes ] file:/d x main contrib # no\n"
    stanza = (
        "# a comment\nTypes: deb-src deb\nURIs: file:/d\nSuites: x\n# within\nComponents: main\n"
        " contrib\nArchitectures: amd64 arm64\nSigned-By: /k.gpg\nTrusted: yes\n"
    )
    assert parse_one_line(line) == parse_deb822(stanza)
    assert parse_one_line("# deb file:/d x main\ndeb-src file:/d x main\ndeb\n") == ()
    assert parse_deb822(stanza + "Enabled: no\n") == ()


def test_derived_source_keeps_its_key() -> None:
    key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----"
    stanza = f"Types: deb\nURIs: file:/d/ file:/e\nSuites: x y\nComponents: main\nSigned-By:{key}\n"
    derived = derive(parse_deb822(stanza), frozenset(["file:/d"]), "sid")
    assert derived == (AptSource(("file:/d/",), ("sid",), ("main",), (("Signed-By", key),)),)
    assert parse_deb822(render(derived))[0].options == (
        ("Targets", "Packages"),
        *derived[0].options,
    )


def test_no_host_is_named_in_the_sources() -> None:
    folder = Path(debian.__file__).parent
    for path in folder.glob("*.py"):
        assert not re.search(r"https?://|debian\.org", path.read_text()), path


def test_apt_itself_reads_what_is_rendered(machine: Machine) -> None:
    source = AptSource(("file:/d",), ("sid",), ("main",), (("Signed-By", "/k.gpg"),))
    (machine.parts / "a.sources").write_text(render([source]))
    assert "file:/d/dists/sid/main" in run("apt-get", "update", "--print-uris")
