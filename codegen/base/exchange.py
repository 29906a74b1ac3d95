# SPDX-License-Identifier: GPL-2.0-only
"""A folder in the place of another one, in one step."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_HERE, _EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE: rename(2)
_NO_SUCH_CALL = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def exchange(one: Path, other: Path) -> None:
    """Let two folders of one file system change places: at no moment is one of the names free.

    A file system that cannot do it (NFS) gets two renames instead, so that a process that is
    killed in between leaves what was at `other` at `one`.old.
    """
    import ctypes  # takes some milliseconds, and is seldom needed

    libc = ctypes.CDLL(None, use_errno=True)
    if not libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        return
    number = ctypes.get_errno()
    if number not in _NO_SUCH_CALL:
        raise OSError(number, os.strerror(number), str(other))
    kept = one.with_name(f"{one.name}.old")
    os.rename(other, kept)
    try:
        os.rename(one, other)
    except OSError:
        os.rename(kept, other)
        raise
    os.rename(kept, one)
