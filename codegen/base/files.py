# SPDX-License-Identifier: GPL-2.0-only
"""Files that others bring: read as far as it makes sense, and never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from codegen.base.errors import UsageError

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


def read_file(path: Path, most: int) -> bytes:
    """At most so many bytes of a file, from its beginning.

    Raises OSError where it cannot be opened, UsageError where it is none: nobody may ever write
    to a pipe, and some devices never end.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        kind = stat.S_IFMT(os.fstat(handle).st_mode)
        if kind != stat.S_IFREG:
            what = _KINDS.get(kind, "no file")
            raise UsageError(f"{path}: is {what}; save what it gives in a file, and name that")
        return stream.read(most)
