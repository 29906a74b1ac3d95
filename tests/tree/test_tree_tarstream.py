# SPDX-License-Identifier: GPL-2.0-only
"""Reading tars: what tarfile writes is read alike, and hostile members are refused."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treekit import KERNEL, kernel_members, make_tar, member

from codegen.tree.tarstream import MAX_MEMBER, BadTar, TarMember, read_tar

SYMLINK, HARDLINK = tarfile.SYMTYPE, tarfile.LNKTYPE


def members(data: bytes) -> list[TarMember]:
    return [item._replace(data=bytes(item.data)) for item in read_tar(io.BytesIO(data))]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_reads_what_tarfile_writes(form: int) -> None:
    deep = "d" * 60 + "/" + "e" * 60 + "/f"
    found = members(make_tar(*kernel_members({**KERNEL, deep: b"x" * 1000}), format=form))
    files = {item.path.decode(): item.data for item in found if item.kind == "file"}
    assert files == {**KERNEL, deep: b"x" * 1000}
    assert [item.path for item in found if item.executable and item.kind == "file"] == [
        b"scripts/run.sh"
    ]
    assert [(i.path, i.target) for i in found if i.kind == "symlink"] == [(b"link", b"virt/kvm")]
    assert found[0].path == b"" and found[0].mtime == 1_700_000_000


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_reads_names_and_targets_that_fit_no_header(form: int) -> None:
    name, target = "n" * 200, "t" * 200
    link = member("k/l", type=SYMLINK, linkname=target)
    found = members(make_tar(member(f"k/{name}", b"1"), link, member("k/ü", b"2"), format=form))
    assert [item.path for item in found] == [name.encode(), b"l", "ü".encode()]
    assert found[1].target == target.encode()


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        pytest.param(member("/etc/passwd", b"x"), "absolute path", id="absolute"),
        pytest.param(member("k/../../x", b"x"), "'..'", id="dotdot"),
        pytest.param(member("k/.git/config", b"x"), ".git", id="dotgit"),
        pytest.param(member("k/a/.GIT/hooks/x", b"x"), ".git", id="dotgit-capitals"),
        pytest.param(member("k/a\nb", b"x"), "control characters", id="newline"),
        pytest.param(member("other/x", b"x"), "top folder", id="second-top"),
        pytest.param(member("k", b"x"), "top is not a folder", id="top-is-file"),
        pytest.param(member("k/d", type=tarfile.CHRTYPE), "a device", id="device"),
        pytest.param(member("k/d", type=tarfile.FIFOTYPE), "a named pipe", id="fifo"),
        pytest.param(member("k/s", type=tarfile.GNUTYPE_SPARSE), "sparse", id="sparse"),
        pytest.param(member("k/h", type=HARDLINK, linkname="/x"), "absolute", id="hardlink-out"),
        pytest.param(member("k/h", type=HARDLINK, linkname="j/x"), "outside", id="hardlink-else"),
        pytest.param(member("k/l", type=SYMLINK, linkname="/etc"), "relative", id="link-absolute"),
        pytest.param(member("k/a/l", type=SYMLINK, linkname="../../x"), "outside", id="link-out"),
        pytest.param(member("k/l", type=SYMLINK, linkname=""), "relative", id="link-empty"),
        pytest.param(member("k/" + "a/" * 2500 + "b"), "name of", id="long-name"),
        pytest.param(member("k/" + "a" * 2_000_000), "extension header", id="huge-name"),
    ],
)
def test_refuses(bad: tuple[tarfile.TarInfo, bytes], says: str) -> None:
    data = make_tar(member("k/", type=tarfile.DIRTYPE), bad)
    with pytest.raises(BadTar, match=says):
        members(data)


def test_refuses_a_size_before_reserving_memory_for_it() -> None:
    info, _ = member("k/big")
    info.size = MAX_MEMBER + 1
    header = info.tobuf(tarfile.GNU_FORMAT)
    tracemalloc.start()
    with pytest.raises(BadTar, match="at most"):
        members(header)
    assert tracemalloc.get_traced_memory()[1] < 5 << 20
    tracemalloc.stop()


def test_every_cut_is_noticed() -> None:
    data = make_tar(*kernel_members())
    end = 512 * (2 * len(KERNEL) + 2)  # a header and a block each; folder and link have no data
    for cut in range(0, end, 128):
        with pytest.raises(BadTar):
            members(data[:cut])


def test_damage_is_noticed() -> None:
    data = bytearray(make_tar(*kernel_members()))
    data[600] ^= 1
    with pytest.raises(BadTar, match="damaged"):
        members(bytes(data))


@given(st.binary(max_size=2000), st.integers(0, 3000))
def test_nonsense_is_an_error_of_its_own(noise: bytes, at: int) -> None:
    data = bytearray(make_tar(*kernel_members()))
    data[at : at + len(noise)] = noise
    with suppress(BadTar):
        members(bytes(data))
