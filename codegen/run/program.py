# SPDX-License-Identifier: GPL-2.0-only
"""What a program of this machine says that it is."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from functools import lru_cache


def version_line(name: str) -> str:
    """The first line of `name --version`, asked once as long as it is the same file.

    Raises OSError where it is not there or fails.
    """
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    there = os.stat(path)
    return _asked(path, there.st_ino, there.st_mtime_ns)


@lru_cache(maxsize=32)
def _asked(path: str, inode: int, modified: int) -> str:
    env = {**os.environ, "LC_ALL": "C"}  # it may be a wrapper that needs more of it
    done = subprocess.run(
        [path, "--version"], capture_output=True, encoding="utf-8", errors="replace", env=env
    )
    if done.returncode:
        raise OSError(f"{path} --version ended with status {done.returncode}")
    return done.stdout.partition("\n")[0]
