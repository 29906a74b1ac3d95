# SPDX-License-Identifier: GPL-2.0-only
"""Tiny kernel packages and an archive that apt can read, all made on the spot."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KERNEL = {
    "Makefile": b"VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\n",
    "virt/kvm/kvm_main.c": b"int kvm;\n",
    "include/uapi/linux/kvm.h": b"#define KVM 1\n",
    "scripts/run.sh": b"#!/bin/sh\n",
}
MTIME = 1_700_000_000


def run(*command: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> str:
    """The output of a program that must succeed."""
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A tar member; `fields` are TarInfo's attributes."""
    info = tarfile.TarInfo(name)
    info.mtime = MTIME
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def make_tar(
    *members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.GNU_FORMAT
) -> bytes:  # the parameter is named as tarfile's
    """A tar of some members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def kernel_members(
    files: Mapping[str, bytes] = KERNEL, top: str = "linux-source-6.12"
) -> list[tuple[tarfile.TarInfo, bytes]]:
    """The members of a kernel's tar."""
    found = [member(f"{top}/", type=tarfile.DIRTYPE, mode=0o755)]
    for path, data in files.items():
        mode = 0o755 if path.endswith(".sh") else 0o644
        found.append(member(f"{top}/{path}", data, mode=mode))
    found.append(member(f"{top}/link", type=tarfile.SYMTYPE, linkname="virt/kvm"))
    return found


def make_deb(folder: Path, tar: bytes, release: str = "6.12", version: str = "6.12.7-1") -> Path:
    """A linux-source package that holds a tar."""
    name = f"linux-source-{release}"
    root = folder / "root"
    place = root / "usr" / "src" / f"{name}.tar.xz"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(subprocess.run(["xz", "-0"], input=tar, capture_output=True).stdout)
    (root / "DEBIAN").mkdir(exist_ok=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: Nobody <nobody@localhost>\nDescription: a kernel for tests\n"
    )
    deb = folder / f"{name}_{version}_all.deb"
    run("dpkg-deb", "-Znone", "--root-owner-group", "--build", root, deb)
    place.unlink()
    return deb


@dataclass(frozen=True)
class Archive:
    """A Debian archive in a folder."""

    root: Path

    @property
    def uri(self) -> str:
        """How apt names it."""
        return f"file://{self.root}"

    def suite(
        self,
        name: str,
        codename: str,
        debs: tuple[Path, ...],
        origin: str,
        label: str | None = None,
    ) -> None:
        """Make or replace a suite that has some packages; a link makes the codename work too."""
        # apt takes no notice of an empty list, so there is always another package.
        packages = (
            b"Package: other\nVersion: 1\nArchitecture: all\nMaintainer: Nobody\n"
            b"Description: not wanted\nFilename: pool/other.deb\nSize: 1\nSHA256: 00\n\n"
        )
        for deb in debs:
            data = deb.read_bytes()
            pool = self.root / "pool" / deb.name
            pool.parent.mkdir(parents=True, exist_ok=True)
            pool.write_bytes(data)
            control = run("dpkg-deb", "-f", deb)
            packages += (
                f"{control}\nFilename: pool/{deb.name}\nSize: {len(data)}\n"
                f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n"
            ).encode()
        arch = run("dpkg", "--print-architecture")
        place = self.root / "dists" / name / "main" / f"binary-{arch}" / "Packages"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(packages)
        path = place.relative_to(self.root / "dists" / name)
        (self.root / "dists" / name / "Release").write_text(
            f"Origin: {origin}\nLabel: {label or origin}\nSuite: {name}\nCodename: {codename}\n"
            f"Architectures: {arch} all\nComponents: main\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n"
            f"SHA256:\n {hashlib.sha256(packages).hexdigest()} {len(packages)} {path}\n"
        )
        link = self.root / "dists" / codename
        if codename != name and not link.exists():
            link.symlink_to(name)


@dataclass(frozen=True)
class Machine:
    """apt's configuration of a machine of our own, which `$APT_CONFIG` names."""

    root: Path

    @property
    def parts(self) -> Path:
        """Where its sources are."""
        return self.root / "sources.list.d"

    def update(self) -> None:
        """Fetch its lists, as its owner would."""
        run("apt-get", "-q", "update")

    def files(self) -> dict[str, bytes]:
        """All that this machine's apt has on disk."""
        return {
            str(path): path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file()
        }


def write_kernel(folder: Path) -> Path:
    """Unpack the tiny kernel into a folder."""
    for name, data in KERNEL.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder
