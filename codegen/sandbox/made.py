# SPDX-License-Identifier: GPL-2.0-only
"""What a foreign program has made is read with care: its folders may hold anything.

Before gen reads or deletes there, `tidy` takes out what leads elsewhere or never ends.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from codegen.base.errors import FindingsError
from codegen.sandbox.limits import MIB, size
from codegen.sandbox.process import child

MOST = 64 * MIB
_DEEPEST = 64
_WHOLE = stat.S_IRWXU


class Unreadable(FindingsError):
    """A file that a build has made and that is none, or far too large."""


def tidy(folder: Path, known: Sequence[Path]) -> None:
    """Remove from `folder` what leads out of it and of the folders `known`, and what is no file.

    To be called when no foreign program runs in it.  Symlinks that stay within are left, since
    builds make such.  Raises Unreadable for folders nested without end.
    """
    allowed = [os.path.realpath(each) for each in (folder, *known)]
    todo = [allowed[0]]
    depth = allowed[0].count("/")
    while todo:
        top = todo.pop()
        if top.count("/") > depth + _DEEPEST:
            raise Unreadable(f"{folder} has folders that are nested too deeply to be true")
        if not os.access(top, os.R_OK | os.W_OK | os.X_OK):
            os.chmod(top, _WHOLE)
        with os.scandir(top) as entries:
            for entry in entries:
                if entry.is_symlink():
                    if not _within(os.path.realpath(entry.path), allowed):
                        os.unlink(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                elif not entry.is_file(follow_symlinks=False):
                    os.unlink(entry.path)


def _within(path: str, allowed: Sequence[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in allowed)


def remove(folder: Path) -> None:
    """Delete a folder that may hold anything, also nested folders without end."""
    try:
        shutil.rmtree(folder)
    except RecursionError:
        with child(["rm", "-rf", "--", str(folder)], subprocess.DEVNULL) as process:
            process.wait()


def copied(old: Path, new: Path) -> None:
    """Copy an output folder so that make goes on there where it was.

    The commands that kbuild keeps name the folder where a tool of the tree is built by another
    build system: objtool, on which every object depends.  The times of files stay.
    """
    scratch = new.with_name(f"{new.name}.new")
    if scratch.exists():
        remove(scratch)
    shutil.copytree(old, scratch, symlinks=True)
    for path in scratch.glob("tools/**/.*.cmd"):
        command, before = read(path), path.stat()
        path.write_bytes(command.replace(os.fsencode(old), os.fsencode(new)))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    scratch.rename(new)


def read(path: Path, most: int = MOST) -> bytes:
    """The content of a file that was made; raises Unreadable where it has more bytes than `most`,
    FileNotFoundError where there is none."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable(f"{path} is no file")
        if found.st_size > most:
            raise Unreadable(f"{path} has more than {size(most)}, which is too large to be true")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)


def text(path: Path, most: int = MOST) -> str:
    """The same as text; what is not UTF-8 is replaced."""
    return read(path, most).decode("utf-8", "replace")
