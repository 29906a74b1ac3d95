# SPDX-License-Identifier: GPL-2.0-only
"""Bringing a packaged kernel source into the cache's repository, as one commit.

The objects are made in a scratch repository which borrows those that the cache already has;
the pack moves over when it is whole and the ref is set last. A run that dies leaves a scratch
folder, which the next run removes.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from codegen.base.errors import EnvironmentFailure
from codegen.base.progress import Report
from codegen.base.unbroken import unbroken
from codegen.tree.cache import Held, disk_full, locked, unwritable
from codegen.tree.git import git_environment
from codegen.tree.kernel import version_at
from codegen.tree.plumbing import commit_of, complaint, git, git_command, no_git, run_git
from codegen.tree.store import (
    discard,
    imported,
    note_packs,
    repaired,
    tree_ref,
    trees_path,
)
from codegen.tree.tarstream import BadTar, TarMember, read_tar
from codegen.tree.unpack import CHUNK, Package, Unpacking, close, end, unpacked

IDENTITY = b"Debian kernel source <gen@localhost>"
# Measured on Linux 6.12: level 1 without deltas 14 s of processor time and 325 MB; with deltas
# 9 s to 18 s more and 324 MB; level 0 takes 1424 MB and, for the writing, longer.
FAST_IMPORT = (
    ("-c", "core.compression=1", "-c", "fastimport.unpackLimit=0")
    + ("fast-import", "--done", "--quiet", "--depth=0")
)  # fmt: skip
# What git says of a write that failed, and of one that was cut short.
_NO_SPACE = (b"No space left", b"Out of diskspace", b"quota exceeded")


def import_package(package: Package, name: str, progress: Report) -> str:
    """Import a package as the tree `name`; return its commit id.

    The same package gives the same id on every machine. A tree that is there already is left
    alone. Raises EnvironmentFailure: a damaged or hostile package, a full disk, a missing
    program.
    """
    with locked("trees", lambda: progress(0, None, "waiting for another import")) as held:
        repaired(held)
        if commit := imported(name):
            return commit
        target = trees_path()
        if (target / tree_ref(name)).exists():
            discard(held)  # a ref whose commit cannot be read
        _ensure_repository(target, held)
        with held.temp_dir() as scratch:
            repository = scratch / "import.git"
            _make_repository(repository)
            try:
                alternates = repository / "objects" / "info" / "alternates"
                alternates.write_text(f"{target / 'objects'}\n", encoding="utf-8")
                commit = _import(package, repository, tree_ref(name), progress)
                version_at(repository, commit, f"{package.path}: {package.member}")
                with unbroken():
                    _publish(repository, target)
                    note_packs()
            except OSError as error:
                raise unwritable(scratch, error) from error
        git(target, "update-ref", tree_ref(name), commit, "")
        return commit


def _make_repository(path: Path) -> None:
    git(path, "init", "--quiet", "--bare", "--template=", "--object-format=sha1")
    git(path, "config", "gc.auto", "0")
    (path / "objects" / "info").mkdir(exist_ok=True)


def _ensure_repository(target: Path, held: Held) -> None:
    if target.exists() and run_git(git_command(target, "rev-parse", "--git-dir")).returncode:
        discard(held)  # it is none any more
    if not target.exists():
        with held.temp_dir() as scratch:
            fresh = scratch / "trees.git"
            _make_repository(fresh)
            fresh.rename(target)


def _publish(repository: Path, target: Path) -> None:
    """Move finished packs over; the index goes last, since git looks for indexes."""
    packs = target / "objects" / "pack"
    packs.mkdir(exist_ok=True)
    for suffix in (".pack", ".idx"):
        for path in sorted((repository / "objects" / "pack").glob("pack-*" + suffix)):
            path.replace(packs / path.name)


def _import(package: Package, repository: Path, ref: str, progress: Report) -> str:
    what = f"importing {package.name} {package.version}"
    with _fast_import(repository) as (stdin, finish):
        try:
            with unpacked(package) as unpacking:
                files, newest = _write_blobs(stdin, unpacking, progress, what)
            progress(unpacking.total, unpacking.total, what)
            _write_commit(stdin, ref, files, newest, f"{package.name} {package.version}\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # fast-import is gone; finish() knows why
        finish()
    commit = commit_of(repository, ref)
    if commit is None:
        raise EnvironmentFailure(f"{repository}: git fast-import made no commit")
    return commit


def _write_blobs(
    stdin: IO[bytes], unpacking: Unpacking, progress: Report, what: str
) -> tuple[dict[bytes, tuple[bytes, int]], int]:
    """Hand every file to fast-import; return path -> (mode, mark), and the newest time."""
    files: dict[bytes, tuple[bytes, int]] = {}
    folders: set[bytes] = set()
    newest = marks = count = 0
    told = 0.0
    write = stdin.write
    for member in read_tar(unpacking.stream):
        newest = max(newest, member.mtime)
        count += 1
        if not count & 127 and (now := time.monotonic()) - told > 0.1:
            told = now
            progress(unpacking.done(), unpacking.total, what)
        if member.kind == "folder":
            continue
        if member.path in files:
            raise BadTar(f"{member.path!r}: is in the archive twice")
        if member.kind == "hardlink":
            if member.target not in files:
                raise BadTar(f"{member.path!r}: hard link to {member.target!r}, not seen before")
            files[member.path] = files[member.target]
        else:
            data = member.target if member.kind == "symlink" else member.data
            marks += 1
            write(b"blob\nmark :%d\ndata %d\n" % (marks, len(data)))
            write(data)
            write(b"\n")
            files[member.path] = (_mode(member), marks)
        parent = member.path.rpartition(b"/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition(b"/")[0]
    if clash := sorted(folders & files.keys()):
        raise BadTar(f"{clash[0]!r}: is both a folder and none")
    return files, newest


def _mode(member: TarMember) -> bytes:
    if member.kind == "symlink":
        return b"120000"
    return b"100755" if member.executable else b"100644"


def _write_commit(
    stdin: IO[bytes], ref: str, files: dict[bytes, tuple[bytes, int]], time_: int, message: str
) -> None:
    text = message.encode()
    stdin.write(b"commit %s\ncommitter %s %d +0000\n" % (ref.encode(), IDENTITY, time_))
    stdin.write(b"data %d\n%s" % (len(text), text))
    for path, (mode, mark) in files.items():
        if path.startswith(b'"'):  # the only first character that fast-import interprets
            path = b'"%s"' % path.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        stdin.write(b"M %s :%d %s\n" % (mode, mark, path))
    stdin.write(b"\ndone\n")


@contextmanager
def _fast_import(repository: Path) -> Iterator[tuple[IO[bytes], Callable[[], None]]]:
    """A running fast-import: its input, and a function that waits for its end and judges it."""
    log = tempfile.TemporaryFile()  # noqa: SIM115  # not in the repository: its disk may be full
    try:
        process = subprocess.Popen(
            git_command(repository, *FAST_IMPORT),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=git_environment(),
            bufsize=CHUNK,
        )
    except FileNotFoundError as error:
        log.close()
        raise no_git() from error
    stdin = process.stdin
    assert stdin

    def finish() -> None:
        close(stdin)
        status = process.wait()
        if status == 0:
            return
        log.seek(0)
        said = log.read()
        if any(words in said for words in _NO_SPACE):
            raise disk_full(repository)
        why = complaint(said) if said else "it wrote no message"
        raise EnvironmentFailure(f"{repository}: git fast-import, status {status}: {why}")

    try:
        yield stdin, finish
    finally:
        end([process])
        close(stdin)
        log.close()
