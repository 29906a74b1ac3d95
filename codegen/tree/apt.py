# SPDX-License-Identifier: GPL-2.0-only
"""Asking apt for a package without touching the system: no root, no file of apt's is written."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.base.errors import EnvironmentFailure
from codegen.base.progress import Report
from codegen.tree.sources import site

# Hooks of the system's configuration are for root's updates; ours is nobody's business.
_HOOKS = (
    "APT::Update::Pre-Invoke",
    "APT::Update::Post-Invoke",
    "APT::Update::Post-Invoke-Success",
)


@dataclass(frozen=True)
class Candidate:
    """What apt would download for a package's name."""

    package: str
    version: str
    sha256: str
    size: int  # bytes


@dataclass(frozen=True)
class IndexTarget:
    """One list of packages that apt has, and what its Release file says of itself."""

    site: str
    origin: str
    label: str
    codename: str
    suite: str


@dataclass(frozen=True)
class Apt:
    """apt with a private configuration file on top of the machine's."""

    configuration: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an apt program to its end; its status is the caller's to judge."""
        return subprocess.run(
            self.command(program, *arguments),
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            env=apt_environment(),
        )

    def command(self, program: str, *arguments: str) -> list[str]:
        """The argument list of an apt program with this configuration."""
        return [program, f"-c={self.configuration}", *arguments]


def apt_environment() -> dict[str, str]:
    """The caller's environment with messages in English, for they are read here."""
    return dict(os.environ, LC_ALL="C")


def require_apt() -> None:
    """Raise EnvironmentFailure on a machine without apt."""
    missing = [name for name in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(name)]
    if missing:
        raise EnvironmentFailure(
            f"{missing[0]}: not found on PATH, so Debian's kernel packages cannot be fetched; "
            "name a kernel tree by its path instead (a git repository, PATH@REV, or a folder)"
        )


def make_apt(folder: Path, *, lists: bool, sources: str | None = None) -> Apt:
    """An apt whose caches are in `folder`.

    With `lists` its lists of packages are there too, empty until `update`; else it reads the
    machine's. With `sources` (deb822) it has those sources and no others.
    """
    if set(str(folder)) & set('"\n'):
        raise EnvironmentFailure(f"{folder}: apt cannot have a quotation mark in a folder's name")
    (folder / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    values = {
        "Dir::Cache": f"{folder}/cache",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        # As root, apt would hand the download to a user who may not read the cache.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "30",
        "Acquire::https::Timeout": "30",
    }
    if lists:
        (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        values["Dir::State::lists"] = f"{folder}/lists"
    if sources is not None:
        parts = folder / "sources.list.d"
        parts.mkdir(exist_ok=True)
        (parts / "gen.sources").write_text(sources, encoding="utf-8")
        values["Dir::Etc::sourcelist"] = os.devnull
        values["Dir::Etc::sourceparts"] = str(parts)
    text = "".join(f"#clear {hook};\n" for hook in _HOOKS)
    text += "".join(f'{key} "{value}";\n' for key, value in values.items())
    configuration = folder / "apt.conf"
    configuration.write_text(text, encoding="utf-8")
    return Apt(configuration)


def update(apt: Apt) -> str:
    """Fetch the lists of packages; return what apt complained of.

    One source that fails does not stop the others, so what counts is whether the package is
    known afterwards.
    """
    return complaints(apt.run("apt-get", "-q", "update").stderr)


def candidate(apt: Apt, package: str, version: str | None = None) -> Candidate | None:
    """What this apt would download of a package, at that version if one is named; or None."""
    wanted = f"{package}={version}" if version else package
    done = apt.run("apt-cache", "show", "--no-all-versions", wanted)
    fields = dict(_fields(done.stdout.partition("\n\n")[0]))
    if done.returncode or not {"Version", "SHA256", "Size"} <= fields.keys():
        return None
    return Candidate(package, fields["Version"], fields["SHA256"].lower(), int(fields["Size"]))


def versions(apt: Apt, prefix: str) -> tuple[tuple[str, str], ...]:
    """The packages whose names begin so, each with each version that this apt could download."""
    names = apt.run("apt-cache", "pkgnames", prefix).stdout.split()
    done = apt.run("apt-cache", "madison", *names) if names else None
    rows = [line.split("|") for line in done.stdout.splitlines()] if done else []
    found = ((row[0].strip(), row[1].strip()) for row in rows if len(row) > 2)
    return tuple(dict.fromkeys(found))


def targets(apt: Apt) -> tuple[IndexTarget, ...]:
    """The lists of packages that this apt has."""
    done = apt.run("apt-get", "indextargets", "Created-By: Packages")
    found = []
    for stanza in done.stdout.split("\n\n"):
        fields = dict(_fields(stanza))
        if "Site" in fields:
            names = ("Origin", "Label", "Codename", "Suite")
            found.append(
                IndexTarget(site(fields["Site"]), *(fields.get(name, "") for name in names))
            )
    return tuple(dict.fromkeys(found))


def source_files(apt: Apt) -> tuple[Path, ...]:
    """The files in which this apt's sources are listed."""
    query = ("list", "Dir::Etc::sourcelist/f", "parts", "Dir::Etc::sourceparts/d")
    done = apt.run("apt-config", "shell", *query)
    values = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition("=")
        values[key] = value.strip("'")
    files = [Path(values["list"])] if values.get("list") else []
    if values.get("parts"):
        folder = Path(values["parts"])
        files += sorted([*folder.glob("*.list"), *folder.glob("*.sources")])
    return tuple(path for path in files if path.is_file())


def download(apt: Apt, wanted: Candidate, folder: Path, progress: Report) -> Path | str:
    """Download a package into `folder`; return its file, or what apt complained of.

    apt checks signatures and hashes. `progress` gets bytes.
    """
    what = f"fetching {wanted.package} {wanted.version}"
    read, write = os.pipe()
    command = apt.command("apt-get", "-qq", "-o", f"APT::Status-Fd={write}", "download")
    command.append(f"{wanted.package}={wanted.version}")
    with (folder / "apt.log").open("w+b") as log:
        with os.fdopen(read, "r", encoding="utf-8", errors="replace") as status:
            try:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=apt_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(write,),
                )
            finally:
                os.close(write)
            try:
                for line in status:
                    progress(_bytes_done(line, wanted.size), wanted.size, what)
                process.wait()
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        log.seek(0)
        said = complaints(log.read().decode("utf-8", "replace"))
    files = sorted(folder.glob("*.deb"))
    if process.returncode or len(files) != 1:
        return said or f"apt-get download ended with status {process.returncode}"
    return files[0]


def _bytes_done(line: str, size: int) -> int:
    """How far a download is, from a line `dlstatus:item:percent:text` of APT::Status-Fd."""
    try:
        percent = float(line.split(":")[2])
    except (IndexError, ValueError):
        return 0
    return int(size * min(max(percent, 0.0), 100.0) / 100)


def complaints(text: str) -> str:
    """The errors and warnings in apt's messages, each once, in one line."""
    lines = [line.strip() for line in text.splitlines()]
    return "; ".join(dict.fromkeys(line[3:] for line in lines if line[:3] in ("E: ", "W: ")))


def _fields(stanza: str) -> Sequence[tuple[str, str]]:
    pairs = []
    for line in stanza.splitlines():
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace():
            pairs.append((key, value.strip()))
    return pairs
